"""A server that is asked to stop answers the requests that it has, and no later ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from entrypoints.server.server import create_server
from entrypoints.server.sockets import bind
from tests.support.server import free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_SECONDS = 20


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The smallest possible application."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def ask(self) -> None:
        """Send a request, without waiting for the answer."""
        self._writer.write(REQUEST)

    async def answer(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert await self._reader.readexactly(5) == b"hello"
        return head

    async def is_closed(self) -> bool:
        return await self._reader.read() == b""

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def server() -> AsyncIterator[uvicorn.Server]:
    server = create_server(hello)  # type: ignore[arg-type]  # Litestar's types of ASGI are its own
    async with asyncio.timeout(PATIENCE_SECONDS):
        serving = asyncio.create_task(server.serve(sockets=[bind("127.0.0.1", free_port())]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield server
        server.should_exit = True
        await serving


@pytest.fixture
async def connection(server: uvicorn.Server) -> AsyncIterator[Connection]:
    """A connection that is kept open after its first answer."""
    port = server.servers[0].sockets[0].getsockname()[1]
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    connection.ask()
    assert b"connection: close" not in await connection.answer()
    yield connection
    connection.close()


def stop_connections(server: uvicorn.Server) -> None:
    """Do what a server does first when it has to stop."""
    for each in server.server_state.connections:
        each.shutdown()


async def test_a_request_on_its_way_is_answered_as_the_last(server: uvicorn.Server, connection: Connection) -> None:
    connection.ask()
    stop_connections(server)

    assert b"connection: close" in await connection.answer()
    assert await connection.is_closed()


async def test_a_connection_that_says_nothing_is_closed(server: uvicorn.Server, connection: Connection) -> None:
    stop_connections(server)

    assert await connection.is_closed()
