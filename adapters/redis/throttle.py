"""Throttle in Redis: stores when each key's next slot is free (the generic cell rate algorithm, without burst)."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from functools import partial

from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.redis.scripts import script
from application.concurrency.group_commit import GroupCommit, decide_with
from application.ports.throttle import Turn

log = logging.getLogger(__name__)


#: The throttle of calls and mails, unless it has another name.
_PACE = "pace"


def key_of_turns(key: str, *, name: str = _PACE) -> str:
    """Where Redis has the moment of the next free turn, in milliseconds."""
    return f"{name}_{key}"


class RedisThrottle:
    """``per_second`` slots for each key, over all processes together. Simultaneous callers of one process share a
    request.

    ``name`` separates throttles: they share no keys.
    """

    def __init__(self, redis: Redis, *, per_second: float, name: str = _PACE) -> None:
        self._name = name
        self._script = redis.register_script(script("throttle_reserve"))
        self._interval_seconds = 1 / per_second
        self._keys: dict[str, GroupCommit[None, float | None, Turn]] = {}
        self._next_turns: dict[str, float] = {}

    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> Turn:
        if key not in self._keys:
            self._keys[key] = GroupCommit(decide_with(partial(self._reserve_together, key)), max_waiting=sys.maxsize)
        return await self._keys[key].submit(None, max_wait_seconds)

    async def _reserve_together(self, key: str, patience: Sequence[float | None]) -> list[Turn]:
        milliseconds = [-1 if seconds is None else round(seconds * 1000) for seconds in patience]
        try:
            reserved = await self._script(
                keys=[key_of_turns(key, name=self._name)], args=[self._interval_seconds * 1000, *milliseconds]
            )
        except (RedisError, OSError) as error:
            log.warning("This process keeps its pace alone: %s", error)
            return [self._reserve_alone(key, seconds) for seconds in patience]
        return [(bool(taken), wait / 1000) for taken, wait in reserved]

    def _reserve_alone(self, key: str, max_wait_seconds: float | None) -> Turn:
        now = time.monotonic()
        next_turn = max(now, self._next_turns.get(key, 0.0))
        wait = next_turn - now
        if max_wait_seconds is not None and wait > max_wait_seconds:
            return False, wait
        self._next_turns[key] = next_turn + self._interval_seconds
        return True, wait
