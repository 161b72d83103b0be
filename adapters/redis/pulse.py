"""WorkforceReader in Redis: the workers' heartbeats, and the turns that the throttles have given out."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.redis.heartbeat import SILENCE_SECONDS, WORKERS_KEY
from adapters.redis.throttle import key_of_turns
from application.ports.pulse import Workforce

log = logging.getLogger(__name__)

#: The reader asks again soon, and a Redis that is this slow is as good as away.
_TIMEOUT_SECONDS: Final = 2


class RedisWorkforce:
    """``payment_pages`` and ``mails`` are the keys of the throttles' turns."""

    def __init__(self, redis: Redis, *, payment_pages: str, mails: str) -> None:
        self._redis = redis
        self._turns = [key_of_turns(key) for key in (payment_pages, mails)]

    async def __call__(self) -> Workforce | None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                seconds, microseconds = await self._redis.time()
                now = seconds + microseconds / 1e6
                async with self._redis.pipeline(transaction=False) as pipe:
                    pipe.zcount(WORKERS_KEY, now - SILENCE_SECONDS, "+inf")
                    pipe.mget(self._turns)
                    workers, turns = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("The workforce is not known: %s", error)
            return None
        stripe, mail = (max(float(turn or 0) / 1000 - now, 0.0) for turn in turns)
        return Workforce(workers=workers, stripe_wait_seconds=stripe, mail_wait_seconds=mail)
