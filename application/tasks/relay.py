"""Dispatching tasks that were not dispatched at once: Redis was away, a worker died, or their due time has come."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from application.ports.system import Clock
from application.ports.task_queue import Notifier, NotifierUnavailable
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.tasks import BULK, URGENT

log = logging.getLogger(__name__)

#: Due tasks that are dispatched in one pass.
RELAY_LIMIT: Final = 500
#: The most tasks of whole shows in the queue at a time: a task that a single buyer waits for comes after these at the
#: latest, not after a hundred thousand reminders.
BULK_LIMIT: Final = 100
#: A dispatched task that no worker has begun within this time is dispatched again: the queue lost it.
DISPATCH_AGAIN_AFTER: Final = timedelta(seconds=30)


class RelayTasks:
    """Any number of workers may do this at a time: a task that is dispatched twice is still done once."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, notifier: Notifier) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._notifier = notifier

    async def __call__(self) -> int:
        """Dispatch due tasks. Returns how many."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            due = await uow.task_queue.due(now=now, limit=RELAY_LIMIT, kinds=URGENT)
            under_way = await uow.task_queue.under_way(
                now=now, until=now + DISPATCH_AGAIN_AFTER, kinds=BULK, limit=BULK_LIMIT
            )
            if under_way < BULK_LIMIT:
                due += await uow.task_queue.due(now=now, limit=BULK_LIMIT - under_way, kinds=BULK)
        if not due:
            return 0
        try:
            await self._notifier.notify(due)
        except NotifierUnavailable as error:
            log.warning("%d due tasks wait for the queue: %s", len(due), error)
            return 0
        async with self._unit_of_work() as uow:
            await uow.task_queue.dispatched(due, again_at=now + DISPATCH_AGAIN_AFTER)
            await uow.commit()
        return len(due)
