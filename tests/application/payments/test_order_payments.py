"""Orders follow their payment sessions: paid once, late, by delayed methods, or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.ports.payment import PaymentSession, SessionStatus
from application.ports.unit_of_work import StorageUnavailable
from domain.catalog import Ticket
from domain.errors import Conflict, NotFound
from domain.orders import Order, OrderEvent, OrderStatus
from domain.refunds import RefundStatus
from domain.tasks import TaskKind
from tests.application.world import HANGS_SECONDS, World
from tests.support import factories
from tests.support.factories import DOORS, promo_code, receipt, ticket

pytestmark = pytest.mark.p0

TOLD_OF_A_SALE = [TaskKind.CONFIRMATION_MAIL, TaskKind.DESCRIBE_TRANSFER]
TOLD_OF_MONEY_BACK = [TaskKind.SUBMIT_REFUNDS, TaskKind.LATE_PAYMENT_MAIL]


def paid(order: Order, *, tax: int = 0) -> PaymentSession:
    return session(order, SessionStatus.COMPLETE, paid_for=order, tax=tax)


def wrongly_paid(order: Order, mismatch: dict[str, Any]) -> PaymentSession:
    return replace(paid(order), receipt=replace(receipt(order), **mismatch))


def session(order: Order, status: SessionStatus, *, paid_for: Order | None = None, tax: int = 0) -> PaymentSession:
    return PaymentSession(
        id=str(order.session_id),
        order_id=order.id,
        status=status,
        url=None,
        receipt=receipt(paid_for, tax=tax) if paid_for else None,
    )


async def ordered(world: World, stalls: Ticket, quantity: int = 2) -> Order:
    await world.sell(stalls)
    return await world.buy((stalls, quantity))


async def released(world: World, stalls: Ticket, quantity: int = 2) -> Order:
    order = await ordered(world, stalls, quantity)
    return await world.order_payments.apply_session(order.id, session(order, SessionStatus.EXPIRED))


async def test_a_paid_session_completes_the_order(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    world.clock.advance(timedelta(minutes=3))
    completed = await world.order_payments.apply_session(order.id, paid(order, tax=450))
    assert completed.success
    assert completed.tax == 450
    assert completed.completed_at == world.clock.now()
    assert len(completed.attendees) == 2
    assert await world.order(order.id) == completed
    assert await world.counters(stalls) == (0, 2)


async def test_of_a_completed_order_the_buyer_and_the_producers_account_are_told(world: World) -> None:
    order = await ordered(world, ticket())
    await world.order_payments.apply_session(order.id, paid(order))
    tasks = await world.tasks()
    assert [task.kind for task in tasks] == TOLD_OF_A_SALE
    assert {(task.order_id, task.due_at) for task in tasks} == {(order.id, world.clock.now())}
    await world.dispatch.close()
    assert world.notifier.notified == [task.id for task in tasks]


@pytest.mark.p1
async def test_the_second_time_nothing_happens(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    first = await world.order_payments.apply_session(order.id, paid(order))
    tasks = await world.tasks()
    assert await world.order_payments.apply_session(order.id, paid(order)) == first
    assert await world.counters(stalls) == (0, 2)
    assert await world.tasks() == tasks


@pytest.mark.p1
async def test_callers_in_parallel_complete_the_order_once(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    async with asyncio.timeout(HANGS_SECONDS):
        results = await asyncio.gather(*(world.order_payments.apply_session(order.id, paid(order)) for _ in range(20)))
    assert len({result.attendees for result in results}) == 1
    assert await world.counters(stalls) == (0, 2)
    assert len(await world.tasks()) == len(TOLD_OF_A_SALE)


async def test_an_open_session_changes_nothing(world: World) -> None:
    order = await ordered(world, ticket())
    assert await world.order_payments.apply_session(order.id, session(order, SessionStatus.OPEN)) == order


@pytest.mark.p1
async def test_a_delayed_method_keeps_the_hold_until_the_money_comes(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    waiting = await world.order_payments.apply_session(order.id, session(order, SessionStatus.COMPLETE))
    assert waiting.status is OrderStatus.PROCESSING
    assert await world.counters(stalls) == (2, 0)
    assert await world.order_payments.apply_session(order.id, session(order, SessionStatus.COMPLETE)) == waiting
    assert (await world.order_payments.apply_session(order.id, paid(order))).success
    assert await world.counters(stalls) == (0, 2)


@pytest.mark.p1
async def test_an_expired_session_releases_the_hold(world: World) -> None:
    stalls = ticket()
    promo = promo_code(of=stalls)
    await world.sell(stalls, promo_codes=[promo])
    order = await world.buy((stalls, 2), promo_code=promo.code)
    expired = await world.order_payments.apply_session(order.id, session(order, SessionStatus.EXPIRED))
    assert expired.status is OrderStatus.EXPIRED
    assert await world.counters(stalls) == (0, 0)
    assert await world.uses(promo) == 0
    assert await world.tasks() == []


async def test_an_expired_session_releases_only_once(world: World) -> None:
    stalls = ticket()
    order = await released(world, stalls)
    assert await world.order_payments.apply_session(order.id, session(order, SessionStatus.EXPIRED)) == order
    assert await world.counters(stalls) == (0, 0)


async def test_why_a_session_ended_is_kept(world: World) -> None:
    order = await ordered(world, ticket())
    cancelled = await world.order_payments.apply_session(
        order.id, session(order, SessionStatus.EXPIRED), release_as=OrderEvent.CANCELLED
    )
    assert cancelled.status is OrderStatus.CANCELLED


@pytest.mark.p1
async def test_a_late_payment_completes_the_order_while_tickets_are_there(world: World) -> None:
    stalls = ticket(quantity=2)
    order = await released(world, stalls)
    completed = await world.order_payments.apply_session(order.id, paid(order))
    assert completed.success
    assert await world.counters(stalls) == (0, 2)
    assert [task.kind for task in await world.tasks()] == TOLD_OF_A_SALE


@pytest.mark.p1
async def test_a_late_payment_goes_back_when_the_tickets_are_gone(world: World) -> None:
    stalls = ticket(quantity=2)
    order = await released(world, stalls)
    await world.buy((stalls, 1))
    returned = await world.order_payments.apply_session(order.id, paid(order, tax=3))
    assert returned.status is OrderStatus.REFUNDED
    assert not returned.success
    assert returned.payment_intent_id
    assert returned.tax == 3
    assert returned.amount_paid == returned.refunded_amount == order.quote.total + 3
    assert await world.counters(stalls) == (1, 0)
    assert [task.kind for task in await world.tasks()] == TOLD_OF_MONEY_BACK
    await assert_all_goes_back(world, returned)


async def called_off(world: World, order: Order) -> None:
    async with world.database() as uow:
        show = await uow.shows.get(order.show_id)
        assert show
        await uow.shows.save(replace(show, cancelled=True))
        await uow.commit()


@pytest.mark.p1
async def test_a_late_payment_for_a_show_that_was_called_off_goes_back(world: World) -> None:
    order = await released(world, ticket())
    await called_off(world, order)
    returned = await world.order_payments.apply_session(order.id, paid(order))
    assert returned.status is OrderStatus.REFUNDED
    await assert_all_goes_back(world, returned)


@pytest.mark.p1
async def test_a_late_payment_for_a_show_that_is_over_goes_back(world: World) -> None:
    order = await released(world, ticket())
    world.clock.advance(DOORS + timedelta(hours=3) - world.clock.now())
    returned = await world.order_payments.apply_session(order.id, paid(order))
    assert returned.status is OrderStatus.REFUNDED
    await assert_all_goes_back(world, returned)


@pytest.mark.p1
async def test_money_for_a_hold_of_a_show_that_was_called_off_goes_back_and_the_hold_with_it(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    await called_off(world, order)
    returned = await world.order_payments.apply_session(order.id, paid(order))
    assert returned.status is OrderStatus.REFUNDED
    assert await world.counters(stalls) == (0, 0)
    assert [task.kind for task in await world.tasks()] == TOLD_OF_MONEY_BACK
    await assert_all_goes_back(world, returned)


@pytest.mark.p1
@pytest.mark.parametrize("delayed", [True, False], ids=["delayed", "at once"])
async def test_money_for_a_hold_that_outlived_its_show_goes_back_and_the_hold_with_it(
    world: World, delayed: bool
) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    if delayed:
        await world.order_payments.apply_session(order.id, session(order, SessionStatus.COMPLETE))
    world.clock.advance(DOORS + timedelta(hours=3) - world.clock.now())
    returned = await world.order_payments.apply_session(order.id, paid(order))
    assert returned.status is OrderStatus.REFUNDED
    assert await world.counters(stalls) == (0, 0)
    assert [task.kind for task in await world.tasks()] == TOLD_OF_MONEY_BACK
    await assert_all_goes_back(world, returned)


@pytest.mark.p1
async def test_money_that_comes_in_the_last_moment_of_the_show_completes_the_order(world: World) -> None:
    order = await ordered(world, ticket())
    world.clock.advance(DOORS + timedelta(hours=3) - timedelta(microseconds=1) - world.clock.now())
    assert (await world.order_payments.apply_session(order.id, paid(order))).success


@pytest.mark.p1
async def test_a_late_payment_counts_a_promo_code_that_was_used_up_meanwhile(world: World) -> None:
    stalls = ticket()
    promo = promo_code(of=stalls, max_uses=1)
    await world.sell(stalls, promo_codes=[promo])
    order = await world.buy((stalls, 1), promo_code=promo.code)
    await world.order_payments.apply_session(order.id, session(order, SessionStatus.EXPIRED))
    await world.buy((stalls, 1), promo_code=promo.code)
    assert (await world.order_payments.apply_session(order.id, paid(order))).success
    assert await world.uses(promo) == 2


@pytest.mark.p1
async def test_a_late_payment_is_returned_only_once(world: World) -> None:
    stalls = ticket(quantity=2)
    order = await released(world, stalls)
    await world.buy((stalls, 1))
    returned = await world.order_payments.apply_session(order.id, paid(order))
    tasks = await world.tasks()
    assert await world.order_payments.apply_session(order.id, paid(order)) == returned
    assert await world.tasks() == tasks
    await assert_all_goes_back(world, returned)


async def assert_all_goes_back(world: World, order: Order) -> None:
    """Check that one refund is to be made, of all that was paid, fees included."""
    (refund,) = await world.refunds(order)
    assert (refund.sequence, refund.amount, refund.refund_fees) == (1, order.amount_paid, True)
    assert refund.status is RefundStatus.REQUESTED
    assert refund.created_at == world.clock.now()


MISMATCHES = {
    "one cent": {"amount": 1},
    "a cent too much": {"amount": 54_85},
    "tax that is part of the price": {"tax": 1},
    "another currency": {"currency": "EUR"},
}


@pytest.mark.p1
@pytest.mark.parametrize("mismatch", MISMATCHES.values(), ids=MISMATCHES)
async def test_money_that_is_not_the_price_goes_back_and_the_hold_with_it(
    world: World, caplog: pytest.LogCaptureFixture, mismatch: dict[str, Any]
) -> None:
    stalls = ticket()
    promo = promo_code(of=stalls, discount="0.00")
    await world.sell(stalls, promo_codes=[promo])
    order = await world.buy((stalls, 2), promo_code=promo.code)
    settled = await world.order_payments.apply_session(order.id, wrongly_paid(order, mismatch))
    assert settled.status is OrderStatus.REFUNDED
    assert settled.attendees == ()
    assert await world.order(order.id) == settled
    assert await world.counters(stalls) == (0, 0)
    assert await world.uses(promo) == 0
    assert [task.kind for task in await world.tasks()] == TOLD_OF_MONEY_BACK
    assert f"Order {order.id} costs 5484 USD" in caplog.text
    await assert_all_goes_back(world, settled)


@pytest.mark.p1
@pytest.mark.parametrize("mismatch", MISMATCHES.values(), ids=MISMATCHES)
async def test_late_money_that_is_not_the_price_goes_back_although_the_tickets_are_there(
    world: World, mismatch: dict[str, Any]
) -> None:
    stalls = ticket()
    order = await released(world, stalls)
    settled = await world.order_payments.apply_session(order.id, wrongly_paid(order, mismatch))
    assert settled.status is OrderStatus.REFUNDED
    assert settled.attendees == ()
    assert await world.counters(stalls) == (0, 0)
    await assert_all_goes_back(world, settled)


@pytest.mark.p1
async def test_wrong_money_by_a_delayed_method_goes_back(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    await world.order_payments.apply_session(order.id, session(order, SessionStatus.COMPLETE))
    settled = await world.order_payments.apply_session(order.id, wrongly_paid(order, {"amount": 1}))
    assert settled.status is OrderStatus.REFUNDED
    assert await world.counters(stalls) == (0, 0)
    await assert_all_goes_back(world, settled)


@pytest.mark.p1
async def test_the_wrong_money_is_given_back_only_once(world: World) -> None:
    order = await ordered(world, ticket())
    wrong = wrongly_paid(order, {"amount": 1})
    settled = await world.order_payments.apply_session(order.id, wrong)
    assert await world.order_payments.apply_session(order.id, wrong) == settled
    assert len(await world.refunds(order)) == 1


async def test_payments_that_come_together_are_settled_together(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    orders = [await world.buy((stalls, 1)) for _ in range(5)]
    settled = await asyncio.gather(*(world.order_payments.apply_session(order.id, paid(order)) for order in orders * 2))
    assert all(order.success for order in settled)
    assert [order.id for order in settled] == [order.id for order in orders * 2]
    assert await world.counters(stalls) == (0, 5)
    mails = [task for task in await world.tasks() if task.kind is TaskKind.CONFIRMATION_MAIL]
    assert Counter(task.order_id for task in mails) == Counter(order.id for order in orders)


async def test_one_order_that_cannot_be_settled_costs_its_neighbours_nothing(world: World) -> None:
    """Its hold is missing from the counters, which must not become negative."""
    stalls = ticket()
    await world.sell(stalls)
    sound = await world.buy((stalls, 1))
    odd = factories.order((stalls, 9))
    await world.add(odd)
    failed, settled, unknown = await asyncio.gather(
        world.order_payments.apply_session(odd.id, paid(odd)),
        world.order_payments.apply_session(sound.id, paid(sound)),
        world.order_payments.apply_session(uuid4(), paid(sound)),
        return_exceptions=True,
    )
    assert isinstance(failed, Conflict)
    assert isinstance(unknown, NotFound)
    assert isinstance(settled, Order)
    assert settled.success
    assert await world.counters(stalls) == (0, 1)


async def test_an_unknown_order_is_not_found(world: World) -> None:
    order = await ordered(world, ticket())
    with pytest.raises(NotFound):
        await world.order_payments.apply_session(uuid4(), paid(order))


async def test_a_hold_without_a_session_is_released_and_its_key_is_free(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2), key="once")
    failed = await world.order_payments.release(order.id, OrderEvent.PAYMENT_FAILED)
    assert failed.status is OrderStatus.PAYMENT_FAILED
    assert (await world.order(order.id)).idempotency is None
    assert await world.counters(stalls) == (0, 0)
    assert (await world.buy((stalls, 2), key="once")).id != order.id


async def test_an_order_that_holds_nothing_is_not_released(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    completed = await world.order_payments.apply_session(order.id, paid(order))
    assert await world.order_payments.release(order.id, OrderEvent.PAYMENT_FAILED) == completed
    assert await world.counters(stalls) == (0, 2)


@pytest.mark.p1
async def test_a_declined_card_is_kept_and_the_order_stays_payable(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    declined = await world.order_payments.decline(order.id, "Your card was declined.")
    assert declined == replace(order, last_payment_error="Your card was declined.")
    assert await world.order(order.id) == declined
    assert await world.counters(stalls) == (2, 0)
    assert await world.tasks() == []
    assert (await world.order_payments.apply_session(order.id, paid(order))).last_payment_error is None


@pytest.mark.p1
async def test_a_decline_that_is_told_late_changes_nothing(world: World) -> None:
    stalls = ticket()
    order = await ordered(world, stalls)
    completed = await world.order_payments.apply_session(order.id, paid(order))
    assert await world.order_payments.decline(order.id, "Your card was declined.") == completed


async def test_an_unknown_order_cannot_be_declined(world: World) -> None:
    with pytest.raises(NotFound):
        await world.order_payments.decline(uuid4(), "Your card was declined.")


@pytest.mark.p1
async def test_a_database_that_is_away_is_told(world: World) -> None:
    order = await ordered(world, ticket())
    world.database.available = False
    with pytest.raises(StorageUnavailable):
        await world.order_payments.apply_session(order.id, paid(order))
    world.database.available = True
    assert (await world.order_payments.apply_session(order.id, paid(order))).success


@pytest.mark.p1
async def test_a_queue_that_is_away_does_not_stop_a_completion(world: World) -> None:
    order = await ordered(world, ticket())
    world.notifier.available = False
    assert (await world.order_payments.apply_session(order.id, paid(order))).success
    await world.dispatch.close()
    assert [task.kind for task in await world.tasks()] == TOLD_OF_A_SALE


@pytest.mark.p2
async def test_the_log_tells_of_every_change(world: World, caplog: pytest.LogCaptureFixture) -> None:
    order = await ordered(world, ticket())
    with caplog.at_level(logging.INFO):
        await world.order_payments.apply_session(order.id, paid(order))
        await world.order_payments.apply_session(order.id, paid(order))
    assert len([m for m in caplog.messages if m.startswith(f"Order {order.id} went from pending to completed")]) == 1
