"""Work after a commit: claimed by one, tried again with growing pauses, given up where people can see it."""

from __future__ import annotations

import asyncio
import logging
from copy import copy
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.outbox import OutboxTask, TaskKind, TaskState
from application.tasks import CLAIM, LONGEST_PAUSE, MAX_ATTEMPTS, RelayTasks, RunTask, TaskHopeless
from tests.application.world import HANGS_SECONDS, World

pytestmark = pytest.mark.p1

A_MOMENT = timedelta(microseconds=1)


class Work:
    """A handler that fails as long as it is told to."""

    def __init__(self) -> None:
        self.done: list[OutboxTask] = []
        self.failure: Exception | None = None
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, task: OutboxTask) -> None:
        self.begun.set()
        await self.gate.wait()
        if self.failure:
            raise copy(self.failure)  # each failure has its own traceback
        self.done.append(task)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def run(world: World, work: Work) -> RunTask:
    return RunTask(world.database, world.clock, world.ids, {TaskKind.CONFIRMATION_MAIL: work})


async def written_down(world: World, *, due_at: datetime | None = None) -> OutboxTask:
    task = OutboxTask(id=uuid4(), kind=TaskKind.CONFIRMATION_MAIL, order_id=uuid4(), due_at=due_at or world.clock.now())
    async with world.database() as uow:
        await uow.outbox.add([task])
        await uow.commit()
    return task


async def due(world: World) -> list[UUID]:
    async with world.database() as uow:
        return await uow.outbox.due(now=world.clock.now(), limit=10)


async def paused(world: World, run: RunTask, task: OutboxTask) -> timedelta:
    """Fail once more, and move the clock to when the task is due again: how long that is."""
    failed_at = world.clock.now()
    assert await run(task.id) is TaskState.PENDING
    world.clock.set(await due_at(world, task))
    return world.clock.now() - failed_at


async def due_at(world: World, task: OutboxTask) -> datetime:
    (found,) = [found for found in await world.tasks() if found.id == task.id]
    return found.due_at


async def test_a_task_is_done_once(world: World, run: RunTask, work: Work) -> None:
    task = await written_down(world)
    assert await run(task.id) is TaskState.DONE
    assert await run(task.id) is None
    assert [done.id for done in work.done] == [task.id]
    assert work.done[0].attempts == 1


async def test_an_unknown_task_is_not_to_be_had(run: RunTask) -> None:
    assert await run(uuid4()) is None


async def test_a_task_is_not_begun_before_its_time(world: World, run: RunTask) -> None:
    task = await written_down(world, due_at=world.clock.now() + A_MOMENT)
    assert await run(task.id) is None
    world.clock.advance(A_MOMENT)
    assert await run(task.id) is TaskState.DONE


async def test_of_two_workers_one_gets_the_task(world: World, run: RunTask, work: Work) -> None:
    task = await written_down(world)
    work.gate.clear()
    first = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
        assert await run(task.id) is None
        work.gate.set()
        assert await first is TaskState.DONE
    assert len(work.done) == 1


async def test_a_task_whose_worker_died_is_to_be_had_again_after_the_claim(
    world: World, run: RunTask, work: Work
) -> None:
    task = await written_down(world)
    work.gate.clear()
    dying = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
    dying.cancel()
    await asyncio.wait([dying])
    work.gate.set()
    world.clock.advance(CLAIM - A_MOMENT)
    assert await run(task.id) is None
    world.clock.advance(A_MOMENT)
    assert await run(task.id) is TaskState.DONE
    assert work.done[0].attempts == 2


async def test_a_failed_task_is_tried_again_later(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    task = await written_down(world)
    work.failure = ConnectionError("mail server away")
    assert await run(task.id) is TaskState.PENDING
    assert await due(world) == []
    assert "failed at try 1: mail server away" in caplog.text
    work.failure = None
    world.clock.advance(timedelta(seconds=10))
    assert await run(task.id) is TaskState.DONE


async def test_the_pauses_grow_up_to_a_longest_one(world: World, run: RunTask, work: Work) -> None:
    task = await written_down(world)
    work.failure = ConnectionError("mail server away")
    for attempt in range(1, MAX_ATTEMPTS):
        shortest: timedelta = min(timedelta(seconds=5) * 2 ** (attempt - 1), LONGEST_PAUSE)
        async with asyncio.timeout(HANGS_SECONDS):
            pause = await paused(world, run, task)
        assert shortest <= pause <= shortest * 1.25


async def test_tasks_that_failed_together_do_not_return_together(world: World, run: RunTask, work: Work) -> None:
    tasks = [await written_down(world) for _ in range(10)]
    work.failure = ConnectionError("mail server away")
    for task in tasks:
        await run(task.id)
    assert len({task.due_at for task in await world.tasks()}) > 1


async def test_the_last_try_comes_about_a_day_after_the_first(world: World, run: RunTask, work: Work) -> None:
    task = await written_down(world)
    work.failure = ConnectionError("mail server away")
    begun_at = world.clock.now()
    for _ in range(1, MAX_ATTEMPTS):
        await paused(world, run, task)
    assert timedelta(hours=20) < world.clock.now() - begun_at < timedelta(hours=30)


async def test_after_its_last_try_a_task_is_given_up_and_stays_visible(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    task = await written_down(world)
    work.failure = ConnectionError("mail server away")
    for _ in range(1, MAX_ATTEMPTS):
        await paused(world, run, task)
    assert await run(task.id) is TaskState.DEAD
    assert "given up: mail server away" in caplog.text
    world.clock.advance(timedelta(days=7))
    assert await run(task.id) is None


async def test_a_task_that_takes_its_workers_down_is_not_begun_for_ever(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    task = await written_down(world)
    for _ in range(MAX_ATTEMPTS):
        now = world.clock.now()
        async with world.database() as uow:
            assert await uow.outbox.claim(task.id, now=now, until=now + CLAIM)
            await uow.commit()
        world.clock.advance(CLAIM)
    assert await run(task.id) is TaskState.DEAD
    assert work.done == []
    assert f"the last of {MAX_ATTEMPTS} tries ended without a word" in caplog.text


async def test_a_hopeless_task_is_given_up_at_once(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    task = await written_down(world)
    work.failure = TaskHopeless("no such mailbox")
    assert await run(task.id) is TaskState.DEAD
    assert await due(world) == []
    assert "failed at try 1, given up: no such mailbox" in caplog.text


async def test_a_task_that_nobody_can_handle_is_not_lost(world: World) -> None:
    task = await written_down(world)
    assert await RunTask(world.database, world.clock, world.ids, {})(task.id) is TaskState.PENDING


@pytest.mark.p2
async def test_the_log_tells_what_was_done(world: World, run: RunTask, caplog: pytest.LogCaptureFixture) -> None:
    task = await written_down(world)
    with caplog.at_level(logging.INFO):
        await run(task.id)
    assert f"Task {task.id} (confirmation_mail, order {task.order_id}) done" in caplog.text


async def test_the_relay_hands_over_what_is_due(world: World) -> None:
    task = await written_down(world)
    await written_down(world, due_at=world.clock.now() + A_MOMENT)
    relay = RelayTasks(world.database, world.clock, world.notifier)
    assert await relay() == 1
    assert world.notifier.notified == [task.id]


async def test_the_relay_has_nothing_to_do_when_nothing_is_due(world: World) -> None:
    world.notifier.available = False
    assert await RelayTasks(world.database, world.clock, world.notifier)() == 0


async def test_the_relay_waits_for_a_queue_that_is_away(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await written_down(world)
    relay = RelayTasks(world.database, world.clock, world.notifier)
    world.notifier.available = False
    assert await relay() == 0
    assert "1 due tasks wait for the queue" in caplog.text
    world.notifier.available = True
    assert await relay() == 1


async def test_the_relay_leaves_what_somebody_works_on(world: World, run: RunTask, work: Work) -> None:
    task = await written_down(world)
    work.gate.clear()
    running = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
        assert await RelayTasks(world.database, world.clock, world.notifier)() == 0
        work.gate.set()
        await running
