"""Allocations in time: released by workers, sold from and given back to, before and after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from application.catalog.allocations import RELEASED_AT_A_TIME
from domain.access import Actor
from domain.capacity import Allocation, Capacity
from domain.errors import Conflict, NotFound
from domain.orders import ManualPayment, Order, OrderEvent, OrderStatus
from tests.application.world import World, request
from tests.support.factories import NOW, allocation, capacity, cart, producer, show, ticket

pytestmark = pytest.mark.p1
HOUR = timedelta(hours=1)


class House:
    """A house of 10 places, 4 of them for the press until an hour from now."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seller = producer()
        self.evening = show(by=self.seller)
        self.house = capacity(of=self.evening, size=10, allocated=4)
        self.press = allocation(of=self.house, size=4, release_at=world.clock.now() + HOUR)
        self.adult = ticket(of=self.evening, quantity=None, capacity_id=self.house.id)

    async def open(self) -> None:
        await self.world.sell(
            self.adult, capacities=[self.house], allocations=[self.press], by=self.seller, id=self.evening.id
        )

    async def buy_out_of_press(self, count: int) -> Order:
        """A buyer's order that holds places of the press, as a code that opens the allocation lets them."""
        asked = request((self.adult, count))
        return await self.world.checkout(replace(asked, cart=cart((self.adult, count), allocation_id=self.press.id)))

    async def stored(self) -> tuple[Capacity, Allocation]:
        async with self.world.database() as uow:
            house = await uow.capacities.get(self.house.id)
            press = await uow.allocations.get(self.press.id)
        assert house
        assert press
        return house, press

    async def nothing_is_off(self) -> bool:
        return not any(found.count for found in (await self.world.check_consistency()).values())


def actor_of(house: House) -> Actor:
    return Actor(house.seller.id, None, "box office")


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    house = House(world)
    await house.open()
    yield house
    assert await house.nothing_is_off()


async def test_it_is_released_when_its_time_has_come(world: World, house: House) -> None:
    world.clock.advance(HOUR - timedelta(seconds=1))
    assert await world.release_due_allocations() == 0
    world.clock.advance(timedelta(seconds=1))

    assert await world.release_due_allocations() == 1

    assert await house.stored() == (
        replace(house.house, allocated=0),
        replace(house.press, released_at=world.clock.now()),
    )
    assert await world.release_due_allocations() == 0


async def test_workers_and_producer_release_it_once(world: World, house: House) -> None:
    world.clock.advance(HOUR)
    released = await asyncio.gather(*(world.release_due_allocations() for _ in range(5)))
    assert sum(released) == 1
    with pytest.raises(Conflict, match="was released"):
        await world.release_allocation(actor_of(house), house.press.id)


async def test_a_worker_releases_some_at_a_time(world: World, house: House) -> None:
    more = [allocation(of=house.house, size=0, release_at=NOW) for _ in range(RELEASED_AT_A_TIME)]
    async with world.database() as uow:
        for each in more:
            await uow.allocations.add(each)
        await uow.commit()
    world.clock.advance(HOUR)

    assert [await world.release_due_allocations() for _ in range(3)] == [RELEASED_AT_A_TIME, 1, 0]


async def test_a_hold_out_of_it_that_ends_before_the_release_gives_back_to_it(world: World, house: House) -> None:
    order = await house.buy_out_of_press(3)
    assert await house.stored() == (replace(house.house, held=3, allocated=1), replace(house.press, held=3))

    await world.cancel_order(order.id)

    assert await house.stored() == (house.house, house.press)


async def test_a_hold_out_of_it_that_ends_after_the_release_gives_back_to_the_public(
    world: World, house: House
) -> None:
    order = await house.buy_out_of_press(3)
    await world.release_allocation(actor_of(house), house.press.id)
    assert [each.remaining for each in await house.stored()] == [7, 0]

    await world.cancel_order(order.id)

    assert [each.remaining for each in await house.stored()] == [10, 0]


async def test_a_hold_out_of_it_is_paid_after_the_release(world: World, house: House) -> None:
    order = await house.buy_out_of_press(4)
    await world.release_allocation(actor_of(house), house.press.id)
    assert order.session_id
    world.payment.pay(order.session_id)

    paid = await world.complete_order(order.session_id)

    assert paid.status is OrderStatus.COMPLETED
    stored, press = await house.stored()
    assert (stored.sold, stored.remaining, press.sold) == (4, 6, 4)


@pytest.mark.parametrize(("bought_meanwhile", "status"), [(6, "completed"), (7, "refunded")])
async def test_money_that_comes_after_hold_and_release_buys_what_the_public_has(
    world: World, house: House, bought_meanwhile: int, status: str
) -> None:
    late = await house.buy_out_of_press(4)
    await world.release_order(late.id, OrderEvent.SESSION_EXPIRED)
    await world.release_allocation(actor_of(house), house.press.id)
    for count in (5, bought_meanwhile - 5):
        await world.buy((house.adult, count))
    assert late.session_id
    world.payment.pay(late.session_id)

    assert (await world.complete_order(late.session_id)).status == status


async def test_money_that_comes_late_takes_only_from_the_allocation_while_it_stands(world: World, house: House) -> None:
    late = await house.buy_out_of_press(4)
    await world.release_order(late.id, OrderEvent.SESSION_EXPIRED)
    await house.buy_out_of_press(1)
    assert late.session_id
    world.payment.pay(late.session_id)

    assert (await world.complete_order(late.session_id)).status is OrderStatus.REFUNDED


async def test_another_producers_allocation_does_not_exist(world: World, house: House) -> None:
    stranger = replace(actor_of(house), producer_id=producer().id)
    with pytest.raises(NotFound):
        await world.release_allocation(stranger, house.press.id)
    with pytest.raises(NotFound):
        await world.change_allocation(stranger, house.press.id, {"name": "Mine"})
    with pytest.raises(NotFound):
        await world.change_capacity(stranger, house.house.id, {"size": 1})
    assert await house.stored() == (house.house, house.press)


async def test_walk_ups_come_out_of_it_all_or_nothing(world: World, house: House) -> None:
    asked = request((house.adult, 3), manual_payment=ManualPayment.COMP)
    rows = [replace(asked, cart=cart((house.adult, 3), allocation_id=house.press.id)) for _ in range(2)]

    outcomes = await world.sell_many_at_counter(actor_of(house), house.evening.id, rows, all_or_nothing=True)

    assert not any(isinstance(outcome, Order) for outcome in outcomes)
    assert await house.stored() == (house.house, house.press)
