"""Addresses below /office that lead nowhere: no route knows them, so the office's router does not see them."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import Receive, Scope, Send
from typing_extensions import override

from application.ports.unit_of_work import StorageUnavailable
from entrypoints.http.errors import framework_error
from entrypoints.office.access import DOOR, HOME, OfficeDoor
from entrypoints.office.errors import Handler, error_page
from entrypoints.office.rendering import OfficePages

log = logging.getLogger(__name__)


def handlers_of_missing_pages(
    pages: OfficePages, elsewhere: dict[int | type[Exception], Handler]
) -> dict[int | type[Exception], Handler]:
    """The application's error handlers, with a page of the office for what is mistyped there."""
    usual = elsewhere[HTTPException]

    def answer(request: Request[Any, Any, Any], error: Any) -> Response[Any]:
        path = request.url.path
        is_ours = path == HOME or path.startswith(f"{HOME}/")
        if not is_ours or "text/html" not in request.headers.get("accept", ""):
            return usual(request, error)
        return _OfficeAnswer(error, pages)

    return {**elsewhere, NotFoundException: answer, MethodNotAllowedException: answer}


class _OfficeAnswer(Response[None]):
    """A page that is made when it is sent: who asks is known only after a look at their session."""

    def __init__(self, error: HTTPException, pages: OfficePages) -> None:
        super().__init__(None, status_code=error.status_code)
        self._error = error
        self._pages = pages

    @override
    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **options: Any) -> Any:
        async def send_page(scope: Scope, receive: Receive, send: Send) -> None:
            door: OfficeDoor = request.app.state[DOOR]
            try:
                request.scope["auth"] = await door.signed_in(request)
            except StorageUnavailable:
                log.warning("A missing page of the office is shown without the session: the database is away")
            page = error_page(request, self._error, framework_error(request, self._error), self._pages)
            await page.to_asgi_response(app, request, **options)(scope, receive, send)

        return send_page
