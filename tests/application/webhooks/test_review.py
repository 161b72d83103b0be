"""Events that failed can be listed; refunds and disputes are reviewed again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from application.ports.payment import PaymentEventKind, RefundState
from application.ports.webhooks import ReceivedEvent
from domain.consistency import Invariant
from domain.disputes import DisputeStatus
from domain.orders import Order, OrderStatus
from domain.refunds import RefundStatus
from tests.application.world import SIGNATURE, World
from tests.support.disputes import dispute_state
from tests.support.factories import ticket

pytestmark = pytest.mark.p1


async def sold(world: World) -> Order:
    stalls = ticket()
    await world.sell(stalls)
    return await world.buy_and_pay((stalls, 2))


def refunded_by_hand(world: World, order: Order, amount: int) -> None:
    world.payment.refunds["re_by_hand"] = RefundState(
        provider_refund_id="re_by_hand",
        payment_intent_id=order.payment_intent_id,
        refund_id=None,
        amount=amount,
        status=RefundStatus.SUCCEEDED,
        failure_reason=None,
    )


async def tell(world: World, kind: PaymentEventKind, object_id: str, event_id: str) -> None:
    await world.handle_payment_event(f"{kind}:{event_id}:{object_id}".encode(), SIGNATURE)


async def failed(world: World) -> list[ReceivedEvent]:
    return [received async for received in world.list_failed_events()]


async def findings(world: World) -> set[Invariant]:
    return {each for each, found in (await world.check_consistency()).items() if found.count}


async def test_event_whose_object_could_not_be_read_is_seen_until_it_is_handled(world: World) -> None:
    await sold(world)
    await tell(world, PaymentEventKind.REFUND_CHANGED, "re_by_hand", "evt_failed")  # read as unknown

    [received] = await failed(world)
    assert (received.event.id, received.last_error) == ("evt_failed", "PaymentObjectNotFound: re_by_hand")
    assert await findings(world) == {Invariant.EVENTS}

    order = next(iter((await world.database.begin()).orders.values()))
    world.database.end()
    refunded_by_hand(world, order, 10_00)
    await world.handle_payment_event.replay("evt_failed")
    assert await failed(world) == []
    assert await findings(world) == set()


async def test_event_about_somebody_elses_sale_by_the_same_account_is_no_failure(world: World) -> None:
    other = await sold(world)
    refunded_by_hand(world, other, 1)
    theirs = world.payment.refunds["re_by_hand"]
    world.payment.refunds["re_theirs"] = RefundState(
        provider_refund_id="re_theirs",
        payment_intent_id=None,
        refund_id=None,
        amount=theirs.amount,
        status=theirs.status,
        failure_reason=None,
    )
    await tell(world, PaymentEventKind.REFUND_CHANGED, "re_theirs", "evt_theirs")

    assert await failed(world) == []
    assert await findings(world) == set()


async def test_failed_events_are_listed_oldest_first_however_many(world: World) -> None:
    for number in range(205):
        await tell(world, PaymentEventKind.REFUND_CHANGED, "re_unknown", f"evt_{number:03}")
        world.clock.advance(timedelta(seconds=1))

    assert [received.event.id for received in await failed(world)] == [f"evt_{number:03}" for number in range(205)]


async def test_refund_that_no_event_told_of_is_found(world: World) -> None:
    order = await sold(world)
    refunded_by_hand(world, order, order.amount_paid)

    assert await world.review_refunds_and_disputes() == 1

    assert (await world.order(order.id)).status is OrderStatus.REFUNDED


async def test_refund_that_failed_unheard_is_found(world: World) -> None:
    order = await sold(world)
    await world.refund_order(order.id)
    await world.run_tasks()
    [(name, made)] = world.payment.refunds.items()
    world.payment.refunds[name] = RefundState(
        provider_refund_id=name,
        payment_intent_id=made.payment_intent_id,
        refund_id=made.refund_id,
        amount=made.amount,
        status=RefundStatus.FAILED,
        failure_reason="lost_or_stolen_card",
    )

    await world.review_refunds_and_disputes()

    assert [refund.status for refund in await world.refunds(order)] == [RefundStatus.FAILED]


@pytest.mark.parametrize("status", [DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST])
async def test_dispute_that_no_event_told_of_is_found(world: World, status: DisputeStatus) -> None:
    order = await sold(world)
    world.payment.disputes["dp_1"] = dispute_state(order.payment_intent_id, status=status)

    for _ in range(2):
        await world.review_refunds_and_disputes()

    async with world.database() as uow:
        [found] = await uow.disputes.of_order(order.id)
    assert found.status is status


async def test_what_is_not_ours_is_left_alone(world: World) -> None:
    order = await sold(world)
    world.payment.disputes["dp_theirs"] = dispute_state("pi_theirs", id="dp_theirs")
    world.payment.disputes["dp_1"] = dispute_state(order.payment_intent_id)

    assert await world.review_refunds_and_disputes() == 2

    assert (await world.order(order.id)).disputed
