"""Rate limits, counted in Redis by all processes together (P2-010).

The library counts in a sliding window, atomically in one script. A process that cannot reach Redis counts alone: then
the limit holds for each process.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import limits
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import Redis

log = logging.getLogger(__name__)

UNLIMITED: Final = "off"

_Ask = Callable[[SlidingWindowCounterRateLimiter, limits.RateLimitItem, str], Awaitable[float | None]]


def parse_rate(text: str) -> limits.RateLimitItem | None:
    """A rate such as "30/minute"; None for "off". Raises ValueError."""
    if text == UNLIMITED:
        return None
    try:
        rate = limits.parse(text)
    except ValueError:
        rate = None
    if rate is None or rate.amount < 1:
        raise ValueError("must be a rate such as 30/minute, or off")
    return rate


class RateLimit:
    """A rate limit. ``rate`` is what each key may do, as ``parse_rate`` reads it."""

    def __init__(self, redis: Redis, *, rate: str) -> None:
        self._rate = parse_rate(rate)
        shared = RedisStorage(
            "async+redis://",  # the pool has the address
            implementation="redispy",
            wrap_exceptions=True,
            key_prefix="rate",
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # as the library documents it
        )
        self._shared = SlidingWindowCounterRateLimiter(shared)
        self._is_alone = False
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def refused_for(self, key: str) -> float | None:
        """Count one more request. None while ``key`` is within the limit, else the seconds that it should wait."""
        return await self._ask(_hit, key)

    async def exceeded_for(self, key: str) -> float | None:
        """What ``refused_for`` would return, without counting."""
        return await self._ask(_test, key)

    async def _ask(self, ask: _Ask, key: str) -> float | None:
        if self._rate is None:
            return None
        try:
            refused = await ask(self._shared, self._rate, key)
        except StorageError as error:
            if not self._is_alone:  # once, not at every request of a crowd
                log.warning("This process counts rates alone: %s", error)
            self._is_alone = True
            return await ask(self._alone, self._rate, key)
        self._is_alone = False
        return refused


async def _hit(counter: SlidingWindowCounterRateLimiter, rate: limits.RateLimitItem, key: str) -> float | None:
    return None if await counter.hit(rate, key) else await _seconds_left(counter, rate, key)


async def _test(counter: SlidingWindowCounterRateLimiter, rate: limits.RateLimitItem, key: str) -> float | None:
    return None if await counter.test(rate, key) else await _seconds_left(counter, rate, key)


async def _seconds_left(counter: SlidingWindowCounterRateLimiter, rate: limits.RateLimitItem, key: str) -> float:
    window = await counter.get_window_stats(rate, key)
    return max(window.reset_time - time.time(), 1.0)
