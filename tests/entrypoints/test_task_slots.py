"""A worker's slots: a fixed number of tasks at a time, independent of the queue; and how a worker stops."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from application.ports.unit_of_work import StorageUnavailable
from application.ports.workload import Workload
from application.tasks.run import RunTask
from application.tasks.workload import WorkMeter
from domain.tasks import TaskState
from entrypoints.worker import TaskSlots, until_stopped

HANGS_SECONDS = 2
METER = WorkMeter(time.monotonic)


class Work(RunTask):
    """Every task takes until ``gate`` is open; ``failure`` is raised then."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.done: list[UUID] = []
        self.given_up: list[UUID] = []
        self.gate = asyncio.Event()
        self.failure: Exception | None = None

    @override
    async def __call__(self, task_id: UUID) -> TaskState | None:
        self.begun.append(task_id)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.given_up.append(task_id)
            raise
        if self.failure:
            raise self.failure
        self.done.append(task_id)
        return TaskState.DONE


@pytest.fixture
def work() -> Work:
    return Work()


async def test_so_many_tasks_are_done_at_a_time(work: Work) -> None:
    slots, tasks = TaskSlots(work, METER, count=2), [uuid4() for _ in range(3)]
    taking = [asyncio.create_task(slots.take(task_id)) for task_id in tasks]
    async with asyncio.timeout(HANGS_SECONDS):
        while len(work.begun) < 2:
            await asyncio.sleep(0)
        assert [taken.done() for taken in taking] == [True, True, False]
        work.gate.set()
        await asyncio.gather(*taking)
        await slots.finish(timedelta(seconds=1))
    assert work.done == tasks


async def test_who_brought_a_task_may_go_and_the_task_goes_on(work: Work) -> None:
    slots, task_id = TaskSlots(work, METER), uuid4()
    bringing = asyncio.create_task(slots.take(task_id))
    async with asyncio.timeout(HANGS_SECONDS):
        await bringing
        bringing.cancel()
        work.gate.set()
        await slots.finish(timedelta(seconds=1))
    assert work.done == [task_id]


async def test_what_is_not_finished_in_time_is_let_go_and_nothing_more_is_begun(work: Work) -> None:
    slots, begun, waiting = TaskSlots(work, METER, count=1), uuid4(), uuid4()
    await slots.take(begun)
    taking = asyncio.create_task(slots.take(waiting))
    async with asyncio.timeout(HANGS_SECONDS):
        await slots.finish(timedelta(milliseconds=1))
        await taking
    assert (work.begun, work.given_up, work.done) == ([begun], [begun], [])


@pytest.mark.parametrize("failure", [StorageUnavailable("away"), ValueError("a mistake of ours")])
async def test_a_hand_that_failed_is_free_again(
    work: Work, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    slots = TaskSlots(work, METER, count=1)
    work.failure = failure
    work.gate.set()
    async with asyncio.timeout(HANGS_SECONDS):
        for _ in range(2):
            await slots.take(uuid4())
        await slots.finish(timedelta(seconds=1))
    assert "is left to the relay" in caplog.text


SOON = timedelta(milliseconds=20)


async def test_work_that_is_under_way_when_the_worker_stops_is_finished() -> None:
    stop, gate, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        stop.set()
        await gate.wait()
        finished.set()

    stopping = asyncio.create_task(until_stopped("Work", work(), stop, timedelta(seconds=HANGS_SECONDS)))
    await stop.wait()
    for _ in range(10):  # it has seen the stop, and waits for the work
        await asyncio.sleep(0)
    assert not stopping.done()
    gate.set()
    await stopping
    assert finished.is_set()


async def test_work_that_hangs_does_not_keep_a_worker_from_stopping(caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(HANGS_SECONDS):
        await until_stopped("Work", asyncio.Event().wait(), stop, SOON)  # type: ignore[arg-type]  # returns nothing
    assert "Work is not done yet and is cancelled" in caplog.text


async def test_work_that_loses_a_cancellation_is_asked_again() -> None:
    stop, asked = asyncio.Event(), 0
    stop.set()

    async def work() -> None:
        nonlocal asked
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            asked += 1

    await until_stopped("Work", work(), stop, SOON)
    assert asked == 2


async def test_work_that_cannot_be_stopped_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    stop, let_go = asyncio.Event(), asyncio.Event()
    stop.set()

    async def work() -> None:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()

    async with asyncio.timeout(HANGS_SECONDS):
        await until_stopped("Work", work(), stop, SOON)
    assert "Work cannot be stopped" in caplog.text
    let_go.set()


async def test_what_goes_wrong_in_work_is_heard_of() -> None:
    async def work() -> None:
        raise ValueError("a mistake of ours")

    with pytest.raises(ValueError, match="a mistake of ours"):
        await until_stopped("Work", work(), asyncio.Event(), SOON)


async def test_tasks_that_were_done_and_the_time_for_them_are_measured(work: Work) -> None:
    moments = iter([100.0, 107.0])
    meter = WorkMeter(lambda: next(moments))
    slots = TaskSlots(work, meter)
    await slots.take(uuid4())
    await slots.take(uuid4())
    async with asyncio.timeout(HANGS_SECONDS):
        while len(work.begun) < 2:
            await asyncio.sleep(0)
        work.gate.set()
        await slots.finish(timedelta(seconds=1))
    assert meter.take() == Workload(tasks=2, busy=timedelta(seconds=7))


async def test_a_task_that_was_not_to_be_had_is_not_counted(work: Work) -> None:
    moments = iter([100.0, 101.0])
    meter = WorkMeter(lambda: next(moments))
    slots = TaskSlots(work, meter)
    work.failure = StorageUnavailable("away")
    work.gate.set()
    async with asyncio.timeout(HANGS_SECONDS):
        await slots.take(uuid4())
        await slots.finish(timedelta(seconds=1))
    assert meter.take() == Workload(tasks=0, busy=timedelta(seconds=1))
