"""Capacities and allocations with several server processes: the last place is sold once, also while it is changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import aiohttp
import pytest

from domain.capacity import Allocation, Capacity
from domain.catalog import Show
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import Answer, BoxOffice, OnSale
from tests.support.factories import allocation, capacity, producer, show, ticket
from tests.support.processes import running_command, until_ready
from tests.support.server import Service, free_port

pytestmark = pytest.mark.p0


@pytest.fixture(scope="module")
async def others(service: Service, settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """Three more processes on the same engines."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    quiet = {**environment_of(settings), "LOG_LEVEL": "ERROR"}
    async with (
        running_command("serve", "--port", str(port), "--workers", "3", environment=quiet),
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client,
    ):
        await until_ready(url)
        yield client


class House:
    """A show with adults and children in one house; buyers take turns between the processes."""

    def __init__(self, offices: Sequence[BoxOffice], back_office: BackOffice, evening: Show, house: Capacity) -> None:
        self._offices = offices
        self.back_office = back_office
        self.house = house
        kinds = (ticket(of=evening, price=0, quantity=None, capacity_id=house.id, name=name) for name in ("A", "C"))
        self.on_sale = OnSale(evening, back_office.producer, tuple(kinds))

    async def store(self, *allocations: Allocation) -> None:
        async with self._offices[0].unit_of_work() as uow:
            await uow.shows.add(self.on_sale.show)
            await uow.capacities.add(self.house)
            for kind in self.on_sale.tickets:
                await uow.tickets.add(kind)
            for each in allocations:
                await uow.allocations.add(each)
            await uow.commit()

    async def buy(self, number: int) -> Answer:
        """One ticket, of one type or the other."""
        quantities = (1, 0) if number % 3 else (0, 1)
        return await self._offices[number % len(self._offices)].checkout(self.on_sale.cart(*quantities))

    async def sell_out_of(self, press: Allocation) -> Answer:
        body = {
            "tickets": [{"ticket_id": str(self.on_sale.tickets[0].id), "quantity": 1}],
            "payment": "comp",
            "allocation_id": str(press.id),
        }
        return await self.back_office.post(f"/shows/{self.on_sale.id}/orders", body)

    async def stored(self) -> Capacity:
        async with self._offices[0].unit_of_work() as uow:
            found = await uow.capacities.get(self.house.id)
        assert found
        return found


async def open_house(service: Service, others: aiohttp.ClientSession, *, size: int, allocated: int = 0) -> House:
    database = service.container.database()
    offices = [BoxOffice(others, database), BoxOffice(service.client, database)]
    back_office = await open_back_office(offices[1], service.container, producer())
    evening = show(by=back_office.producer)
    return House(offices, back_office, evening, capacity(of=evening, size=size, allocated=allocated))


async def test_300_buyers_of_two_types_for_one_last_place_get_one(
    service: Service, others: aiohttp.ClientSession
) -> None:
    house = await open_house(service, others, size=1)
    await house.store()

    answers = await asyncio.gather(*(house.buy(number) for number in range(300)))

    assert Counter(answer.status for answer in answers) == {201: 1, 400: 299}
    assert await house.stored() == replace(house.house, sold=1)


async def test_an_allocation_is_released_once_while_the_last_of_it_is_sold(
    service: Service, others: aiohttp.ClientSession
) -> None:
    house = await open_house(service, others, size=10, allocated=10)
    press = allocation(of=house.house, size=10)
    await house.store(press)

    sold_out_of, bought, released = await asyncio.gather(
        asyncio.gather(*(house.sell_out_of(press) for _ in range(30))),
        asyncio.gather(*(house.buy(number) for number in range(100))),
        asyncio.gather(*(house.back_office.post(f"/allocations/{press.id}/release") for _ in range(5))),
    )

    assert sorted(answer.status for answer in released) == [200, 409, 409, 409, 409]
    out_of_it = [answer.status for answer in sold_out_of].count(201)
    public = [answer.status for answer in bought].count(201)
    assert {answer.status for answer in sold_out_of} <= {201, 400, 409}
    assert {answer.status for answer in bought} <= {201, 400}
    assert await house.stored() == replace(house.house, sold=out_of_it + public, allocated=0)
    (kept,) = (await house.back_office.get(f"/shows/{house.on_sale.id}/allocations")).body["items"]
    assert (kept["sold"], kept["remaining"]) == (out_of_it, 0)
    rest = [await house.buy(number) for number in range(11 - out_of_it - public)]
    assert [answer.status for answer in rest] == [201] * (len(rest) - 1) + [400]


async def test_a_capacity_that_is_lowered_while_300_buy_stays_above_what_is_sold(
    service: Service, others: aiohttp.ClientSession
) -> None:
    house = await open_house(service, others, size=200)
    await house.store()

    async def lower() -> list[Answer]:
        path = f"/capacities/{house.house.id}"
        return [await house.back_office.patch(path, size=size) for size in range(190, 90, -10)]

    answers, lowered = await asyncio.gather(asyncio.gather(*(house.buy(number) for number in range(300))), lower())

    sold = [answer.status for answer in answers].count(201)
    size = min([200, *(answer.body["size"] for answer in lowered if answer.status == 200)])
    assert {answer.status for answer in answers} <= {201, 400}
    assert {answer.status for answer in lowered} <= {200, 409}
    assert sold == size  # more wanted to come
    assert await house.stored() == replace(house.house, size=size, sold=sold)
