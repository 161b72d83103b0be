"""Clients that drip, hang up, do not read, or come in hundreds: none of them ties up the server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from entrypoints.server.connections import MOST_CONNECTIONS, ConnectionLimits, OpenConnections
from entrypoints.server.server import create_server
from entrypoints.server.sockets import bind
from entrypoints.settings import Settings
from tests.support.server import free_port, running

pytestmark = pytest.mark.p2

PATIENCE_SECONDS = 30
SOON = 0.2
NEVER = 3600.0
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def until_the_server_has_no_connection(port: int) -> None:
    """Wait until no connection to the port is established at the server's end, which is in this process."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(
            each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED
            for each in psutil.Process().net_connections("tcp")
        ):
            await asyncio.sleep(0.01)


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An application that answers a body with its length; at /large with more than any socket holds."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    size = 0
    while scope["method"] == "POST":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    body = b"x" * (64 * 1024 * 1024) if scope["path"] == "/large" else str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[int]:
    server = create_server(echo, limits=ConnectionLimits(**limits))  # type: ignore[arg-type]  # Litestar's own types
    port = free_port()
    async with asyncio.timeout(PATIENCE_SECONDS):
        running = asyncio.create_task(server.serve(sockets=[bind("127.0.0.1", port)]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield port
        finally:
            server.should_exit = True
            await running


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def of(cls, port: int) -> AsyncIterator[Client]:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            yield client
        finally:
            client.writer.close()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> bytes:
        """Status line, headers and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """All bytes until the server closes the connection."""
        return await self.reader.read()


async def test_a_body_that_never_comes_is_answered_with_408() -> None:
    async with serving(body_seconds=SOON) as port, Client.of(port) as client:
        await client.send(POST % 10)
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_drips_is_given_up() -> None:
    async with serving(body_seconds=SOON, body_bytes_per_second=1000) as port, Client.of(port) as client:
        await client.send(POST % 1000)
        answer = asyncio.create_task(client.rest())
        # Bytes after the end are answered with a reset, which may overtake the 408.
        with suppress(ConnectionError):
            while not answer.done():
                await client.send(b"x")
                await asyncio.sleep(0.02)
            assert (await answer).startswith(b"HTTP/1.1 408 ")
        await asyncio.gather(answer, return_exceptions=True)


async def test_a_body_that_comes_slowly_but_steadily_is_taken() -> None:
    async with serving(body_seconds=SOON, body_bytes_per_second=10) as port, Client.of(port) as client:
        await client.send(POST % 60)
        for _ in range(6):
            await client.send(b"x" * 10)
            await asyncio.sleep(0.05)  # no wait for anything: the client's pace is what is tried
        assert (await client.answer()).endswith(b"\r\n\r\n60")


async def test_a_body_that_nobody_reads_does_not_keep_the_connection_open() -> None:
    """The answer was given before the body came: the rest of the body must come, too, or the connection ends."""
    async with serving(body_seconds=SOON) as port, Client.of(port) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert (await client.answer()).startswith(b"HTTP/1.1 200 ")
        assert await client.rest() == b""


async def test_the_next_request_has_time_of_its_own() -> None:
    async with serving(body_seconds=NEVER, head_seconds=NEVER) as port, Client.of(port) as client:
        for size in (3, 5):
            await client.send(POST % size + b"x" * size)
            assert (await client.answer()).endswith(str(size).encode())


async def test_a_client_that_reads_nothing_is_let_go() -> None:
    async with serving(reading_seconds=SOON) as port, Client.of(port) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # as one that does not read
        await client.send(GET.replace(b"/ ", b"/large ", 1))
        await until_the_server_has_no_connection(port)
        client.reader._transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.reader.readexactly(64 * 1024 * 1024)


async def test_when_full_the_connection_that_was_idle_longest_makes_room() -> None:
    async with serving(most=2) as port, Client.of(port) as first, Client.of(port) as second:
        for client in (first, second, first):
            await client.send(GET)
            await client.answer()
        async with Client.of(port) as third:
            await third.send(GET)
            assert (await third.answer()).startswith(b"HTTP/1.1 200 ")
            assert await second.rest() == b""
            await first.send(GET)
            assert (await first.answer()).startswith(b"HTTP/1.1 200 ")


async def test_when_all_are_at_work_one_more_is_told_to_come_again() -> None:
    async with serving(most=1) as port, Client.of(port) as busy:
        await busy.send(POST.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue") % 2)
        await busy.reader.readuntil(b"100 Continue\r\n\r\n")  # it is at work
        await busy.send(b"x")
        async with Client.of(port) as second:
            refusal = await second.rest()
            assert refusal.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in refusal
        await busy.send(b"x")
        assert (await busy.answer()).endswith(b"\r\n\r\n2")


async def test_a_proxy_brings_as_many_as_it_has_clients() -> None:
    async with serving(most_from_one_client=1) as port, Client.of(port) as one, Client.of(port) as another:
        for client in (one, another):
            await client.send(GET)
            assert (await client.answer()).startswith(b"HTTP/1.1 200 ")


def test_connections_are_counted_by_client() -> None:
    opened = OpenConnections()
    for client in ("a", "a", "b"):
        opened.add(client)
    assert (opened.count, opened.of("a"), opened.of("c")) == (3, 2, 0)
    opened.remove("a")
    opened.remove("b")
    assert (opened.count, opened.of("a"), opened.of("b")) == (1, 1, 0)
    assert 1 <= ConnectionLimits().most <= MOST_CONNECTIONS


async def test_who_hangs_up_is_a_line_in_the_log_and_no_error(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(settings) as service:
        async with Client.of(urlsplit(service.url).port or 0) as client:
            await client.send(POST.replace(b"/ ", b"/api/v1/checkout ", 1) % 100 + b"{")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "hung up" not in caplog.text:
                await asyncio.sleep(0.01)
    told = [record for record in caplog.records if record.name == "entrypoints.http.errors"]
    assert [(record.levelno, record.exc_info) for record in told] == [(logging.INFO, None)]
