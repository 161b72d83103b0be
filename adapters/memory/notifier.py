"""A queue that is a list."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.ports.task_queue import NotifierUnavailable


class MemoryNotifier:
    def __init__(self) -> None:
        self.notified: list[UUID] = []
        self.available = True

    async def notify(self, task_ids: Sequence[UUID]) -> None:
        if not self.available:
            raise NotifierUnavailable("switched off")
        self.notified.extend(task_ids)
