"""The SalesRepo port: what carts ask about, and the counters."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from application.ports.storage import Sale, SalesRepo, UnitOfWorkFactory
from domain.cart import Cart
from domain.errors import NotFound
from domain.inventory import Inventory
from domain.orders import Idempotency
from tests.contracts.builders import POLICY, Theatre, a_cart, a_promo_code, new_id


@pytest.fixture(params=["read", "lock"])
def way(request: pytest.FixtureRequest) -> str:
    """The two ways to ask what is on sale: both see the same."""
    return str(request.param)


async def ask(sales: SalesRepo, way: str, *carts: Cart) -> Sale:
    return await (sales.lock(carts) if way == "lock" else sales.read(carts))


async def test_a_cart_finds_its_show_producer_and_tickets(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way, a_cart({theatre.stalls: 1, theatre.gallery: 2}))

    assert sale.shows == {theatre.show.id: theatre.show}
    assert sale.producers == {theatre.producer.id: theatre.producer}
    assert sale.stock.tickets == {theatre.stalls.id: theatre.stalls, theatre.gallery.id: theatre.gallery}
    assert sale.offering(theatre.show.id, POLICY).producer == theatre.producer


async def test_a_promo_code_that_a_cart_names_is_found(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way, a_cart({theatre.stalls: 1}, promo_code="test20"))

    assert sale.stock.promo_code(theatre.show.id, "TEST20") == theatre.promo_code


async def test_keys_that_were_used_are_told(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add([replace(theatre.order(), idempotency=Idempotency("used once", b"its body"))])
        await uow.commit()

    async with unit_of_work() as uow:
        cart = a_cart({theatre.stalls: 1})
        assert (await uow.sales.lock([cart], keys={"used once", "never used"})).used_keys == {"used once"}
        assert (await uow.sales.lock([cart])).used_keys == set()


async def test_the_same_code_of_another_show_is_not_taken_for_it(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()

    async with unit_of_work() as uow:
        both = await ask(
            uow.sales,
            way,
            a_cart({theatre.stalls: 1}, promo_code="TEST20"),
            a_cart({other.stalls: 1}, promo_code="TEST20"),
        )

    assert both.stock.promo_code(theatre.show.id, "TEST20") == theatre.promo_code
    assert both.stock.promo_code(other.show.id, "TEST20") == other.promo_code


async def test_an_unknown_promo_code_is_not_found(unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str) -> None:
    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way, a_cart({theatre.stalls: 1}, promo_code="NOSUCHCODE"))

    assert sale.stock.promo_code(theatre.show.id, "NOSUCHCODE") is None


async def test_carts_of_several_shows_are_asked_about_together(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()

    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way, a_cart({theatre.stalls: 1}), a_cart({other.gallery: 1}))

    assert set(sale.shows) == {theatre.show.id, other.show.id}
    assert set(sale.producers) == {theatre.producer.id, other.producer.id}
    assert set(sale.stock.tickets) == {theatre.stalls.id, other.gallery.id}


async def test_another_shows_ticket_is_found_as_the_other_shows(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str
) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.commit()
    strange = replace(a_cart({other.stalls: 1}), show_id=theatre.show.id)

    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way, strange)

    assert set(sale.shows) == {theatre.show.id}
    assert sale.stock.tickets[other.stalls.id].show_id == other.show.id


async def test_what_does_not_exist_is_not_found(unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str) -> None:
    nowhere = replace(theatre.stalls, id=new_id(), show_id=uuid4())

    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way, a_cart({nowhere: 1}, promo_code="TEST20"))

    assert not sale.stock.tickets
    with pytest.raises(NotFound):
        sale.offering(nowhere.show_id, POLICY)


async def test_no_carts_ask_about_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre, way: str) -> None:
    async with unit_of_work() as uow:
        sale = await ask(uow.sales, way)

    assert not sale.shows
    assert not sale.stock.tickets


async def test_holds_and_uses_are_written(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order(3, with_promo_code=True)
    cart = a_cart({theatre.stalls: 3}, promo_code="TEST20")

    async with unit_of_work() as uow:
        stock = (await uow.sales.lock([cart])).stock
        stock.hold(order.lines, theatre.promo_code.id)
        await uow.sales.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        stored = (await uow.sales.read([cart])).stock
    assert stored.tickets[theatre.stalls.id].inventory == Inventory(100, held=3)
    assert stored.promo_codes[theatre.promo_code.id] == replace(theatre.promo_code, uses=1)


async def test_the_stock_of_orders_is_theirs_alone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        stock = await uow.sales.lock_stock([theatre.order(1, with_promo_code=True), theatre.order(2)])

    assert stock.tickets == {theatre.stalls.id: theatre.stalls}
    assert stock.promo_codes == {theatre.promo_code.id: theatre.promo_code}


async def test_the_stock_of_an_order_without_promo_code_has_none(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    async with unit_of_work() as uow:
        stock = await uow.sales.lock_stock([theatre.order(1)])

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
        sold = await uow.sales.lock_orders([plain.id, elsewhere.id, new_id(), discounted.id])

    assert sold.orders == {order.id: order for order in (discounted, plain, elsewhere)}
    assert sold.shows == {theatre.show.id: theatre.show, other.show.id: other.show}
    stock = [line.ticket_id for order in sold.orders.values() for line in order.lines]
    assert sold.stock.tickets.keys() == set(stock)
    assert sold.stock.tickets[theatre.stalls.id] == theatre.stalls
    assert sold.stock.promo_codes == {theatre.promo_code.id: theatre.promo_code}


async def test_orders_that_do_not_exist_are_about_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        for sold in (await uow.sales.lock_orders([]), await uow.sales.lock_orders([new_id()])):
            assert (sold.orders, sold.shows, sold.stock.tickets, sold.stock.promo_codes) == ({}, {}, {}, {})


async def test_every_move_of_an_order_is_written(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order(2, with_promo_code=True)

    async with unit_of_work() as uow:
        stock = await uow.sales.lock_stock([order])
        stock.hold(order.lines, order.promo_code_id)
        stock.hold(order.lines, order.promo_code_id)
        stock.sell_held(order.lines)
        await uow.sales.save(stock)
        await uow.commit()
    async with unit_of_work() as uow:
        between = await uow.sales.lock_stock([order])
        between.release(order.lines, order.promo_code_id)
        await uow.sales.save(between)
        await uow.commit()

    async with unit_of_work() as uow:
        after = await uow.sales.lock_stock([order])
    assert between.tickets[theatre.stalls.id].inventory == Inventory(100, sold=2)
    assert after.tickets[theatre.stalls.id].inventory == Inventory(100, sold=2)
    assert after.promo_codes[theatre.promo_code.id].uses == 1


async def test_saving_an_unchanged_stock_writes_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        stock = (await uow.sales.lock([a_cart({theatre.stalls: 1})])).stock
        await uow.sales.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        display = await uow.catalog.on_display(theatre.show.id)
    assert display
    assert set(display.tickets) == {theatre.stalls, theatre.gallery}


async def test_a_promo_code_is_stored_to_the_last_field(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    used = replace(a_promo_code(theatre.show, "GROUP", max_uses=5), uses=2)
    endless = replace(a_promo_code(theatre.show, "ENDLESS"), valid_from=None, valid_until=None)
    async with unit_of_work() as uow:
        await uow.catalog.add_promo_code(used)
        await uow.catalog.add_promo_code(endless)
        await uow.commit()

    async with unit_of_work() as uow:
        carts = [a_cart({theatre.stalls: 1}, promo_code=code) for code in ("GROUP", "ENDLESS")]
        stock = (await uow.sales.read(carts)).stock

    assert stock.promo_codes[used.id] == used
    assert stock.promo_codes[endless.id] == endless
