"""The workers' heartbeats: whether a worker is alive, and how many."""

from __future__ import annotations

import logging
import secrets
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_KEY = "worker_heartbeat"
#: A sorted set of the workers, by the second of their last beat on Redis' clock.
WORKERS_KEY: Final = "worker_heartbeats"
#: A worker that was silent for this long is gone. It covers several beats, as Redis may be away during one.
SILENCE_SECONDS = 60


class RedisHeartbeat:
    """A heartbeat that all workers share, as it matters most that one of them is alive; and one for each of them, which
    are counted.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._name = secrets.token_hex(8)

    async def beat(self) -> int:
        """Store a heartbeat. Returns 1, or 0 while Redis is away."""
        try:
            now, _ = await self._redis.time()
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(_KEY, "beats", ex=SILENCE_SECONDS)
                pipe.zadd(WORKERS_KEY, {self._name: now})
                pipe.zremrangebyscore(WORKERS_KEY, "-inf", now - SILENCE_SECONDS)
                pipe.expire(WORKERS_KEY, SILENCE_SECONDS)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("The heartbeat is not stored: %s", error)
            return 0
        return 1

    async def leave(self) -> None:
        """Count this worker no longer: it stops. While Redis is away its silence says so."""
        try:
            await self._redis.zrem(WORKERS_KEY, self._name)
        except (RedisError, OSError) as error:
            log.info("The worker is counted for %d more seconds: %s", SILENCE_SECONDS, error)

    async def seconds_ago(self) -> float | None:
        """Seconds since a worker's last heartbeat; None if there was none lately. Raises RedisError."""
        milliseconds_left = int(await self._redis.pttl(_KEY))
        return SILENCE_SECONDS - milliseconds_left / 1000 if milliseconds_left > 0 else None
