"""Use case: how many workers the last hour would have needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from application.ports.workload import LATELY, Workload, WorkLog
from application.tasks.backlog import Backlog


@dataclass(frozen=True, slots=True)
class WorkersNeeded:
    """``workers`` could have done the ``done`` tasks of the last hour and the ``overdue`` ones that wait now."""

    workers: int
    done: int
    overdue: int

    @property
    def in_words(self) -> str:
        """The estimate in words: "the last hour (957 tasks done, 4000 due) would have needed 4 workers"."""
        noun = "worker" if self.workers == 1 else "workers"
        return f"the last hour ({self.done} tasks done, {self.overdue} due) would have needed {self.workers} {noun}"


def workers_needed(work: Workload, overdue: int) -> WorkersNeeded | None:
    """An estimate from the time that workers took for the tasks of the last hour. None if they did none.

    A worker does several tasks at a time, and one with little to do takes longer for each. So the answer is rather too
    large than too small; it is exact once the workers are fully busy.
    """
    if not work.tasks:
        return None
    needed = (work.tasks + overdue) / work.tasks * (work.busy / LATELY)
    return WorkersNeeded(max(math.ceil(needed), 1), work.tasks, overdue)


class EstimateWorkers:
    def __init__(self, work_log: WorkLog) -> None:
        self._work_log = work_log

    async def __call__(self, backlog: Backlog) -> WorkersNeeded | None:
        """How many workers the last hour would have needed; None while that cannot be known."""
        work = await self._work_log.lately()
        return workers_needed(work, backlog.due) if work else None


class WorkMeter:
    """Counts the tasks of this worker, and the time in which it does at least one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._under_way = 0
        self._since = 0.0
        self._busy_seconds = 0.0
        self._tasks = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Measures one piece of work, from its beginning to its end. Several may overlap."""
        if not self._under_way:
            self._since = self._monotonic()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._busy_seconds += self._monotonic() - self._since

    def count(self) -> None:
        """Count one task that was done."""
        self._tasks += 1

    def take(self) -> Workload:
        """The measurement since the last call, which is then reset."""
        if self._under_way:
            now = self._monotonic()
            self._busy_seconds += now - self._since
            self._since = now
        work = Workload(self._tasks, timedelta(seconds=self._busy_seconds))
        self._tasks, self._busy_seconds = 0, 0.0
        return work

    def give_back(self, work: Workload) -> None:
        """Add a measurement that was taken back to the present one."""
        self._tasks += work.tasks
        self._busy_seconds += work.busy.total_seconds()


class ReportWork:
    """Adds to the log what this worker did since its last report."""

    def __init__(self, work_log: WorkLog, meter: WorkMeter) -> None:
        self._work_log = work_log
        self._meter = meter

    async def __call__(self) -> int:
        """Report the work. Returns how many tasks were reported."""
        work = self._meter.take()
        if await self._work_log.add(work):
            return work.tasks
        self._meter.give_back(work)
        return 0
