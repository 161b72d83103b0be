"""The relay: due tasks reach the workers, even those that the queue lost.

The buyers of one show do not crowd out a single buyer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.tasks.relay import BULK_LIMIT, DISPATCH_AGAIN_AFTER, RelayTasks
from application.tasks.run import CLAIM
from domain.tasks import OutboxTask, TaskKind
from tests.application.world import World

pytestmark = pytest.mark.p1

A_MOMENT = timedelta(microseconds=1)


@pytest.fixture
def relay(world: World) -> RelayTasks:
    return RelayTasks(world.database, world.clock, world.notifier)


async def written_down(
    world: World, *, due_at: datetime | None = None, kind: TaskKind = TaskKind.CONFIRMATION_MAIL
) -> UUID:
    task = OutboxTask(id=uuid4(), kind=kind, order_id=uuid4(), due_at=due_at or world.clock.now())
    async with world.database() as uow:
        await uow.outbox.add([task])
        await uow.commit()
    return task.id


async def claimed(world: World, task_id: UUID) -> OutboxTask:
    now = world.clock.now()
    async with world.database() as uow:
        task = await uow.task_claims.claim(task_id, now=now, until=now + CLAIM)
        await uow.commit()
    assert task
    return task


async def test_what_is_due_is_handed_over(world: World, relay: RelayTasks) -> None:
    task_id = await written_down(world)
    await written_down(world, due_at=world.clock.now() + A_MOMENT)
    assert await relay() == 1
    assert world.notifier.notified == [task_id]


async def test_there_is_nothing_to_do_when_nothing_is_due(world: World, relay: RelayTasks) -> None:
    world.notifier.available = False
    assert await relay() == 0


async def test_a_queue_that_is_away_gets_it_later(
    world: World, relay: RelayTasks, caplog: pytest.LogCaptureFixture
) -> None:
    await written_down(world)
    world.notifier.available = False
    assert await relay() == 0
    assert "1 due tasks wait for the queue" in caplog.text
    world.notifier.available = True
    assert await relay() == 1


async def test_what_somebody_works_on_is_left_alone(world: World, relay: RelayTasks) -> None:
    await claimed(world, await written_down(world))
    assert await relay() == 0


async def test_what_was_handed_over_is_handed_over_again_when_the_queue_seems_to_have_lost_it(
    world: World, relay: RelayTasks
) -> None:
    task_id = await written_down(world)
    assert await relay() == 1
    world.clock.advance(DISPATCH_AGAIN_AFTER - A_MOMENT)
    assert await relay() == 0
    world.clock.advance(A_MOMENT)
    assert await relay() == 1
    assert world.notifier.notified == [task_id, task_id]


async def test_so_many_mails_to_a_shows_buyers_are_under_way_and_no_more(world: World, relay: RelayTasks) -> None:
    for _ in range(BULK_LIMIT + 1):
        await written_down(world, kind=TaskKind.SHOW_MOVED_MAIL)
    assert await relay() == BULK_LIMIT
    assert await relay() == 0
    urgent = await written_down(world)
    assert await relay() == 1
    assert world.notifier.notified[-1] == urgent

    first = world.notifier.notified[0]
    done = await claimed(world, first)
    assert await relay() == 0
    async with world.database() as uow:
        await uow.task_claims.postpone(done, until=world.clock.now() + timedelta(hours=1))
        await uow.commit()
    assert await relay() == 1


async def test_an_order_comes_before_the_reminders_that_were_due_earlier(world: World, relay: RelayTasks) -> None:
    reminder = await written_down(world, kind=TaskKind.REMINDER_MAIL, due_at=world.clock.now() - timedelta(hours=1))
    confirmation = await written_down(world)
    assert await relay() == 2
    assert world.notifier.notified == [confirmation, reminder]
