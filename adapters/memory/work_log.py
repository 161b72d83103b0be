"""WorkLog in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from application.ports.system import Clock
from application.ports.workload import LATELY, Workload


class MemoryWorkLog:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: list[tuple[datetime, Workload]] = []

    async def add(self, work: Workload) -> bool:
        self._kept.append((self._clock.now(), work))
        return True

    async def lately(self) -> Workload | None:
        since = self._clock.now() - LATELY
        lately = [work for at, work in self._kept if at > since]
        return Workload(sum(work.tasks for work in lately), sum((work.busy for work in lately), timedelta()))
