"""Use cases: an operator looks at the outbox, and requeues dead tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from enum import StrEnum
from typing import Final
from uuid import UUID

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NotFound
from domain.tasks import OutboxTask, TaskState

_PAGE: Final = 500


class PerhapsSent(StrEnum):
    """Tasks in any state that are not done and whose mail the mail server has perhaps accepted."""

    PERHAPS_SENT = "perhaps_sent"


class ListTasks:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, state: TaskState | PerhapsSent) -> AsyncIterator[OutboxTask]:
        """All such tasks, in the order of their ids: any number of them, a page at a time."""
        after: UUID | None = None
        while True:
            async with self._unit_of_work() as uow:
                if isinstance(state, TaskState):
                    page = await uow.task_admin.in_state(state, after=after, limit=_PAGE)
                else:
                    page = await uow.task_admin.perhaps_sent(now=self._clock.now(), after=after, limit=_PAGE)
            for task in page:
                yield task
            if len(page) < _PAGE:
                return
            after = page[-1].id


class RetryDeadTasks:
    """Requeues dead tasks. The relay dispatches them within a second, if a worker runs."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, task_ids: Collection[UUID] | None = None) -> list[UUID]:
        """Give dead tasks, the given or all, their full number of tries; given ones may also be tasks whose mail was
        perhaps sent. Returns which.

        Raises NotFound, and requeues none, if one of the given tasks is neither.
        """
        async with self._unit_of_work() as uow:
            revived = await uow.task_admin.requeue(task_ids, now=self._clock.now())
            _ensure_all(task_ids, revived)
            await uow.commit()
        return revived


class DiscardDeadTasks:
    """Ends dead tasks without doing them: they were done elsewhere, or are not wanted any more."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, task_ids: Collection[UUID] | None = None) -> list[UUID]:
        """Mark dead tasks, the given or all, as done. Returns which.

        Raises NotFound, and discards none, if one of the given tasks is not dead.
        """
        async with self._unit_of_work() as uow:
            discarded = await uow.task_admin.discard(task_ids)
            _ensure_all(task_ids, discarded)
            await uow.commit()
        return discarded


def _ensure_all(wanted: Collection[UUID] | None, found: Collection[UUID]) -> None:
    if missing := set(wanted or ()) - set(found):
        raise NotFound(f"No dead task {', '.join(sorted(map(str, missing)))}")
