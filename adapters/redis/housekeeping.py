"""Daily housekeeping, done by the first worker that comes; and clean-up of dead workers' entries in the queue."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_KEY: Final = "daily_housekeeping"
DAY: Final = timedelta(days=1)
#: A live consumer asks for messages every few seconds.
DEAD_AFTER: Final = timedelta(hours=1)


class Daily:
    """Does ``job`` once a day for all workers together; Redis remembers the day."""

    def __init__(self, redis: Redis, job: Callable[[], Awaitable[object]]) -> None:
        self._redis = redis
        self._job = job

    async def __call__(self) -> int:
        """Run the job if it is due today.

        Returns how often it ran: 1 or 0. A failed run is repeated at the next call.
        """
        try:
            if not await self._redis.set(_KEY, "done", nx=True, ex=DAY):
                return 0
        except (RedisError, OSError) as error:
            log.warning("The daily housekeeping waits for Redis: %s", error)
            return 0
        try:
            await self._job()
        except BaseException:
            await self._redis.delete(_KEY)
            raise
        return 1


async def forget_dead_consumers(redis: Redis, stream: str, *, dead_after: timedelta = DEAD_AFTER) -> int:
    """Remove dead consumers from the queue, and messages older than a day. Returns the number of consumers removed.

    The relay dispatched their unfinished messages again long ago.
    """
    try:
        return await _forget(redis, stream, dead_after)
    except (RedisError, OSError) as error:
        log.warning("The queue is cleaned up later: %s", error)
        return 0


async def _forget(redis: Redis, stream: str, dead_after: timedelta) -> int:
    if not await redis.exists(stream):
        return 0
    forgotten = 0
    for group in await redis.xinfo_groups(stream):
        for consumer in await redis.xinfo_consumers(stream, group["name"]):
            if consumer["idle"] >= dead_after.total_seconds() * 1000:
                await redis.xgroup_delconsumer(stream, group["name"], consumer["name"])
                forgotten += 1
    seconds, _ = await redis.time()
    await redis.xtrim(stream, minid=int((seconds - DAY.total_seconds()) * 1000))
    return forgotten
