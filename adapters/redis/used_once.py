"""What may be used once, by one user, over all processes."""

from __future__ import annotations

import logging
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class UsedOnce:
    """Remembers who used a thing for ``lifetime``. While Redis is away nothing is refused."""

    def __init__(self, redis: Redis, *, lifetime: timedelta) -> None:
        self._redis = redis
        self._lifetime = lifetime

    async def use(self, thing: str, *, by: str) -> bool:
        """Whether the thing is this user's: used for the first time now, or by the same user before."""
        try:
            user = await self._redis.set(f"used_{thing}", by, nx=True, get=True, ex=self._lifetime)
        except (RedisError, OSError) as error:
            log.warning("Whether %s was used before is not known: %s", thing, error)
            return True
        return user is None or user == by.encode()
