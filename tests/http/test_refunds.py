"""Refunds: the amounts at Stripe match ours to the cent, and every refund is followed to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import SandboxOptions
from domain.errors import Conflict
from domain.orders import Order, OrderStatus
from domain.refunds import Refund, RefundStatus
from domain.tasks import TaskState
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import promo_code, ticket
from tests.support.stripe_world import StripeWorld, minor, stripe_world, webhooks_held_back


@pytest.fixture(scope="module", params=["0", "0.08875"], ids=["without tax", "with tax"])
async def world(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, redis_url: str
) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, options=SandboxOptions(tax_rate=Decimal(request.param))) as started:
        yield started


async def sold(world: StripeWorld) -> tuple[OnSale, Json]:
    """Three paid tickets of two prices, with a discount; their tasks are done."""
    on_sale = await world.box_office.put_on_sale(ticket(price=3333), ticket(price=1001), promo_codes=[promo_code()])
    placed = (await world.box_office.checkout(on_sale.cart(2, 1), promo_code="TEST20")).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(placed["order_id"])
    return on_sale, order


async def refunded(world: StripeWorld, order: Json, attendees: int | None = None, **terms: Any) -> Refund:
    """Refund this number of attendees (None: all) and submit it to Stripe."""
    left = [UUID(attendee["id"]) for attendee in order["attendees"] if attendee["status"] == "valid"]
    _, refund = await world.container.refund_order()(
        UUID(order["order_id"]), attendee_ids=None if attendees is None else left[:attendees], **terms
    )
    assert refund
    assert set(await world.work_off(order["order_id"])) == {TaskState.DONE}
    return await stored_refund(world, order, refund.sequence)


async def stored_refund(world: StripeWorld, order: Json, sequence: int = 1) -> Refund:
    async with world.box_office.unit_of_work() as uow:
        refunds = await uow.refunds.of_order(UUID(order["order_id"]))
    return next(refund for refund in refunds if refund.sequence == sequence)


async def now(box_office: BoxOffice, order: Json) -> tuple[Json, Order]:
    """The order again, as its buyer sees it and as it is stored; its token has not changed."""
    stored = await box_office.stored_order(order)
    return {**order, "attendees": [{"id": str(a.id), "status": a.status.value} for a in stored.attendees]}, stored


async def assert_stripe_agrees(world: StripeWorld, order: Json) -> None:
    """Check that the charge and its refunds match our books."""
    stored = await world.box_office.stored_order(order)
    charge = await world.stripe.charge(order["order_id"])
    assert (charge.amount, charge.amount_refunded) == (stored.amount_paid, stored.refunded_amount)
    assert charge.application_fee_amount == stored.quote.fees
    assert (await world.stripe.transfer(order["order_id"])).amount_reversed == stored.refunded_amount


async def test_whole_order_with_fees(world: StripeWorld) -> None:
    on_sale, order = await sold(world)

    refund = await refunded(world, order)

    charge = await world.stripe.charge(order["order_id"])
    assert refund.amount == charge.amount == minor(order["total"]) + minor(order["tax"])
    assert refund.status is RefundStatus.SUCCEEDED
    _, stored = await now(world.box_office, order)
    assert (stored.status, stored.success) == (OrderStatus.REFUNDED, False)
    assert await world.box_office.counters(on_sale) == [(0, 0), (0, 0)]
    await assert_stripe_agrees(world, order)
    assert (await world.stripe.application_fee(order["order_id"])).amount_refunded == stored.quote.fees


async def test_whole_order_without_fees_leaves_them_with_the_platform(world: StripeWorld) -> None:
    _, order = await sold(world)

    refund = await refunded(world, order, refund_fees=False)

    assert refund.amount == minor(order["subtotal"]) + minor(order["tax"])
    await assert_stripe_agrees(world, order)
    assert (await world.stripe.application_fee(order["order_id"])).amount_refunded == 0


@pytest.mark.parametrize("refund_fees", [True, False])
async def test_one_attendee_after_the_other_adds_up_to_the_whole_order(world: StripeWorld, refund_fees: bool) -> None:
    on_sale, order = await sold(world)
    amounts = []
    for left in (2, 1, 0):
        amounts.append((await refunded(world, order, 1, refund_fees=refund_fees)).amount)
        order, stored = await now(world.box_office, order)
        assert stored.status is (OrderStatus.PARTIALLY_REFUNDED if left else OrderStatus.REFUNDED)
        assert stored.success is bool(left)
        await assert_stripe_agrees(world, order)

    fees = minor(order["total"]) - minor(order["subtotal"])
    assert sum(amounts) == minor(order["subtotal"]) + minor(order["tax"]) + fees * refund_fees
    assert [refund.amount for refund in await world.stripe.refunds(order["order_id"])] == amounts[::-1]
    assert await world.box_office.counters(on_sale) == [(0, 0), (0, 0)]


async def test_fees_that_come_back_in_parts_come_back_from_the_platform(world: StripeWorld) -> None:
    _, order = await sold(world)
    fees = minor(order["total"]) - minor(order["subtotal"])
    for _ in range(3):
        await refunded(world, order, 1)
        order, _ = await now(world.box_office, order)
    assert (await world.stripe.application_fee(order["order_id"])).amount_refunded == fees


async def test_seats_that_are_not_restocked_stay_sold(world: StripeWorld) -> None:
    on_sale, order = await sold(world)

    await refunded(world, order, 1, restock=False)

    assert await world.box_office.counters(on_sale) == [(0, 2), (0, 1)]
    order, _ = await now(world.box_office, order)
    await refunded(world, order, restock=True)
    assert await world.box_office.counters(on_sale) == [(0, 1), (0, 0)]


async def test_nobody_is_refunded_twice(world: StripeWorld) -> None:
    _, order = await sold(world)
    await refunded(world, order)
    with pytest.raises(Conflict):
        await world.container.refund_order()(UUID(order["order_id"]))
    assert len(await world.stripe.refunds(order["order_id"])) == 1


@pytest.mark.parametrize("end", [RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.CANCELED])
async def test_refund_that_takes_its_time_is_followed_to_its_end(world: StripeWorld, end: RefundStatus) -> None:
    _, order = await sold(world)
    world.sandbox.control.plan_refunds("pending")
    refund = await refunded(world, order)
    assert refund.status is RefundStatus.PENDING
    assert (await world.box_office.stored_order(order)).refunded_amount == refund.amount

    world.sandbox.control.settle_refund(refund.provider_refund_id or "", end)

    await until_refund_is(world, order, end)
    came_back = end is not RefundStatus.SUCCEEDED
    assert (await world.box_office.stored_order(order)).refunded_amount == (0 if came_back else refund.amount)
    charge = await world.stripe.charge(order["order_id"])
    assert charge.amount_refunded == (0 if came_back else refund.amount)


async def test_refund_that_had_succeeded_may_still_fail_at_the_bank(world: StripeWorld) -> None:
    _, order = await sold(world)
    refund = await refunded(world, order)

    world.sandbox.control.settle_refund(refund.provider_refund_id or "", "failed")

    await until_refund_is(world, order, RefundStatus.FAILED)
    assert (await stored_refund(world, order)).failure_reason
    assert (await world.box_office.stored_order(order)).refunded_amount == 0


async def test_news_of_a_refund_that_come_before_its_answer_are_believed(world: StripeWorld) -> None:
    """Repeated events out of order leave one refund, in Stripe's state."""
    _, order = await sold(world)
    webhooks = world.sandbox.control.webhooks
    webhooks.copies, webhooks.shuffled = 3, True
    try:
        with webhooks_held_back(world.sandbox):
            refund = await refunded(world, order)
            world.sandbox.control.settle_refund(refund.provider_refund_id or "", "failed")
        await webhooks.idle()
    finally:
        webhooks.copies, webhooks.shuffled = 1, False

    async with world.box_office.unit_of_work() as uow:
        [followed] = await uow.refunds.of_order(UUID(order["order_id"]))
    assert (followed.id, followed.status) == (refund.id, RefundStatus.FAILED)


async def test_refund_made_in_stripes_dashboard_is_followed(world: StripeWorld) -> None:
    on_sale, order = await sold(world)
    stored = await world.box_office.stored_order(order)

    made = await world.stripe.client.v1.refunds.create_async(
        params={"payment_intent": stored.payment_intent_id or "", "amount": 1000, "reverse_transfer": True}
    )

    await until_refund_is(world, order, RefundStatus.SUCCEEDED)
    refund = await stored_refund(world, order)
    assert (refund.provider_refund_id, refund.amount, refund.made_by_provider) == (made.id, 1000, True)
    _, stored = await now(world.box_office, order)
    assert (stored.status, stored.success, stored.refunded_amount) == (OrderStatus.COMPLETED, True, 1000)
    assert await world.box_office.counters(on_sale) == [(0, 2), (0, 1)]
    await assert_stripe_agrees(world, order)

    rest = await refunded(world, order)

    assert (rest.amount, rest.status) == (stored.amount_paid - 1000, RefundStatus.SUCCEEDED)
    assert await world.box_office.counters(on_sale) == [(0, 0), (0, 0)]
    await assert_stripe_agrees(world, order)


async def until_refund_is(world: StripeWorld, order: Json, status: RefundStatus) -> None:
    """Wait for Stripe's events."""

    async def is_there() -> bool:
        async with world.box_office.unit_of_work() as uow:
            return [r.status for r in await uow.refunds.of_order(UUID(order["order_id"]))] == [status]

    await world.box_office.until(is_there)
