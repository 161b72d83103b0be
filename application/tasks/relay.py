"""Handing over what was not handed over at once: Redis was away, a worker died, a pause or a day is over."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from application.ports.system import Clock
from application.ports.task_queue import Notifier, NotifierUnavailable
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.tasks import BULK, URGENT

log = logging.getLogger(__name__)

#: Due tasks that are handed over in one pass.
RELAY_LIMIT: Final = 500
#: Of tasks that are written for a whole show, so many are in the queue at a time: what a single buyer waits for comes
#: after these at the latest, not after a hundred thousand reminders.
BULK_LIMIT: Final = 100
#: A task that was handed over and that nobody began within this time is handed over again: the queue lost it.
HAND_OVER_AGAIN: Final = timedelta(seconds=30)


class RelayTasks:
    """Any number of workers may do this at a time: a task that is handed over twice is done once all the same."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, notifier: Notifier) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._notifier = notifier

    async def __call__(self) -> int:
        """How many tasks were handed over."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            due = await uow.outbox.due(now=now, limit=RELAY_LIMIT, kinds=URGENT)
            under_way = await uow.outbox.under_way(now=now, until=now + HAND_OVER_AGAIN, kinds=BULK, limit=BULK_LIMIT)
            if under_way < BULK_LIMIT:
                due += await uow.outbox.due(now=now, limit=BULK_LIMIT - under_way, kinds=BULK)
        if not due:
            return 0
        try:
            await self._notifier.notify(due)
        except NotifierUnavailable as error:
            log.warning("%d due tasks wait for the queue: %s", len(due), error)
            return 0
        async with self._unit_of_work() as uow:
            await uow.outbox.handed_over(due, again_at=now + HAND_OVER_AGAIN)
            await uow.commit()
        return len(due)
