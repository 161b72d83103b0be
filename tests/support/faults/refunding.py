"""Refunds, and money that the buyer's bank takes back."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.ports.payment import PaymentUnavailable
from demo.stripe_sandbox.faults import FaultKind
from domain.orders import AttendeeStatus
from domain.refunds import Refund, RefundStatus
from domain.tasks import TaskState
from tests.support.box_office import Json
from tests.support.faults.outages import Scenario, event_refused_at_first, outage, paid, until_asked_with_another_key
from tests.support.second_payments import assert_producer_bore_all, paid_twice
from tests.support.second_payments import refunds_of as refunds_of_charge
from tests.support.stripe_world import (
    CREATE_REFUND,
    LIST_DISPUTES,
    LIST_REFUNDS,
    RETRIEVE_DISPUTE,
    RETRIEVE_REFUND,
    REVERSE_TRANSFER,
    StripeWorld,
    minor,
    tasks_of,
    webhooks_held_back,
)


async def refunds_of(world: StripeWorld, placed: Json) -> list[Refund]:
    async with world.box_office.unit_of_work() as uow:
        return await uow.refunds.of_order(UUID(placed["order_id"]))


def refunding(operation: str) -> Scenario:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """The worker's retry gives back what the first try did not, and nothing twice."""
        on_sale, placed = await paid(world)
        await world.work_off(placed["order_id"])
        await world.container.refund_order()(UUID(placed["order_id"]))

        with outage(world.sandbox, operation, fault):
            submitted, told = await world.work_off(placed["order_id"])
            assert submitted is TaskState.PENDING
        # The buyer gets a mail only about what Stripe has accepted; after a lost answer an event may report it.
        assert told is TaskState.PENDING or fault is FaultKind.ANSWER_LOST
        await until_asked_with_another_key(fault)
        assert set(await world.work_off(placed["order_id"])) == {TaskState.DONE}

        assert [refund.amount for refund in await world.stripe.refunds(placed["order_id"])] == [minor(placed["total"])]
        order = (await world.box_office.order(placed)).body
        assert (order["status"], order["refunded_amount"]) == ("refunded", placed["total"])
        async with world.box_office.unit_of_work() as uow:
            [refund] = await uow.refunds.of_order(UUID(placed["order_id"]))
        assert refund.status is RefundStatus.SUCCEEDED
        assert await world.box_office.counters(on_sale) == [(0, 0)]

    return scenario


async def refused_refund(world: StripeWorld, fault: FaultKind) -> None:
    """No money went back, and all parties can see it."""
    _, placed = await paid(world)
    await world.work_off(placed["order_id"])
    await world.container.refund_order()(UUID(placed["order_id"]))

    with outage(world.sandbox, CREATE_REFUND, fault):
        # The buyer's mail is dropped.
        assert await world.work_off(placed["order_id"]) == [TaskState.DEAD, TaskState.DONE]

    assert await world.stripe.refunds(placed["order_id"]) == []
    order = await world.box_office.stored_order(placed)
    assert order.refunded_amount == 0
    assert {attendee.status for attendee in order.attendees} == {AttendeeStatus.VOID}
    async with world.box_office.unit_of_work() as uow:
        [refund] = await uow.refunds.of_order(order.id)
    assert refund.status is RefundStatus.FAILED
    assert refund.failure_reason


async def learning_of_a_refund_by_hand(world: StripeWorld, fault: FaultKind) -> None:
    """A refund is made in Stripe's dashboard."""
    _, placed = await paid(world)
    charge = await world.stripe.charge(placed["order_id"])

    async with event_refused_at_first(world, LIST_REFUNDS, fault):
        await world.stripe.client.v1.refunds.create_async(params={"charge": charge.id, "amount": 1000})
        assert await refunds_of(world, placed) == []

    [refund] = await refunds_of(world, placed)
    assert (refund.amount, refund.made_by_provider) == (1000, True)
    assert (await world.box_office.stored_order(placed)).refunded_amount == 1000


async def learning_that_a_refund_failed(world: StripeWorld, fault: FaultKind) -> None:
    """The refund failed at the buyer's bank, days after Stripe had accepted it."""
    _, placed = await paid(world)
    await world.container.refund_order()(UUID(placed["order_id"]))
    await world.work_off(placed["order_id"])
    [refund] = await refunds_of(world, placed)

    async with event_refused_at_first(world, RETRIEVE_REFUND, fault):
        world.sandbox.control.settle_refund(refund.provider_refund_id or "", "failed")

    [refund] = await refunds_of(world, placed)
    assert refund.status is RefundStatus.FAILED
    assert (await world.box_office.stored_order(placed)).refunded_amount == 0


async def learning_of_a_dispute(world: StripeWorld, fault: FaultKind) -> None:
    _, placed = await paid(world)
    charge = await world.stripe.charge(placed["order_id"])

    async with event_refused_at_first(world, RETRIEVE_DISPUTE, fault):
        world.sandbox.control.open_dispute(charge.id)
        assert not (await world.box_office.stored_order(placed)).disputed

    assert (await world.box_office.stored_order(placed)).disputed


async def lost_dispute(world: StripeWorld) -> Json:
    """An order whose buyer's bank has taken the money for good; the producer's transfer is as it was."""
    _, placed = await paid(world)
    await world.work_off(placed["order_id"])
    charge = await world.stripe.charge(placed["order_id"])
    dispute = world.sandbox.control.open_dispute(charge.id)
    world.sandbox.control.close_dispute(dispute["id"], "lost")
    await world.sandbox.control.webhooks.idle()
    return placed


def losing_a_dispute(operation: str) -> Scenario:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """The worker's retry takes from the producer what the first try did not, and nothing twice."""
        placed = await lost_dispute(world)

        with outage(world.sandbox, operation, fault):
            assert TaskState.PENDING in await world.work_off(placed["order_id"])
        await until_asked_with_another_key(fault)
        assert set(await world.work_off(placed["order_id"])) == {TaskState.DONE}

        await assert_taken_back_once(world, placed)

    return scenario


def losing_a_dispute_over_a_second_payment(operation: str) -> Scenario:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """A bank takes a part. The rest goes back, and the producer bears the part: each once, whatever fails."""
        placed, _, second = await paid_twice(world)
        dispute = world.sandbox.control.open_dispute(second.id, amount=5_00)
        world.sandbox.control.close_dispute(dispute["id"], "lost")
        await world.sandbox.control.webhooks.idle()

        with outage(world.sandbox, operation, fault):
            assert TaskState.PENDING in await world.work_off(placed["order_id"])
        await until_asked_with_another_key(fault)
        assert set(await world.work_off(placed["order_id"])) == {TaskState.DONE}

        assert [refund.amount for refund in await refunds_of_charge(world, second)] == [second.amount - 5_00]
        await assert_producer_bore_all(world, second)

    return scenario


async def refused_reversal(world: StripeWorld, fault: FaultKind) -> None:
    """The task that was given up is visible, and may be tried again."""
    placed = await lost_dispute(world)

    with outage(world.sandbox, REVERSE_TRANSFER, fault):
        assert TaskState.DEAD in await world.work_off(placed["order_id"])
    [task_id] = [
        task_id for task_id, _, state in await tasks_of(world.settings, placed["order_id"]) if state == TaskState.DEAD
    ]
    await world.container.retry_dead_tasks()([task_id])
    assert await world.work_off(placed["order_id"]) == [TaskState.DONE]

    await assert_taken_back_once(world, placed)


async def assert_taken_back_once(world: StripeWorld, placed: Json) -> None:
    transfer = await world.stripe.transfer(placed["order_id"])
    assert transfer.amount_reversed == transfer.amount == minor(placed["total"])
    assert len(transfer.reversals.data) == 1
    fee = await world.stripe.application_fee(placed["order_id"])
    assert fee.amount_refunded == fee.amount


async def finding_a_dispute(world: StripeWorld, fault: FaultKind) -> None:
    """No event reported it, and the review could not ask: its next pass finds it."""
    _, placed = await paid(world)
    charge = await world.stripe.charge(placed["order_id"])
    review = world.container.review_refunds_and_disputes()
    with webhooks_held_back(world.sandbox):
        world.sandbox.control.open_dispute(charge.id)

        with outage(world.sandbox, LIST_DISPUTES, fault), pytest.raises(PaymentUnavailable):
            await review()
        assert not (await world.box_office.stored_order(placed)).disputed
        await review()

        assert (await world.box_office.stored_order(placed)).disputed
