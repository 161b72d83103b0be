"""HTTP/1.1 for clients that may be slow, silent or too many: uvicorn's protocol with bounds."""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, Final, cast

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.http.client_network import is_private, network_of
from entrypoints.server.coalescing import CoalescingTransport
from entrypoints.server.connections import ConnectionLimits, OpenConnections

#: A request that was sent while the process was asked to stop arrives within this time.
LAST_REQUEST_SECONDS: Final = 0.1
#: Request line and headers together.
MAX_HEAD_BYTES: Final = 64 * 1024


class BoundedConfig(uvicorn.Config):
    """The configuration that all connections of a server share."""

    def __init__(self, app: Any, *, limits: ConnectionLimits, trusts: Callable[[str], bool], **options: Any) -> None:
        super().__init__(app, **options)
        self.limits = limits
        self.trusts = trusts
        self.open_connections = OpenConnections()


class BoundedHttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a limit on every wait: a head or a body that drips or never comes, or a client that does not read
    its answer, cannot tie up a connection. When the server has to stop, it answers the request that is on its way, and
    says that it was the last.

    One connection too many is answered with 503; if the process is full, the connection that was idle longest makes
    room.
    """

    config: BoundedConfig

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = self.config.limits
        self._network = ""
        self._is_refused = False
        self._is_stopping = False
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._body_bytes = 0
        self._body_began = 0.0
        self._body_timer: TimerHandle | None = None
        self._reading_timer: TimerHandle | None = None
        self._is_body_open = False
        self.idle_since = 0.0

    @override
    def shutdown(self) -> None:
        self._is_stopping = True
        self.loop.call_later(LAST_REQUEST_SECONDS, super().shutdown)

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(cast("asyncio.Transport", CoalescingTransport(transport, self.loop)))
        self.idle_since = self.loop.time()
        self._network = network_of(self.client[0]) if self.client else ""
        self._is_refused = self._is_one_too_many()
        self.config.open_connections.add(self._network)
        if self._is_refused:
            self.transport.write(_TOO_MANY)
            self.transport.close()
            return
        self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.config.open_connections.remove(self._network)
        self._head_is_here()
        self._body_is_here()
        self.resume_writing()
        super().connection_lost(exc)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    @override
    def on_headers_complete(self) -> None:
        self._head_is_here()
        super().on_headers_complete()
        if self._is_stopping:
            self.cycle.keep_alive = False
        self._is_body_open, self._body_bytes = True, 0

    @override
    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._is_body_open = False
        self._body_is_here()
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self.idle_since = self.loop.time()
        super().on_response_complete()

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("Request head too large.")
        if self._is_body_open and self._body_timer is None:  # most bodies come with their heads
            self._await_body()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reading_timer is None:
            self._reading_timer = self.loop.call_later(self._limits.reading_seconds, self._give_up_reader)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    @property
    def is_idle(self) -> bool:
        """Whether every request is answered."""
        cycle = cast("Any", self.cycle)  # none before the first request
        return cycle is None or bool(cycle.response_complete)

    def _is_one_too_many(self) -> bool:
        has = self.config.open_connections
        is_one_client = self.client is not None and not self._is_proxy(self.client[0])
        if is_one_client and has.of(self._network) >= self._limits.most_from_one_client:
            return True
        return has.count >= self._limits.most and not self._make_room()

    def _is_proxy(self, host: str) -> bool:
        """Whether the host is a proxy, which brings the connections of all its clients."""
        return is_private(host) or self.config.trusts(host)

    def _make_room(self) -> bool:
        idle = [each for each in self.connections if isinstance(each, BoundedHttpProtocol) and each is not self]
        idle = [each for each in idle if each.is_idle and not each.transport.is_closing()]
        if not idle:
            return False
        min(idle, key=lambda each: each.idle_since).transport.close()
        return True

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.head_seconds, self._give_up)

    def _head_is_here(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _await_body(self) -> None:
        self._body_began = self.loop.time()
        self._body_timer = self.loop.call_later(self._limits.body_seconds, self._look_for_body)

    def _body_is_here(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _look_for_body(self) -> None:
        """Close the connection unless the body comes fast enough, or waits for us."""
        self._body_timer = None
        allowed = self._limits.body_seconds + self._body_bytes / self._limits.body_bytes_per_second
        left = self._body_began + allowed - self.loop.time()
        if self.flow.read_paused:
            left = max(left, self._limits.body_seconds)
        if left > 0:
            self._body_timer = self.loop.call_later(left, self._look_for_body)
            return
        if not self.cycle.response_started:
            self.transport.write(_TOO_SLOW)
        self._give_up()

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _give_up_reader(self) -> None:
        self._reading_timer = None
        self.transport.abort()


def _refusal(status: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"content-length: 0", b"connection: close", b"", b""])


_TOO_MANY: Final = _refusal(b"503 Service Unavailable", b"retry-after: 5")


_TOO_SLOW: Final = _refusal(b"408 Request Timeout")
