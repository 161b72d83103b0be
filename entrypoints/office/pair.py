"""``/pair``: where a phone, a tablet or a till becomes a device, by the code that the office shows.

The link has the code in its fragment, which no server sees. A script sends it to the API and keeps the secret of a
scanner in the browser; a till pairs by the form, and its secret is in a cookie that no script can read.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from application.devices.devices import IdentifyTill
from application.devices.pairing import PairDevice
from domain.devices import DeviceKind, DeviceNameTaken, OtherKind
from domain.errors import DomainError, NotFound
from entrypoints.http.producer.device_schemas import MAX_TYPED_LENGTH
from entrypoints.http.rate_limit import limit_pairings
from entrypoints.office.access import COUNTER, TILL, OfficeCookies, public_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages

PAIR: Final = "/pair"
#: What to do with a code that is no till's. It was not used up.
_OTHER_KINDS: Final = {
    DeviceKind.SCANNER: (
        "This code is for a scanner, and a scanner needs a browser that runs scripts and may store data. Please allow "
        "both, or use another browser: the code is still good."
    ),
    DeviceKind.PRINTER: (
        "This code is for a printer. Please give it to the program beside the printer: the code is still good."
    ),
}


@get(PAIR)
async def pair_page(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    identify_till: NamedDependency[IdentifyTill],
) -> Response[str]:
    """The form. Its field is filled in from the link by a script."""
    return await _page(request, office_pages, await identify_till(office_cookies.read(request, TILL)), Form())


async def _page(request: Request[Any, Any, Any], pages: OfficePages, till: Any, form: Form) -> Response[str]:
    device, producer = till or (None, None)
    context = {
        "form": form,
        "this_till": device if device and not device.is_revoked else None,
        "of_producer": producer,
        "most_characters": MAX_TYPED_LENGTH,
    }
    return pages.page(request, None, "office/pair.html", context, status_code=form.status)


@post(PAIR, before_request=limit_pairings)
async def pair(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    identify_till: NamedDependency[IdentifyTill],
    pair_device: NamedDependency[PairDevice],
) -> Response[Any]:
    """Makes the browser a till. The till that it was before is revoked: no one has its secret any more."""
    form = await Form.read(request)
    code = form.text("code", required=True, most=MAX_TYPED_LENGTH)
    before = office_cookies.read(request, TILL)
    if form.is_good:
        try:
            paired = await pair_device(code, [DeviceKind.TILL], instead_of=before)
        except OtherKind as error:
            form.refuse(error, words=_OTHER_KINDS[error.kind])
        except NotFound:
            form.wrong("code", "There is no such code. Please compare it with what the office shows.")
        except DeviceNameTaken as error:
            form.refuse(error, words=f"{error}. Once that one is renamed or revoked in the office, this code works.")
        except DomainError as error:
            form.refuse(error, words=f"{error}.")
        else:
            answer = done(COUNTER, "till-paired")
            answer.set_cookie(office_cookies.till(paired.secret))
            return answer
    return await _page(request, office_pages, await identify_till(before), form)


router = public_router("/", pair_page, pair)
