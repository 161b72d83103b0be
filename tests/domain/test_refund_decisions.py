"""The effect of a producer's refund, after various events with the order's money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dispute_losses import booked
from domain.disputes import CONTESTED, INQUIRIES, DisputeStatus
from domain.errors import Conflict
from domain.money import currency
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.refunds import Refund, RefundRequest, RefundStatus, decide_refund, left_to_refund
from tests.support.disputes import dispute_of
from tests.support.factories import NOW, order, producer, show, ticket

pytestmark = pytest.mark.p1

WHOLE = RefundRequest()


def sold(quantity: int = 2, *, code: str = "USD", price: int = 25_00, tax: int = 0) -> Order:
    """A paid order; its currency has two decimals or none."""
    evening = show()
    seller = replace(producer(), id=evening.producer_id, currency=currency(code))
    placed = order((ticket(of=evening, price=price), quantity), by=seller, status=OrderStatus.COMPLETED)
    return replace(placed, tax=tax, amount_paid=placed.quote.total + tax)


def by_hand(amount: int, status: RefundStatus = RefundStatus.SUCCEEDED) -> Refund:
    return Refund(
        id=uuid4(),
        order_id=uuid4(),
        sequence=1,
        amount=amount,
        refund_fees=False,
        reason="made at Stripe",
        created_at=NOW,
        status=status,
        made_by_provider=True,
    )


def after(paid: Order, *refunds: Refund) -> Order:
    return replace(paid, refunded_amount=sum(refund.amount for refund in refunds if refund.is_effective))


@given(st.data(), st.integers(1, 5), st.integers(100, 10_000), st.integers(0, 999))
def test_all_that_is_left_after_refunds_by_hand_goes_back_and_every_ticket_is_void(
    data: st.DataObject, quantity: int, price: int, tax: int
) -> None:
    paid = sold(quantity, price=price, tax=tax)
    amounts = data.draw(st.lists(st.integers(1, max(paid.amount_paid // 4, 1)), max_size=3))
    refunds = [by_hand(amount) for amount in amounts]

    decision = decide_refund(after(paid, *refunds), refunds, WHOLE)

    assert decision.amount == paid.amount_paid - sum(amounts)
    assert decision.order.refunded_amount == paid.amount_paid
    assert decision.order.status is OrderStatus.REFUNDED
    assert decision.voided == {attendee.id for attendee in paid.attendees}


@pytest.mark.parametrize(("given_by_hand", "amount"), [(1, 49_99), (5_00, 45_00), (49_99, 1), (50_00, 0), (54_84, 0)])
def test_fees_that_stay_with_the_platform_are_no_longer_given_back_than_by_hand(
    given_by_hand: int, amount: int
) -> None:
    refunds = [by_hand(given_by_hand)]
    decision = decide_refund(after(sold(), *refunds), refunds, RefundRequest(refund_fees=False))
    assert (decision.amount, decision.order.status) == (amount, OrderStatus.REFUNDED)


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.CANCELED])
def test_a_refund_by_hand_that_failed_changes_nothing(status: RefundStatus) -> None:
    refunds = [by_hand(5_00, status)]
    assert decide_refund(after(sold(), *refunds), refunds, WHOLE).amount == 54_84


def test_named_attendees_get_what_their_tickets_cost_or_nothing() -> None:
    paid = sold()
    one = RefundRequest(attendee_ids=frozenset({paid.attendees[0].id}))
    enough, too_much = [by_hand(27_42)], [by_hand(27_43)]
    assert decide_refund(after(paid, *enough), enough, one).amount == 27_42
    with pytest.raises(Conflict, match=r"\$27\.41 left to refund.*\$27\.42"):
        decide_refund(after(paid, *too_much), too_much, one)


@pytest.mark.parametrize("status", sorted(CONTESTED))
@pytest.mark.parametrize("amount", [1, 54_84])
def test_nothing_is_decided_while_a_bank_has_the_money(status: DisputeStatus, amount: int) -> None:
    paid = sold()
    with pytest.raises(Conflict, match="disputes the payment"):
        decide_refund(paid, [], WHOLE, disputes=[dispute_of(paid, amount=amount, status=status)])


def test_an_order_that_is_only_flagged_counts_as_contested() -> None:
    with pytest.raises(Conflict, match="disputes the payment"):
        decide_refund(replace(sold(), disputed=True), [], WHOLE)


@pytest.mark.parametrize(
    "status", sorted({*INQUIRIES, DisputeStatus.WARNING_CLOSED, DisputeStatus.PREVENTED, DisputeStatus.WON})
)
def test_a_dispute_that_takes_nothing_is_no_hindrance(status: DisputeStatus) -> None:
    paid = sold()
    assert decide_refund(paid, [], WHOLE, disputes=[dispute_of(paid, status=status)]).amount == 54_84


@pytest.mark.parametrize("refund_fees", [True, False])
def test_what_a_bank_took_of_four_goes_first_to_those_who_are_named_first(refund_fees: bool) -> None:
    paid = sold(4)
    lost = [dispute_of(paid, amount=25_00, status=DisputeStatus.LOST)]
    refunds: list[Refund] = []
    now = paid
    for attendee in paid.attendees[:3]:
        request = RefundRequest(attendee_ids=frozenset({attendee.id}), refund_fees=refund_fees)
        decision = decide_refund(now, refunds, request, disputes=lost)
        now = decision.order
        if decision.amount:
            refunds.append(replace(by_hand(decision.amount), made_by_provider=False, refund_fees=refund_fees))
    decision = decide_refund(now, refunds, RefundRequest(refund_fees=refund_fees), disputes=lost)
    kept = 0 if refund_fees else paid.quote.fees
    assert decision.order.refunded_amount + 25_00 == paid.amount_paid - kept
    assert decision.order.status is OrderStatus.REFUNDED


def test_nothing_is_left_of_an_order_that_a_bank_has_taken() -> None:
    paid = sold()
    lost = [dispute_of(paid, status=DisputeStatus.LOST)]
    void = tuple(replace(attendee, status=AttendeeStatus.VOID) for attendee in paid.attendees)
    assert left_to_refund(paid, lost) == 0
    with pytest.raises(Conflict, match="nothing left"):
        decide_refund(replace(paid, attendees=void, disputed=True), [], WHOLE, disputes=lost)


def book(paid: Order, refunds: list[Refund], **facts: Any) -> tuple[int, int]:
    dispute = booked(dispute_of(paid, status=DisputeStatus.LOST, **facts), paid, refunds, [])
    return dispute.recovered, dispute.fees_returned


def test_a_lost_dispute_takes_what_the_bank_keeps_and_returns_the_fees_share() -> None:
    assert book(sold(), [], amount=54_84) == (54_84, 4_84)
    assert book(sold(), [], amount=27_42) == (27_42, 2_42)
    assert book(sold(), [], amount=54_84, lost=27_42) == (27_42, 2_42)


def test_a_lost_dispute_takes_no_more_than_refunds_have_left() -> None:
    ours = replace(by_hand(27_42), made_by_provider=False, refund_fees=True)
    paid = after(sold(), ours)
    assert book(paid, [ours], amount=54_84) == (27_42, 2_42)
    assert book(paid, [ours], amount=27_42) == (27_42, 2_42)
    assert book(paid, [ours], amount=10_00) == (10_00, 88)
    assert book(after(sold(), by_hand(54_84)), [by_hand(54_84)], amount=54_84) == (0, 0)


@pytest.mark.parametrize("status", [status for status in DisputeStatus if status is not DisputeStatus.LOST])
def test_old_news_of_a_dispute_change_nothing_once_it_is_lost(status: DisputeStatus) -> None:
    lost = dispute_of(sold(), status=DisputeStatus.LOST)
    told = lost.with_status(status, amount=54_84, lost=0, evidence_due_by=None)
    assert (told == lost) is (status in INQUIRIES | CONTESTED)


@pytest.mark.parametrize("code", ["JPY", "KRW", "VND", "HUF", "CLP"])
@pytest.mark.parametrize("by_hand_of_it", [1, 500])
def test_all_that_is_left_goes_back_in_currencies_without_decimals_too(code: str, by_hand_of_it: int) -> None:
    paid = sold(3, code=code, price=40_000)
    refunds = [by_hand(by_hand_of_it)]
    decision = decide_refund(after(paid, *refunds), refunds, WHOLE)
    assert decision.amount == paid.amount_paid - by_hand_of_it
    assert decision.order.status is OrderStatus.REFUNDED
