"""Notifying the workers never makes a buyer wait, and never fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from adapters.memory.notifier import MemoryNotifier
from adapters.memory.unit_of_work import MemoryDatabase
from application.tasks.dispatch import DispatchingDatabase, TaskDispatcher
from domain.tasks import BULK, OutboxTask, TaskKind
from tests.application.world import HANGS_SECONDS
from tests.support.factories import NOW


class SlowNotifier(MemoryNotifier):
    """Notifies when ``gate`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    @override
    async def notify(self, task_ids: Sequence[UUID]) -> None:
        await self.gate.wait()
        await super().notify(task_ids)


def task() -> OutboxTask:
    return OutboxTask(id=uuid4(), kind=TaskKind.CONFIRMATION_MAIL, order_id=uuid4(), due_at=NOW)


async def test_the_workers_are_told_together() -> None:
    notifier = MemoryNotifier()
    dispatch = TaskDispatcher(notifier)
    tasks = [task(), task()]
    dispatch(tasks)
    await dispatch.close()
    assert notifier.notified == [task.id for task in tasks]


async def test_nobody_waits_for_the_queue_but_closing_does() -> None:
    notifier = SlowNotifier()
    dispatch = TaskDispatcher(notifier)
    dispatch([task()])
    closing = asyncio.create_task(dispatch.close())
    await asyncio.sleep(0)
    assert not closing.done()
    notifier.gate.set()
    async with asyncio.timeout(HANGS_SECONDS):
        await closing
    assert len(notifier.notified) == 1


@pytest.mark.p1
async def test_a_queue_that_is_away_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    notifier = MemoryNotifier()
    notifier.available = False
    dispatch = TaskDispatcher(notifier)
    dispatch([task(), task(), task()])
    await dispatch.close()
    assert "3 tasks are left to the relay" in caplog.text


async def test_nothing_to_do_is_not_handed_over() -> None:
    notifier = MemoryNotifier()
    notifier.available = False
    dispatch = TaskDispatcher(notifier)
    dispatch([])
    await dispatch.close()


async def test_what_is_written_for_many_at_once_is_left_to_the_relay() -> None:
    notifier = MemoryNotifier()
    dispatch = TaskDispatcher(notifier)
    confirmation = task()
    dispatch([confirmation, *(replace(task(), kind=kind) for kind in BULK)])
    await dispatch.close()
    assert notifier.notified == [confirmation.id]


@pytest.fixture
def notifier() -> MemoryNotifier:
    return MemoryNotifier()


async def test_tasks_of_a_transaction_are_dispatched_once_it_is_committed(notifier: MemoryNotifier) -> None:
    dispatch = TaskDispatcher(notifier)
    database = DispatchingDatabase(MemoryDatabase(), dispatch)
    first, second = task(), task()
    async with database() as uow:
        await uow.outbox.add([first])
        await uow.outbox.add([second])
        await uow.commit()
        assert notifier.notified == []
    await dispatch.close()
    assert notifier.notified == [first.id, second.id]


async def test_tasks_that_were_not_committed_are_not_dispatched(notifier: MemoryNotifier) -> None:
    dispatch = TaskDispatcher(notifier)
    database = DispatchingDatabase(MemoryDatabase(), dispatch)
    async with database() as uow:
        await uow.outbox.add([task()])
    async with database(read_only=True) as uow:
        assert uow.outbox.added == []
    with pytest.raises(ValueError, match="a mistake"):
        await _fail(database)
    await dispatch.close()
    assert notifier.notified == []


async def _fail(database: DispatchingDatabase) -> None:
    async with database() as uow:
        await uow.outbox.add([task()])
        raise ValueError("a mistake")
