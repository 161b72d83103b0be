"""ReadinessCheck in memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class MemoryReadiness:
    """``is_ready`` is the answer."""

    is_ready: bool = True

    async def __call__(self) -> bool:
        return self.is_ready
