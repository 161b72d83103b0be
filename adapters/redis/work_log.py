"""WorkLog in Redis: a hash for every five minutes, which expires."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.system import Clock
from application.ports.workload import LATELY, Workload

log = logging.getLogger(__name__)

_KEY: Final = "work_log"
_PIECE: Final = timedelta(minutes=5)
_KEPT: Final = 2 * LATELY
_TASKS: Final = "tasks"
_BUSY: Final = "busy_milliseconds"


class RedisWorkLog:
    """The work of the last hour, in whole pieces: it leaves out up to five minutes at the beginning."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock

    async def add(self, work: Workload) -> bool:
        key = self._key_of(self._piece())
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hincrby(key, _TASKS, work.tasks)
                pipe.hincrby(key, _BUSY, round(work.busy / timedelta(milliseconds=1)))
                pipe.expire(key, _KEPT)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("This worker reports its work later: %s", error)
            return False
        return True

    async def lately(self) -> Workload | None:
        newest = self._piece()
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for piece in range(newest - LATELY // _PIECE + 1, newest + 1):
                    pipe.hmget(self._key_of(piece), [_TASKS, _BUSY])
                pieces = await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("The workers' load is not known: %s", error)
            return None
        return Workload(
            tasks=sum(int(tasks or 0) for tasks, _ in pieces),
            busy=timedelta(milliseconds=sum(int(busy or 0) for _, busy in pieces)),
        )

    def _piece(self) -> int:
        return int(self._clock.now().timestamp() // _PIECE.total_seconds())

    @staticmethod
    def _key_of(piece: int) -> str:
        return f"{_KEY}:{piece}"
