"""The workers' heartbeat: whether a worker is alive."""

from __future__ import annotations

import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_KEY = "worker_heartbeat"
#: A worker that was silent for this long is gone. It covers several beats, as Redis may be away during one.
SILENCE_SECONDS = 60


class RedisHeartbeat:
    """The heartbeat that all workers share: it only matters that one of them is alive."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def beat(self) -> int:
        """Store a heartbeat. Returns 1, or 0 while Redis is away."""
        try:
            await self._redis.set(_KEY, "beats", ex=SILENCE_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("The heartbeat is not stored: %s", error)
            return 0
        return 1

    async def seconds_ago(self) -> float | None:
        """Seconds since a worker's last heartbeat; None if there was none lately. Raises RedisError."""
        milliseconds_left = int(await self._redis.pttl(_KEY))
        return SILENCE_SECONDS - milliseconds_left / 1000 if milliseconds_left > 0 else None
