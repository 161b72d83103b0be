"""Signing in with a passkey. A script asks the browser, and sends its answer in an ordinary form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK

from application.people.passkeys import AskForPasskey, Ceremony, PasskeyUseless, UsePasskey
from domain.errors import DomainError
from entrypoints.http.rate_limit import limit_sign_ins
from entrypoints.office.access import SESSION, OfficeCookies, inner_path, public_router
from entrypoints.office.device import device_of
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages
from entrypoints.office.sign_in import welcome


def options_answer(ceremony: Ceremony) -> Response[bytes]:
    """What the script needs: the options, and the id that it sends back."""
    body = msgspec.json.encode({"ceremony": ceremony.id, "options": msgspec.Raw(ceremony.options.encode())})
    return Response(body, media_type=MediaType.JSON, status_code=HTTP_200_OK, headers={"Cache-Control": "no-store"})


def ceremony_of(form: Form) -> UUID:
    """The id that the form sends back. Raises PasskeyUseless."""
    try:
        return UUID(form["ceremony"])
    except ValueError:
        raise PasskeyUseless("Passkeys need a browser that knows them, and its scripts") from None


@post("/sign-in/passkey/options", before_request=limit_sign_ins, status_code=HTTP_200_OK)
async def ask(ask_for_passkey: NamedDependency[AskForPasskey]) -> Response[bytes]:
    """What the browser is asked, to sign in."""
    return options_answer(await ask_for_passkey())


@post("/sign-in/passkey", before_request=limit_sign_ins)
async def sign_in_with_passkey(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    use_passkey: NamedDependency[UsePasskey],
) -> Response[Any]:
    """Sign in with the answer of a passkey."""
    form = await Form.read(request)
    try:
        new = await use_passkey(
            ceremony_of(form),
            form["answer"],
            device=device_of(request),
            instead_of=office_cookies.read(request, SESSION),
        )
    except DomainError as error:
        form.refuse(error)
        context = {"form": form, "next": inner_path(form["next"]), "sent": False}
        return office_pages.page(request, None, "office/sign_in.html", context, status_code=form.status)
    return welcome(request, office_cookies, new, wanted=inner_path(form["next"]))


router = public_router("/office", ask, sign_in_with_passkey)
