"""What the public can never buy is found before the public tries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from application.catalog.sale_times import NeverOnSale
from domain.access import Actor
from domain.catalog import Show, Ticket
from domain.venue_clock import VenueTime
from entrypoints.doctor.sale_times import of_sale_times
from tests.application.world import World
from tests.support.factories import ticket

pytestmark = pytest.mark.p1

A_DAY = timedelta(days=1)


@pytest.fixture
async def last_minute(world: World) -> Ticket:
    """A ticket type that goes on sale an hour before its show."""
    stalls = ticket(name="Last minute")
    await world.sell(stalls, ticket(name="Stalls", show_id=stalls.show_id))
    show = await show_of(world, stalls)
    timed = replace(stalls, on_sale_at=VenueTime.at(show.start_time - timedelta(hours=1), "UTC"))
    async with world.database() as uow:
        await uow.tickets.save(timed)
        await uow.commit()
    return timed


async def show_of(world: World, stalls: Ticket) -> Show:
    async with world.database() as uow:
        found = await uow.shows.get(stalls.show_id)
    assert found
    return found


async def doctor(world: World) -> str | None:
    """What doctor asks to be done, if anything."""
    [look] = of_sale_times(world.container)
    return (await look()).fix


async def test_a_ticket_type_that_a_moved_show_leaves_behind_is_named(world: World, last_minute: Ticket) -> None:
    show = await show_of(world, last_minute)
    assert await world.check_sale_times() == []
    assert await doctor(world) is None
    earlier = {name: getattr(show, name) - A_DAY for name in ("door_time", "start_time", "end_time")}

    await world.change_show(Actor(show.producer_id), show.id, earlier)

    moved = await show_of(world, last_minute)
    assert await world.check_sale_times() == [NeverOnSale(moved, last_minute)]
    assert await doctor(world) == "give it another on_sale_at or off_sale_at, or the show another sells_until"


async def test_another_time_zone_takes_the_sale_times_along(world: World, last_minute: Ticket) -> None:
    show = await show_of(world, last_minute)

    await world.change_show(Actor(show.producer_id), show.id, {"timezone": "America/New_York"})

    async with world.database() as uow:
        moved = await uow.tickets.get(last_minute.id)
    assert moved
    assert last_minute.on_sale_at
    assert moved.on_sale_at == VenueTime.showing(last_minute.on_sale_at.local, "America/New_York")
    assert (await world.check_timezones()).are_fine
    assert await world.check_sale_times() == []
