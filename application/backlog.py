"""Use case: how much is waiting to be done, for whoever watches over the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from application.ports.storage import UnitOfWorkFactory
from application.ports.system import Clock
from application.tasks import LONGEST_PAUSE


@dataclass(frozen=True, slots=True)
class Backlog:
    """``pending`` tasks are to be done, ``dead`` ones were given up; ``overdue`` is how long the oldest is due.

    A reminder whose day has not come is none of them.
    """

    pending: int
    dead: int
    overdue: timedelta


class MeasureBacklog:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> Backlog:
        """Raises StorageUnavailable."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            backlog = await uow.outbox.backlog(now=now, until=now + LONGEST_PAUSE * 2)
        overdue = now - backlog.oldest_due_at if backlog.oldest_due_at else timedelta()
        return Backlog(pending=backlog.pending, dead=backlog.dead, overdue=max(overdue, timedelta()))
