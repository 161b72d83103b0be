"""What many scanners ask for at once is read once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from application.ports.system import Clock

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Read(Generic[Value]):
    value: Value | None = None
    at: datetime | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Recent(Generic[Key, Value]):
    """The latest values of a few keys. Each is read again where it is older than ``fresh_for``, by one of those who
    ask; the others wait for it.
    """

    def __init__(self, clock: Clock, *, fresh_for: timedelta, most: int) -> None:
        self._clock = clock
        self.fresh_for = fresh_for
        self._most = most
        self._reads: OrderedDict[Key, _Read[Value]] = OrderedDict()

    async def get(self, key: Key, read: Callable[[Value | None], Awaitable[Value]]) -> Value:
        """The value, which ``read`` makes out of the one before."""
        slot = self._reads.setdefault(key, _Read())
        self._reads.move_to_end(key)
        while len(self._reads) > self._most:
            self._reads.popitem(last=False)
        asked_at = self._clock.now()
        async with slot.reading:
            # One that was read after it was asked for is fresh: many may have waited for it. A clock may be set back.
            is_fresh = slot.at is not None and slot.at <= self._clock.now() and asked_at <= slot.at + self.fresh_for
            if slot.value is None or not is_fresh:
                began = self._clock.now()
                slot.value = await read(slot.value)
                slot.at = began
            return slot.value
