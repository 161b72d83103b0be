"""Pace in Redis: each lane remembers when its next turn is free (the generic cell rate algorithm, without burst)."""

from __future__ import annotations

import logging
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_RESERVE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local next_turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = next_turn - now
local patience = tonumber(ARGV[2])
if patience >= 0 and wait > patience then return {0, wait} end
local following = next_turn + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.3f', following), 'PX', math.ceil(following - now) + 1000)
return {1, math.floor(wait)}
"""


class RedisPace:
    """``per_second`` turns in each lane, over all processes together."""

    def __init__(self, redis: Redis, *, per_second: float) -> None:
        self._reserve = redis.register_script(_RESERVE)
        self._interval_seconds = 1 / per_second
        self._next_turns: dict[str, float] = {}

    async def reserve(self, lane: str, *, patience_seconds: float | None) -> tuple[bool, float]:
        patience = -1 if patience_seconds is None else round(patience_seconds * 1000)
        try:
            taken, wait = await self._reserve(keys=[f"pace_{lane}"], args=[self._interval_seconds * 1000, patience])
        except (RedisError, OSError) as error:
            log.warning("Pace is kept by this process alone: %s", error)
            return self._reserve_alone(lane, patience_seconds)
        return bool(taken), int(wait) / 1000

    def _reserve_alone(self, lane: str, patience_seconds: float | None) -> tuple[bool, float]:
        now = time.monotonic()
        next_turn = max(now, self._next_turns.get(lane, 0.0))
        wait = next_turn - now
        if patience_seconds is not None and wait > patience_seconds:
            return False, wait
        self._next_turns[lane] = next_turn + self._interval_seconds
        return True, wait
