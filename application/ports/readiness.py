"""Whether an engine can be worked with."""

from __future__ import annotations

from typing import Protocol


class ReadinessCheck(Protocol):
    """Asks one engine: the database, or Redis."""

    async def __call__(self) -> bool:
        """Whether the engine answers in time and accepts writes. Never raises."""
        ...
