"""A throttle whose slots come at once, or with a delay that a test sets."""

from __future__ import annotations

from collections import Counter

from application.ports.throttle import Turn


class MemoryAllowance:
    """``count`` slots for each key, and after that ``wait_seconds`` to wait; None means no limit."""

    def __init__(self, count: int | None = None, wait_seconds: float = 60) -> None:
        self.count = count
        self.wait_seconds = wait_seconds
        self.used: Counter[str] = Counter()

    async def refused_for(self, key: str) -> float | None:
        if self.count is not None and self.used[key] >= self.count:
            return self.wait_seconds
        self.used[key] += 1
        return None


class MemoryThrottle:
    """``wait_seconds`` is the delay of every slot; no time passes."""

    def __init__(self, wait_seconds: float = 0) -> None:
        self.wait_seconds = wait_seconds

    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> Turn:  # noqa: ARG002
        taken = max_wait_seconds is None or self.wait_seconds <= max_wait_seconds
        return taken, 0 if taken else self.wait_seconds
