"""The server's limits before a handler sees the request."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from entrypoints.server.protocol import MAX_HEAD_BYTES
from tests.support.server import Service

CHUNK = 8 * 1024


async def answer_to(service: Service, head: bytes) -> bytes:
    """The first line that the server answers, or nothing if it waits for more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(service.url).port)
    try:
        for start in range(0, len(head), CHUNK):
            writer.write(head[start : start + CHUNK])
            await writer.drain()
        return await asyncio.wait_for(reader.readline(), 20)
    finally:
        writer.close()


async def test_a_head_without_end_is_refused(service: Service) -> None:
    endless = b"GET /health/live HTTP/1.1\r\nX-Long: " + b"x" * (MAX_HEAD_BYTES + CHUNK)
    assert (await answer_to(service, endless)).startswith(b"HTTP/1.1 400")


async def test_a_long_head_that_ends_is_read(service: Service) -> None:
    long = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * (MAX_HEAD_BYTES - CHUNK) + b"\r\n\r\n"
    assert (await answer_to(service, long)).startswith(b"HTTP/1.1 200")
