"""Tasks after a commit: claimed by one worker, tried again with growing pauses, given up where people can see it."""

from __future__ import annotations

import asyncio
import logging
from copy import copy
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.tasks.admin import ListTasks, PerhapsSent, RetryDeadTasks
from application.tasks.run import (
    CLAIM,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    PERHAPS_SENT_PAUSE,
    ClaimLost,
    PermanentTaskError,
    PostponeTask,
    RunTask,
    TaskPerhapsDone,
)
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import HANGS_SECONDS, World

pytestmark = pytest.mark.p1

A_MOMENT = timedelta(microseconds=1)


class Work:
    """A handler that fails as long as ``failure`` is set."""

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
        return await uow.task_queue.due(now=world.clock.now(), limit=10)


async def claimed_by_one_who_dies(world: World, task: OutboxTask, *, while_sending: bool = False) -> None:
    now = world.clock.now()
    async with world.database() as uow:
        claimed = await uow.task_claims.claim(task.id, now=now, until=now + CLAIM)
        assert claimed
        if while_sending:
            assert await uow.task_claims.sending(claimed)
        await uow.commit()


async def paused(world: World, run: RunTask, task: OutboxTask) -> timedelta:
    """Let the task fail once more, and move the clock to its next due time. Returns the pause."""
    failed_at = world.clock.now()
    assert await run(task.id) is TaskState.PENDING
    world.clock.set(await due_at(world, task))
    return world.clock.now() - failed_at


async def renewed(world: World, task: OutboxTask) -> None:
    """Wait until the claim has been renewed: nearly its whole time is left."""
    soon = world.clock.now() + CLAIM - A_MOMENT
    while True:
        async with world.database() as uow:
            if await uow.task_claims.claim(task.id, now=soon, until=soon) is None:  # rolled back
                return
        await asyncio.sleep(0.001)


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
    await claimed_by_one_who_dies(world, task)
    world.clock.advance(CLAIM - A_MOMENT)
    assert await run(task.id) is None
    world.clock.advance(A_MOMENT)
    assert await run(task.id) is TaskState.DONE
    assert work.done[0].attempts == 2


async def test_a_worker_that_stops_leaves_its_task_to_the_next_one_at_once(
    world: World, run: RunTask, work: Work
) -> None:
    task = await written_down(world)
    work.gate.clear()
    stopping = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
    stopping.cancel()
    await asyncio.wait([stopping])
    assert stopping.cancelled()
    work.gate.set()
    assert await run(task.id) is TaskState.DONE
    assert work.done[0].attempts == 1


async def test_a_worker_that_lives_keeps_its_task_however_long_it_takes(world: World, work: Work) -> None:
    run = RunTask(
        world.database,
        world.clock,
        world.ids,
        {TaskKind.CONFIRMATION_MAIL: work},
        renew_every=timedelta(milliseconds=1),
    )
    task = await written_down(world)
    work.gate.clear()
    slow = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
        for _ in range(5):
            world.clock.advance(CLAIM / 2)
            await renewed(world, task)
            assert await run(task.id) is None
        work.gate.set()
        assert await slow is TaskState.DONE


async def test_that_a_task_was_taken_over_meanwhile_is_logged(
    world: World, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    run = RunTask(
        world.database,
        world.clock,
        world.ids,
        {TaskKind.CONFIRMATION_MAIL: work},
        renew_every=timedelta(milliseconds=1),
    )
    task = await written_down(world)
    work.gate.clear()
    slow = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
        async with world.database() as uow:
            now = world.clock.now() + CLAIM + timedelta(days=1)
            assert await uow.task_claims.claim(task.id, now=now, until=now + CLAIM)
            await uow.commit()
        while "was taken over by another worker" not in caplog.text:
            await asyncio.sleep(0.001)
        work.gate.set()
        assert await slow is TaskState.DONE


async def test_what_is_done_is_written_down_although_the_database_was_away_for_a_moment(
    world: World, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    run = RunTask(world.database, world.clock, world.ids, {TaskKind.CONFIRMATION_MAIL: work})
    task = await written_down(world)
    work.gate.clear()
    running = asyncio.create_task(run(task.id))
    async with asyncio.timeout(HANGS_SECONDS):
        await work.begun.wait()
        world.database.available = False
        work.gate.set()
        while "Could not store yet that task" not in caplog.text:
            await asyncio.sleep(0.001)
        world.database.available = True
        assert await running is TaskState.DONE
    assert len(work.done) == 1


async def test_a_mail_that_a_dead_worker_may_have_sent_is_named_and_not_sent_again_at_once(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    certain, doubtful = await written_down(world), await written_down(world)
    begun_at = world.clock.now()
    await claimed_by_one_who_dies(world, certain)
    await claimed_by_one_who_dies(world, doubtful, while_sending=True)
    world.clock.advance(CLAIM)
    assert await run(certain.id) is TaskState.DONE
    assert "perhaps sent" not in caplog.text

    assert await run(doubtful.id) is TaskState.PENDING
    assert f"its mail with Message-ID <{doubtful.id}@piquetickets> was perhaps sent" in caplog.text
    assert await due_at(world, doubtful) == begun_at + PERHAPS_SENT_PAUSE
    assert [done.id for done in work.done] == [certain.id]

    world.clock.set(begun_at + PERHAPS_SENT_PAUSE)
    assert await run(doubtful.id) is TaskState.DONE
    assert f"may arrive twice, both times with Message-ID <{doubtful.id}@piquetickets>" in caplog.text


async def test_a_mail_that_was_perhaps_sent_twice_waits_for_a_person(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    task = await written_down(world)
    work.failure = TaskPerhapsDone("no answer", world.clock.now())
    assert await run(task.id) is TaskState.PENDING
    assert await run(task.id) is None
    world.clock.advance(PERHAPS_SENT_PAUSE)

    work.failure = TaskPerhapsDone("no answer", world.clock.now())
    assert await run(task.id) is TaskState.DEAD
    assert "not sent again before `tasks retry` asks for it" in caplog.text
    world.clock.advance(timedelta(days=7))
    assert await run(task.id) is None

    work.failure = None
    await RetryDeadTasks(world.database, world.clock)([task.id])
    assert await run(task.id) is TaskState.DONE


async def test_that_a_mail_was_perhaps_sent_stays_known_while_its_repetition_fails(
    world: World, run: RunTask, work: Work
) -> None:
    task = await written_down(world)
    since = world.clock.now()
    work.failure = TaskPerhapsDone("no answer", since)
    assert await run(task.id) is TaskState.PENDING
    world.clock.advance(PERHAPS_SENT_PAUSE)
    work.failure = ConnectionError("mail server away")
    assert await run(task.id) is TaskState.PENDING

    listed = ListTasks(world.database, world.clock)
    assert [(found.id, found.sending_since) async for found in listed(PerhapsSent.PERHAPS_SENT)] == [(task.id, since)]


async def test_who_lost_the_claim_leaves_the_task_as_it_is(world: World, run: RunTask, work: Work) -> None:
    task = await written_down(world)
    work.failure = ClaimLost("frozen")
    assert await run(task.id) is None
    assert await run(task.id) is None, "another one may have it until its time is over"
    world.clock.advance(CLAIM)
    work.failure = None
    assert await run(task.id) is TaskState.DONE


async def test_a_task_that_comes_too_early_is_due_again_then_and_that_is_no_try(
    world: World, run: RunTask, work: Work
) -> None:
    task = await written_down(world)
    until = world.clock.now() + timedelta(hours=1)
    work.failure = PostponeTask(until)
    for _ in range(MAX_ATTEMPTS + 1):
        assert await run(task.id) is TaskState.PENDING
        world.clock.set(until)
    work.failure = None
    assert await run(task.id) is TaskState.DONE
    assert work.done[0].attempts == 1


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
        await claimed_by_one_who_dies(world, task)
        world.clock.advance(CLAIM)
    assert await run(task.id) is TaskState.DEAD
    assert work.done == []
    assert f"the last of {MAX_ATTEMPTS} tries ended without a word" in caplog.text


async def test_a_hopeless_task_is_given_up_at_once(
    world: World, run: RunTask, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    task = await written_down(world)
    work.failure = PermanentTaskError("no such mailbox")
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
