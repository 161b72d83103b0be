"""The ShowRefundRepo port: remaining work on cancelled shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.ports.show_refunds import AtStake, OrdersToRefund, RefundFailure, RefundProgress, ShowRefund
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.fees import FeeBearer
from domain.orders import AttendeeStatus, Exchange, ManualPayment, Order, OrderStatus
from domain.refunds import RefundStatus
from tests.contracts.builders import NOW, Theatre, a_refund, an_order, issue, new_id, paid

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
async def cancelled(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Theatre:
    async with unit_of_work() as uow:
        await uow.shows.save(replace(theatre.show, cancelled=True))
        await uow.commit()
    return theatre


def in_state(theatre: Theatre, status: OrderStatus, **fields: Any) -> Order:
    """An order at this point of its life, paid in full if it was ever sold."""
    order = theatre.order(2)
    if status in {OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED, OrderStatus.REFUNDED}:
        order = replace(order.with_attendees(issue), completed_at=NOW, amount_paid=order.quote.total)
    return replace(order, **{"status": status, **fields})


def void(order: Order) -> Order:
    return replace(order, attendees=tuple(replace(a, status=AttendeeStatus.VOID) for a in order.attendees))


async def add(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        await uow.commit()


def asked_for(theatre: Theatre, **fields: Any) -> ShowRefund:
    facts = {"refund_fees": True, "reason": "Rain", "requested_at": NOW}
    return ShowRefund(show_id=theatre.show.id, **{**facts, **fields})


async def ask(unit_of_work: UnitOfWorkFactory, refund: ShowRefund) -> None:
    async with unit_of_work() as uow:
        await uow.show_refunds.ask_for_refund(refund)
        await uow.commit()


async def test_pending_orders_of_cancelled_shows_hold_tickets(
    unit_of_work: UnitOfWorkFactory, cancelled: Theatre
) -> None:
    on_sale = Theatre()
    async with unit_of_work() as uow:
        await on_sale.store(uow)
        await uow.commit()
    pending = [in_state(cancelled, OrderStatus.PENDING) for _ in range(3)]
    await add(unit_of_work, in_state(on_sale, OrderStatus.PENDING), *reversed(pending))
    await add(unit_of_work, *(in_state(cancelled, status) for status in OrderStatus if status != OrderStatus.PENDING))

    async with unit_of_work() as uow:
        assert await uow.show_refunds.holding(now=NOW, limit=10) == [order.id for order in pending]
        assert await uow.show_refunds.holding(now=NOW, limit=2) == [order.id for order in pending[:2]]
        await uow.order_watchlist.release_after([pending[0].id], moment=NOW)
        await uow.order_watchlist.release_after([pending[1].id], moment=NOW + timedelta(seconds=1))
        assert await uow.show_refunds.holding(now=NOW, limit=10) == [pending[2].id, pending[0].id]


async def test_a_refund_is_asked_for_and_the_last_terms_count(
    unit_of_work: UnitOfWorkFactory, cancelled: Theatre
) -> None:
    async with unit_of_work() as uow:
        assert await uow.show_refunds.refund_of(cancelled.show.id) is None
    await ask(unit_of_work, asked_for(cancelled))
    changed = asked_for(cancelled, refund_fees=False, reason="", requested_at=NOW + MINUTE)
    await ask(unit_of_work, changed)

    async with unit_of_work() as uow:
        assert await uow.show_refunds.refund_of(cancelled.show.id) == changed


async def test_a_claim_is_the_callers_alone_until_it_ends(unit_of_work: UnitOfWorkFactory, cancelled: Theatre) -> None:
    async def claim(minutes: float, *, until: float = 9) -> ShowRefund | None:
        async with unit_of_work() as uow:
            claimed = await uow.show_refunds.claim_refund(
                now=NOW + minutes * MINUTE, until=NOW + until * MINUTE, requested_since=NOW - DAY
            )
            await uow.commit()
        return claimed

    assert await claim(0) is None
    refund = asked_for(cancelled)
    await ask(unit_of_work, refund)

    assert await claim(0, until=1) == refund
    assert await claim(0.9) is None
    assert await claim(1, until=2) == refund
    async with unit_of_work() as uow:
        await uow.show_refunds.keep_refund(cancelled.show.id, until=NOW + 3 * MINUTE)
        await uow.commit()
    assert await claim(2.9) is None
    await ask(unit_of_work, refund)
    assert await claim(2.9) == refund


async def test_what_was_asked_for_long_ago_is_nobodys_work(unit_of_work: UnitOfWorkFactory, cancelled: Theatre) -> None:
    await ask(unit_of_work, asked_for(cancelled))
    async with unit_of_work() as uow:
        late = NOW + timedelta(microseconds=1)
        assert await uow.show_refunds.claim_refund(now=late, until=late, requested_since=late) is None
        assert await uow.show_refunds.claim_refund(now=late, until=late, requested_since=NOW) is not None


async def test_orders_that_admit_somebody_are_to_be_refunded(
    unit_of_work: UnitOfWorkFactory, cancelled: Theatre
) -> None:
    admits = [in_state(cancelled, OrderStatus.COMPLETED), in_state(cancelled, OrderStatus.PARTIALLY_REFUNDED)]
    refused = in_state(cancelled, OrderStatus.COMPLETED)
    lost = void(in_state(cancelled, OrderStatus.COMPLETED))
    others = [in_state(cancelled, status) for status in (OrderStatus.PENDING, OrderStatus.EXPIRED)]
    await add(unit_of_work, *admits, refused, lost, *others, void(in_state(cancelled, OrderStatus.REFUNDED)))
    async with unit_of_work() as uow:
        await uow.show_refunds.refused(refused.id, reason="no")
        await uow.show_refunds.refused(refused.id, reason="still no")
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.show_refunds.to_refund(cancelled.show.id, limit=10) == [order.id for order in admits]
        assert await uow.show_refunds.to_refund(cancelled.show.id, limit=1) == [admits[0].id]
        assert await uow.show_refunds.to_refund(Theatre().show.id, limit=1) == []

    await ask(unit_of_work, asked_for(cancelled))
    async with unit_of_work() as uow:
        found = await uow.show_refunds.to_refund(cancelled.show.id, limit=10)
    assert found == [admits[0].id, admits[1].id, refused.id]


async def test_orders_whose_refund_was_lost_before_it_was_asked_for_are_to_be_refunded_again(
    unit_of_work: UnitOfWorkFactory, cancelled: Theatre
) -> None:
    failed, canceled, again, on_its_way, refused, free = (
        void(in_state(cancelled, OrderStatus.REFUNDED, refunded_amount=0)) for _ in range(6)
    )
    await add(unit_of_work, failed, canceled, again, on_its_way, refused, free)
    lost_at = a_refund(failed).created_at
    async with unit_of_work() as uow:
        await uow.refunds.add(replace(a_refund(failed), status=RefundStatus.FAILED))
        await uow.refunds.add(replace(a_refund(canceled), status=RefundStatus.CANCELED))
        await uow.refunds.add(replace(a_refund(again), status=RefundStatus.FAILED))
        await uow.refunds.add(a_refund(again, sequence=2))
        await uow.refunds.add(replace(a_refund(on_its_way), status=RefundStatus.PENDING))
        await uow.refunds.add(replace(a_refund(refused), status=RefundStatus.FAILED))
        await uow.show_refunds.refused(refused.id, reason="nothing is owed")
        await uow.commit()

    async def found(asked_at: datetime, limit: int = 10) -> list[UUID]:
        async with unit_of_work() as uow:
            return await uow.show_refunds.to_refund_again(cancelled.show.id, asked_at=asked_at, limit=limit)

    later = lost_at + timedelta(microseconds=1)
    assert await found(later) == [failed.id, canceled.id]
    assert await found(later, limit=1) == [failed.id]
    assert await found(lost_at) == []


async def test_every_order_that_was_ever_sold_is_counted_once(
    unit_of_work: UnitOfWorkFactory, cancelled: Theatre
) -> None:
    def refunded(amount: int) -> Order:
        return void(in_state(cancelled, OrderStatus.REFUNDED, refunded_amount=amount))

    returned, on_its_way, not_asked_yet, bounced, free = (refunded(amount) for amount in (1000, 200, 30, 0, 0))
    to_do, refused = in_state(cancelled, OrderStatus.COMPLETED), in_state(cancelled, OrderStatus.COMPLETED)
    disputed = void(in_state(cancelled, OrderStatus.COMPLETED))
    never_sold = [in_state(cancelled, status) for status in (OrderStatus.PENDING, OrderStatus.CANCELLED)]
    await add(unit_of_work, returned, on_its_way, not_asked_yet, bounced, free, to_do, refused, disputed, *never_sold)
    async with unit_of_work() as uow:
        await uow.show_refunds.refused(refused.id, reason="less is left")
        for order, status, reason in (
            (returned, RefundStatus.SUCCEEDED, None),
            (on_its_way, RefundStatus.PENDING, None),
            (not_asked_yet, RefundStatus.REQUESTED, None),
            (bounced, RefundStatus.FAILED, "lost_or_stolen_card"),
        ):
            await uow.refunds.add(replace(a_refund(order), status=status, failure_reason=reason))
        # A refund that failed once and succeeded the second time is not a failure.
        await uow.refunds.add(replace(a_refund(free), status=RefundStatus.CANCELED))
        await uow.refunds.add(replace(a_refund(free, sequence=2), status=RefundStatus.SUCCEEDED))
        await uow.commit()

    async with unit_of_work() as uow:
        progress = await uow.show_refunds.progress(cancelled.show.id, failures=10)
        first_failure = await uow.show_refunds.progress(cancelled.show.id, failures=1)

    assert progress == RefundProgress(
        refunded=2,
        failed=2,
        remaining=3,
        refunded_amount=1230,
        failures=(RefundFailure(bounced.id, "lost_or_stolen_card"), RefundFailure(refused.id, "less is left")),
    )
    assert progress.total == 7
    assert (first_failure.failed, first_failure.failures) == (2, progress.failures[:1])


async def test_a_show_without_orders_is_refunded_at_once(unit_of_work: UnitOfWorkFactory, cancelled: Theatre) -> None:
    async with unit_of_work() as uow:
        assert await uow.show_refunds.progress(cancelled.show.id, failures=1) == RefundProgress(
            refunded=0, failed=0, remaining=0, refunded_amount=0, failures=()
        )


async def test_an_order_that_was_refused_is_taken_up_again_once_that_is_over(
    unit_of_work: UnitOfWorkFactory, cancelled: Theatre
) -> None:
    order = in_state(cancelled, OrderStatus.COMPLETED)
    await add(unit_of_work, order)
    async with unit_of_work() as uow:
        await uow.show_refunds.refused(order.id, reason="disputed")
        assert await uow.show_refunds.to_refund(cancelled.show.id, limit=9) == []
        await uow.show_refunds.reconsider(order.id)
        assert await uow.show_refunds.to_refund(cancelled.show.id, limit=9) == [order.id]


async def test_what_is_at_stake_is_summed_by_payment(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    online = [in_state(theatre, OrderStatus.COMPLETED) for _ in range(2)]
    cash = replace(in_state(theatre, OrderStatus.COMPLETED), manual_payment=ManualPayment.CASH)
    free = replace(in_state(theatre, OrderStatus.COMPLETED), amount_paid=0)
    some_void = in_state(theatre, OrderStatus.COMPLETED)
    first, second = some_void.attendees
    some_void = replace(some_void, attendees=(replace(first, status=AttendeeStatus.VOID), second))
    held = [in_state(theatre, status) for status in (OrderStatus.PENDING, OrderStatus.PROCESSING)]
    gone = [in_state(theatre, OrderStatus.EXPIRED), void(in_state(theatre, OrderStatus.REFUNDED))]
    await add(unit_of_work, *online, cash, free, some_void, *held, *gone)

    async with unit_of_work() as uow:
        assert await uow.show_refunds.at_stake([theatre.show.id]) == AtStake(
            untouched={
                "online": OrdersToRefund(orders=3, people=5, amount=3 * 54_84, fees=3 * 4_84, fees_on_top=3 * 4_84),
                "cash": OrdersToRefund(orders=1, people=2, amount=54_84, fees=4_84, fees_on_top=4_84),
                "nothing": OrdersToRefund(orders=1, people=2, fees=4_84, fees_on_top=4_84),
            },
            holds=2,
            held_tickets=4,
        )
        assert await uow.show_refunds.at_stake([]) == AtStake()
        assert await uow.show_refunds.changed_orders([theatre.show.id], after=None, limit=9) == []


async def test_fees_within_the_prices_are_not_on_top(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    bearing = replace(theatre.producer, fees=FeeBearer.PRODUCER)
    await add(unit_of_work, paid(an_order(bearing, theatre.show, {theatre.stalls: 2})))

    async with unit_of_work() as uow:
        stake = await uow.show_refunds.at_stake([theatre.show.id])
    assert stake.untouched["online"] == OrdersToRefund(orders=1, people=2, amount=50_00, fees=4_84)


async def test_orders_whose_money_moved_are_named_one_by_one(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    returned = in_state(theatre, OrderStatus.PARTIALLY_REFUNDED, refunded_amount=1)
    lost = in_state(theatre, OrderStatus.COMPLETED)
    disputed = in_state(theatre, OrderStatus.COMPLETED, disputed=True)
    exchanged = replace(
        in_state(theatre, OrderStatus.COMPLETED), exchange=Exchange(returned.id, (new_id(),), credit=10_00)
    )
    over = void(in_state(theatre, OrderStatus.REFUNDED, refunded_amount=54_84))
    changed = [returned, lost, disputed, exchanged]
    await add(unit_of_work, *changed, over)
    async with unit_of_work() as uow:
        await uow.refunds.add(replace(a_refund(lost), status=RefundStatus.FAILED))
        await uow.commit()

    ids = sorted(order.id for order in changed)
    async with unit_of_work() as uow:
        assert await uow.show_refunds.at_stake([theatre.show.id]) == AtStake(changed=4)
        assert await uow.show_refunds.changed_orders([theatre.show.id], after=None, limit=3) == ids[:3]
        assert await uow.show_refunds.changed_orders([theatre.show.id], after=ids[2], limit=3) == ids[3:]
