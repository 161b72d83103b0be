"""The LookupRepo port: an address is mailed once in a period, and finds its orders."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.customer import Customer
from domain.orders import Order
from tests.contracts.builders import NOW, Theatre

A_WHILE = timedelta(minutes=10)
A_MOMENT = timedelta(microseconds=1)


async def ask(unit_of_work: UnitOfWorkFactory, address_hash: bytes, now: datetime = NOW) -> bool:
    async with unit_of_work() as uow:
        admitted = await uow.lookups.ask(address_hash, now=now, not_since=now - A_WHILE)
        await uow.commit()
    return admitted


async def test_an_address_may_ask_once_in_a_while(unit_of_work: UnitOfWorkFactory) -> None:
    assert await ask(unit_of_work, b"ada")
    assert await ask(unit_of_work, b"bob")
    assert not await ask(unit_of_work, b"ada")
    assert not await ask(unit_of_work, b"ada", NOW + A_WHILE - A_MOMENT)
    assert await ask(unit_of_work, b"ada", NOW + A_WHILE)


async def test_a_refused_question_does_not_put_the_next_one_off(unit_of_work: UnitOfWorkFactory) -> None:
    await ask(unit_of_work, b"ada")
    await ask(unit_of_work, b"ada", NOW + A_WHILE - A_MOMENT)
    assert await ask(unit_of_work, b"ada", NOW + A_WHILE)


async def test_of_many_who_ask_at_once_one_is_heard(unit_of_work: UnitOfWorkFactory) -> None:
    assert sum(await asyncio.gather(*(ask(unit_of_work, b"ada") for _ in range(5)))) == 1


async def test_the_orders_of_an_address_come_newest_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    def order(email: str, minutes: int) -> Order:
        placed = theatre.order(now=NOW + timedelta(minutes=minutes))
        return replace(placed, customer=Customer("Ada", email, None))

    first, other, second = order("ada@example.org", 0), order("bob@example.org", 1), order("Ada@example.org", 2)
    async with unit_of_work() as uow:
        await uow.orders.add([first, other, second])
        await uow.commit()

        assert await uow.lookups.orders_of("ADA@example.org", limit=9) == [second.id, first.id]
        assert await uow.lookups.orders_of("ada@example.org", limit=1) == [second.id]
        assert await uow.lookups.orders_of("ad_@example.org", limit=9) == []
