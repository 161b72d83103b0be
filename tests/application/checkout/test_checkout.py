"""From a request to an order that can be paid, with any behaviour of the payment provider."""

from __future__ import annotations

import asyncio
import logging

import pytest

from application.errors import CheckoutInProgress, IdempotencyKeyReused, PaymentNotPossible
from application.payments.session import PATIENCE_SECONDS
from domain.errors import TicketsUnavailable
from domain.orders import OrderStatus
from tests.application.world import HANGS_SECONDS, World, request
from tests.support.factories import promo_code, ticket

pytestmark = pytest.mark.p0


async def test_a_paid_order_comes_with_a_payment_page(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.status is OrderStatus.PENDING
    assert order.session_id is not None
    assert order.checkout_url == f"https://pay.example/{order.session_id}"
    assert await world.order(order.id) == order
    assert await world.counters(stalls) == (2, 0)


async def test_a_free_order_needs_no_payment(world: World) -> None:
    standing = ticket(price=0)
    await world.sell(standing)
    world.payment.available = False
    order = await world.buy((standing, 2))
    assert order.success
    assert order.session_id == f"FREE-{order.id}"
    assert world.payment.opened == []


async def test_what_the_rules_refuse_is_refused(world: World) -> None:
    stalls = ticket(quantity=1)
    await world.sell(stalls)
    with pytest.raises(TicketsUnavailable):
        await world.buy((stalls, 2))
    assert world.payment.opened == []


async def test_the_same_key_brings_the_same_order_and_payment_page(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    first = await world.buy((stalls, 2), key="once")
    assert await world.buy((stalls, 2), key="once") == first
    assert len(world.payment.opened) == 1
    assert await world.counters(stalls) == (2, 0)


async def test_the_same_key_with_another_cart_is_refused(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.buy((stalls, 2), key="once")
    with pytest.raises(IdempotencyKeyReused):
        await world.buy((stalls, 1), key="once")


async def test_without_a_key_every_request_is_an_order(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    assert (await world.buy((stalls, 1))).id != (await world.buy((stalls, 1))).id


async def test_a_double_click_is_told_that_the_first_is_being_processed(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    first = asyncio.create_task(world.buy((stalls, 1), key="once"))
    await asyncio.sleep(0)
    with pytest.raises(CheckoutInProgress, match="being processed"):
        await world.buy((stalls, 1), key="once")
    async with asyncio.timeout(HANGS_SECONDS):
        order = await first
    assert await world.buy((stalls, 1), key="once") == order


async def test_buyers_with_different_keys_do_not_wait_for_each_other(world: World) -> None:
    stalls = ticket(quantity=3)
    await world.sell(stalls)
    async with asyncio.timeout(HANGS_SECONDS):
        orders = await asyncio.gather(*(world.buy((stalls, 1), key=f"key {n}") for n in range(3)))
    assert len({order.id for order in orders}) == 3


async def test_a_hundred_buyers_of_ten_tickets_get_ten(world: World) -> None:
    stalls = ticket(quantity=10)
    await world.sell(stalls)
    async with asyncio.timeout(HANGS_SECONDS):
        outcomes = await asyncio.gather(*(world.buy((stalls, 1)) for _ in range(100)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, TicketsUnavailable)]
    assert len(refused) == 90
    assert await world.counters(stalls) == (10, 0)


@pytest.mark.p1
@pytest.mark.parametrize("why", ["refusing", "locked_out"])
async def test_a_refused_payment_releases_the_hold_and_the_promo_code(world: World, why: str) -> None:
    stalls = ticket()
    promo = promo_code(of=stalls)
    await world.sell(stalls, promo_codes=[promo])
    setattr(world.payment, why, True)
    with pytest.raises(PaymentNotPossible) as failure:
        await world.buy((stalls, 2), promo_code=promo.code)
    assert failure.value.hold_released
    assert await world.counters(stalls) == (0, 0)
    assert await world.uses(promo) == 0


@pytest.mark.p1
async def test_a_refused_payment_does_not_use_up_the_key(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.refusing = True
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2), key="once")
    world.payment.refusing = False
    order = await world.buy((stalls, 2), key="once")
    assert order.status is OrderStatus.PENDING
    assert order.checkout_url
    assert await world.counters(stalls) == (2, 0)


@pytest.mark.p1
async def test_a_provider_that_is_away_leaves_the_hold_and_a_retry_finds_the_order(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.available = False
    with pytest.raises(PaymentNotPossible, match="please try again") as failure:
        await world.buy((stalls, 2), key="once")
    assert not failure.value.hold_released
    assert await world.counters(stalls) == (2, 0)
    world.payment.available = True
    order = await world.buy((stalls, 2), key="once")
    assert order.checkout_url
    assert await world.counters(stalls) == (2, 0)


@pytest.mark.p1
async def test_a_lost_answer_is_found_again_by_the_retry(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.losing_answers = True
    with pytest.raises(PaymentNotPossible):
        await world.buy((stalls, 2), key="once")
    world.payment.losing_answers = False
    order = await world.buy((stalls, 2), key="once")
    assert set(world.payment.opened) == {order.session_id}


@pytest.mark.p1
async def test_a_provider_that_works_on_the_same_call_already_means_wait(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.busy = True
    with pytest.raises(CheckoutInProgress):
        await world.buy((stalls, 2), key="once")
    assert await world.counters(stalls) == (2, 0)
    world.payment.busy = False
    assert (await world.buy((stalls, 2), key="once")).checkout_url


async def test_an_order_whose_turn_comes_later_is_held_and_gets_its_payment_page_in_the_background(
    world: World,
) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.queue_seconds = PATIENCE_SECONDS + 0.1
    order = await world.buy((stalls, 2), key="once")
    assert order.status is OrderStatus.PENDING
    assert (order.session_id, order.checkout_url) == (None, None)
    assert world.links.checkout_url(order) == world.links.pay_page(order)
    assert await world.counters(stalls) == (2, 0)
    payable = await world.until_it_has_a_session(order)
    assert await world.buy((stalls, 2), key="once") == payable
    assert len(world.payment.opened) == 1


async def test_a_buyer_waits_a_moment_for_a_turn_that_comes_soon(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.payment.queue_seconds = PATIENCE_SECONDS
    assert (await world.buy((stalls, 2))).checkout_url


async def test_an_order_that_was_paid_meanwhile_gets_no_second_payment_page(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2), key="once")
    assert order.session_id
    world.payment.pay(order.session_id)
    paid = await world.complete_order(order.session_id)
    assert await world.buy((stalls, 2), key="once") == paid
    assert len(world.payment.opened) == 1


@pytest.mark.p2
async def test_the_log_tells_of_new_orders_only(world: World, caplog: pytest.LogCaptureFixture) -> None:
    stalls = ticket()
    await world.sell(stalls)
    with caplog.at_level(logging.INFO):
        order = await world.buy((stalls, 2), key="once")
        await world.buy((stalls, 2), key="once")
    created = [message for message in caplog.messages if message.startswith(f"Order {order.id} created in ")]
    assert len(created) == 1


@pytest.mark.p1
async def test_two_tabs_with_different_keys_hold_twice_and_neither_oversells(world: World) -> None:
    stalls = ticket(quantity=3)
    await world.sell(stalls)
    await world.buy((stalls, 2), key="first tab")
    with pytest.raises(TicketsUnavailable, match="only 1 left"):
        await world.checkout(request((stalls, 2), key="second tab"))
