"""The office's error pages, and the way to the sign-in for those who are not inside."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import PermissionDeniedException
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from application.people.sessions import SignedIn
from domain.people import Member
from entrypoints.http.context import request_id_of
from entrypoints.http.errors import EXCEPTION_HANDLERS, framework_error
from entrypoints.office.access import (
    COUNTER,
    HOME,
    OWN_PAGE,
    NotChosen,
    NotSignedIn,
    RightMissing,
    TillRevoked,
    counter_of,
    home_of,
    inner_path,
)
from entrypoints.office.pair import PAIR
from entrypoints.office.rendering import OfficePages
from entrypoints.office.sign_in import SIGN_IN

Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]
Words = tuple[str, str]

_CHOOSE: Final = "/office/choose"
_SERVER: Final = ("Something went wrong on our side", "Please try again in a moment.")
_EXPIRED: Final = (
    "This page was open for too long",
    "Nothing was changed. Open the page again, and send what you typed once more.",
)
_NO_RIGHT: Final = (
    "Your role may not do this",
    "An owner of your team can give you another role.",
)
_REVOKED: Final = (
    "This till was revoked",
    "Nothing was sold. The box office can make a code that pairs it again.",
)
_WORDS: Final[dict[HTTPStatus, Words]] = {
    HTTPStatus.UNAUTHORIZED: ("Please sign in", "Your session is over. Nothing was changed."),
    HTTPStatus.NOT_FOUND: ("There is nothing here", "It may have been deleted, or the address is mistyped."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That was too much", "Please send less at once."),
    HTTPStatus.TOO_MANY_REQUESTS: ("That was very quick", "Please wait a minute, then go on."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("We cannot do this right now", "Please try again in a moment."),
}


def office_handlers(pages: OfficePages) -> dict[int | type[Exception], Handler]:
    """The API's error handlers, with their answers as pages of the office."""

    def on_a_page(handler: Handler) -> Handler:
        def answer(request: Request[Any, Any, Any], error: Any) -> Response[Any]:
            return error_page(request, error, handler(request, error), pages)

        return answer

    return {
        **{kind: on_a_page(handler) for kind, handler in EXCEPTION_HANDLERS.items()},
        NotSignedIn: _or_go_to(SIGN_IN, on_a_page(framework_error)),
        NotChosen: _or_go_to(_CHOOSE, on_a_page(framework_error)),
        RightMissing: _home_or(on_a_page(framework_error)),
    }


def _or_go_to(path: str, refuse: Handler) -> Handler:
    """A page leads to this other one first; what was sent is refused."""

    def answer(request: Request[Any, Any, Any], error: Any) -> Response[Any]:
        if request.method not in ("GET", "HEAD"):
            return refuse(request, error)
        asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        wanted = inner_path(asked)
        way = f"{path}?next={quote(wanted)}" if wanted not in ("", HOME) else path
        return Redirect(way, status_code=HTTP_303_SEE_OTHER)

    return answer


def _home_or(refuse: Handler) -> Handler:
    """Who may not see the first page has another one."""

    def answer(request: Request[Any, Any, Any], error: Any) -> Response[Any]:
        if request.method == "GET" and request.url.path == HOME:
            return Redirect(OWN_PAGE, status_code=HTTP_303_SEE_OTHER)
        return refuse(request, error)

    return answer


def error_page(
    request: Request[Any, Any, Any], error: Exception, plain: Response[Any], pages: OfficePages
) -> Response[str]:
    """The page about an error; ``plain`` is what a program would be answered."""
    status = HTTPStatus(plain.status_code or HTTPStatus.INTERNAL_SERVER_ERROR)
    inside: SignedIn | None = request.scope.get("auth")
    member = inside.member if inside else None
    title, advice = _words(error, status, plain.content.message)
    ways = _ways(request, error, member, is_inside=inside is not None)
    if request.method == "GET" and status == HTTPStatus.SERVICE_UNAVAILABLE:
        ways = [(inner_path(request.url.path) or HOME, "Open the page again"), *ways]
    context = {
        "title": title,
        "advice": advice,
        "ways": ways,
        "status": status.value,
        "request_id": request_id_of(request.scope),
    }
    headers = {name: value for name, value in plain.headers.items() if name == "Retry-After"}
    return pages.page(request, member, "office/message.html", context, status_code=status, headers=headers)


def _ways(
    request: Request[Any, Any, Any], error: Exception, member: Member | None, *, is_inside: bool
) -> list[tuple[str, str]]:
    at_counter = counter_of(request)
    if isinstance(error, TillRevoked):
        return [(PAIR, "Pair this till again"), (SIGN_IN, "Sign in")]
    if at_counter is not None and at_counter.till is not None:
        return [(COUNTER, "To the counter")]
    return [(home_of(member), "To the office")] if is_inside else [(SIGN_IN, "Sign in")]


def _words(error: Exception, status: HTTPStatus, message: str) -> Words:
    if isinstance(error, RightMissing):
        return _NO_RIGHT
    if isinstance(error, TillRevoked):
        return _REVOKED
    if isinstance(error, PermissionDeniedException):
        return _EXPIRED
    if status in _WORDS:
        return _WORDS[status]
    return _SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else (message, "Nothing was changed.")
