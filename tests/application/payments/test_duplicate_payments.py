"""One order, two payments: the second goes back automatically, however we learn of it, and once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from application.ports.emails import DuplicatePaymentFacts
from application.ports.payment import PaymentEventKind, RefundState
from application.tasks.admin import RetryDeadTasks
from domain.consistency import Invariant
from domain.disputes import DisputeStatus
from domain.duplicate_payments import MAX_RETURNS, DuplicatePayment
from domain.orders import Order, OrderEvent, OrderStatus
from domain.refunds import RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import SIGNATURE, World
from tests.support.disputes import dispute_state
from tests.support.factories import ticket

pytestmark = pytest.mark.p1

RETURN = TaskKind.RETURN_DUPLICATE_PAYMENT


async def ordered_with_two_sessions(world: World) -> tuple[Order, str, str]:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    return order, order.session_id, world.payment.open_another_session(order.session_id)


async def paid_twice(world: World) -> Order:
    """An order whose second payment has just been reported."""
    order, first, second = await ordered_with_two_sessions(world)
    for session_id in (first, second):
        world.payment.pay(session_id)
        await tell(world, PaymentEventKind.SESSION_CHANGED, session_id)
    return await world.order(order.id)


async def tell(world: World, kind: PaymentEventKind, object_id: str, *, event_id: str = "") -> None:
    await world.handle_payment_event(f"{kind}:{event_id or f'evt_{object_id}'}:{object_id}".encode(), SIGNATURE)


def second_intent(order: Order) -> str:
    return f"pi_memory_{order.id.hex}_again"


async def duplicate(world: World, order: Order) -> DuplicatePayment:
    async with world.database() as uow:
        found = await uow.duplicate_payments.get(second_intent(order))
    assert found
    return found


async def returns(world: World) -> list[OutboxTask]:
    async with world.database() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    return [task for task in pending if task.kind is RETURN]


def refunds_of_second(world: World, order: Order) -> list[RefundState]:
    return [r for r in world.payment.refunds.values() if r.payment_intent_id == second_intent(order)]


async def findings(world: World) -> set[Invariant]:
    return {each for each, found in (await world.check_consistency()).items() if found.count}


async def test_second_payment_goes_back_and_the_first_keeps_its_tickets(world: World) -> None:
    order = await paid_twice(world)
    assert await findings(world) == {Invariant.DUPLICATE_PAYMENTS}

    await world.run_tasks()
    await world.run_tasks()

    [refund] = world.payment.refunds.values()
    assert (refund.payment_intent_id, refund.amount) == (second_intent(order), order.amount_paid)
    after = await world.order(order.id)
    assert after == order
    assert after.success
    assert (after.refunded_amount, await world.refunds(order)) == (0, [])
    assert await findings(world) == set()
    [told] = [facts for facts in world.email_templates.written if isinstance(facts, DuplicatePaymentFacts)]
    assert told.amount == "$54.84"


async def test_second_payment_that_comes_at_the_same_moment_goes_back(world: World) -> None:
    order, first, second = await ordered_with_two_sessions(world)
    world.payment.pay(first)
    world.payment.pay(second)

    sessions = [await world.payment.session(each) for each in (second, first)]
    await asyncio.gather(*(world.order_payments.apply_session(order.id, session) for session in sessions * 3))

    assert (await world.order(order.id)).payment_intent_id == second_intent(order)
    async with world.database() as uow:
        assert await uow.duplicate_payments.get(f"pi_memory_{order.id.hex}")
    assert len(await returns(world)) == 1


async def test_payment_by_the_session_that_we_did_not_know_of_makes_the_known_one_the_second(world: World) -> None:
    order, first, second = await ordered_with_two_sessions(world)
    world.payment.pay(second)
    await tell(world, PaymentEventKind.SESSION_CHANGED, second)
    world.payment.pay(first)
    await tell(world, PaymentEventKind.SESSION_CHANGED, first)

    assert (await world.order(order.id)).session_id == second
    assert [task.details for task in await returns(world)] == [{"payment_intent_id": f"pi_memory_{order.id.hex}"}]


async def test_same_news_twice_give_it_back_once(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.SESSION_CHANGED, f"{order.session_id}_again", event_id="evt_other")
    await world.run_tasks()
    await world.reconcile.look_for_lost_payments()
    await world.run_tasks()

    assert len(refunds_of_second(world, order)) == 1


async def test_second_payment_that_nobody_told_us_of_is_found(world: World) -> None:
    order, first, second = await ordered_with_two_sessions(world)
    for session_id in (first, second):
        world.payment.pay(session_id)

    for _ in range(3):
        await world.reconcile.look_for_lost_payments()

    assert (await world.order(order.id)).success
    assert len(await returns(world)) == 1


async def test_second_payment_of_an_order_that_was_refunded_goes_back_too(world: World) -> None:
    order, first, second = await ordered_with_two_sessions(world)
    world.payment.pay(first)
    await world.complete_order(first)
    await world.refund_order(order.id)
    world.payment.pay(second)
    await tell(world, PaymentEventKind.SESSION_CHANGED, second)
    await world.run_tasks()

    refunded = await world.order(order.id)
    assert refunded.status is OrderStatus.REFUNDED
    assert sum(refund.amount for refund in world.payment.refunds.values()) == 2 * refunded.amount_paid


async def test_second_late_payment_goes_back_like_the_first(world: World) -> None:
    stalls = ticket(quantity=2)
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    second = world.payment.open_another_session(order.session_id)
    await world.order_payments.release(order.id, OrderEvent.SESSION_EXPIRED)
    await world.buy((stalls, 1))
    for session_id in (order.session_id, second):
        world.payment.pay(session_id)
        await tell(world, PaymentEventKind.SESSION_CHANGED, session_id)
    await world.run_tasks()

    intents = {refund.payment_intent_id for refund in world.payment.refunds.values()}
    assert intents == {f"pi_memory_{order.id.hex}", second_intent(order)}
    assert await findings(world) == set()


async def test_refund_that_stripe_refuses_is_named_until_a_retry_goes_through(world: World) -> None:
    order = await paid_twice(world)
    world.payment.refusing = True
    await world.run_tasks()
    assert await findings(world) == {Invariant.DUPLICATE_PAYMENTS, Invariant.TASKS}
    assert (await duplicate(world, order)).failure_reason == "switched to refuse"

    world.payment.refusing = False
    await RetryDeadTasks(world.database, world.clock)(None)
    await world.run_tasks()

    assert len(refunds_of_second(world, order)) == 1
    assert await findings(world) == set()


async def test_refund_that_the_bank_sent_back_is_made_again_a_day_later_and_not_for_ever(world: World) -> None:
    order = await paid_twice(world)
    for lost in range(1, MAX_RETURNS + 1):
        await world.run_tasks()
        [*_, last] = refunds_of_second(world, order)
        assert len(refunds_of_second(world, order)) == lost
        fail(world, last)
        for event_id in (f"evt_failed_{lost}", f"evt_updated_{lost}"):
            await tell(world, PaymentEventKind.REFUND_CHANGED, last.provider_refund_id, event_id=event_id)
        assert await findings(world) == {Invariant.DUPLICATE_PAYMENTS}
        world.clock.advance(timedelta(days=1))

    assert await returns(world) == []


def fail(world: World, refund: RefundState) -> None:
    world.payment.refunds[refund.provider_refund_id] = RefundState(
        provider_refund_id=refund.provider_refund_id,
        payment_intent_id=refund.payment_intent_id,
        refund_id=None,
        amount=refund.amount,
        status=RefundStatus.FAILED,
        failure_reason="lost_or_stolen_card",
    )


def refund_by_hand(world: World, intent_id: str, amount: int) -> str:
    name = f"re_by_hand_{len(world.payment.refunds)}"
    world.payment.refunds[name] = RefundState(
        provider_refund_id=name,
        payment_intent_id=intent_id,
        refund_id=None,
        amount=amount,
        status=RefundStatus.SUCCEEDED,
        failure_reason=None,
    )
    return name


@pytest.mark.parametrize("told_first", [True, False], ids=["told before", "told after"])
async def test_what_somebody_refunded_by_hand_is_not_refunded_again(world: World, told_first: bool) -> None:
    order = await paid_twice(world)
    by_hand = refund_by_hand(world, second_intent(order), order.amount_paid)
    if told_first:
        await tell(world, PaymentEventKind.REFUND_CHANGED, by_hand)
    await world.run_tasks()
    if not told_first:
        await tell(world, PaymentEventKind.REFUND_CHANGED, by_hand)

    assert [refund.provider_refund_id for refund in refunds_of_second(world, order)] == [by_hand]
    assert await findings(world) == set()
    assert await world.refunds(order) == []


async def test_what_somebody_refunded_in_part_is_refunded_for_the_rest(world: World) -> None:
    order = await paid_twice(world)
    refund_by_hand(world, second_intent(order), 5_00)
    await world.run_tasks()

    assert [refund.amount for refund in refunds_of_second(world, order)] == [5_00, order.amount_paid - 5_00]
    assert await findings(world) == set()


async def test_refund_by_hand_of_a_second_payment_that_we_never_heard_of_voids_no_ticket(world: World) -> None:
    order, first, second = await ordered_with_two_sessions(world)
    world.payment.pay(first)
    await world.complete_order(first)
    world.payment.pay(second)
    by_hand = refund_by_hand(world, second_intent(order), 54_84)
    await tell(world, PaymentEventKind.REFUND_CHANGED, by_hand)
    await world.run_tasks()

    after = await world.order(order.id)
    assert after.success
    assert after.refunded_amount == 0
    assert (await duplicate(world, order)).is_back
    assert len(refunds_of_second(world, order)) == 1


async def test_refund_by_hand_of_the_first_payment_is_the_orders_own(world: World) -> None:
    order = await paid_twice(world)
    by_hand = refund_by_hand(world, str(order.payment_intent_id), order.amount_paid)
    await tell(world, PaymentEventKind.REFUND_CHANGED, by_hand)

    assert (await world.order(order.id)).status is OrderStatus.REFUNDED


def dispute(world: World, order: Order, *, won: bool | None, amount: int = 54_84, name: str = "dp_1") -> str:
    ends = {None: DisputeStatus.NEEDS_RESPONSE, True: DisputeStatus.WON, False: DisputeStatus.LOST}
    world.payment.disputes[name] = dispute_state(second_intent(order), id=name, status=ends[won], amount=amount)
    return name


async def test_dispute_over_the_second_payment_leaves_the_order_alone(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=None), event_id="evt_opened")
    assert await findings(world) == {Invariant.DUPLICATE_PAYMENTS}
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=False))

    assert await world.order(order.id) == order
    assert await findings(world) == set()
    await world.run_tasks()
    assert refunds_of_second(world, order) == []


async def test_what_the_bank_took_of_the_second_payment_comes_from_the_producer(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=None), event_id="evt_opened")
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=False))
    await world.run_tasks()

    assert list(world.payment.reversals.values()) == [54_84]
    assert (await duplicate(world, order)).is_settled


async def test_rest_of_a_second_payment_goes_back_where_the_bank_took_a_part(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=None, amount=5_00), event_id="evt_o")
    await world.run_tasks()
    assert refunds_of_second(world, order) == []  # the bank has not decided
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=False, amount=5_00))
    assert await findings(world) == {Invariant.DUPLICATE_PAYMENTS}
    await world.run_tasks()

    assert [refund.amount for refund in refunds_of_second(world, order)] == [order.amount_paid - 5_00]
    assert list(world.payment.reversals.values()) == [5_00]
    assert (await duplicate(world, order)).is_settled
    await world.run_tasks()  # the mail
    [told] = [facts for facts in world.email_templates.written if isinstance(facts, DuplicatePaymentFacts)]
    assert told.amount == "$49.84"
    assert await findings(world) == set()


async def test_all_disputes_of_a_second_payment_count(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=False, amount=5_00), event_id="evt_1")
    dispute(world, order, won=False, amount=7_00, name="dp_2")
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, "dp_2", event_id="evt_2")
    await world.run_tasks()

    assert [refund.amount for refund in refunds_of_second(world, order)] == [order.amount_paid - 12_00]
    assert (await duplicate(world, order)).recovered == 12_00


@pytest.mark.parametrize("won", [True, False])
async def test_lost_events_of_a_dispute_over_a_second_payment_are_made_up_for(world: World, won: bool) -> None:
    order = await paid_twice(world)
    dispute(world, order, won=None, amount=5_00)
    world.payment.refusing = True
    await world.run_tasks()
    assert (await duplicate(world, order)).contested
    assert await findings(world) == {Invariant.DUPLICATE_PAYMENTS}
    world.payment.refusing = False
    dispute(world, order, won=won, amount=5_00)

    for _ in range(2):  # the second time has no news
        await world.container.review_refunds_and_disputes()()
        await world.run_tasks()

    returned = order.amount_paid if won else order.amount_paid - 5_00
    assert [refund.amount for refund in refunds_of_second(world, order)] == [returned]
    assert (await duplicate(world, order)).is_settled


async def test_refusal_because_of_a_dispute_that_no_event_told_of_leads_to_the_rest(world: World) -> None:
    order = await paid_twice(world)
    dispute(world, order, won=False, amount=5_00)
    world.payment.refusing = True
    [task] = await returns(world)
    assert await world.run_task(task.id) is TaskState.DONE
    world.payment.refusing = False
    await world.run_tasks()

    assert [refund.amount for refund in refunds_of_second(world, order)] == [order.amount_paid - 5_00]
    assert await findings(world) == set()


async def test_producer_who_has_no_money_for_it_leaves_a_task_for_the_operator(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=False))
    world.payment.refusing = True
    await world.run_tasks()

    assert await findings(world) == {Invariant.TASKS}
    assert not (await duplicate(world, order)).is_settled


async def test_second_payment_whose_dispute_was_won_goes_back(world: World) -> None:
    order = await paid_twice(world)
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=None), event_id="evt_opened")
    world.payment.refusing = True
    await world.run_tasks()
    world.payment.refusing = False
    await tell(world, PaymentEventKind.DISPUTE_CHANGED, dispute(world, order, won=True))
    await world.run_tasks()

    assert len(refunds_of_second(world, order)) == 1


async def test_payment_of_somebody_else_is_no_second_payment(world: World) -> None:
    order, first, _ = await ordered_with_two_sessions(world)
    world.payment.pay(first)
    await world.complete_order(first)
    completed = await world.order(order.id)
    by_hand = refund_by_hand(world, "pi_of_somebody_else", 5_00)

    await tell(world, PaymentEventKind.REFUND_CHANGED, by_hand)

    assert await world.order(order.id) == completed
    assert Invariant.DUPLICATE_PAYMENTS not in await findings(world)


async def test_tasks_about_payments_that_are_not_there_do_nothing(world: World) -> None:
    order = await paid_twice(world)
    for kind in (RETURN, TaskKind.DUPLICATE_PAYMENT_MAIL):
        unknown = OutboxTask(
            id=world.ids.new(),
            kind=kind,
            order_id=order.id,
            due_at=world.clock.now(),
            details={"payment_intent_id": "pi_unknown"},
        )
        async with world.database() as uow:
            await uow.outbox.add([unknown])
            await uow.commit()
        assert await world.run_task(unknown.id) is TaskState.DONE
    assert world.payment.refunds == {}
    assert world.mailer.sent == []
