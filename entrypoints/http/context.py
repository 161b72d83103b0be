"""The context of a request: an id that its answer, its errors and its log lines share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

import structlog
from litestar.types import ASGIApp, BeforeMessageSendHookHandler, Message, Receive, Scope, Send
from uuid_utils.compat import uuid4

from adapters.prometheus.metrics import PrometheusMetrics

_STATE_KEY = "request_id"
_BEGAN_KEY = "began"
_ERROR_KEY = "error_code"
REQUEST_ID_HEADER: Final = b"x-request-id"
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def request_id_of(scope: Scope) -> str:
    """The id of the present request: a proxy's X-Request-ID if it is harmless, or a new one."""
    state = scope["state"]
    if _STATE_KEY not in state:
        given = next((value for name, value in scope["headers"] if name == REQUEST_ID_HEADER), b"")
        state[_STATE_KEY] = given.decode() if _ACCEPTABLE.fullmatch(given) else uuid4().hex
    return str(state[_STATE_KEY])


def note_error(scope: Scope, code: str) -> None:
    """Note that the request is answered with this error of the contract's table."""
    scope["state"][_ERROR_KEY] = code


def error_code_of(scope: Scope) -> str | None:
    """The error that the request is answered with, if any."""
    code = scope["state"].get(_ERROR_KEY)
    return code if isinstance(code, str) else None


def is_of_a_route(scope: Scope) -> bool:
    """Whether the path is one that is served."""
    return _BEGAN_KEY in scope["state"]


def note_beginning(scope: Scope) -> None:
    """Note that a request of an existing route begins now, if that was not noted before."""
    scope["state"].setdefault(_BEGAN_KEY, time.perf_counter())


def log_with_request_id(app: ASGIApp) -> ASGIApp:
    """Middleware: every log line of a request has its id.

    Each request has a separate task, and so a separate context.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        structlog.contextvars.bind_contextvars(request_id=request_id_of(scope))
        await app(scope, receive, send)

    return middleware


def timed(app: ASGIApp) -> ASGIApp:
    """Middleware: notes when a request of an existing route began."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        note_beginning(scope)
        await app(scope, receive, send)

    return middleware


def answer_counter(metrics: PrometheusMetrics) -> Callable[[Scope, int], None]:
    """Counts an answer with a status by its route. All paths that are not served count as one."""

    def count(scope: Scope, status: int) -> None:
        began = scope["state"].get(_BEGAN_KEY)
        route = str(scope.get("path_template")) if began is not None else "none"
        seconds = time.perf_counter() - began if began is not None else None
        metrics.answered(str(scope.get("method")), route, status, seconds)

    return count


def count_answers(count: Callable[[Scope, int], None]) -> BeforeMessageSendHookHandler:
    """Hook: counts every answer."""

    async def count_answer(message: Message, scope: Scope) -> None:
        if message["type"] == "http.response.start":
            count(scope, message["status"])

    return count_answer


async def answer_with_request_id(message: Message, scope: Scope) -> None:
    """Hook: adds the request's id to every answer, also of routes that do not exist."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], (REQUEST_ID_HEADER, request_id_of(scope).encode())]
