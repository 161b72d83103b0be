"""A clock that moves only on request, and ids in a fixed order."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID


class MemoryClock:
    def __init__(self, now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._now += by

    def set(self, now: datetime) -> None:
        """Move the clock to a moment."""
        self._now = now


class RunningClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class MemoryIds:
    """The same ids in every run with the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311  # predictable is the point
        self._count = 0

    def new(self) -> UUID:
        self._count += 1
        return UUID(int=(self._count << 80) | (7 << 76) | (2 << 62) | self._random.getrandbits(62))

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
