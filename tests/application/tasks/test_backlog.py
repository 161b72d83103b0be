"""How much work is waiting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from application.ports.unit_of_work import StorageUnavailable
from application.tasks.backlog import Backlog, MeasureBacklog, Overdue
from domain.tasks import TaskKind
from tests.application.world import World
from tests.support.factories import ticket


@pytest.fixture
def measure(world: World) -> MeasureBacklog:
    return MeasureBacklog(world.database, world.clock)


async def test_a_house_without_orders_has_none(measure: MeasureBacklog) -> None:
    assert await measure() == Backlog()


async def test_it_ages_until_it_is_worked_off(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy_and_pay((stalls, 2))
    world.clock.advance(timedelta(minutes=5))
    assert await measure() == Backlog(
        pending=2,
        overdue={
            kind: Overdue(1, timedelta(minutes=5)) for kind in (TaskKind.CONFIRMATION_MAIL, TaskKind.DESCRIBE_TRANSFER)
        },
    )
    await world.run_tasks()
    assert await measure() == Backlog()  # the reminder's time has not come


async def test_what_was_given_up_stays_visible(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy_and_pay((stalls, 2))
    await world.run_tasks()
    await world.refund_order(order.id)
    world.payment.refusing = True
    await world.run_tasks()
    assert await measure() == Backlog(dead=1)


async def test_what_waits_for_another_try_is_not_overdue(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy_and_pay((stalls, 2))
    world.payment.available = False
    await world.run_tasks()
    assert await measure() == Backlog(pending=1)


async def test_without_a_database_nobody_knows(world: World, measure: MeasureBacklog) -> None:
    world.database.available = False
    with pytest.raises(StorageUnavailable):
        await measure()


async def test_what_is_overdue_is_told_in_words(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy_and_pay((stalls, 2))
    world.clock.advance(timedelta(minutes=8))
    backlog = await measure()
    assert backlog.oldest == timedelta(minutes=8)
    expected = "2 tasks are due, the oldest for 480 seconds (confirmation_mail 1, describe_transfer 1)"
    assert backlog.in_words == expected


async def test_a_mail_that_was_perhaps_sent_is_counted(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket(price=0)
    await world.sell(stalls)
    await world.buy((stalls, 1))
    world.mailer.is_mute = True
    await world.run_tasks()
    assert await measure() == Backlog(pending=1, perhaps_sent=1)
