"""The InventoryRepo port: the data for carts, and the counters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.inventory import CheckoutData, ClaimQuery, InventoryRepo
from application.ports.unit_of_work import RowsInUse, UnitOfWorkFactory
from domain.cart import Cart
from domain.claims import Claim, Claimed
from domain.errors import NotFound
from domain.inventory import Inventory
from domain.orders import Idempotency, Order, OrderStatus
from tests.contracts.builders import NOW, POLICY, Theatre, a_cart, a_promo_code, new_id

HOUR = timedelta(hours=1)


@pytest.fixture(params=["read", "lock"])
def way(request: pytest.FixtureRequest) -> str:
    """The two ways to read what is on sale: both give the same."""
    return str(request.param)


async def ask(sales: InventoryRepo, way: str, *carts: Cart) -> CheckoutData:
    return await (sales.lock(carts) if way == "lock" else sales.read(carts))


async def test_a_cart_finds_its_show_producer_and_tickets(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way, a_cart({theatre.stalls: 1, theatre.gallery: 2}))

    assert data.shows == {theatre.show.id: theatre.show}
    assert data.producers == {theatre.producer.id: theatre.producer}
    assert data.stock.tickets == {theatre.stalls.id: theatre.stalls, theatre.gallery.id: theatre.gallery}
    assert data.offering(theatre.show.id, POLICY).producer == theatre.producer


async def test_a_promo_code_that_a_cart_names_is_found(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way, a_cart({theatre.stalls: 1}, promo_code="test20"))

    assert data.stock.promo_code(theatre.show.id, "TEST20") == theatre.promo_code


async def test_keys_that_were_used_are_told(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add([replace(theatre.order(), idempotency=Idempotency("used once", b"its body"))])
        await uow.commit()

    async with unit_of_work() as uow:
        cart = a_cart({theatre.stalls: 1})
        assert (await uow.inventory.lock([cart], keys={"used once", "never used"})).used_keys == {"used once"}
        assert (await uow.inventory.lock([cart])).used_keys == set()


async def test_the_same_code_of_another_show_is_not_taken_for_it(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()

    async with unit_of_work() as uow:
        both = await ask(
            uow.inventory,
            way,
            a_cart({theatre.stalls: 1}, promo_code="TEST20"),
            a_cart({other.stalls: 1}, promo_code="TEST20"),
        )

    assert both.stock.promo_code(theatre.show.id, "TEST20") == theatre.promo_code
    assert both.stock.promo_code(other.show.id, "TEST20") == other.promo_code


async def test_an_unknown_promo_code_is_not_found(unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str) -> None:
    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way, a_cart({theatre.stalls: 1}, promo_code="NOSUCHCODE"))

    assert data.stock.promo_code(theatre.show.id, "NOSUCHCODE") is None


async def test_carts_of_several_shows_are_asked_about_together(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()

    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way, a_cart({theatre.stalls: 1}), a_cart({other.gallery: 1}))

    assert set(data.shows) == {theatre.show.id, other.show.id}
    assert set(data.producers) == {theatre.producer.id, other.producer.id}
    assert set(data.stock.tickets) == {theatre.stalls.id, other.gallery.id}


async def test_another_shows_ticket_is_found_as_the_other_shows(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()
    strange = replace(a_cart({other.stalls: 1}), show_id=theatre.show.id)

    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way, strange)

    assert set(data.shows) == {theatre.show.id}
    assert data.stock.tickets[other.stalls.id].show_id == other.show.id


async def test_what_does_not_exist_is_not_found(unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str) -> None:
    nowhere = replace(theatre.stalls, id=new_id(), show_id=uuid4())

    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way, a_cart({nowhere: 1}, promo_code="TEST20"))

    assert not data.stock.tickets
    with pytest.raises(NotFound):
        data.offering(nowhere.show_id, POLICY)


async def test_no_carts_ask_about_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str) -> None:
    async with unit_of_work() as uow:
        data = await ask(uow.inventory, way)

    assert not data.shows
    assert not data.stock.tickets


async def test_holds_and_uses_are_written(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order(3, with_promo_code=True)
    cart = a_cart({theatre.stalls: 3}, promo_code="TEST20")

    async with unit_of_work() as uow:
        stock = (await uow.inventory.lock([cart])).stock
        stock.hold(order.lines, theatre.promo_code.id)
        await uow.inventory.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        stored = (await uow.inventory.read([cart])).stock
    assert stored.tickets[theatre.stalls.id].inventory == Inventory(100, held=3)
    assert stored.promo_codes[theatre.promo_code.id] == replace(theatre.promo_code, uses=1)


async def test_the_stock_of_orders_is_theirs_alone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([theatre.order(1, with_promo_code=True), theatre.order(2)])

    assert stock.tickets == {theatre.stalls.id: theatre.stalls}
    assert stock.promo_codes == {theatre.promo_code.id: theatre.promo_code}


async def test_the_stock_of_an_order_without_promo_code_has_none(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([theatre.order(1)])

    assert not stock.promo_codes


async def test_orders_are_locked_with_all_that_they_are_about(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    other = Theatre()
    discounted, plain = theatre.order(1, with_promo_code=True), theatre.order(2)
    elsewhere, not_asked_about = other.order(1), other.order(1)
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.orders.add([discounted, plain, elsewhere, not_asked_about])
        await uow.commit()

    async with unit_of_work() as uow:
        sold = await uow.inventory.lock_orders([plain.id, elsewhere.id, new_id(), discounted.id])

    assert sold.orders == {order.id: order for order in (discounted, plain, elsewhere)}
    assert sold.shows == {theatre.show.id: theatre.show, other.show.id: other.show}
    stock = [line.ticket_id for order in sold.orders.values() for line in order.lines]
    assert sold.stock.tickets.keys() == set(stock)
    assert sold.stock.tickets[theatre.stalls.id] == theatre.stalls
    assert sold.stock.promo_codes == {theatre.promo_code.id: theatre.promo_code}


async def test_orders_that_do_not_exist_are_about_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        for sold in (await uow.inventory.lock_orders([]), await uow.inventory.lock_orders([new_id()])):
            assert (sold.orders, sold.shows, sold.stock.tickets, sold.stock.promo_codes) == ({}, {}, {}, {})


async def test_every_move_of_an_order_is_written(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order(2, with_promo_code=True)

    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([order])
        stock.hold(order.lines, order.promo_code_id)
        stock.hold(order.lines, order.promo_code_id)
        stock.sell_held(order.lines)
        await uow.inventory.save(stock)
        await uow.commit()
    async with unit_of_work() as uow:
        between = await uow.inventory.lock_stock([order])
        between.release(order.lines, order.promo_code_id)
        await uow.inventory.save(between)
        await uow.commit()

    async with unit_of_work() as uow:
        after = await uow.inventory.lock_stock([order])
    assert between.tickets[theatre.stalls.id].inventory == Inventory(100, sold=2)
    assert after.tickets[theatre.stalls.id].inventory == Inventory(100, sold=2)
    assert after.promo_codes[theatre.promo_code.id].uses == 1


async def test_saving_an_unchanged_stock_writes_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        stock = (await uow.inventory.lock([a_cart({theatre.stalls: 1})])).stock
        await uow.inventory.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        display = await uow.show_details.details(theatre.show.id)
    assert display
    assert set(display.tickets) == {theatre.stalls, theatre.gallery}


async def test_a_promo_code_is_stored_to_the_last_field(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    used = replace(a_promo_code(theatre.show, "GROUP", max_uses=5), uses=2)
    endless = replace(a_promo_code(theatre.show, "ENDLESS"), valid_from=None, valid_until=None)
    async with unit_of_work() as uow:
        await uow.promo_codes.add(used)
        await uow.promo_codes.add(endless)
        await uow.commit()

    async with unit_of_work() as uow:
        carts = [a_cart({theatre.stalls: 1}, promo_code=code) for code in ("GROUP", "ENDLESS")]
        stock = (await uow.inventory.read(carts)).stock

    assert stock.promo_codes[used.id] == used
    assert stock.promo_codes[endless.id] == endless


def a_claim(order: Order, key: int, tickets: int, *, is_free: bool = False, is_network: bool = False) -> Claim:
    return Claim(key, order.id, tickets, is_free=is_free, is_network=is_network, ends_at=NOW + HOUR)


async def claimed(unit_of_work: UnitOfWorkFactory, *keys: int, now: datetime = NOW) -> Mapping[int, Claimed]:
    async with unit_of_work() as uow:
        data = await uow.inventory.lock([a_cart({Theatre().stalls: 1})], claimants=ClaimQuery(keys, now))
    return data.claimed


async def test_holds_and_free_tickets_count_for_their_claimants(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    two, three = theatre.order(2), theatre.order(3)
    free = replace(theatre.order(4), status=OrderStatus.COMPLETED, completed_at=NOW)
    async with unit_of_work() as uow:
        await uow.orders.add([two, three, free])
        await uow.inventory.claim([a_claim(two, 1, 2), a_claim(two, -2, 2, is_network=True), a_claim(three, 1, 3)])
        await uow.inventory.claim([a_claim(free, 1, 4, is_free=True)])
        await uow.commit()

    assert await claimed(unit_of_work, 1, -2, 3) == {1: Claimed(5, 2, 4), -2: Claimed(2, 1, 0)}
    assert await claimed(unit_of_work) == {}


async def test_claims_end_with_their_time_and_with_their_orders(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    held = theatre.order(2)
    released = replace(theatre.order(2), status=OrderStatus.EXPIRED)
    paid = replace(theatre.order(2), status=OrderStatus.COMPLETED, completed_at=NOW)
    refunded = replace(theatre.order(2), status=OrderStatus.REFUNDED, completed_at=NOW)
    async with unit_of_work() as uow:
        await uow.orders.add([held, released, paid, refunded])
        await uow.inventory.claim([a_claim(order, 1, 2) for order in (held, released, paid)])
        await uow.inventory.claim([a_claim(refunded, 1, 2, is_free=True)])
        await uow.commit()

    assert await claimed(unit_of_work, 1) == {1: Claimed(2, 1, 0)}
    assert await claimed(unit_of_work, 1, now=NOW + HOUR) == {}


async def test_claims_that_ended_are_forgotten_some_at_a_time(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order(2)
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.inventory.claim([a_claim(order, key, 2) for key in range(3)])
        await uow.inventory.claim([replace(a_claim(order, 9, 2), ends_at=NOW + 2 * HOUR)])
        await uow.commit()

    async def forget(now: datetime) -> int:
        async with unit_of_work() as uow:
            count = await uow.inventory.forget_claims(now=now, limit=2)
            await uow.commit()
        return count

    assert await forget(NOW) == 0
    assert [await forget(NOW + HOUR) for _ in range(3)] == [2, 1, 0]
    assert await claimed(unit_of_work, 0, 9) == {9: Claimed(2, 1, 0)}


@asynccontextmanager
async def somebody_keeps(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> AsyncIterator[None]:
    """Lock the rows of the stalls and of the promo code for longer than a sale does."""
    if isinstance(unit_of_work, MemoryDatabase):
        unit_of_work.in_use |= {theatre.stalls.id, (theatre.show.id, "TEST20")}
        yield
        unit_of_work.in_use.clear()
        return
    async with unit_of_work() as uow:
        await uow.inventory.lock([a_cart({theatre.stalls: 1}, promo_code="TEST20")])
        yield


async def test_what_somebody_keeps_is_told_or_passed_over(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    cart = a_cart({theatre.stalls: 1, theatre.gallery: 1}, promo_code="TEST20")
    async with somebody_keeps(unit_of_work, theatre):
        with pytest.raises(RowsInUse):
            async with unit_of_work() as uow:
                await uow.inventory.lock([cart])
        async with unit_of_work() as uow:
            passing = await uow.inventory.lock([cart], pass_over=True)
    async with unit_of_work() as uow:
        afterwards = await uow.inventory.lock([cart], pass_over=True)

    assert passing.in_use == {theatre.stalls.id, (theatre.show.id, "TEST20")}
    assert set(passing.stock.tickets) == {theatre.gallery.id}
    assert not afterwards.in_use
    assert set(afterwards.stock.tickets) == {theatre.stalls.id, theatre.gallery.id}


async def test_what_does_not_exist_is_in_nobodys_use(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        data = await uow.inventory.lock([a_cart({replace(theatre.stalls, id=new_id()): 1})], pass_over=True)

    assert not data.stock.tickets
    assert not data.in_use
