"""The BalanceReader port: shows of a producer whose figures do not add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.balance import MemoryBalanceReader
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.balance import PostgresBalanceReader
from application.ports.balance import BalanceReader
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.inventory import Inventory
from domain.orders import Order
from tests.contracts.builders import NOW, Theatre, a_producer, a_refund, paid


@pytest.fixture
def balance(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> BalanceReader:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryBalanceReader(unit_of_work)
    return PostgresBalanceReader(contracts_engine)


async def store(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, *orders: Order, held: int = 0, sold: int = 0
) -> None:
    async with unit_of_work() as uow:
        await uow.tickets.delete(theatre.stalls.id)
        await uow.tickets.add(replace(theatre.stalls, inventory=Inventory(100, held, sold)))
        await uow.orders.add(orders)
        await uow.commit()


async def test_figures_that_add_up_are_not_named(
    unit_of_work: UnitOfWorkFactory, balance: BalanceReader, theatre: Theatre
) -> None:
    await store(unit_of_work, theatre, theatre.order(3), paid(theatre.order(2)), held=3, sold=2)
    assert await balance.imbalances(theatre.producer.id, since=NOW) == []


@pytest.mark.parametrize(("held", "sold"), [(2, 2), (3, 1)])
async def test_a_counter_that_is_off_is_named(
    unit_of_work: UnitOfWorkFactory, balance: BalanceReader, theatre: Theatre, held: int, sold: int
) -> None:
    await store(unit_of_work, theatre, theatre.order(3), paid(theatre.order(2)), held=held, sold=sold)
    [found] = await balance.imbalances(theatre.producer.id, since=NOW)
    assert (found.show_id, found.show_title) == (theatre.show.id, theatre.show.title)
    assert found.detail


async def test_money_that_is_off_is_named_once_a_show(
    unit_of_work: UnitOfWorkFactory, balance: BalanceReader, theatre: Theatre
) -> None:
    unpaid = replace(paid(theatre.order(2)), amount_paid=1)
    refunded = paid(theatre.order(2))
    await store(unit_of_work, theatre, unpaid, refunded, sold=4)
    async with unit_of_work() as uow:
        await uow.refunds.add(a_refund(refunded))
        await uow.commit()
    [found] = await balance.imbalances(theatre.producer.id, since=NOW)
    assert found.show_id == theatre.show.id


async def test_only_the_producers_shows_of_the_time_are_looked_at(
    unit_of_work: UnitOfWorkFactory, balance: BalanceReader, theatre: Theatre
) -> None:
    await store(unit_of_work, theatre, held=1)
    assert await balance.imbalances(a_producer().id, since=NOW) == []
    assert await balance.imbalances(theatre.producer.id, since=theatre.show.end_time) == []
    assert len(await balance.imbalances(theatre.producer.id, since=theatre.show.end_time - timedelta(hours=1))) == 1
