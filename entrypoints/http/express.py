"""The express lanes of the busiest requests (docs/adr/0008-express-lane-for-checkouts.md).

They are ``POST /api/v1/checkout``, scans at the door and its state, Stripe's events, and ``GET
/api/v1/shows/{show_id}``.

Litestar takes longer to route a request, to inject its handler's arguments and to make its response than a checkout
takes to be decided. A lane serves an ordinary request, with the handler's own function, hooks and exception handlers.
All other requests go to Litestar.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_304_NOT_MODIFIED
from litestar.types import ExceptionHandler, ExceptionHandlersMap, Receive, Scope, Send
from typing_extensions import override

from application.webhooks.handle_event import HandlePaymentEvent
from entrypoints.http import webhooks
from entrypoints.http.checkout import CheckoutDependencies, place
from entrypoints.http.context import REQUEST_ID_HEADER, note_beginning, request_id_of
from entrypoints.http.head import HeadAsGet
from entrypoints.http.producer.checkin import CACHE_CONTROL, ScanDesk, StateDesk
from entrypoints.http.schemas import CheckoutIn, CheckoutOut
from entrypoints.http.shows import ShowAnswers

#: The largest body of any request that is no event.
MAX_BODY_BYTES: Final = 64 * 1024
_JSON: Final = b"application/json"
_CHECKOUT: Final = msgspec.json.Decoder(CheckoutIn)
_RECEIVED: Final = msgspec.json.encode(webhooks.ReceivedOut(received=True))

_CHECKOUTS: Final = "/api/v1/checkout"
_SCANS: Final = "/api/v1/producer/checkin"
_EVENTS: Final = "/api/v1/webhooks/stripe"
_ID_OF_SHOW: Final = "{show_id}"
_SHOW: Final = f"/api/v1/shows/{_ID_OF_SHOW}"
_STATE: Final = f"/api/v1/producer/shows/{_ID_OF_SHOW}/checkin/state"
#: An id as we write it. Other spellings of a UUID are Litestar's to read.
_ID: Final = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ID_LENGTH: Final = 36
#: The paths of routes with the id of a show.
_PATHS: Final = {route: re.compile(route.replace(_ID_OF_SHOW, _ID)) for route in (_SHOW, _STATE)}

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A success with headers or a status of its own."""

    body: bytes
    headers: Headers
    status: int


#: A request and its body; the body of the answer, or all of it.
Serve = Callable[[Scope, bytes], Awaitable[bytes | Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One request of the API. ``serve`` gives its answer, or raises as its handler does.

    ``headers`` must be there for a request to be ordinary, and ``content_type``, unless any will do. ``route`` is the
    path as Litestar has it. ``sent`` are the headers that the application's hooks put on the answer.
    """

    serve: Serve
    status: int
    route: str
    sent: Headers
    method: str = "POST"
    max_body_bytes: int = MAX_BODY_BYTES
    content_type: bytes | None = None
    headers: frozenset[bytes] = frozenset()
    exception_handlers: ExceptionHandlersMap

    def is_ordinary(self, scope: Scope) -> bool:
        """Whether a lane can serve this request: one that says everything once and nothing unusual."""
        if scope.get("method") != self.method or scope["query_string"]:
            return False
        names = [name for name, _ in scope["headers"]]
        is_of_type = self.content_type is None or (b"content-type", self.content_type) in scope["headers"]
        return is_of_type and len(names) == len(set(names)) and self.headers.issubset(names)

    def is_whole(self, message: Any) -> bool:
        """Whether this is the whole body, not empty and no larger than allowed; a GET has none."""
        is_last = message["type"] == "http.request" and not message.get("more_body")
        if self.method == "GET":
            return bool(is_last and not message["body"])
        return is_last and 0 < len(message["body"]) <= self.max_body_bytes


def checkout_lane(desk: Callable[[], CheckoutDependencies], sent: Headers) -> Lane:
    """The lane of checkouts. ``desk`` gives what they need, once the application has started."""

    async def serve(scope: Scope, body: bytes) -> bytes:
        needed, headers = desk(), _headers_of(scope)
        key, proof = headers.get(b"idempotency-key"), headers.get(b"x-proof-of-work")
        order = await place(Request(scope), _CHECKOUT.decode(body), needed, key=key, proof=proof)
        return msgspec.json.encode(CheckoutOut.of_order(order, needed.links))

    return Lane(
        serve=serve, status=HTTP_201_CREATED, route=_CHECKOUTS, sent=sent, content_type=_JSON, exception_handlers={}
    )


def check_in_lane(desk: ScanDesk, sent: Headers) -> Lane:
    """The lane of scans at the door."""

    async def serve(scope: Scope, body: bytes) -> bytes:
        return await desk(scope, _headers_of(scope)[b"authorization"], body)

    return Lane(
        serve=serve,
        status=HTTP_200_OK,
        route=_SCANS,
        sent=sent,
        content_type=_JSON,
        headers=frozenset({b"authorization"}),
        exception_handlers={},
    )


def event_lane(handle: Callable[[], HandlePaymentEvent], sent: Headers) -> Lane:
    """The lane of Stripe's events, of which the raw bytes count, whatever type they are said to have."""

    async def serve(scope: Scope, body: bytes) -> bytes:
        await handle()(body, _headers_of(scope)[webhooks.SIGNATURE])
        return _RECEIVED

    return Lane(
        serve=serve,
        status=HTTP_200_OK,
        route=_EVENTS,
        sent=sent,
        max_body_bytes=webhooks.MAX_EVENT_BYTES,
        headers=frozenset({webhooks.SIGNATURE}),
        exception_handlers=webhooks.REFUSALS,
    )


def show_lane(answers: Callable[[], ShowAnswers], sent: Headers) -> Lane:
    """The lane of a show's JSON, without a promo code."""

    async def serve(scope: Scope, _: bytes) -> bytes:
        return await answers()(_show_id_in(scope["path"], _SHOW))

    return Lane(serve=serve, status=HTTP_200_OK, route=_SHOW, sent=sent, method="GET", exception_handlers={})


def door_state_lane(desk: StateDesk, sent: Headers) -> Lane:
    """The lane of the counts that scanners ask for each second."""

    async def serve(scope: Scope, _: bytes) -> Answer:
        headers = _headers_of(scope)
        state, etag = await desk(scope, headers[b"authorization"], _show_id_in(scope["path"], _STATE))
        sent = [(b"etag", etag.encode()), (b"cache-control", CACHE_CONTROL.encode())]
        if headers.get(b"if-none-match") == etag:
            return Answer(b"", sent, HTTP_304_NOT_MODIFIED)
        return Answer(state(), sent, HTTP_200_OK)

    return Lane(
        serve=serve,
        status=HTTP_200_OK,
        route=_STATE,
        sent=sent,
        method="GET",
        headers=frozenset({b"authorization"}),
        exception_handlers={},
    )


class ExpressLanes(HeadAsGet):
    """The application, with lanes. ``count`` counts an answer that has begun.

    A lane's success needs no hook of the application: it has their headers, and is counted. Refusals go through all.
    """

    def __init__(
        self,
        *args: Any,
        lanes: Sequence[Lane],
        count: Callable[[Scope, int], None],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._lanes = {lane.route: lane for lane in lanes}
        self._lanes_of_shows = [(_PATHS[lane.route], lane) for lane in lanes if lane.route in _PATHS]
        self._count = count

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        lane = self._lane_of(scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if lane is not None and lane.is_ordinary(scope) and not self._is_cross_origin(scope):
            first = await receive()
            if lane.is_whole(first):
                await self._serve(lane, scope, first["body"], receive, send)
                return
            receive = _again(first, receive)
        await super().__call__(scope, receive, send)

    def _lane_of(self, path: str) -> Lane | None:
        if lane := self._lanes.get(path):
            return lane
        for paths, of_a_show in self._lanes_of_shows:
            if paths.fullmatch(path):
                return of_a_show
        return None

    def _is_cross_origin(self, scope: Scope) -> bool:
        return self.cors_config is not None and any(name == b"origin" for name, _ in scope["headers"])

    async def _serve(self, lane: Lane, scope: Any, body: bytes, receive: Receive, send: Send) -> None:
        scope["app"] = scope["litestar_app"] = self
        scope["path_template"] = lane.route
        scope.setdefault("state", {})
        note_beginning(scope)
        request_id = request_id_of(scope)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            answer = await lane.serve(scope, body)
        except Exception as refusal:  # noqa: BLE001  # its handler answers it
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            response = _handler_of(refusal, lane.exception_handlers, self.exception_handlers)(request, refusal)
            await response.to_asgi_response(app=None, request=request)(scope, receive, self._hooked(scope, send))
            return
        if isinstance(answer, bytes):
            answer = Answer(answer, (), lane.status)
        self._count(scope, answer.status)
        sent = [(REQUEST_ID_HEADER, request_id.encode()), *answer.headers, *lane.sent]
        if answer.status != HTTP_304_NOT_MODIFIED:
            sent += [(b"content-type", _JSON), (b"content-length", str(len(answer.body)).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": sent})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    def _hooked(self, scope: Scope, send: Send) -> Send:
        async def send_on(message: Any) -> None:
            for hook in self.before_send:
                await hook(message, scope)
            await send(message)

        return send_on


def _show_id_in(path: str, route: str) -> UUID:
    begin = route.index(_ID_OF_SHOW)
    return UUID(path[begin : begin + _ID_LENGTH])


def _headers_of(scope: Scope) -> Mapping[bytes, str]:
    """The headers by their names in lower case."""
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def _handler_of(refusal: Exception, *layers: ExceptionHandlersMap) -> ExceptionHandler[Any]:
    """The innermost layer decides, and in it the most special class, as Litestar has it."""
    return next(layer[kind] for layer in layers for kind in type(refusal).__mro__ if kind in layer)


def _again(first: Any, receive: Receive) -> Receive:
    """Receives what was received already, and then the rest."""
    received = [first]

    async def receive_again() -> Any:
        return received.pop() if received else await receive()

    return receive_again
