"""Taking turns, across processes, at calls that somebody counts."""

from __future__ import annotations

from typing import Protocol

#: Whether the turn was taken, and in how many seconds it comes.
Turn = tuple[bool, float]


class Allowance(Protocol):
    """So much in a while for each key."""

    async def refused_for(self, key: str) -> float | None:
        """Count once more. None while ``key`` keeps within its allowance, else for how many seconds it does not."""
        ...


class Throttle(Protocol):
    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> Turn:
        """The next turn in a lane.

        A turn that comes later than ``max_wait_seconds`` is not taken (None: take it however late). Never raises: a
        process that cannot ask the others keeps the pace by itself.
        """
        ...
