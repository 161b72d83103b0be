"""What belongs to one request: an id that its answer, its errors and its log lines share."""

from __future__ import annotations

import re
from uuid import uuid4

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_STATE_KEY = "request_id"
_HEADER = b"x-request-id"
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id_of(scope: Scope) -> str:
    """The id of the request that is being answered: a proxy's X-Request-ID where it is harmless, or a new one."""
    state = scope["state"]
    if _STATE_KEY not in state:
        given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        state[_STATE_KEY] = given.decode() if _ACCEPTABLE.fullmatch(given) else uuid4().hex
    return str(state[_STATE_KEY])


def log_with_request_id(app: ASGIApp) -> ASGIApp:
    """Middleware: every log line of a request has its id."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        with structlog.contextvars.bound_contextvars(request_id=request_id_of(scope)):
            await app(scope, receive, send)

    return middleware


async def answer_with_request_id(message: Message, scope: Scope) -> None:
    """Hook: every answer has its request's id, those of routes that do not exist, too."""
    if message["type"] == "http.response.start":
        MutableScopeHeaders.from_message(message)["X-Request-ID"] = request_id_of(scope)
