"""The handling of each type of event that the provider sends."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from typing_extensions import override

from application.ports.orders import OrderRef
from application.ports.payment import PaymentEvent, PaymentEventKind, PaymentIntent, PaymentObjectNotFound, RefundState
from application.ports.webhooks import EventContext
from domain.catalog import Producer
from domain.disputes import DisputeStatus
from domain.errors import NotFound
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.refunds import RefundStatus
from tests.application.world import FlakyPayment, World
from tests.support.disputes import dispute_state
from tests.support.factories import order, producer, ticket

pytestmark = pytest.mark.p1


async def react(world: World, kind: PaymentEventKind, object_id: str) -> None:
    event = PaymentEvent(id="evt_1", type=kind, object_id=object_id, livemode=False)
    await world.event_handlers.handle(kind, EventContext(event, handled=False, order=None))


async def sold(world: World) -> Order:
    stalls = ticket()
    await world.sell(stalls)
    return await world.buy_and_pay((stalls, 2))


async def payable(world: World) -> tuple[Order, str]:
    """An order whose session is open, and the id of its payment."""
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    return order, f"pi_memory_{order.id.hex}"


def made_at_stripe(sold: Order, amount: int, status: RefundStatus = RefundStatus.SUCCEEDED) -> RefundState:
    return RefundState(
        provider_refund_id="re_dashboard",
        payment_intent_id=sold.payment_intent_id,
        refund_id=None,
        amount=amount,
        status=status,
        failure_reason=None,
    )


async def handled_events(world: World) -> list[str]:
    async with world.database() as uow:
        received = await uow.inbox.get("evt_1")
    return [received.event.id] if received and received.handled_at else []


@pytest.mark.parametrize("kind", PaymentEventKind)
async def test_every_kind_of_event_has_a_handler(world: World, kind: PaymentEventKind) -> None:
    with contextlib.suppress(NotFound, PaymentObjectNotFound):
        await react(world, kind, "unknown")


async def test_a_session_is_brought_in_line_with_its_order_and_its_event_is_kept(world: World) -> None:
    order, _ = await payable(world)
    assert order.session_id
    world.payment.pay(order.session_id)
    await react(world, PaymentEventKind.SESSION_CHANGED, order.session_id)
    assert (await world.order(order.id)).success
    assert await handled_events(world) == ["evt_1"]


async def test_the_event_of_a_session_whose_order_is_paid_is_kept_without_asking_the_provider(world: World) -> None:
    order = await sold(world)
    world.payment.asked.clear()
    assert order.session_id
    kind = PaymentEventKind.SESSION_CHANGED
    event = PaymentEvent(id="evt_1", type=kind, object_id=order.session_id, livemode=False)
    context = EventContext(event, handled=False, order=OrderRef(order.id, order.status))
    await world.event_handlers.handle(kind, context)
    assert await handled_events(world) == ["evt_1"]
    assert world.payment.asked == []


async def test_a_declined_card_is_shown_on_the_order(world: World) -> None:
    order, intent_id = await payable(world)
    assert order.session_id
    world.payment.decline(order.session_id, "Your card has insufficient funds.")
    await react(world, PaymentEventKind.PAYMENT_DECLINED, intent_id)
    assert (await world.order(order.id)) == replace(order, last_payment_error="Your card has insufficient funds.")


async def test_a_payment_that_has_no_error_any_more_changes_nothing(world: World) -> None:
    order, intent_id = await payable(world)
    await react(world, PaymentEventKind.PAYMENT_DECLINED, intent_id)
    assert await world.order(order.id) == order


class SomebodyElsesPayment(FlakyPayment):
    @override
    async def intent(self, intent_id: str) -> PaymentIntent:
        return PaymentIntent(id=intent_id, order_id=None, last_error="Your card was declined.")


async def test_a_payment_of_no_order_is_not_found() -> None:
    world = World(payment=SomebodyElsesPayment())
    with pytest.raises(NotFound, match="payment"):
        await react(world, PaymentEventKind.PAYMENT_DECLINED, "pi_shop")
    await world.close()


async def test_a_payment_that_the_provider_does_not_know_is_told(world: World) -> None:
    with pytest.raises(PaymentObjectNotFound):
        await react(world, PaymentEventKind.PAYMENT_DECLINED, "pi_unknown")


async def test_every_refund_of_a_charge_is_followed(world: World) -> None:
    order = await sold(world)
    world.payment.refunds = {
        name: replace(made_at_stripe(order, amount), provider_refund_id=name)
        for name, amount in (("re_1", 10_00), ("re_2", 5_00))
    }
    await react(world, PaymentEventKind.CHARGE_REFUNDED, order.charge_id or "")
    assert [refund.amount for refund in await world.refunds(order)] == [10_00, 5_00]
    assert (await world.order(order.id)).refunded_amount == 15_00


async def test_a_charge_without_refunds_changes_nothing(world: World) -> None:
    order = await sold(world)
    await react(world, PaymentEventKind.CHARGE_REFUNDED, order.charge_id or "")
    assert await world.order(order.id) == order


async def test_a_refund_that_fails_later_is_followed(world: World) -> None:
    order = await sold(world)
    world.payment.refunds["re_dashboard"] = made_at_stripe(order, 10_00)
    await react(world, PaymentEventKind.REFUND_CHANGED, "re_dashboard")
    assert (await world.order(order.id)).refunded_amount == 10_00
    world.payment.refunds["re_dashboard"] = made_at_stripe(order, 10_00, RefundStatus.FAILED)
    await react(world, PaymentEventKind.REFUND_CHANGED, "re_dashboard")
    assert (await world.order(order.id)).refunded_amount == 0


async def test_a_refund_that_the_provider_does_not_know_is_told(world: World) -> None:
    with pytest.raises(PaymentObjectNotFound):
        await react(world, PaymentEventKind.REFUND_CHANGED, "re_unknown")


async def test_a_dispute_flags_its_order_until_it_is_won(world: World) -> None:
    order = await sold(world)
    dispute = dispute_state(order.payment_intent_id)
    world.payment.disputes["dp_1"] = dispute
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    assert await world.order(order.id) == replace(order, disputed=True)
    world.payment.disputes["dp_1"] = replace(dispute, status=DisputeStatus.WON)
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    assert await world.order(order.id) == order


async def test_a_lost_dispute_voids_the_tickets(world: World) -> None:
    order = await sold(world)
    world.payment.disputes["dp_1"] = dispute_state(order.payment_intent_id, status=DisputeStatus.LOST)
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    lost = await world.order(order.id)
    assert lost.disputed
    assert {attendee.status for attendee in lost.attendees} == {AttendeeStatus.VOID}


async def test_news_of_disputes_may_come_in_any_order(world: World) -> None:
    order = await sold(world)
    world.payment.disputes["dp_1"] = dispute_state(order.payment_intent_id, status=DisputeStatus.WON)
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    assert not (await world.order(order.id)).disputed


async def test_a_dispute_that_is_told_before_the_payment_flags_the_order_all_the_same(world: World) -> None:
    order, intent_id = await payable(world)
    world.payment.pay(order.session_id or "")
    world.payment.disputes["dp_1"] = dispute_state(intent_id)
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    disputed = await world.order(order.id)
    assert (disputed.status, disputed.disputed) == (OrderStatus.COMPLETED, True)


async def test_a_dispute_may_be_about_an_order_that_was_refunded(world: World) -> None:
    order = await sold(world)
    await world.refund_order(order.id)
    dispute = dispute_state(order.payment_intent_id)
    for status in (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW):
        world.payment.disputes["dp_1"] = replace(dispute, status=status)
        await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
        disputed = await world.order(order.id)
        assert (disputed.status, disputed.disputed) == (OrderStatus.REFUNDED, True)
    world.payment.disputes["dp_1"] = replace(dispute, status=DisputeStatus.WON)
    await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")
    assert not (await world.order(order.id)).disputed


@pytest.mark.parametrize("kind", [PaymentEventKind.CHARGE_REFUNDED, PaymentEventKind.REFUND_CHANGED])
async def test_a_refund_that_is_told_before_the_payment_is_followed_all_the_same(
    world: World, kind: PaymentEventKind
) -> None:
    order, intent_id = await payable(world)
    world.payment.pay(order.session_id or "")
    world.payment.refunds["re_dashboard"] = replace(made_at_stripe(order, 10_00), payment_intent_id=intent_id)
    about = "re_dashboard" if kind is PaymentEventKind.REFUND_CHANGED else f"ch_memory_{order.id.hex}"
    await react(world, kind, about)
    refunded = await world.order(order.id)
    assert (refunded.status, refunded.refunded_amount) == (OrderStatus.COMPLETED, 10_00)


async def test_a_dispute_of_an_order_that_the_database_has_lost_is_not_found(world: World) -> None:
    elsewhere = World(payment=world.payment)
    stranger, _ = await payable(elsewhere)
    await elsewhere.close()
    world.payment.disputes["dp_1"] = dispute_state(f"pi_memory_{stranger.id.hex}")
    with pytest.raises(NotFound, match="payment"):
        await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")


async def test_a_dispute_of_a_payment_that_the_provider_does_not_know_is_told(world: World) -> None:
    world.payment.disputes["dp_1"] = dispute_state("pi_shop")
    with pytest.raises(PaymentObjectNotFound):
        await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")


async def test_a_dispute_of_no_payment_is_not_found(world: World) -> None:
    world.payment.disputes["dp_1"] = dispute_state(None)
    with pytest.raises(NotFound, match="payment"):
        await react(world, PaymentEventKind.DISPUTE_CHANGED, "dp_1")


async def stored_producer(world: World, seller: Producer) -> Producer:
    async with world.database() as uow:
        found = await uow.producers.get(seller.id)
    assert found
    return found


async def test_an_account_that_can_take_charges_now_lets_its_producers_sell(world: World) -> None:
    seller, partner = (producer(account="acct_new", charges_enabled=False) for _ in range(2))
    other = producer(account="acct_other", charges_enabled=False)
    for each in (seller, partner, other):
        await world.add_producer(each)
    await react(world, PaymentEventKind.ACCOUNT_CHANGED, "acct_new")
    assert (await stored_producer(world, seller)).financial.charges_enabled
    assert (await stored_producer(world, partner)).financial.charges_enabled
    assert await stored_producer(world, other) == other


async def test_an_account_that_was_stopped_stops_its_producer(world: World) -> None:
    seller = producer(account="acct_stopped")
    await world.add_producer(seller)
    world.payment.disabled_accounts.add("acct_stopped")
    await react(world, PaymentEventKind.ACCOUNT_CHANGED, "acct_stopped")
    stopped = await stored_producer(world, seller)
    assert stopped == replace(seller, financial=replace(seller.financial, charges_enabled=False))
    await world.run_tasks()
    await react(world, PaymentEventKind.ACCOUNT_CHANGED, "acct_stopped")  # Stripe sends several, and one is news
    await world.run_tasks()
    [mail] = world.mailer.sent
    assert (mail.to_address, mail.content.subject) == (seller.email, "Payouts")


async def test_an_account_of_nobody_here_is_left_alone(world: World) -> None:
    await react(world, PaymentEventKind.ACCOUNT_CHANGED, "acct_of_a_shop")


async def test_an_order_of_another_status_may_be_declined_late(world: World) -> None:
    expired = order(status=OrderStatus.EXPIRED)
    await world.sell(ticket(id=expired.lines[0].ticket_id, show_id=expired.show_id))
    await world.add(expired)
    await world.payment.open_session(expired, success_url="", cancel_url="")
    world.payment.decline(f"cs_memory_{expired.id.hex}", "Your card was declined.")
    await react(world, PaymentEventKind.PAYMENT_DECLINED, f"pi_memory_{expired.id.hex}")
    assert await world.order(expired.id) == expired
