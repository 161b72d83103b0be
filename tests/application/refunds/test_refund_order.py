"""A producer refunds all or some attendees of an order, and never more than is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from application.ports.payment import PaymentUnavailable, RefundState
from application.tasks.run import PermanentTaskError
from domain.errors import Conflict, NotFound
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.refunds import Refund, RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import FlakyPayment, World
from tests.support.factories import NOW, order, promo_code, ticket

pytestmark = pytest.mark.p1

#: 2 x 25.00 with 4.84 fees; with 5 cents of tax the two shares do not divide evenly.
PRICE, FEES, TAX = 50_00, 4_84, 5
stalls = ticket(price=25_00)


async def sold(world: World, *, tax: int = TAX) -> Order:
    """Two tickets, paid."""
    await world.sell(stalls)
    return await world.buy_and_pay((stalls, 2), tax=tax)


def submission_of(order_id: UUID) -> OutboxTask:
    return OutboxTask(id=uuid4(), kind=TaskKind.SUBMIT_REFUNDS, order_id=order_id, due_at=NOW)


async def requested(world: World) -> tuple[Order, Refund]:
    """An order that was refunded in full, of which Stripe does not know yet."""
    order, refund = await world.refund_order((await sold(world)).id)
    assert refund
    return order, refund


def state_of(order: Order, refund: Refund, status: RefundStatus, failure_reason: str | None = None) -> RefundState:
    return RefundState(
        provider_refund_id=f"re_memory_{refund.id.hex}",
        payment_intent_id=order.payment_intent_id,
        refund_id=refund.id,
        amount=refund.amount,
        status=status,
        failure_reason=failure_reason,
    )


def made_at_stripe(order: Order, amount: int, status: RefundStatus = RefundStatus.SUCCEEDED) -> RefundState:
    return RefundState(
        provider_refund_id="re_dashboard",
        payment_intent_id=order.payment_intent_id,
        refund_id=None,
        amount=amount,
        status=status,
        failure_reason=None,
    )


async def test_a_whole_order_is_given_back_fees_and_all(world: World) -> None:
    bought = await sold(world)
    order, refund = await world.refund_order(bought.id, reason="The show is cancelled")
    assert order.status is OrderStatus.REFUNDED
    assert {attendee.status for attendee in order.attendees} == {AttendeeStatus.VOID}
    assert order.refunded_amount == order.amount_paid == PRICE + FEES + TAX
    assert await world.order(order.id) == order
    assert await world.counters(stalls) == (0, 0)
    assert refund
    assert refund == Refund(
        id=refund.id,
        order_id=order.id,
        sequence=1,
        amount=PRICE + FEES + TAX,
        refund_fees=True,
        reason="The show is cancelled",
        created_at=world.clock.now(),
    )
    assert await world.refunds(order) == [refund]


async def test_stripe_is_told_of_a_refund_after_the_commit(world: World) -> None:
    order, _ = await requested(world)
    *_, task = await world.tasks()
    assert (task.kind, task.order_id, task.due_at) == (TaskKind.SUBMIT_REFUNDS, order.id, world.clock.now())
    await world.dispatch.close()
    assert world.notifier.notified[-1] == task.id


async def test_fees_can_be_kept(world: World) -> None:
    order, refund = await world.refund_order((await sold(world)).id, refund_fees=False)
    assert refund
    assert (refund.amount, refund.refund_fees) == (PRICE + TAX, False)
    assert order.refunded_amount == PRICE + TAX


async def test_tickets_can_be_kept_off_sale(world: World) -> None:
    order, _ = await world.refund_order((await sold(world)).id, restock=False)
    assert order.status is OrderStatus.REFUNDED
    assert await world.counters(stalls) == (0, 2)


async def test_one_after_the_other_they_get_back_what_both_paid(world: World) -> None:
    bought = await sold(world)
    first, second = bought.attendees
    partly, one = await world.refund_order(bought.id, attendee_ids=[first.id])
    assert partly.status is OrderStatus.PARTIALLY_REFUNDED
    assert partly.success
    assert [attendee.status for attendee in partly.attendees] == [AttendeeStatus.VOID, AttendeeStatus.VALID]
    assert await world.counters(stalls) == (0, 1)
    fully, other = await world.refund_order(bought.id, attendee_ids=[second.id])
    assert fully.status is OrderStatus.REFUNDED
    assert one
    assert other
    assert (one.amount, other.amount) == (27_44, 27_45)
    assert (one.sequence, other.sequence) == (1, 2)
    assert fully.refunded_amount == bought.amount_paid
    assert await world.refunds(bought) == [one, other]


async def test_the_rest_is_whoever_is_left(world: World) -> None:
    bought = await sold(world)
    await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id])
    fully, rest = await world.refund_order(bought.id)
    assert fully.status is OrderStatus.REFUNDED
    assert rest
    assert rest.amount == 27_45


async def test_a_discount_is_not_given_back(world: World) -> None:
    promo = promo_code(of=stalls, discount="0.20")
    await world.sell(stalls, promo_codes=[promo])
    bought = await world.buy_and_pay((stalls, 2), promo_code=promo.code)
    _, refund = await world.refund_order(bought.id, refund_fees=False)
    assert refund
    assert refund.amount == 40_00


async def test_nobody_is_refunded_twice(world: World) -> None:
    bought = await sold(world)
    partly, _ = await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id])
    with pytest.raises(Conflict):
        await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id])
    assert await world.order(bought.id) == partly
    assert len(await world.refunds(bought)) == 1


async def test_an_order_is_not_refunded_twice(world: World) -> None:
    order, refund = await requested(world)
    with pytest.raises(Conflict):
        await world.refund_order(order.id)
    assert await world.refunds(order) == [refund]
    assert await world.counters(stalls) == (0, 0)


async def test_somebody_of_another_order_is_not_refunded(world: World) -> None:
    bought = await sold(world)
    with pytest.raises(Conflict):
        await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id, uuid4()])
    assert await world.order(bought.id) == bought


async def test_an_order_that_was_not_paid_is_not_refunded(world: World) -> None:
    await world.sell(stalls)
    unpaid = await world.buy((stalls, 2))
    with pytest.raises(Conflict):
        await world.refund_order(unpaid.id)
    assert await world.counters(stalls) == (2, 0)


async def test_an_unknown_order_is_not_refunded(world: World) -> None:
    with pytest.raises(NotFound):
        await world.refund_order(uuid4())


async def test_a_free_order_is_voided_and_no_money_moves(world: World) -> None:
    standing = ticket(price=0)
    await world.sell(standing)
    free = await world.buy((standing, 2))
    before = await world.tasks()
    order, refund = await world.refund_order(free.id)
    assert order.status is OrderStatus.REFUNDED
    assert refund is None
    assert await world.refunds(order) == []
    kinds = [task.kind for task in await world.tasks()]
    assert kinds == [*(task.kind for task in before), TaskKind.REFUND_MAIL]
    assert await world.counters(standing) == (0, 0)


async def test_a_guest_of_a_paid_order_gets_nothing_back(world: World) -> None:
    guest = ticket(price=0, name="Guest", show_id=stalls.show_id)
    await world.sell(stalls, guest)
    bought = await world.buy_and_pay((stalls, 1), (guest, 1))
    order, refund = await world.refund_order(bought.id, attendee_ids=[bought.attendees[1].id])
    assert (order.status, order.refunded_amount, refund) == (OrderStatus.PARTIALLY_REFUNDED, 0, None)


async def test_named_attendees_are_given_back_no_more_than_is_left(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, 27_46))
    before = await world.order(bought.id)
    with pytest.raises(Conflict, match=r"\$27\.43 left to refund"):
        await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id])
    assert await world.order(bought.id) == before
    assert await world.counters(stalls) == (0, 2)


async def test_named_attendee_may_be_given_back_the_last_cent(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, 27_45))
    order, refund = await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id])
    assert refund
    assert (refund.sequence, refund.amount) == (2, 27_44)
    assert order.refunded_amount == bought.amount_paid


@pytest.mark.parametrize("status", [RefundStatus.PENDING, RefundStatus.SUCCEEDED])
async def test_all_that_is_left_after_a_refund_by_hand_goes_back_with_the_whole_order(
    world: World, status: RefundStatus
) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, 5_00, status))
    order, refund = await world.refund_order(bought.id)
    assert refund
    assert refund.amount == bought.amount_paid - 5_00
    assert (order.status, order.refunded_amount) == (OrderStatus.REFUNDED, bought.amount_paid)
    assert {attendee.status for attendee in order.attendees} == {AttendeeStatus.VOID}
    assert await world.counters(stalls) == (0, 0)


async def test_what_failed_by_hand_is_left_again(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, PRICE, RefundStatus.PENDING))
    await world.sync_refund_status(made_at_stripe(bought, PRICE, RefundStatus.FAILED))
    order, refund = await world.refund_order(bought.id)
    assert refund
    assert refund.amount == order.refunded_amount == bought.amount_paid


async def test_a_refund_is_made_at_stripe(world: World) -> None:
    order, refund = await requested(world)
    await world.submit_refunds(submission_of(order.id))
    (made,) = world.payment.refunds.values()
    assert made.amount == refund.amount
    assert await world.refunds(order) == [
        replace(
            refund,
            status=RefundStatus.SUCCEEDED,
            provider_refund_id=made.provider_refund_id,
            changed_at=world.clock.now(),
        )
    ]
    assert await world.order(order.id) == order


async def test_a_refund_is_made_once_however_often_it_is_asked_for(world: World) -> None:
    order, _ = await requested(world)
    await world.submit_refunds(submission_of(order.id))
    refunds = await world.refunds(order)
    world.payment.available = False
    await world.submit_refunds(submission_of(order.id))
    assert await world.refunds(order) == refunds


async def test_every_refund_that_waits_is_made(world: World) -> None:
    bought = await sold(world)
    for attendee in bought.attendees:
        await world.refund_order(bought.id, attendee_ids=[attendee.id])
    await world.submit_refunds(submission_of(bought.id))
    assert sorted(made.amount for made in world.payment.refunds.values()) == [27_44, 27_45]


async def test_a_refund_from_end_to_end(world: World) -> None:
    order, _ = await requested(world)
    *_, task = await world.tasks()
    assert await world.run_task(task.id) is TaskState.DONE
    assert [refund.status for refund in await world.refunds(order)] == [RefundStatus.SUCCEEDED]


async def test_a_refund_that_is_refused_has_failed_and_no_longer_counts(world: World) -> None:
    order, refund = await requested(world)
    world.payment.refusing = True
    with pytest.raises(PermanentTaskError, match="switched to refuse"):
        await world.submit_refunds(submission_of(order.id))
    assert await world.refunds(order) == [
        replace(refund, status=RefundStatus.FAILED, failure_reason="switched to refuse", changed_at=world.clock.now())
    ]
    assert (await world.order(order.id)).refunded_amount == 0


@pytest.mark.parametrize(("switch", "trouble"), [("available", False), ("locked_out", True)])
async def test_while_stripe_is_away_or_refuses_our_key_a_refund_waits(world: World, switch: str, trouble: bool) -> None:
    order, refund = await requested(world)
    setattr(world.payment, switch, trouble)
    with pytest.raises(PaymentUnavailable):
        await world.submit_refunds(submission_of(order.id))
    assert await world.refunds(order) == [refund]
    assert (await world.order(order.id)).refunded_amount == order.amount_paid
    setattr(world.payment, switch, not trouble)
    await world.submit_refunds(submission_of(order.id))
    assert [refund.status for refund in await world.refunds(order)] == [RefundStatus.SUCCEEDED]


async def test_a_refund_that_fails_at_once_no_longer_counts(world: World) -> None:
    order, refund = await requested(world)
    failed = state_of(order, refund, RefundStatus.FAILED, "lost_or_stolen_card")
    world.payment.refunds[failed.provider_refund_id] = failed
    await world.submit_refunds(submission_of(order.id))
    (stored,) = await world.refunds(order)
    assert (stored.status, stored.failure_reason) == (RefundStatus.FAILED, "lost_or_stolen_card")
    assert (await world.order(order.id)).refunded_amount == 0


class TalkativePayment(FlakyPayment):
    """The event of a refund that failed arrives before the answer, which does not know of it."""

    world: World

    @override
    async def refund(self, order: Order, refund: Refund) -> RefundState:
        await self.world.sync_refund_status(state_of(order, refund, RefundStatus.FAILED, "expired_or_canceled_card"))
        return state_of(order, refund, RefundStatus.PENDING)


async def test_news_that_were_quicker_than_the_answer_are_kept() -> None:
    payment = TalkativePayment()
    world = World(payment=payment)
    payment.world = world
    order, _ = await requested(world)
    await world.submit_refunds(submission_of(order.id))
    (stored,) = await world.refunds(order)
    assert (stored.status, stored.failure_reason) == (RefundStatus.FAILED, "expired_or_canceled_card")
    assert (await world.order(order.id)).refunded_amount == 0
    await world.close()


async def test_an_order_without_refunds_or_without_existence_gets_nothing(world: World) -> None:
    bought = await sold(world)
    await world.submit_refunds(submission_of(bought.id))
    await world.submit_refunds(submission_of(order().id))
    assert world.payment.refunds == {}


async def test_news_of_our_refund_find_it_by_its_id_at_stripe(world: World) -> None:
    order, refund = await requested(world)
    await world.submit_refunds(submission_of(order.id))
    await world.sync_refund_status(replace(state_of(order, refund, RefundStatus.FAILED, "declined"), refund_id=None))
    (stored,) = await world.refunds(order)
    assert (stored.status, stored.failure_reason, stored.made_by_provider) == (RefundStatus.FAILED, "declined", False)


async def test_news_of_our_refund_find_it_before_its_answer_was_written_down(world: World) -> None:
    order, refund = await requested(world)
    state = state_of(order, refund, RefundStatus.PENDING)
    await world.sync_refund_status(state)
    assert await world.refunds(order) == [
        replace(
            refund,
            status=RefundStatus.PENDING,
            provider_refund_id=state.provider_refund_id,
            changed_at=world.clock.now(),
        )
    ]


async def test_a_refund_made_at_stripe_is_followed_and_voids_nobody(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, 10_00))
    (refund,) = await world.refunds(bought)
    assert refund == Refund(
        id=refund.id,
        order_id=bought.id,
        sequence=1,
        amount=10_00,
        refund_fees=False,
        reason="made at Stripe",
        created_at=world.clock.now(),
        status=RefundStatus.SUCCEEDED,
        changed_at=world.clock.now(),
        provider_refund_id="re_dashboard",
        made_by_provider=True,
    )
    assert await world.order(bought.id) == replace(bought, refunded_amount=10_00)


async def test_the_same_news_again_change_nothing(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, 10_00))
    refunds, order = await world.refunds(bought), await world.order(bought.id)
    await world.sync_refund_status(made_at_stripe(bought, 10_00))
    assert (await world.refunds(bought), await world.order(bought.id)) == (refunds, order)


@pytest.mark.parametrize("status", [RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED])
async def test_money_that_is_on_its_way_counts(world: World, status: RefundStatus) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, 10_00, status))
    assert (await world.order(bought.id)).refunded_amount == 10_00


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.CANCELED])
async def test_money_that_comes_back_no_longer_counts_and_somebody_is_told(
    world: World, caplog: pytest.LogCaptureFixture, status: RefundStatus
) -> None:
    order, refund = await requested(world)
    await world.submit_refunds(submission_of(order.id))
    assert caplog.text == ""
    await world.sync_refund_status(state_of(order, refund, status, "lost_or_stolen_card"))
    assert (await world.order(order.id)).refunded_amount == 0
    assert f"Refund {refund.id} of order {order.id} {status}: lost_or_stolen_card" in caplog.text


async def test_never_more_counts_as_returned_than_was_paid(world: World) -> None:
    order, _ = await requested(world)
    await world.sync_refund_status(made_at_stripe(order, 10_00))
    assert (await world.order(order.id)).refunded_amount == order.amount_paid


@pytest.mark.parametrize("intent_id", ["pi_of_a_shop", None])
async def test_a_refund_of_a_payment_that_is_not_ours_is_not_found(world: World, intent_id: str | None) -> None:
    bought = await sold(world)
    with pytest.raises(NotFound):
        await world.sync_refund_status(replace(made_at_stripe(bought, 10_00), payment_intent_id=intent_id))
    assert await world.refunds(bought) == []


async def test_all_of_the_money_given_back_by_hand_voids_all_tickets(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, bought.amount_paid, RefundStatus.PENDING))
    order = await world.order(bought.id)
    assert (order.status, order.success, order.refunded_amount) == (OrderStatus.REFUNDED, False, bought.amount_paid)
    assert {attendee.status for attendee in order.attendees} == {AttendeeStatus.VOID}
    assert await world.counters(stalls) == (0, 0)
    *_, mail = await world.tasks()
    assert mail.kind is TaskKind.REFUND_MAIL
    await world.sync_refund_status(made_at_stripe(bought, bought.amount_paid))
    assert await world.order(bought.id) == order
    assert (await world.tasks())[-1] == mail


async def test_all_but_a_cent_voids_nobody(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, bought.amount_paid - 1))
    assert (await world.order(bought.id)).success


async def test_money_that_did_not_arrive_voids_nobody(world: World) -> None:
    bought = await sold(world)
    await world.sync_refund_status(made_at_stripe(bought, bought.amount_paid, RefundStatus.FAILED))
    assert (await world.order(bought.id)).success


async def test_a_refund_of_ours_without_the_fees_voids_nobody_else(world: World) -> None:
    bought = await sold(world)
    _, refund = await world.refund_order(bought.id, attendee_ids=[bought.attendees[0].id], refund_fees=False)
    assert refund
    await world.sync_refund_status(state_of(bought, refund, RefundStatus.SUCCEEDED))
    assert (await world.order(bought.id)).status is OrderStatus.PARTIALLY_REFUNDED


async def test_a_lost_refund_is_asked_for_again_once(world: World) -> None:
    order, lost = await requested(world)
    await world.sync_refund_status(state_of(order, lost, RefundStatus.FAILED))
    again, refund = await world.refund_order(order.id, reason="again")
    assert refund
    assert (refund.sequence, refund.amount, refund.status) == (2, order.amount_paid, RefundStatus.REQUESTED)
    assert again == replace(order, refunded_amount=order.amount_paid)
    assert await world.counters(stalls) == (0, 0)
    with pytest.raises(Conflict):
        await world.refund_order(order.id)


async def test_a_task_that_is_revived_asks_again_in_the_words_of_the_refund_that_was_lost(world: World) -> None:
    order, lost = await world.refund_order((await sold(world)).id, refund_fees=False, reason="ill")
    assert lost
    task = await submission_left(world)
    world.payment.refusing = True
    assert await world.run_task(task.id) is TaskState.DEAD
    world.payment.refusing = False

    await requeue(world, task)
    assert await world.run_task(task.id) is TaskState.DONE

    _, refund = await world.refunds(order)
    assert (refund.amount, refund.refund_fees, refund.reason) == (lost.amount, False, "ill")
    assert refund.status is RefundStatus.SUCCEEDED
    assert (await world.tasks())[-1].details == {"refund_id": str(refund.id)}


async def test_a_task_that_only_comes_late_starts_no_other_refund(world: World) -> None:
    """The refund failed at the bank between two tries: people must decide what to do."""
    order, refund = await requested(world)
    task = await submission_left(world)
    world.payment.available = False
    assert await world.run_task(task.id) is TaskState.PENDING
    world.payment.available = True
    await world.sync_refund_status(state_of(order, refund, RefundStatus.FAILED))
    world.clock.advance(timedelta(minutes=1))
    assert await world.run_task(task.id) is TaskState.DONE
    assert [each.status for each in await world.refunds(order)] == [RefundStatus.FAILED]


async def submission_left(world: World) -> OutboxTask:
    [task] = [task for task in await world.tasks() if task.kind is TaskKind.SUBMIT_REFUNDS]
    return task


async def requeue(world: World, task: OutboxTask) -> None:
    async with world.database() as uow:
        assert await uow.task_admin.requeue([task.id], now=world.clock.now()) == [task.id]
        await uow.commit()
