"""ReadinessCheck of Redis."""

from __future__ import annotations

import asyncio
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

_TIMEOUT_SECONDS: Final = 2
_PROBE_KEY: Final = "readiness_probe"


class RedisReadiness:
    """Writes a key: a replica, a full Redis and one that is still loading refuse it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def __call__(self) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._redis.set(_PROBE_KEY, "asked", ex=_TIMEOUT_SECONDS)
        except (RedisError, OSError, TimeoutError):
            return False
        return True
