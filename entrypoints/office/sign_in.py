"""The way in: a link by mail, the choice of a producer, and the way out."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_400_BAD_REQUEST, HTTP_409_CONFLICT

from application.people.sessions import (
    ChooseWorkplace,
    ListWorkplaces,
    NewSession,
    NoMembership,
    SignedIn,
    SignOut,
)
from application.people.sign_in import AskForLink, LinkUseless, OtherBrowser, ReadLink, UseLink
from domain.errors import DomainError, InvalidEmail, NotFound
from domain.people import parse_person_email
from entrypoints.http.rate_limit import limit_sign_in_address, limit_sign_ins
from entrypoints.office.access import (
    HOME,
    SESSION,
    SIGNED_IN,
    OfficeCookies,
    inner_path,
    office_router,
    public_router,
)
from entrypoints.office.device import device_of
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages

SIGN_IN: Final = "/office/sign-in"
#: The cookie of a browser that asked for a link, and where it wanted to go.
ASKED: Final = "office-asked"
WANTED: Final = "office-wanted"
_ASKED_SECONDS: Final = 60 * 60
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@get("/sign-in")
async def sign_in_page(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    next: FromQuery[str] = "",  # noqa: A002  # its name in addresses
    sent: FromQuery[bool] = False,
) -> Response[str]:
    """The form; with ``sent`` what happens next, which is the same whether or not the address is known."""
    context = {"form": Form(), "next": inner_path(next), "sent": sent}
    return office_pages.page(request, None, "office/sign_in.html", context)


@post("/sign-in", before_request=limit_sign_ins)
async def ask_for_a_link(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    ask_for_link: NamedDependency[AskForLink],
) -> Response[Any]:
    """Mails a link; the answer never tells whether the address is known."""
    form = await Form.read(request)
    try:
        email = parse_person_email(form["email"])
    except InvalidEmail as error:
        form.refuse(error)
        context = {"form": form, "next": inner_path(form["next"]), "sent": False}
        return office_pages.page(request, None, "office/sign_in.html", context, status_code=HTTP_400_BAD_REQUEST)
    await limit_sign_in_address(request, email)
    asked = office_cookies.read(request, ASKED)
    browser = await ask_for_link(email, browser=asked if _SECRET.fullmatch(asked) else "")
    answer = Redirect(f"{SIGN_IN}?sent=true", status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(office_cookies.make(ASKED, browser, _ASKED_SECONDS))
    answer.set_cookie(office_cookies.make(WANTED, inner_path(form["next"]), _ASKED_SECONDS))
    return answer


@get("/sign-in/link")
async def open_link(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    read_link: NamedDependency[ReadLink],
    use_link: NamedDependency[UseLink],
    token: FromQuery[str] = "",
) -> Response[Any]:
    """Signs in, or asks for a press of a button: programs open the links of mails, and must not use them up."""
    try:
        link, person = await read_link(token, browser=office_cookies.read(request, ASKED))
        if link.at_once:
            return await _use(request, office_cookies, use_link, token)
    except DomainError as error:
        return _useless(request, office_pages, error)
    return office_pages.page(request, None, "office/link.html", {"token": token, "person": person})


@post("/sign-in/link")
async def press_link(
    request: Request[Any, Any, Any],
    office_pages: NamedDependency[OfficePages],
    office_cookies: NamedDependency[OfficeCookies],
    use_link: NamedDependency[UseLink],
) -> Response[Any]:
    """Signs in with a link."""
    form = await Form.read(request)
    try:
        return await _use(request, office_cookies, use_link, form["token"])
    except DomainError as error:
        return _useless(request, office_pages, error)


async def _use(
    request: Request[Any, Any, Any], office_cookies: OfficeCookies, use_link: UseLink, token: str
) -> Response[Any]:
    new = await use_link(
        token,
        browser=office_cookies.read(request, ASKED),
        device=device_of(request),
        instead_of=office_cookies.read(request, SESSION),
    )
    return welcome(request, office_cookies, new)


def welcome(
    request: Request[Any, Any, Any], office_cookies: OfficeCookies, new: NewSession, *, wanted: str = ""
) -> Redirect:
    """The answer that signs the browser in, and leads to the page that it wanted."""
    path = wanted or inner_path(office_cookies.read(request, WANTED)) or HOME
    answer = Redirect(path, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(office_cookies.session(new.secret))
    for used in (ASKED, WANTED):
        answer.set_cookie(office_cookies.make(used, "", 0))
    return answer


def _useless(request: Request[Any, Any, Any], office_pages: OfficePages, error: DomainError) -> Response[str]:
    title, advice = _WORDS_OF_LINKS[type(error)]
    context = {"title": title, "advice": advice, "ways": [(SIGN_IN, "Ask for a link")], "status": "", "request_id": ""}
    return office_pages.page(request, None, "office/message.html", context, status_code=HTTP_409_CONFLICT)


_WORDS_OF_LINKS: Final[dict[type[DomainError], tuple[str, str]]] = {
    LinkUseless: (
        "This link does not work any more",
        "It was used before, or it is too old. A new one takes a moment.",
    ),
    OtherBrowser: (
        "Please open the link in the other browser",
        "It works only in the browser where you asked for it. You can also ask for a link here.",
    ),
    NoMembership: (
        "You are not in a team now",
        "An owner of the team that you work for can invite you.",
    ),
}


@get("/choose")
async def choices(
    request: Request[Any, Any, Any],
    signed_in: NamedDependency[SignedIn],
    office_pages: NamedDependency[OfficePages],
    list_workplaces: NamedDependency[ListWorkplaces],
    next: FromQuery[str] = "",  # noqa: A002  # its name in addresses
) -> Response[str]:
    """The producers that the person works for."""
    context = {"workplaces": await list_workplaces(signed_in.person.id), "next": inner_path(next)}
    return office_pages.page(request, signed_in.member, "office/choose.html", context)


@post("/choose")
async def choose(
    request: Request[Any, Any, Any],
    signed_in: NamedDependency[SignedIn],
    choose_workplace: NamedDependency[ChooseWorkplace],
) -> Redirect:
    """Work for one of them from now on."""
    form = await Form.read(request)
    try:
        producer_id = UUID(form["producer"])
    except ValueError:
        raise NotFound("No such producer") from None
    await choose_workplace(signed_in.session, producer_id)
    return Redirect(inner_path(form["next"]) or HOME, status_code=HTTP_303_SEE_OTHER)


@post("/sign-out")
async def sign_out(
    request: Request[Any, Any, Any],
    office_cookies: NamedDependency[OfficeCookies],
    end_this_session: NamedDependency[SignOut],
) -> Redirect:
    """End the session of this browser."""
    await end_this_session(office_cookies.read(request, SESSION))
    answer = Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(office_cookies.session(""))
    return answer


routers = (
    public_router("/office", sign_in_page, ask_for_a_link, open_link, press_link, sign_out),
    office_router("/office", choices, choose, right=SIGNED_IN),
)
