"""One server process: uvicorn on a socket that several processes may share."""

from __future__ import annotations

import asyncio
import socket
from asyncio import TimerHandle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import uvicorn
from litestar.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.http.proxies import ForwardedClients

#: Connections that wait to be accepted: a crowd that comes within one busy moment.
BACKLOG: Final = 4096
#: A process that is told to stop finishes what it is doing within this time.
STOP_SECONDS: Final = 15
#: An idle connection is kept so long; longer than proxies keep theirs, so that it is they who close.
KEEP_ALIVE_SECONDS: Final = 75
#: A request that was sent while the process was told to stop arrives within this time.
LAST_REQUEST_SECONDS: Final = 0.1
#: Request line and headers together, and how long they may take to arrive.
MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_SECONDS: Final = 20
#: Of an answer, so much is put together before it is sent.
MAX_WAITING_BYTES: Final = 64 * 1024


class OneWrite:
    """A transport that sends what is written in one go at once: uvicorn writes an answer's head and body apart, and
    each would be a packet and a system call of its own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= MAX_WAITING_BYTES:
            self._send()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.writelines(waiting)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose patience has an end: neither a head without end nor one that drips in ties up a connection. Where
    it has to stop, it answers the request that is on its way, and says that it was the last.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._is_stopping = False

    @override
    def shutdown(self) -> None:
        self._is_stopping = True
        self.loop.call_later(LAST_REQUEST_SECONDS, super().shutdown)

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(cast("asyncio.Transport", OneWrite(transport, self.loop)))
        self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
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

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("Request head too large.")

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _head_is_here(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it: set ``should_exit`` to stop."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def create_server(app: ASGIApp, *, trusted_proxies: str = "") -> Server:
    """A server for ``serve(sockets=[…])``. ``trusted_proxies`` (addresses or networks, comma-separated) may say in
    X-Forwarded-For whom they speak for; nobody else is believed.
    """
    return Server(
        uvicorn.Config(
            cast("Any", ForwardedClients(app, trusted_proxies=trusted_proxies)),
            http=PatientProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket to serve on. Where it is ``shared`` the kernel spreads connections evenly over the processes that bind
    it; otherwise they would all go to whichever wakes first. Raises OSError when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening
