"""Errors for people: a browser that asks for a page gets one; other clients get the error of docs/api.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from litestar import MediaType, Request, Response
from litestar.exceptions import PermissionDeniedException

from entrypoints.http.errors import EXCEPTION_HANDLERS, ErrorOut
from entrypoints.web.rendering import Pages

Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a page: ``title``, and what the buyer can do."""

    title: str
    advice: str


_SERVER: Final = Words(
    "Something went wrong on our side",
    "Nothing was charged. Please try again in a moment: what you typed is still there when you go back.",
)
_BUSY: Final = Words(
    "Very many people are here right now",
    "Please try again in a few seconds. If you have ordered already, your tickets are safe.",
)
#: Statuses of pages that may be available in a moment.
_FOR_NOW: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
#: The pay page reloads until the payment page is there, so it must reload after a refusal, too.
_ASKING_PAGE: Final = "/pay"
_ASK_AGAIN_SECONDS: Final = "5"
_EXPIRED: Final = Words(
    "This page was open for too long",
    "Your browser and this page do not know each other any more, so nothing was sent. Open the page again; for that "
    "it needs to accept our cookie.",
)
_WORDS: Final = {
    HTTPStatus.NOT_FOUND: Words(
        "There is nothing here", "The address may be mistyped, or what was here is over. Here is what is on sale."
    ),
    HTTPStatus.FORBIDDEN: _EXPIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Words("That was too much", "Please send less at once."),
    HTTPStatus.TOO_MANY_REQUESTS: Words(
        "That was very quick", "You have tried many times in a short while. Please wait a minute, then go on."
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: _BUSY,
}


def handlers_for_browsers(pages: Pages) -> dict[int | type[Exception], Handler]:
    """The API's error handlers, with their answers as pages for browsers that ask for one."""
    return {kind: _on_a_page(handler, pages) for kind, handler in EXCEPTION_HANDLERS.items()}


def wants_a_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser asks for a page of the storefront."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _on_a_page(handler: Handler, pages: Pages) -> Handler:
    def answer(request: Request[Any, Any, Any], error: Any) -> Response[Any]:
        api_answer = handler(request, error)
        return _page(request, error, api_answer, pages) if wants_a_page(request) else api_answer

    return answer


def _helps_again(request: Request[Any, Any, Any], error: Exception, status: HTTPStatus) -> bool:
    """Whether opening the same page again may help."""
    if isinstance(error, PermissionDeniedException):
        return True
    return request.method == "GET" and status in _FOR_NOW


def _page(
    request: Request[Any, Any, Any], error: Exception, api_answer: Response[ErrorOut], pages: Pages
) -> Response[str]:
    status = HTTPStatus(api_answer.status_code or HTTPStatus.INTERNAL_SERVER_ERROR)
    words = _WORDS.get(
        status, _SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Words(api_answer.content.message, "")
    )
    again = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    page = pages.page(
        "error.html",
        {
            "status": status,
            "words": words,
            "request_id": api_answer.content.request_id,
            "producer": None,
            "again": again if _helps_again(request, error, status) else None,
        },
        status_code=status,
    )
    retry_after = api_answer.headers.get("Retry-After")
    headers = dict(page.headers)
    if retry_after:
        headers["Retry-After"] = retry_after
    if request.method == "GET" and request.url.path.endswith(_ASKING_PAGE) and status in _FOR_NOW:
        headers["Refresh"] = retry_after or _ASK_AGAIN_SECONDS
    return Response(page.content, media_type=MediaType.HTML, status_code=status, headers=headers)
