"""Connections to Redis that break while nothing uses them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import uvloop
from redis.asyncio import BlockingConnectionPool, ConnectionPool

from adapters.redis.client import CONNECTION, create_redis, notice_losses
from adapters.taskiq.broker import create_broker

#: Not that of the tests' shared service.
REDIS_DATABASE = 14
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class _Relay:
    """A port that leads to Redis, and can break all its connections at once, as a kernel that gives them up."""

    def __init__(self, redis_url: str) -> None:
        self.there = urlsplit(redis_url)
        self.writers: list[asyncio.StreamWriter] = []

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        theirs_in, theirs_out = await asyncio.open_connection(self.there.hostname, self.there.port)
        try:
            await asyncio.gather(_pipe(reader, theirs_out), _pipe(theirs_in, writer))
        finally:
            theirs_out.close()

    def break_all(self) -> None:
        for writer in (writer for writer in self.writers if not writer.is_closing()):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            writer.transport.abort()
        self.writers.clear()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def _relay_to(redis_url: str) -> AsyncIterator[tuple[_Relay, str]]:
    relay = _Relay(redis_url)
    async with await asyncio.start_server(relay.meet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield relay, redis_url.replace(f":{relay.there.port}/", f":{port}/")
        relay.break_all()


async def _until_broken(pool: ConnectionPool | BlockingConnectionPool) -> None:
    while not all(idle._writer and idle._writer.is_closing() for idle in pool._available_connections):
        await asyncio.sleep(0.001)


async def _asks_again(redis_url: str) -> None:
    async with _relay_to(redis_url) as (relay, url), create_redis(url) as redis:
        assert await redis.ping()
        relay.break_all()
        await _until_broken(redis.connection_pool)
        assert await redis.ping()


async def _sends_again(redis_url: str) -> None:
    async with _relay_to(redis_url) as (relay, url):
        broker = create_broker(url, CONNECTION, notice_losses)
        await broker.startup()
        relay.break_all()
        await _until_broken(broker.connection_pool)
        await broker._declare_consumer_group()
        await broker.shutdown()


@pytest.mark.parametrize("work", [_asks_again, _sends_again])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
async def test_connection_that_was_lost_while_idle_is_made_again(
    redis_url: str, run: Callable[..., None], work: Callable[[str], Awaitable[None]]
) -> None:
    own_database = f"{redis_url.rpartition('/')[0]}/{REDIS_DATABASE}"
    await asyncio.to_thread(run, work(own_database))


def test_encrypted_connections_notice_it_too() -> None:
    plain, encrypted = (create_redis(f"{scheme}://localhost:1").connection_pool for scheme in ("redis", "rediss"))
    assert plain.connection_class.__mro__[1] is encrypted.connection_class.__mro__[1]
