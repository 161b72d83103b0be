"""The UnitOfWork port: only a commit makes changes last, and racing transactions are kept apart."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.catalog import Producer
from domain.errors import TicketsUnavailable
from domain.offering import Offering
from tests.contracts.builders import ADA, NOW, POLICY, Theatre, a_cart, a_producer, a_task, issue, new_id


async def producer_in(unit_of_work: UnitOfWorkFactory, wanted: Producer) -> Producer | None:
    async with unit_of_work() as uow:
        return await uow.producers.get(wanted.id)


async def test_what_was_committed_is_seen_by_the_next(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()

    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        await uow.commit()

    assert await producer_in(unit_of_work, producer) == producer


async def test_a_unit_of_work_says_whether_it_was_committed(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        before = uow.is_committed
        await uow.commit()
        assert (before, uow.is_committed) == (False, True)
    async with unit_of_work() as forgotten:
        await forgotten.producers.add(a_producer())
    assert not forgotten.is_committed


async def test_forgetting_to_commit_rolls_back(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()

    async with unit_of_work() as uow:
        await uow.producers.add(producer)

    assert await producer_in(unit_of_work, producer) is None


async def test_raising_inside_rolls_back_and_is_passed_on_unchanged(unit_of_work: UnitOfWorkFactory) -> None:
    class Surprise(Exception):
        pass

    producer = a_producer()

    async def fail() -> None:
        async with unit_of_work() as uow:
            await uow.producers.add(producer)
            raise Surprise

    with pytest.raises(Surprise):
        await fail()

    assert await producer_in(unit_of_work, producer) is None


async def test_what_was_written_is_seen_inside_before_the_commit(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()

    async with unit_of_work() as uow:
        await uow.producers.add(producer)

        assert await uow.producers.get(producer.id) == producer


async def test_who_only_reads_sees_what_was_committed_meanwhile(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        await uow.commit()

    async with unit_of_work(read_only=True) as uow:
        assert await uow.producers.get(producer.id) == producer
        assert await uow.orders.get(new_id()) is None


async def test_who_only_reads_cannot_commit(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work(read_only=True) as uow:
        with pytest.raises(RuntimeError, match="read-only"):
            await uow.commit()


async def test_what_somebody_who_only_reads_tries_to_write_does_not_last(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()

    async with unit_of_work(read_only=True) as uow:
        with suppress(RuntimeError):
            await uow.producers.add(producer)
    async with unit_of_work(read_only=True) as uow:
        with suppress(RuntimeError):
            await uow.outbox.add([a_task(Theatre().order())])

    assert await producer_in(unit_of_work, producer) is None


async def test_who_comes_after_a_reader_commits_and_rolls_back_as_ever(unit_of_work: UnitOfWorkFactory) -> None:
    for _ in range(10):  # every connection of the pool has served a reader
        async with unit_of_work(read_only=True) as uow:
            await uow.orders.get(new_id())
        await test_forgetting_to_commit_rolls_back(unit_of_work)


async def test_a_reader_that_fails_leaves_nothing_behind(unit_of_work: UnitOfWorkFactory) -> None:
    async def fail() -> None:
        async with unit_of_work(read_only=True) as uow:
            await uow.orders.get(new_id())
            raise InterruptedError

    for _ in range(10):
        with pytest.raises(InterruptedError):
            await fail()
        await test_forgetting_to_commit_rolls_back(unit_of_work)


async def test_changes_after_the_commit_do_not_last(unit_of_work: UnitOfWorkFactory) -> None:
    lasting, lost = a_producer(), a_producer()

    async with unit_of_work() as uow:
        await uow.producers.add(lasting)
        await uow.commit()
        await uow.producers.add(lost)

    assert await producer_in(unit_of_work, lasting) == lasting
    assert await producer_in(unit_of_work, lost) is None


async def test_a_caller_who_is_cancelled_commits_nothing_and_blocks_nobody(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    is_inside = asyncio.Event()
    cart = a_cart({theatre.stalls: 1})

    async def linger() -> None:
        async with unit_of_work() as uow:
            await uow.inventory.lock([cart])
            is_inside.set()
            await asyncio.Event().wait()

    lingering = asyncio.create_task(linger())
    await is_inside.wait()
    lingering.cancel()
    await asyncio.wait({lingering})

    async with asyncio.timeout(2), unit_of_work() as uow:
        assert theatre.stalls.id in (await uow.inventory.lock([cart])).stock.tickets


async def buy(uow: UnitOfWork, theatre: Theatre, quantity: int) -> None:
    """Decide and write one checkout; the caller commits. Raises TicketsUnavailable."""
    cart = a_cart({theatre.stalls: quantity})
    sale = await uow.inventory.lock([cart])
    offering: Offering = sale.offering(theatre.show.id, POLICY)
    order = offering.place(cart, ADA, order_id=new_id(), issue=issue, now=NOW)
    await uow.orders.add([order])
    await uow.inventory.save(sale.stock)


async def test_of_two_who_race_for_the_last_ticket_one_gets_it(unit_of_work: UnitOfWorkFactory) -> None:
    theatre = Theatre(quantity=1)
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()

    async def attempt() -> bool:
        async with unit_of_work() as uow:
            try:
                await buy(uow, theatre, 1)
            except TicketsUnavailable:
                return False
            await uow.commit()
            return True

    outcomes = await asyncio.gather(attempt(), attempt())

    assert sorted(outcomes) == [False, True]
    async with unit_of_work() as uow:
        sale = await uow.inventory.read([a_cart({theatre.stalls: 1})])
    assert sale.stock.tickets[theatre.stalls.id].inventory.held == 1
