"""Connecting to Redis."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError  # noqa: A004  # not the builtin

#: Redis answers within a millisecond or is in trouble; nobody's checkout waits longer than this for it.
TIMEOUT_SECONDS = 1.0


def create_redis(redis_url: str) -> Redis:
    """A client that gives up quickly, after one more try for a connection that went stale."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    )
