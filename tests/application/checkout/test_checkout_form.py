"""One order of a show from one browser, even if its form is sent several times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from application.checkout.checkout_form import MAX_ORDERS, SubmitCheckoutForm
from domain.errors import Conflict
from domain.orders import Order, OrderStatus
from tests.application.world import World, request
from tests.support.factories import customer, ticket

STALLS = ticket(quantity=10)
BROWSER = "the secret of one browser"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.sell(STALLS)
    yield world
    await world.close()


@pytest.fixture
def submit_checkout_form(world: World) -> SubmitCheckoutForm:
    return SubmitCheckoutForm(world.checkout, world.cancel_order, world.database)


async def key(submit_checkout_form: SubmitCheckoutForm, browser: str = BROWSER) -> str:
    return (await submit_checkout_form.form_key(browser, STALLS.show_id)).key


async def paid(world: World, order: Order) -> Order:
    assert order.session_id
    world.payment.pay(order.session_id, tax=0)
    return await world.complete_order(order.session_id)


async def test_same_form_is_the_same_order(world: World, submit_checkout_form: SubmitCheckoutForm) -> None:
    form = await key(submit_checkout_form)
    orders = [await submit_checkout_form(BROWSER, form, request((STALLS, 2))) for _ in range(3)]
    assert len({order.id for order in orders}) == 1
    assert await world.counters(STALLS) == (2, 0)


async def test_same_form_many_times_at_once_is_the_same_order(
    world: World, submit_checkout_form: SubmitCheckoutForm
) -> None:
    form = await key(submit_checkout_form)
    orders = await asyncio.gather(*(submit_checkout_form(BROWSER, form, request((STALLS, 2))) for _ in range(5)))
    assert len({order.id for order in orders}) == 1
    assert await world.counters(STALLS) == (2, 0)


async def test_two_tabs_have_the_same_key_until_something_is_bought(
    world: World, submit_checkout_form: SubmitCheckoutForm
) -> None:
    first, second = await key(submit_checkout_form), await key(submit_checkout_form)
    assert first == second
    order = await submit_checkout_form(BROWSER, first, request((STALLS, 1)))
    shown = await submit_checkout_form.form_key(BROWSER, STALLS.show_id)
    assert (shown.key, shown.unpaid and shown.unpaid.id) == (first, order.id)

    await paid(world, order)

    assert await key(submit_checkout_form) != first
    assert (await submit_checkout_form(BROWSER, second, request((STALLS, 1)))).id == order.id
    assert (await submit_checkout_form(BROWSER, second, request((STALLS, 3)))).id == order.id
    assert await world.counters(STALLS) == (0, 1)


async def test_changed_form_takes_the_place_of_the_unpaid_order(
    world: World, submit_checkout_form: SubmitCheckoutForm
) -> None:
    form = await key(submit_checkout_form)
    first = await submit_checkout_form(BROWSER, form, request((STALLS, 10)))
    second = await submit_checkout_form(BROWSER, form, request((STALLS, 9)))
    third = await submit_checkout_form(BROWSER, form, request((STALLS, 8)))
    assert len({first.id, second.id, third.id}) == 3
    assert [(await world.order(order.id)).status for order in (first, second, third)] == [
        OrderStatus.CANCELLED,
        OrderStatus.CANCELLED,
        OrderStatus.PENDING,
    ]
    assert await world.counters(STALLS) == (8, 0)


async def test_another_name_is_another_form(world: World, submit_checkout_form: SubmitCheckoutForm) -> None:
    form = await key(submit_checkout_form)
    await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
    renamed = await submit_checkout_form(
        BROWSER, form, replace(request((STALLS, 1)), customer=customer(name="Grace Hopper"))
    )
    assert renamed.customer.name == "Grace Hopper"
    assert await world.counters(STALLS) == (1, 0)


async def test_order_that_was_paid_meanwhile_is_not_replaced(
    world: World, submit_checkout_form: SubmitCheckoutForm
) -> None:
    form = await key(submit_checkout_form)
    order = await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
    assert order.session_id
    world.payment.pay(order.session_id, tax=0)  # and no event has come yet
    again = await submit_checkout_form(BROWSER, form, request((STALLS, 2)))
    assert (again.id, again.status) == (order.id, OrderStatus.COMPLETED)
    assert await world.counters(STALLS) == (0, 1)


async def test_order_that_was_given_up_does_not_stand_in_the_way(
    world: World, submit_checkout_form: SubmitCheckoutForm
) -> None:
    form = await key(submit_checkout_form)
    order = await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
    await world.cancel_order(order.id)
    again = await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
    assert again.id != order.id
    assert await world.counters(STALLS) == (1, 0)


async def test_other_browsers_are_other_buyers(world: World, submit_checkout_form: SubmitCheckoutForm) -> None:
    form = await key(submit_checkout_form)
    order = await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
    # Even with a key that it should not know.
    other = await submit_checkout_form("another", form, request((STALLS, 1)))
    assert other.id != order.id
    assert await world.counters(STALLS) == (2, 0)


async def test_a_browser_makes_50_orders_of_a_show_at_most(
    world: World, submit_checkout_form: SubmitCheckoutForm
) -> None:
    form = await key(submit_checkout_form)
    for _ in range(MAX_ORDERS):
        order = await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
        await world.cancel_order(order.id)
    with pytest.raises(Conflict):
        await submit_checkout_form(BROWSER, form, request((STALLS, 1)))
    with pytest.raises(Conflict):
        await submit_checkout_form.form_key(BROWSER, STALLS.show_id)
