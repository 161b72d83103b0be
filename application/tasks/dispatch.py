"""After a commit: notify the workers, without making the buyer wait for it
(docs/domain-rules.md#work-after-a-commit).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

from application.ports.task_queue import Notifier, NotifierUnavailable
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.tasks import BULK, OutboxTask

log = logging.getLogger(__name__)


class TaskDispatcher:
    """Dispatches outbox tasks to the workers in the background. If that fails, the relay does it later."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._running: set[asyncio.Task[None]] = set()

    def __call__(self, tasks: Iterable[OutboxTask]) -> None:
        """Start dispatching, and return at once. Never raises. Bulk tasks are left to the relay, which limits them."""
        task_ids = [task.id for task in tasks if task.kind not in BULK]
        if not task_ids:
            return
        notifying = asyncio.create_task(self._notify(task_ids))
        self._running.add(notifying)
        notifying.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def _notify(self, task_ids: list[UUID]) -> None:
        try:
            await self._notifier.notify(task_ids)
        except NotifierUnavailable as error:
            log.warning("%d tasks are left to the relay: %s", len(task_ids), error)


class DispatchingDatabase:
    """A UnitOfWorkFactory that dispatches the tasks of each unit of work after it is committed and left."""

    def __init__(self, database: UnitOfWorkFactory, dispatch: TaskDispatcher) -> None:
        self._database = database
        self._dispatch = dispatch

    def __call__(self, *, read_only: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        begun = self._database(read_only=read_only)
        return begun if read_only else self._dispatching(begun)

    @asynccontextmanager
    async def _dispatching(self, begun: AbstractAsyncContextManager[UnitOfWork]) -> AsyncIterator[UnitOfWork]:
        async with begun as uow:
            yield uow
        if uow.is_committed:
            self._dispatch(uow.outbox.added)
