"""A worker's sign of life, for whoever asks whether there is one."""

from __future__ import annotations

import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_KEY = "worker_heartbeat"
#: A worker that has not been heard of for so long is gone. Several beats, as Redis may be away for one.
SILENCE_SECONDS = 60


class RedisHeartbeat:
    """All workers share one: that any of them lives is what matters."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def beat(self) -> int:
        """How many workers were heard of: this one, or none while Redis is away."""
        try:
            await self._redis.set(_KEY, "beats", ex=SILENCE_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("The sign of life is not kept: %s", error)
            return 0
        return 1

    async def seconds_ago(self) -> float | None:
        """When a worker was last heard of; None when none was lately. Raises RedisError."""
        milliseconds_left = int(await self._redis.pttl(_KEY))
        return SILENCE_SECONDS - milliseconds_left / 1000 if milliseconds_left > 0 else None
