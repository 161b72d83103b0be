"""Things that one user may use once, over all processes."""

from __future__ import annotations

import logging
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class UsedOnce:
    """Remembers who used a thing for ``lifetime``. While Redis is away it refuses nothing."""

    def __init__(self, redis: Redis, *, lifetime: timedelta) -> None:
        self._redis = redis
        self._lifetime = lifetime

    async def use(self, thing: str, *, by: str) -> bool:
        """Whether this user may use the thing: it is unused, or the same user used it before."""
        try:
            user = await self._redis.set(f"used_{thing}", by, nx=True, get=True, ex=self._lifetime)
        except (RedisError, OSError) as error:
            log.warning("Cannot find out whether %s was used before: %s", thing, error)
            return True
        return user is None or user == by.encode()
