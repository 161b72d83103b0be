"""Doing the outbox's work: claim, do, mark (design.md §6)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from application.outbox import OutboxTask, TaskKind, TaskState
from application.ports.notifier import Notifier, NotifierUnavailable
from application.ports.storage import UnitOfWorkFactory
from application.ports.system import Clock, Ids

log = logging.getLogger(__name__)

#: How long one try may take. Longer than the slowest task, as afterwards somebody else may begin it anew.
CLAIM = timedelta(minutes=2)
#: With the pauses below, the last try comes about a day after the first.
MAX_ATTEMPTS = 17
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=4)
#: Due tasks that the relay hands over in one pass.
RELAY_LIMIT = 500

Handler = Callable[[OutboxTask], Awaitable[None]]


class TaskHopeless(Exception):
    """Trying this task again can never help."""


async def _takes_its_worker_down(task: OutboxTask) -> None:
    raise TaskHopeless(f"given up: the last of {task.attempts - 1} tries ended without a word")


class RunTask:
    """Does one task, once: of several workers only one gets the claim."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, handlers: Mapping[TaskKind, Handler]
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._handlers = handlers

    async def __call__(self, task_id: UUID) -> TaskState | None:
        """How the task stands after this try; None when it was not to be had (done, not due, or claimed)."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            task = await uow.outbox.claim(task_id, now=now, until=now + CLAIM)
            await uow.commit()
        if task is None:
            return None
        tried = await self._try(task)
        async with self._unit_of_work() as uow:
            await uow.outbox.save(tried)
            await uow.commit()
        return tried.state

    async def _try(self, task: OutboxTask) -> OutboxTask:
        try:
            handler = self._handlers[task.kind] if task.attempts <= MAX_ATTEMPTS else _takes_its_worker_down
            await handler(task)
        except Exception as error:  # any failure must end in a retry that people can see
            hopeless = isinstance(error, TaskHopeless) or task.attempts >= MAX_ATTEMPTS
            log.warning(
                "Task %s (%s, order %s) failed at try %d%s: %s",
                task.id,
                task.kind,
                task.order_id,
                task.attempts,
                ", given up" if hopeless else "",
                error,
                exc_info=not isinstance(error, TaskHopeless),
            )
            return replace(
                task,
                state=TaskState.DEAD if hopeless else TaskState.PENDING,
                due_at=self._clock.now() + self._pause(task.attempts),
                last_error=f"{type(error).__name__}: {error}",
            )
        log.info("Task %s (%s, order %s) done", task.id, task.kind, task.order_id)
        return replace(task, state=TaskState.DONE, last_error=None)

    def _pause(self, attempts: int) -> timedelta:
        """Doubling, and scattered by up to a quarter, so that what failed together does not return together."""
        pause: timedelta = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
        return pause * (1 + self._ids.random_bytes(1)[0] / 255 / 4)


class RelayTasks:
    """Hands over what was not handed over at once: Redis was away, a worker died, a pause is over."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, notifier: Notifier) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._notifier = notifier

    async def __call__(self) -> int:
        """How many tasks were handed over."""
        async with self._unit_of_work() as uow:
            due = await uow.outbox.due(now=self._clock.now(), limit=RELAY_LIMIT)
        if not due:
            return 0
        try:
            await self._notifier.notify(due)
        except NotifierUnavailable as error:
            log.warning("%d due tasks wait for the queue: %s", len(due), error)
            return 0
        return len(due)
