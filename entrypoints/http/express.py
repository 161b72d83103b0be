"""The express lane of the busiest request, ``POST /api/v1/checkout``
(docs/adr/0008-express-lane-for-checkouts.md).

Litestar takes longer to route a request, to inject its handler's arguments and to make its response than a checkout
takes to be decided. The lane serves an ordinary request, with the handler's own function, hooks and exception handlers.
All other requests go to Litestar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_201_CREATED
from litestar.types import ExceptionHandler, Receive, Scope, Send
from typing_extensions import override

from entrypoints.http.checkout import CheckoutDependencies, place
from entrypoints.http.context import note_beginning, request_id_of
from entrypoints.http.head import HeadAsGet
from entrypoints.http.schemas import CheckoutIn, CheckoutOut

PATH: Final = "/api/v1/checkout"
#: The largest body of any request.
MAX_BODY_BYTES: Final = 64 * 1024
_JSON: Final = b"application/json"
_CHECKOUT: Final = msgspec.json.Decoder(CheckoutIn)


class ExpressLane(HeadAsGet):
    """The application, with a lane for checkouts. ``desk`` gives what they need, once the application has started."""

    def __init__(self, *args: Any, desk: Callable[[], CheckoutDependencies], **options: Any) -> None:
        super().__init__(*args, **options)
        self._desk = desk

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == ScopeType.HTTP and scope["path"] == PATH and self._is_ordinary(scope):
            first = await receive()
            if _is_whole(first):
                await self._serve(scope, first["body"], receive, send)
                return
            receive = _again(first, receive)
        await super().__call__(scope, receive, send)

    def _is_ordinary(self, scope: Scope) -> bool:
        if scope.get("method") != "POST" or scope["query_string"]:
            return False
        names = [name for name, _ in scope["headers"]]
        is_cross_origin = self.cors_config is not None and b"origin" in names
        return not is_cross_origin and len(names) == len(set(names)) and (b"content-type", _JSON) in scope["headers"]

    async def _serve(self, scope: Any, body: bytes, receive: Receive, send: Send) -> None:
        scope["app"] = scope["litestar_app"] = self
        scope["path_template"] = PATH
        scope.setdefault("state", {})
        note_beginning(scope)
        structlog.contextvars.bind_contextvars(request_id=request_id_of(scope))
        request = Request[Any, Any, Any](scope, receive, send)

        async def send_on(message: Any) -> None:
            for hook in self.before_send:
                await hook(message, scope)
            await send(message)

        try:
            answer = await self._answer(request, body)
        except Exception as refusal:  # noqa: BLE001  # its handler answers it
            response = self._handler_of(refusal)(request, refusal)
            await response.to_asgi_response(app=None, request=request)(scope, receive, send_on)
        else:
            headers = [(b"content-type", _JSON), (b"content-length", str(len(answer)).encode())]
            await send_on({"type": "http.response.start", "status": HTTP_201_CREATED, "headers": headers})
            await send_on({"type": "http.response.body", "body": answer, "more_body": False})

    async def _answer(self, request: Request[Any, Any, Any], body: bytes) -> bytes:
        headers = {name: value.decode("latin-1") for name, value in request.scope["headers"]}
        key, proof = headers.get(b"idempotency-key"), headers.get(b"x-proof-of-work")
        desk = self._desk()
        order = await place(request, _CHECKOUT.decode(body), desk, key=key, proof=proof)
        return msgspec.json.encode(CheckoutOut.of_order(order, desk.links))

    def _handler_of(self, refusal: Exception) -> ExceptionHandler[Any]:
        return next(self.exception_handlers[kind] for kind in type(refusal).__mro__ if kind in self.exception_handlers)


def _is_whole(message: Any) -> bool:
    """Whether this is the whole body, not empty and no larger than allowed."""
    is_last = message["type"] == "http.request" and not message.get("more_body")
    return is_last and 0 < len(message["body"]) <= MAX_BODY_BYTES


def _again(first: Any, receive: Receive) -> Receive:
    """Receives what was received already, and then the rest."""
    received = [first]

    async def receive_again() -> Any:
        return received.pop() if received else await receive()

    return receive_again
