"""The refundable amount of attendees, and the status of refunds."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.refunds import Refund, RefundStatus, outstanding, refundable_amount
from tests.domain.strategies import orders
from tests.support.factories import NOW, issue, order, promo_code, show, ticket

pytestmark = pytest.mark.p1

evening = show()
stalls = ticket(of=evening, price=25_00)
circle = ticket(of=evening, price=40_00, name="Circle")
guest = ticket(of=evening, price=0, name="Guest")


def refund(**overrides: Any) -> Refund:
    facts = {"sequence": 1, "amount": 54_84, "refund_fees": True, "reason": "ill", "created_at": NOW}
    return Refund(**{"id": uuid4(), "order_id": uuid4(), **facts, **overrides})


def sold(*wanted: Any, **overrides: Any) -> Order:
    return order(*wanted, status=OrderStatus.COMPLETED, **overrides)


def everybody(paid: Order) -> set[UUID]:
    return {attendee.id for attendee in paid.attendees}


def amounts(paid: Order, *, refund_fees: bool) -> list[int]:
    """The refundable amount of each attendee alone."""
    return [refundable_amount(paid, {attendee.id}, refund_fees=refund_fees) for attendee in paid.attendees]


@st.composite
def paid_orders(draw: st.DrawFn) -> Order:
    """Any order, with any tax if there was anything to tax."""
    placed = draw(orders())
    tax = 0 if placed.quote.is_free else draw(st.integers(0, 100_000)) * placed.quote.currency.step
    return replace(placed, status=OrderStatus.COMPLETED, tax=tax).with_attendees(issue)


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Order, list[set[UUID]]]:
    """An order whose attendees are refunded in several goes, in any order."""
    paid = draw(paid_orders())
    shuffled = draw(st.permutations([attendee.id for attendee in paid.attendees]))
    goes = sorted((draw(st.integers(0, 3)), position) for position in range(len(shuffled)))
    return paid, [{shuffled[position] for _, position in go} for _, go in groupby(goes, key=lambda each: each[0])]


@given(partitions())
def test_however_an_order_is_refunded_in_the_end_everything_is_back(partition: tuple[Order, list[set[UUID]]]) -> None:
    paid, goes = partition
    assert sum(refundable_amount(paid, go, refund_fees=True) for go in goes) == paid.quote.total + paid.tax


@given(partitions())
def test_without_the_fees_it_is_the_price_and_the_tax(partition: tuple[Order, list[set[UUID]]]) -> None:
    paid, goes = partition
    assert sum(refundable_amount(paid, go, refund_fees=False) for go in goes) == paid.quote.subtotal + paid.tax


@given(paid_orders())
def test_everybody_gets_their_price_and_shares_of_tax_and_fees_that_are_fair_to_the_cent(paid: Order) -> None:
    both = zip(paid.attendees, amounts(paid, refund_fees=False), amounts(paid, refund_fees=True), strict=True)
    for attendee, without_fees, with_fees in both:
        price = paid.lines[attendee.line].unit_amount
        share = price / paid.quote.subtotal if price else 0
        step = paid.quote.currency.step
        assert abs(without_fees - price - paid.tax * share) < step
        assert abs(with_fees - without_fees - paid.quote.fees_on_top * share) < step
        assert with_fees % step == without_fees % step == 0


@given(paid_orders())
def test_fees_only_ever_add(paid: Order) -> None:
    pairs = zip(amounts(paid, refund_fees=False), amounts(paid, refund_fees=True), strict=True)
    assert all(0 <= without <= fees_and_all for without, fees_and_all in pairs)


def test_a_cent_that_cannot_be_shared_goes_to_one() -> None:
    paid = sold((stalls, 2), tax=5)
    assert amounts(paid, refund_fees=True) == [27_44, 27_45]
    assert amounts(paid, refund_fees=False) == [25_02, 25_03]


def test_who_paid_more_gets_more_back() -> None:
    paid = sold((stalls, 1), (circle, 1), tax=6_50)
    assert paid.quote.fees == 5_27
    assert amounts(paid, refund_fees=True) == [25_00 + 4_52, 40_00 + 7_25]


def test_a_discount_is_not_given_back() -> None:
    paid = sold((stalls, 4), promo=promo_code(of=evening, discount="0.20"))
    assert amounts(paid, refund_fees=False) == [20_00] * 4
    assert refundable_amount(paid, everybody(paid), refund_fees=True) == 88_79


def test_who_came_for_nothing_gets_nothing_back() -> None:
    paid = sold((stalls, 1), (guest, 1), tax=2_50)
    assert amounts(paid, refund_fees=True) == [paid.quote.total + 2_50, 0]


def test_a_free_order_brings_nothing_back() -> None:
    free = sold((guest, 3))
    assert refundable_amount(free, everybody(free), refund_fees=True) == 0


def test_a_share_stays_the_same_when_others_are_void_already() -> None:
    paid = sold((stalls, 2), tax=5)
    first, second = paid.attendees
    later = replace(paid, attendees=(replace(first, status=AttendeeStatus.VOID), second))
    assert amounts(later, refund_fees=True) == amounts(paid, refund_fees=True)


@pytest.mark.parametrize("attendee_ids", [set(), {uuid4()}])
def test_nobody_brings_nothing_back(attendee_ids: set[UUID]) -> None:
    assert refundable_amount(sold((stalls, 2)), attendee_ids, refund_fees=True) == 0


@pytest.mark.parametrize("status", RefundStatus)
def test_a_refund_counts_unless_its_money_came_back(status: RefundStatus) -> None:
    assert refund(status=status).is_effective is (status not in {RefundStatus.FAILED, RefundStatus.CANCELED})


def test_a_new_refund_is_one_that_stripe_has_not_heard_of() -> None:
    new = refund()
    assert new.status is RefundStatus.REQUESTED
    assert new.is_effective
    assert (new.provider_refund_id, new.failure_reason, new.made_by_provider) == (None, None, False)


def test_a_refund_follows_what_stripe_says() -> None:
    new = refund()
    pending = new.with_status(RefundStatus.PENDING, "re_1", None)
    assert pending == replace(new, status=RefundStatus.PENDING, provider_refund_id="re_1")
    failed = pending.with_status(RefundStatus.FAILED, "re_1", "lost_or_stolen_card")
    assert (failed.status, failed.failure_reason) == (RefundStatus.FAILED, "lost_or_stolen_card")
    assert failed.with_status(RefundStatus.SUCCEEDED, "re_1", None) == failed


def test_a_refund_that_seemed_refused_but_was_made_is_followed_all_the_same() -> None:
    made = refund().refused("no answer that could be read").with_status(RefundStatus.SUCCEEDED, "re_1", None)
    assert (made.status, made.failure_reason) == (RefundStatus.SUCCEEDED, None)


def test_a_refund_that_stripe_refused_was_never_made() -> None:
    refused = refund().refused("charge already disputed")
    assert (refused.status, refused.failure_reason) == (RefundStatus.FAILED, "charge already disputed")
    assert refused.provider_refund_id is None
    assert not refused.is_effective


def after(paid: Order, *void: int, returned: int = 0, **overrides: Any) -> Order:
    """The order after these attendees' tickets became void, and ``returned`` went back."""
    attendees = tuple(
        replace(attendee, status=AttendeeStatus.VOID) if place in void else attendee
        for place, attendee in enumerate(paid.attendees)
    )
    return replace(paid, attendees=attendees, refunded_amount=returned, **overrides)


LOST = refund(status=RefundStatus.FAILED)


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.CANCELED])
@pytest.mark.parametrize(("refund_fees", "amount"), [(True, 54_84), (False, 50_00)])
def test_void_tickets_whose_refund_was_lost_are_owed_for(status: RefundStatus, refund_fees: bool, amount: int) -> None:
    bought = after(sold((stalls, 2)), 0, 1)
    assert outstanding(bought, [refund(status=status)], refund_fees=refund_fees) == amount


def test_nothing_is_owed_while_no_refund_was_lost() -> None:
    bought = after(sold((stalls, 2)), 0, 1)
    assert outstanding(bought, [refund(), refund(status=RefundStatus.PENDING)], refund_fees=True) == 0
    assert outstanding(bought, [], refund_fees=True) == 0


def test_what_has_gone_back_since_is_not_owed() -> None:
    bought = sold((stalls, 2))
    assert outstanding(after(bought, 0, returned=0), [LOST], refund_fees=True) == 27_42
    assert outstanding(after(bought, 0, returned=27_42), [LOST, refund()], refund_fees=True) == 0
    assert outstanding(after(bought, 0, 1, returned=27_42), [LOST, refund()], refund_fees=True) == 27_42
    assert outstanding(after(bought, 0, returned=54_84), [LOST, refund()], refund_fees=True) == 0


def test_tickets_that_still_admit_are_not_owed_for() -> None:
    assert outstanding(sold((stalls, 2)), [LOST], refund_fees=True) == 0


def test_nothing_is_owed_to_whom_the_bank_gives_it_back() -> None:
    assert outstanding(after(sold((stalls, 2)), 0, 1, disputed=True), [LOST], refund_fees=True) == 0


def test_an_order_that_was_paid_too_late_is_owed_all_of_it() -> None:
    late = replace(sold((stalls, 2)), attendees=(), amount_paid=54_84, status=OrderStatus.REFUNDED)
    assert outstanding(late, [LOST], refund_fees=False) == 54_84
