"""Turns that come at once, or, when told so, later."""

from __future__ import annotations

from application.ports.pace import Turn


class MemoryPace:
    """``wait_seconds`` is how late every turn comes; nobody really waits."""

    def __init__(self, wait_seconds: float = 0) -> None:
        self.wait_seconds = wait_seconds

    async def reserve(self, lane: str, *, patience_seconds: float | None) -> Turn:  # noqa: ARG002
        taken = patience_seconds is None or self.wait_seconds <= patience_seconds
        return taken, 0 if taken else self.wait_seconds
