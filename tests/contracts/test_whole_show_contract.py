"""The WholeShowReader port: all that a show is sold by, of one moment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.unit_of_work import MemoryDatabase
from adapters.memory.whole_show import MemoryWholeShowReader
from adapters.postgres.whole_show import PostgresWholeShowReader
from application.ports.catalog import WholeShowReader
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.capacity import Allocation, Capacity
from domain.inventory import Inventory
from domain.production import Production
from tests.contracts.builders import Theatre, a_promo_code, a_ticket, new_id


@pytest.fixture
def reader(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> WholeShowReader:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryWholeShowReader(unit_of_work)
    return PostgresWholeShowReader(contracts_engine)


async def test_everything_that_a_show_is_sold_by(reader: WholeShowReader, unit_of_work: UnitOfWorkFactory) -> None:
    theatre, neighbour = Theatre(), Theatre()
    run = Production(id=new_id(), producer_id=theatre.producer.id, title="A run")
    show = replace(theatre.show, production_id=run.id, published=False)
    theatre.show = show
    halls = [Capacity(id=new_id(), show_id=show.id, name=name, size=50, allocated=10) for name in ("Hall", "Balcony")]
    press = [Allocation(id=new_id(), capacity_id=hall.id, name="Press", size=10) for hall in halls]
    shared = [
        replace(a_ticket(show), inventory=Inventory(None, held=1, sold=2), capacity_id=hall.id, hidden=True)
        for hall in halls
    ]
    codes = [a_promo_code(show, code=code) for code in ("ZEBRA", "ALPHA")]
    async with unit_of_work() as uow:
        await uow.producers.add(theatre.producer)
        await uow.productions.add(run)
        await uow.shows.add(show)
        await neighbour.store(uow)
        await uow.capacities.add(*halls)
        await uow.allocations.add(*press)
        await uow.tickets.add(*reversed(shared))
        await uow.promo_codes.add(*codes)
        await uow.commit()

    found = await reader.read(show.id)

    assert found is not None
    assert (found.producer, found.show, found.production) == (theatre.producer, show, run)
    assert found.tickets == tuple(sorted(shared, key=lambda ticket: ticket.id))
    assert found.capacities == tuple(halls)
    assert {each.id for each in found.allocations} == {each.id for each in press}
    assert [each.code for each in found.promo_codes] == ["ALPHA", "ZEBRA"]


async def test_a_show_with_nothing_to_sell(reader: WholeShowReader, unit_of_work: UnitOfWorkFactory) -> None:
    theatre = Theatre()
    async with unit_of_work() as uow:
        await uow.producers.add(theatre.producer)
        await uow.shows.add(theatre.show)
        await uow.commit()
    found = await reader.read(theatre.show.id)
    assert found is not None
    assert (found.production, found.tickets, found.capacities, found.allocations, found.promo_codes) == (
        None, (), (), (), (),
    )  # fmt: skip


async def test_no_such_show(reader: WholeShowReader) -> None:
    assert await reader.read(new_id()) is None
