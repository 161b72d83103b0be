"""Values that many ask for and few make: each is made at most once in a while, however many pages show it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

#: The most values kept; the least recently used goes first.
MAX_VALUES: Final = 256

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a value may be made: every few seconds, and never for more than ``share`` of the time. What is slow
    to make is made more rarely.
    """

    every_seconds: float
    share: float

    def fresh_seconds(self, took_seconds: float) -> float:
        """How long a value is good that took so long to make."""
        return max(self.every_seconds, took_seconds / self.share)


@dataclass(frozen=True, slots=True)
class _Made(Generic[Value]):
    value: Value
    begun: float
    took: float


class Kept(Generic[Value]):
    """Values by key. Requests for a value that is being made wait for it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._values: OrderedDict[Hashable, _Made[Value]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[_Made[Value]]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Value]], pace: Pace) -> Value:
        """The value, no older than the pace allows. Raises what ``make`` raises; failures are not kept."""
        kept = self._values.get(key)
        if kept is not None and self._now() - kept.begun < pace.fresh_seconds(kept.took):
            self._values.move_to_end(key)
            return kept.value
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(self._make(key, make))
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key, None))
        # Shielded: a browser that disconnects does not take the value from the others who wait for it.
        return (await asyncio.shield(making)).value

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> _Made[Value]:
        begun = self._now()
        value = await make()
        made = _Made(value, begun, self._now() - begun)
        self._values[key] = made
        self._values.move_to_end(key)
        if len(self._values) > MAX_VALUES:
            self._values.popitem(last=False)
        return made
