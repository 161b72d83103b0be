"""Connections to Redis."""

from __future__ import annotations

import socket
from types import MappingProxyType
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError  # noqa: A004  # not the builtin

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
    return Redis.from_url(
        redis_url,
        **CONNECTION,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    )
