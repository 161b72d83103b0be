"""Connections to Redis."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError  # noqa: A004  # not the builtin
from typing_extensions import override

#: Redis answers within a millisecond or is in trouble; no checkout waits longer than this for it.
TIMEOUT_SECONDS = 1.0
#: The kernel also gives up a host that vanished, even on connections that only listen.
TCP_USER_TIMEOUT_MILLISECONDS = 5000
_KEEPALIVES: Final = (
    ("TCP_KEEPIDLE", 3),
    ("TCP_KEEPINTVL", 1),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", TCP_USER_TIMEOUT_MILLISECONDS),
)

#: Settings of all our connections, the queue's too. Answers are read as RESP2.
CONNECTION: Final = MappingProxyType[str, Any](
    {
        "protocol": 2,
        "decode_responses": False,
        "socket_keepalive": True,
        # Not every system has all of them.
        "socket_keepalive_options": {
            getattr(socket, name): value for name, value in _KEEPALIVES if hasattr(socket, name)
        },
    }
)


def create_redis(redis_url: str) -> Redis:
    """A client that gives up quickly, after one more try in case a connection went stale."""
    redis = Redis.from_url(
        redis_url,
        **CONNECTION,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    )
    notice_losses(redis.connection_pool)
    return redis


def notice_losses(pool: ConnectionPool) -> None:
    """Let the pool's connections notice that the kernel gave them up while they were idle.

    redis-py 8.1 does not: it writes, and each event loop answers that with an error that is not Redis' (RuntimeError
    of uvloop, TypeError or AttributeError of Python's own, https://github.com/redis/redis-py/issues/4287).
    findings/redis-py-writes-to-a-connection-that-was-lost.sh fails once that has changed.
    """
    pool.connection_class = _NOTICING.get(pool.connection_class, pool.connection_class)


class _Noticing(AbstractConnection):
    @override
    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        if self._writer is not None and self._writer.transport.is_closing():
            raise ConnectionResetError(errno.ECONNRESET, "The connection was lost while it was idle")
        await super()._send_packed_command(command)


class _Plain(_Noticing, Connection):
    pass


class _Encrypted(_Noticing, SSLConnection):
    pass


_NOTICING: Final = MappingProxyType[type[AbstractConnection], type[AbstractConnection]](
    {Connection: _Plain, SSLConnection: _Encrypted}
)
