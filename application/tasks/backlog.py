"""Use case: how much work is waiting, for operators and their monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.run import LONGEST_PAUSE
from domain.tasks import TaskKind


@dataclass(frozen=True, slots=True)
class Overdue:
    """The number of tasks of a kind that wait for a worker, and how long the oldest has waited."""

    count: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Backlog:
    """``pending`` tasks are to be done, ``dead`` ones were given up, ``overdue`` ones are due and wait for a worker.

    ``perhaps_sent`` counts the pending and dead ones whose mail the mail server has perhaps accepted. Reminders whose
    day has not come are not counted.
    """

    pending: int = 0
    dead: int = 0
    perhaps_sent: int = 0
    overdue: Mapping[TaskKind, Overdue] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def oldest(self) -> timedelta:
        """How long the task that waits longest has been due."""
        return max((each.oldest for each in self.overdue.values()), default=timedelta())

    @property
    def due(self) -> int:
        """How many tasks are due and wait for a worker."""
        return sum(each.count for each in self.overdue.values())

    @property
    def in_words(self) -> str:
        """The overdue tasks: "1301 tasks are due, the oldest for 480 seconds (confirmation_mail 1290, …)"."""
        listed = ", ".join(f"{kind} {each.count}" for kind, each in sorted(self.overdue.items()))
        return f"{self.due} tasks are due, the oldest for {self.oldest.total_seconds():.0f} seconds ({listed})"


class MeasureBacklog:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> Backlog:
        """The present backlog. Raises StorageUnavailable."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            counts = await uow.task_admin.backlog(now=now, until=now + LONGEST_PAUSE * 2)
        return Backlog(
            pending=counts.pending,
            dead=counts.dead,
            perhaps_sent=counts.perhaps_sent,
            overdue={kind: Overdue(due.count, now - due.oldest_due_at) for kind, due in counts.due.items()},
        )
