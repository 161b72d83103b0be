"""How much is waiting to be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from application.backlog import Backlog, MeasureBacklog
from application.ports.storage import StorageUnavailable
from tests.application.world import World
from tests.support.factories import ticket


@pytest.fixture
def measure(world: World) -> MeasureBacklog:
    return MeasureBacklog(world.database, world.clock)


async def test_a_house_without_orders_has_none(measure: MeasureBacklog) -> None:
    assert await measure() == Backlog(pending=0, dead=0, overdue=timedelta())


async def test_it_ages_until_it_is_worked_off(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy_and_pay((stalls, 2))
    world.clock.advance(timedelta(minutes=5))
    assert await measure() == Backlog(pending=2, dead=0, overdue=timedelta(minutes=5))
    await world.run_tasks()
    assert await measure() == Backlog(pending=0, dead=0, overdue=timedelta())  # the reminder's time has not come


async def test_what_was_given_up_stays_visible(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy_and_pay((stalls, 2))
    await world.run_tasks()
    await world.refund(order.id)
    world.payment.refusing = True
    await world.run_tasks()
    assert await measure() == Backlog(pending=0, dead=1, overdue=timedelta())


async def test_what_waits_for_another_try_is_not_overdue(world: World, measure: MeasureBacklog) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy_and_pay((stalls, 2))
    world.payment.available = False
    await world.run_tasks()
    assert await measure() == Backlog(pending=1, dead=0, overdue=timedelta())


async def test_without_a_database_nobody_knows(world: World, measure: MeasureBacklog) -> None:
    world.database.available = False
    with pytest.raises(StorageUnavailable):
        await measure()
