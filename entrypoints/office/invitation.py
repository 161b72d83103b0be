"""The page that an invitation's link opens."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.status_codes import HTTP_400_BAD_REQUEST, HTTP_409_CONFLICT

from application.notifications.sign_in import ROLE_WORDS
from application.people.team import AcceptInvitation, InvitationUseless, ReadInvitation
from domain.errors import InvalidName
from entrypoints.http.rate_limit import limit_sign_ins
from entrypoints.office.access import SESSION, OfficeCookies, public_router
from entrypoints.office.device import device_of
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages
from entrypoints.office.sign_in import SIGN_IN, welcome


class _Page:
    """Shows the invitation, or that it is useless."""

    def __init__(self, request: Request[Any, Any, Any], pages: OfficePages, read: ReadInvitation) -> None:
        self._request = request
        self._pages = pages
        self._read = read

    async def show(self, token: str, form: Form) -> Response[str]:
        try:
            invitation, producer, person = await self._read(token)
        except InvitationUseless:
            return self.useless()
        _, may = ROLE_WORDS[invitation.role]
        context = {
            "invitation": invitation,
            "inviting": producer,
            "person": person,
            "may": may,
            "token": token,
            "form": form,
        }
        return self._pages.page(self._request, None, "office/invitation.html", context, status_code=form.status)

    def useless(self) -> Response[str]:
        context = {
            "title": "This invitation does not work any more",
            "advice": "It was accepted or taken back, or it is older than 7 days. Ask for another one, or sign in.",
            "ways": [(SIGN_IN, "Sign in")],
            "status": "",
            "request_id": "",
        }
        return self._pages.page(self._request, None, "office/message.html", context, status_code=HTTP_409_CONFLICT)


@get("/invitation")
async def open_invitation(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    read_invitation: NamedDependency[ReadInvitation],
    token: FromQuery[str] = "",
) -> Response[str]:
    """Who invites whom, and a button: programs open the links of mails, and must not accept for people."""
    return await _Page(request, office_pages, read_invitation).show(token, Form())


@post("/invitation", before_request=limit_sign_ins)
async def accept(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    read_invitation: NamedDependency[ReadInvitation],
    accept_invitation: NamedDependency[AcceptInvitation],
) -> Response[Any]:
    """Join the team, and sign in."""
    form = await Form.read(request)
    page = _Page(request, office_pages, read_invitation)
    try:
        new = await accept_invitation(
            form["token"],
            name=form["name"],
            device=device_of(request),
            instead_of=office_cookies.read(request, SESSION),
        )
    except InvalidName as error:
        form.refuse(error)
        form.status = HTTP_400_BAD_REQUEST
        return await page.show(form["token"], form)
    except InvitationUseless:
        return page.useless()
    return welcome(request, office_cookies, new)


router = public_router("/office", open_invitation, accept)
