"""A sale begins on three processes whose machines' clocks differ: the database's clock decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from dependency_injector import providers
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.ids import SystemIds
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NotOnSaleYet, TicketsUnavailable
from domain.inventory import Inventory
from domain.orders import Order
from domain.venue_clock import VenueTime
from tests.application.world import World, request
from tests.contracts.builders import Theatre

pytestmark = pytest.mark.p0

#: How far a process's time may be from the database's: half of a round trip on a busy machine, and far from 2 seconds.
EXACT = timedelta(seconds=0.4)


class OffClock:
    """A machine's clock that is off. The database of these tests is on this machine, whose clock is right."""

    def __init__(self, seconds: float) -> None:
        self._off = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._off


@asynccontextmanager
async def process(engine: AsyncEngine, *, off_by_seconds: float) -> AsyncIterator[World]:
    """The application as a process composes it, on a machine with a clock that is off."""
    world = World(database=cast("MemoryDatabase", PostgresDatabase(engine)))
    clock = DatabaseClock(engine, OffClock(off_by_seconds))
    await clock.follow()
    world.container.clock.override(providers.Object(clock))
    world.container.ids.override(providers.Object(SystemIds()))
    yield world
    await world.close()


async def test_a_sale_begins_at_the_databases_second_on_every_process(
    engine: AsyncEngine, unit_of_work: UnitOfWorkFactory
) -> None:
    theatre = Theatre(quantity=30)
    opens = VenueTime.at(datetime.now(UTC) + timedelta(seconds=0.8), theatre.show.timezone)
    theatre.show = replace(theatre.show, on_sale_at=opens)
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()
    too_early: list[datetime] = []  # when the refused began to ask
    bought: list[datetime] = []  # when the others had their order

    async def buyer(world: World) -> Order | TicketsUnavailable:
        while True:
            asked = datetime.now(UTC)
            try:
                order = await world.checkout(request((theatre.stalls, 1)))
            except NotOnSaleYet:
                too_early.append(asked)
                await asyncio.sleep(0.01)
            except TicketsUnavailable as refusal:
                return refusal
            else:
                bought.append(datetime.now(UTC))
                return order

    async with AsyncExitStack() as processes:
        worlds = [
            await processes.enter_async_context(process(engine, off_by_seconds=seconds)) for seconds in (-2, 0, 2)
        ]
        buyers = [[asyncio.create_task(buyer(world)) for _ in range(20)] for world in worlds]
        async with asyncio.timeout(60):
            outcomes = [await asyncio.gather(*each) for each in buyers]

    assert too_early
    assert max(too_early) < opens.moment + EXACT, "no process waited for its own clock"
    assert min(bought) > opens.moment - EXACT, "no process went ahead by its own clock"
    everyone = [outcome for of_process in outcomes for outcome in of_process]
    assert sum(isinstance(outcome, Order) for outcome in everyone) == 30
    assert all(order.created_at >= opens.moment for order in everyone if isinstance(order, Order))
    async with unit_of_work() as uow:
        stalls = await uow.tickets.get(theatre.stalls.id)
    assert stalls
    assert stalls.inventory == Inventory(30, held=30)
