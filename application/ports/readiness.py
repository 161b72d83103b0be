"""Checking whether an engine can be used."""

from __future__ import annotations

from typing import Protocol


class ReadinessCheck(Protocol):
    """Checks one engine: the database, or Redis."""

    async def __call__(self) -> bool:
        """Whether the engine answers in time and accepts writes. Never raises."""
        ...
