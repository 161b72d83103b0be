"""Taking turns, across processes, at calls that somebody counts."""

from __future__ import annotations

from typing import Protocol


class Pace(Protocol):
    async def reserve(self, lane: str, *, patience_seconds: float | None) -> tuple[bool, float]:
        """The next turn in a lane: whether it was taken, and in how many seconds it comes.

        A turn that comes later than ``patience_seconds`` is not taken (None: take it however late). Never raises: a
        process that cannot ask the others keeps the pace by itself.
        """
        ...
