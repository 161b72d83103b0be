"""Two sessions of one order, both paid at Stripe: the buyer pays once, whichever step fails in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox.faults import FaultKind
from domain.consistency import Invariant
from domain.tasks import TaskState
from tests.support.faults.outages import checked_out
from tests.support.second_payments import another_session, assert_producer_bore_all, paid_twice, refunds_of
from tests.support.stripe_world import CREATE_REFUND, StripeWorld, stripe_world, webhooks_held_back

pytestmark = pytest.mark.p1


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


async def findings(world: StripeWorld) -> dict[Invariant, set[UUID]]:
    found = await world.container.check_consistency()()
    return {each: {example.subject_id for example in those.examples} for each, those in found.items() if those.count}


async def test_second_payment_is_refunded_whole_and_out_of_where_it_went(world: StripeWorld) -> None:
    placed, own, other = await paid_twice(world)
    assert (await findings(world))[Invariant.DUPLICATE_PAYMENTS] == {UUID(placed["order_id"])}

    assert set(await world.work_off(placed["order_id"])) == {TaskState.DONE}

    [refund] = await refunds_of(world, other)
    assert (refund.amount, refund.status, refund.reason) == (other.amount, "succeeded", "duplicate")
    await assert_producer_bore_all(world, other)
    assert await refunds_of(world, own) == []
    await world.sandbox.control.webhooks.idle()
    order = (await world.box_office.order(placed)).body
    assert (order["status"], order["refunded_amount"], len(order["attendees"])) == ("completed", "0.00", 2)
    assert Invariant.DUPLICATE_PAYMENTS not in await findings(world)
    assert await world.work_off(placed["order_id"]) == [TaskState.DONE]  # the mail


async def test_second_payment_that_stripe_does_not_refund_is_named_until_it_does(world: StripeWorld) -> None:
    placed, _, other = await paid_twice(world)
    world.sandbox.control.inject_fault(CREATE_REFUND, FaultKind.CARD_DECLINED)
    assert TaskState.DEAD in await world.work_off(placed["order_id"])
    assert {Invariant.DUPLICATE_PAYMENTS, Invariant.TASKS} <= (await findings(world)).keys()

    await world.container.retry_dead_tasks()(None)
    await world.work_off(placed["order_id"])

    [refund] = await refunds_of(world, other)
    assert refund.amount == other.amount
    assert Invariant.DUPLICATE_PAYMENTS not in await findings(world)


async def test_second_payment_that_no_event_told_of_is_found_by_looking_back(world: StripeWorld) -> None:
    _, placed = await checked_out(world)
    with webhooks_held_back(world.sandbox):
        second = await another_session(world, placed)
        await world.box_office.pay(placed)
        await world.box_office.come_back(placed)
        world.sandbox.control.act(second, "paid")

        for _ in range(2):
            await world.container.reconcile().look_for_lost_payments()
        await world.work_off(placed["order_id"])

        refunds = [await refunds_of(world, charge) for charge in await world.stripe.charges(placed["order_id"])]
    assert sorted(map(len, refunds)) == [0, 1]


@pytest.mark.parametrize("part", [5_00, None], ids=["a part", "all"])
async def test_what_a_bank_takes_of_the_second_payment_is_the_producers_cost_and_the_rest_goes_back(
    world: StripeWorld, part: int | None
) -> None:
    placed, _, other = await paid_twice(world)
    dispute = world.sandbox.control.open_dispute(other.id, amount=part)
    world.sandbox.control.close_dispute(dispute["id"], "lost")
    await world.sandbox.control.webhooks.idle()
    for _ in range(2):
        await world.work_off(placed["order_id"])

    rest = other.amount - (part or other.amount)
    assert [refund.amount for refund in await refunds_of(world, other)] == ([rest] if rest else [])
    await assert_producer_bore_all(world, other)
    assert Invariant.DUPLICATE_PAYMENTS not in await findings(world)


async def test_appeal_that_is_won_gives_the_buyer_the_rest_and_takes_nothing_more_from_the_producer(
    world: StripeWorld,
) -> None:
    placed, _, other = await paid_twice(world)
    dispute = world.sandbox.control.open_dispute(other.id, amount=5_00)
    for statuses in (("lost",), ("appeal_needs_response", "won")):
        for status in statuses:
            world.sandbox.control.move_dispute(dispute["id"], status)
        await world.sandbox.control.webhooks.idle()
        for _ in range(2):
            await world.work_off(placed["order_id"])

    after_appeal, rest = await refunds_of(world, other)
    assert (after_appeal.amount, rest.amount) == (5_00, other.amount - 5_00)
    assert rest.transfer_reversal
    assert after_appeal.transfer_reversal is None  # the producer bore the loss when the bank had it
    await assert_producer_bore_all(world, other)
    assert Invariant.DUPLICATE_PAYMENTS not in await findings(world)


async def test_dispute_over_the_second_payment_is_none_of_the_orders(world: StripeWorld) -> None:
    placed, _, other = await paid_twice(world)
    dispute = world.sandbox.control.open_dispute(other.id)
    world.sandbox.control.close_dispute(dispute["id"], "lost")
    await world.sandbox.control.webhooks.idle()

    stored = await world.box_office.stored_order(placed)

    assert stored.success
    assert not stored.disputed
    assert Invariant.DUPLICATE_PAYMENTS not in await findings(world)
