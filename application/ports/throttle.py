"""Limits on the rate of calls, across processes."""

from __future__ import annotations

from typing import Protocol

#: Whether a slot was reserved, and in how many seconds it comes.
Turn = tuple[bool, float]


class Allowance(Protocol):
    """A number of calls in a period for each key."""

    async def refused_for(self, key: str) -> float | None:
        """Count one more call. None while ``key`` is within its allowance, else the seconds until it is again."""
        ...


class Throttle(Protocol):
    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> Turn:
        """Reserve the key's next slot.

        A slot that comes later than ``max_wait_seconds`` is not reserved (None: wait any time). Never raises: a process
        that cannot reach the others keeps the pace alone.
        """
        ...
