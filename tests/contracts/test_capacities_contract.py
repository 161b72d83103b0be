"""The CapacityRepo and AllocationRepo ports, and what the InventoryRepo does with their rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.unit_of_work import RowsInUse, UnitOfWorkFactory
from domain.capacity import Allocation, Capacity
from domain.catalog import Ticket
from domain.inventory import Inventory
from domain.orders import Order
from tests.contracts.builders import NOW, Theatre, a_cart, a_promo_code, a_ticket, new_id


class House:
    """A theatre with a house of 50 places: ``adult`` has no quantity, ``family`` takes 4 places. The press
    has 10 of them until tomorrow.
    """

    def __init__(self) -> None:
        self.theatre = Theatre()
        self.house = Capacity(id=new_id(), show_id=self.theatre.show.id, name="Saal", size=50, allocated=10)
        self.adult = self._ticket("Erwachsene", places=1)
        self.family = self._ticket("Familie", places=4)
        self.press = Allocation(
            id=new_id(), capacity_id=self.house.id, name="Presse", size=10, release_at=NOW + timedelta(days=1)
        )

    def _ticket(self, name: str, *, places: int) -> Ticket:
        kind = a_ticket(self.theatre.show, name=name)
        return replace(kind, inventory=Inventory(None), capacity_id=self.house.id, places=places)

    async def store(self, unit_of_work: UnitOfWorkFactory) -> None:
        async with unit_of_work() as uow:
            await self.theatre.store(uow)
            await uow.capacities.add(self.house)
            await uow.allocations.add(self.press)
            await uow.tickets.add(self.adult)
            await uow.tickets.add(self.family)
            await uow.commit()

    def order(self, quantity: int = 1, *, of: Ticket | None = None, allocated: bool = False) -> Order:
        """An order of adults, as a checkout places it."""
        order = self.theatre.order(quantity)
        (line,) = order.lines
        allocation_id = self.press.id if allocated else None
        line = replace(line, ticket_id=(of or self.adult).id, allocation_id=allocation_id)
        return replace(order, quote=replace(order.quote, lines=(line,)))


@pytest.fixture
async def house(unit_of_work: UnitOfWorkFactory) -> House:
    house = House()
    await house.store(unit_of_work)
    return house


async def test_both_are_stored_to_the_last_field(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    taken = replace(house.house, id=new_id(), held=3, sold=4, allocated=5)
    released = replace(house.press, id=new_id(), capacity_id=taken.id, held=1, sold=12, released_at=NOW)
    async with unit_of_work() as uow:
        await uow.capacities.add(taken)
        await uow.allocations.add(released)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.capacities.get(taken.id) == taken
        assert await uow.allocations.get(released.id) == released
        assert await uow.allocations.get(house.press.id) == house.press
        assert await uow.tickets.get(house.family.id) == house.family
        assert await uow.capacities.get(new_id()) is None
        assert await uow.allocations.get(new_id()) is None


async def test_a_show_lists_its_own_in_the_order_of_their_ids(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    other = House()
    await other.store(unit_of_work)
    capacities = [replace(house.house, id=new_id(), allocated=0) for _ in range(3)]
    allocations = [replace(house.press, id=new_id(), capacity_id=capacities[0].id) for _ in range(3)]
    async with unit_of_work() as uow:
        for capacity in reversed(capacities):
            await uow.capacities.add(capacity)
        for allocation in reversed(allocations):
            await uow.allocations.add(allocation)
        await uow.commit()

    show_id = house.theatre.show.id
    async with unit_of_work() as uow:
        assert await uow.capacities.of_show(show_id, after=None, limit=3) == [house.house, *capacities[:2]]
        assert await uow.capacities.of_show(show_id, after=capacities[1].id, limit=3) == capacities[2:]
        assert await uow.allocations.of_show(show_id, after=None, limit=3) == [house.press, *allocations[:2]]
        assert await uow.allocations.of_show(show_id, after=allocations[1].id, limit=3) == allocations[2:]


async def test_what_a_producer_changes_leaves_the_counters_alone(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        await uow.capacities.save(replace(house.house, name="Großer Saal", size=20, allocated=0))
        await uow.allocations.save(replace(house.press, name="Kritik", size=1, release_at=None))
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.capacities.get(house.house.id) == replace(house.house, name="Großer Saal")
        assert await uow.allocations.get(house.press.id) == replace(house.press, name="Kritik", release_at=None)


async def test_a_capacity_is_used_by_ticket_types_and_allocations(
    unit_of_work: UnitOfWorkFactory, house: House
) -> None:
    unused, allocated = (replace(house.house, id=new_id(), allocated=0) for _ in range(2))
    async with unit_of_work() as uow:
        await uow.capacities.add(unused)
        await uow.capacities.add(allocated)
        await uow.allocations.add(replace(house.press, id=new_id(), capacity_id=allocated.id))
        used = [await uow.capacities.is_used(each.id) for each in (house.house, allocated, unused)]
        assert used == [True, True, False]
        await uow.capacities.delete(unused.id)
        assert await uow.capacities.get(unused.id) is None


async def test_allocations_are_due_in_the_order_of_their_times(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    first, second, by_hand, released = (replace(house.press, id=new_id()) for _ in range(4))
    moment = NOW - timedelta(days=10_000)  # before all that other tests stored
    async with unit_of_work() as uow:
        await uow.allocations.add(replace(second, release_at=moment))
        await uow.allocations.add(replace(first, release_at=moment - timedelta(seconds=1)))
        await uow.allocations.add(replace(by_hand, release_at=None))
        await uow.allocations.add(replace(released, release_at=moment, released_at=moment))

        assert await uow.allocations.due(now=moment, limit=9) == [first.id, second.id]
        assert await uow.allocations.due(now=moment, limit=1) == [first.id]
        assert await uow.allocations.due(now=moment - timedelta(hours=1), limit=9) == []


async def test_orders_out_of_allocations_are_found(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add([house.order(of=house.family), house.order(allocated=True)])
        await uow.commit()

    unsold = replace(house.press, id=new_id())
    async with unit_of_work() as uow:
        await uow.allocations.add(unsold)
        assert await uow.allocations.have_orders(allocation_id=house.press.id)
        assert not await uow.allocations.have_orders(allocation_id=unsold.id)
        assert await uow.allocations.have_orders(ticket_id=house.adult.id)
        assert not await uow.allocations.have_orders(ticket_id=house.family.id)


async def test_an_orders_line_knows_its_allocation(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    order = house.order(allocated=True)
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        assert await uow.orders.get(order.id) == order


async def test_a_show_is_displayed_with_what_its_tickets_share(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        display = await uow.show_details.details(house.theatre.show.id)

    assert display
    assert display.capacities == (house.house,)
    left = {ticket.name: display.remaining(ticket) for ticket in display.tickets}
    assert left == {"Stalls": 100, "Gallery": 100, "Erwachsene": 40, "Familie": 10}


@pytest.mark.parametrize("way", ["read", "lock"])
async def test_a_cart_comes_with_what_its_tickets_share(
    unit_of_work: UnitOfWorkFactory, house: House, way: str
) -> None:
    cart = replace(a_cart({house.adult: 1}), allocation_id=house.press.id)
    async with unit_of_work() as uow:
        ask = uow.inventory.read if way == "read" else uow.inventory.lock
        stock = (await ask([cart])).stock
        plain = (await ask([a_cart({house.theatre.stalls: 1})])).stock

    assert stock.capacities == {house.house.id: house.house}
    assert stock.allocations == {house.press.id: house.press}
    assert (plain.capacities, plain.allocations) == ({}, {})


async def test_every_counter_of_a_sale_is_written(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    public, allocated = house.order(2, of=house.family), house.order(3, allocated=True)
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([public, allocated])
        stock.hold(public.lines, None)
        stock.sell(allocated.lines, None)
        await uow.inventory.save(stock)
        await uow.orders.add([public, allocated])
        await uow.commit()

    async with unit_of_work() as uow:
        locked = await uow.inventory.lock_orders([public.id, allocated.id])
    assert locked.stock.capacities == {house.house.id: replace(house.house, held=8, sold=3, allocated=7)}
    assert locked.stock.allocations == {house.press.id: replace(house.press, sold=3)}
    assert locked.stock.tickets[house.family.id].inventory == Inventory(None, held=2)


async def test_places_are_locked_by_all_that_is_of_them(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        by_ticket = await uow.inventory.lock_places(ticket_ids=[house.adult.id, house.theatre.stalls.id])
        by_capacity = await uow.inventory.lock_places(capacity_ids=[house.house.id, new_id()])
        by_allocation = await uow.inventory.lock_places(allocation_ids=[house.press.id, new_id()])
        nothing = await uow.inventory.lock_places()

    of_house = {house.house.id: house.house}
    assert (by_ticket.capacities, by_capacity.capacities, by_allocation.capacities) == (of_house, of_house, of_house)
    assert set(by_ticket.tickets) == {house.adult.id, house.theatre.stalls.id}
    assert by_allocation.allocations == {house.press.id: house.press}
    assert [*by_ticket.allocations, *by_capacity.tickets, *by_allocation.tickets, *nothing.capacities] == []


async def test_sizes_and_releases_are_written(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_places(allocation_ids=[house.press.id])
        stock.resize_capacity(house.house.id, 60)
        stock.resize_allocation(house.press.id, 12)
        stock.release_allocation(house.press.id, NOW)
        await uow.inventory.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.capacities.get(house.house.id) == replace(house.house, size=60, allocated=0)
        assert await uow.allocations.get(house.press.id) == replace(house.press, size=12, released_at=NOW)


@asynccontextmanager
async def in_use(unit_of_work: UnitOfWorkFactory, house: House) -> AsyncIterator[None]:
    """Lock the rows of the capacity and of its allocation for longer than a sale does."""
    if isinstance(unit_of_work, MemoryDatabase):
        unit_of_work.in_use |= {house.house.id, house.press.id}
        yield
        unit_of_work.in_use.clear()
        return
    async with unit_of_work() as uow:
        await uow.inventory.lock_places(allocation_ids=[house.press.id])
        yield


async def test_tickets_whose_capacity_is_in_use_are_passed_over(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    cart = replace(a_cart({house.adult: 1, house.theatre.stalls: 1}), allocation_id=house.press.id)
    async with in_use(unit_of_work, house):
        with pytest.raises(RowsInUse):
            async with unit_of_work() as uow:
                await uow.inventory.lock([cart])
        async with unit_of_work() as uow:
            passing = await uow.inventory.lock([cart], pass_over=True)

    assert passing.in_use == {house.adult.id, house.press.id}
    assert set(passing.stock.tickets) == {house.theatre.stalls.id}
    assert [*passing.stock.capacities, *passing.stock.allocations] == []


@pytest.mark.parametrize("way", ["lock", "read"])
async def test_an_allocation_that_a_carts_code_opens_is_found(
    unit_of_work: UnitOfWorkFactory, house: House, way: str
) -> None:
    other = House()
    await other.store(unit_of_work)
    code = a_promo_code(house.theatre.show, "PRESS", allocation_id=house.press.id)
    async with unit_of_work() as uow:
        await uow.promo_codes.add(code)
        await uow.promo_codes.add(a_promo_code(other.theatre.show, "PRESS", allocation_id=other.press.id))
        await uow.commit()

    async with unit_of_work() as uow:
        carts = [a_cart({house.adult: 1}, promo_code="PRESS"), a_cart({house.family: 1})]
        data = await (uow.inventory.lock(carts) if way == "lock" else uow.inventory.read(carts))
        without = await uow.inventory.read([a_cart({house.adult: 1}, promo_code="TEST20")])

    assert data.stock.promo_code(house.theatre.show.id, "PRESS") == code
    assert data.stock.allocations == {house.press.id: house.press}
    assert not without.stock.allocations


async def test_a_code_whose_allocation_is_in_use_is_passed_over(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        await uow.promo_codes.add(a_promo_code(house.theatre.show, "PRESS", allocation_id=house.press.id))
        await uow.commit()
    cart = a_cart({house.theatre.stalls: 1}, promo_code="PRESS")
    async with in_use(unit_of_work, house):
        with pytest.raises(RowsInUse):
            async with unit_of_work() as uow:
                await uow.inventory.lock([cart])
        async with unit_of_work() as uow:
            passing = await uow.inventory.lock([cart], pass_over=True)

    assert passing.in_use == {house.press.id, (house.theatre.show.id, "PRESS")}
    assert set(passing.stock.tickets) == {house.theatre.stalls.id}
    assert not passing.stock.promo_codes


async def test_a_show_is_deleted_with_its_capacities(unit_of_work: UnitOfWorkFactory, house: House) -> None:
    async with unit_of_work() as uow:
        await uow.shows.lock_stock(house.theatre.show.id)
        await uow.shows.delete(house.theatre.show.id)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.capacities.get(house.house.id) is None
        assert await uow.allocations.get(house.press.id) is None
