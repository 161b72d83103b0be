"""The express lane of the busiest request, ``POST /api/v1/checkout``
(docs/adr/0008-express-lane-for-checkouts.md).

Litestar takes longer to route a request, to inject its handler's arguments and to make its response than a checkout
takes to be decided. The lane serves a request that is quite ordinary and succeeds. All other requests go to Litestar:
those that are refused, too, so one place words what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_201_CREATED
from litestar.types import Receive, Scope, Send
from typing_extensions import override

from entrypoints.http.checkout import CheckoutDependencies, keep_refusal, place
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
            if await self._serve(scope, first, receive, send):
                return
            receive = _again(first, receive)
        await super().__call__(scope, receive, send)

    def _is_ordinary(self, scope: Scope) -> bool:
        if scope.get("method") != "POST" or scope["query_string"]:
            return False
        names = [name for name, _ in scope["headers"]]
        is_cross_origin = self.cors_config is not None and b"origin" in names
        return not is_cross_origin and len(names) == len(set(names)) and (b"content-type", _JSON) in scope["headers"]

    async def _serve(self, scope: Any, first: Any, receive: Receive, send: Send) -> bool:
        """Whether the request was answered. A request that was refused is not, and has its refusal noted."""
        if first["type"] != "http.request" or first.get("more_body") or len(first["body"]) > MAX_BODY_BYTES:
            return False
        try:
            data = _CHECKOUT.decode(first["body"])
        except msgspec.DecodeError:
            return False
        scope["app"] = scope["litestar_app"] = self
        scope["path_template"] = PATH
        scope.setdefault("state", {})
        note_beginning(scope)
        structlog.contextvars.bind_contextvars(request_id=request_id_of(scope))
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        desk, request = self._desk(), Request[Any, Any, Any](scope, receive, send)
        try:
            order = await place(
                request, data, desk, key=headers.get(b"idempotency-key"), proof=headers.get(b"x-proof-of-work")
            )
        except Exception as refusal:  # noqa: BLE001  # Litestar's handlers answer it
            keep_refusal(scope, refusal)
            return False
        answer = msgspec.json.encode(CheckoutOut.of_order(order, desk.links))
        await self._send(scope, send, answer)
        return True

    async def _send(self, scope: Scope, send: Send, answer: bytes) -> None:
        headers = [(b"content-type", _JSON), (b"content-length", str(len(answer)).encode())]
        messages: tuple[Any, Any] = (
            {"type": "http.response.start", "status": HTTP_201_CREATED, "headers": headers},
            {"type": "http.response.body", "body": answer, "more_body": False},
        )
        for message in messages:
            for hook in self.before_send:
                await hook(message, scope)
            await send(message)


def _again(first: Any, receive: Receive) -> Receive:
    """Receives what was received already, and then the rest."""
    received = [first]

    async def receive_again() -> Any:
        return received.pop() if received else await receive()

    return receive_again
