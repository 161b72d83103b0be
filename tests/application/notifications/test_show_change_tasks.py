"""The mails to buyers when their show is cancelled or moved, and the new time of their reminders."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.notifications.reminder_task import REMINDER_LEAD
from application.notifications.show_change_tasks import announce_show_change
from domain.catalog import Ticket
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import World
from tests.support.factories import DOORS, ticket

pytestmark = pytest.mark.p1

A_DAY = timedelta(days=1)
START = DOORS + timedelta(minutes=30)


@pytest.fixture
async def free(world: World) -> Ticket:
    on_sale = ticket(price=0)
    await world.sell(on_sale)
    return on_sale


async def change(world: World, free: Ticket, **fields: object) -> int:
    """Change the show and announce it to its buyers, in the same transaction."""
    async with world.database() as uow:
        before = await uow.shows.get(free.show_id)
        assert before
        after = replace(before, **fields)  # type: ignore[arg-type]
        await uow.shows.save(after)
        told = await announce_show_change(uow, before, after, now=world.clock.now())
        await uow.commit()
    return told


async def pending(world: World, kind: TaskKind) -> list[OutboxTask]:
    async with world.database() as uow:
        found = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    return [task for task in found if task.kind is kind]


async def reminder_times(world: World) -> list[datetime]:
    return [task.due_at for task in await pending(world, TaskKind.REMINDER_MAIL)]


def moved(show_start: datetime) -> dict[str, object]:
    return {"door_time": show_start, "start_time": show_start, "end_time": show_start + timedelta(hours=2)}


async def test_buyers_of_a_cancelled_show_are_told_and_not_reminded(world: World, free: Ticket) -> None:
    order = await world.buy((free, 1))

    assert await change(world, free, cancelled=True) == 1

    (told,) = await pending(world, TaskKind.SHOW_CANCELLED_MAIL)
    assert told.order_id == order.id
    assert await reminder_times(world) == []


async def test_buyers_of_a_moved_show_are_told_where_it_was_and_reminded_at_the_new_time(
    world: World, free: Ticket
) -> None:
    await world.buy((free, 1))
    assert await reminder_times(world) == [START - REMINDER_LEAD]

    assert await change(world, free, venue="Elsewhere", **moved(START + A_DAY)) == 1

    (told,) = await pending(world, TaskKind.SHOW_MOVED_MAIL)
    assert told.details == {
        "door_time": DOORS.isoformat(),
        "start_time": START.isoformat(),
        "end_time": (DOORS + timedelta(hours=3)).isoformat(),
        "timezone": "UTC",
        "venue": "",
    }
    assert await reminder_times(world) == [START + A_DAY - REMINDER_LEAD]


async def test_a_show_that_moves_to_within_the_lead_needs_no_reminder_beside_the_mail(
    world: World, free: Ticket
) -> None:
    await world.buy((free, 1))

    assert await change(world, free, **moved(world.clock.now() + REMINDER_LEAD)) == 1

    assert await reminder_times(world) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Twelfth Night, or What You Will"},
        {"description": "New"},
        {"published": False},
        {"end_time": START + timedelta(hours=1)},
        {},
    ],
)
async def test_other_changes_are_nobodys_business(world: World, free: Ticket, fields: dict[str, object]) -> None:
    await world.buy((free, 1))

    assert await change(world, free, **fields) == 0

    assert await pending(world, TaskKind.CALENDAR_MAIL) == []
    assert await reminder_times(world) == [START - REMINDER_LEAD]


async def test_buyers_of_a_festival_are_told_of_a_day_more(world: World, free: Ticket) -> None:
    await world.buy((free, 1))

    assert await change(world, free, end_time=START + timedelta(days=2)) == 1

    assert len(await pending(world, TaskKind.SHOW_MOVED_MAIL)) == 1


async def test_a_cancelled_show_is_cancelled_once_and_moves_no_more(world: World, free: Ticket) -> None:
    await world.buy((free, 1))
    await change(world, free, cancelled=True)

    assert await change(world, free, cancelled=True) == 0
    assert await change(world, free, **moved(START + A_DAY)) == 0


async def test_what_happens_to_a_show_that_is_over_interests_nobody(world: World, free: Ticket) -> None:
    await world.buy((free, 1))
    world.clock.set(START + A_DAY)

    assert await change(world, free, cancelled=True) == 0
    assert await change(world, free, venue="Elsewhere") == 0


async def test_one_who_buys_within_the_lead_is_not_reminded(world: World, free: Ticket) -> None:
    world.clock.set(START - REMINDER_LEAD - timedelta(microseconds=1))
    await world.buy((free, 1))
    world.clock.set(START - REMINDER_LEAD)
    await world.buy((free, 1))

    assert await reminder_times(world) == [START - REMINDER_LEAD]


async def test_a_paid_order_is_reminded_too(world: World) -> None:
    paid = ticket()
    await world.sell(paid)
    order = await world.buy_and_pay((paid, 1))

    (reminder,) = await pending(world, TaskKind.REMINDER_MAIL)
    assert (reminder.order_id, reminder.due_at) == (order.id, START - REMINDER_LEAD)
