"""A second payment of an order: whether its money is back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.duplicate_payments import MAX_RETURNS, DuplicatePayment, MadeRefund
from domain.refunds import RefundStatus
from tests.support.factories import NOW, order

PAYMENT = DuplicatePayment(
    payment_intent_id="pi_again", order_id=order().id, amount=54_84, currency="USD", received_at=NOW
)
THERE, UNDER_WAY, LOST = RefundStatus.SUCCEEDED, RefundStatus.PENDING, RefundStatus.FAILED


@pytest.mark.parametrize(
    ("refunds", "status", "returned"),
    [
        ([], RefundStatus.REQUESTED, 0),
        ([(THERE, 54_84, None)], RefundStatus.SUCCEEDED, 54_84),
        ([(THERE, 5_00, None)], RefundStatus.REQUESTED, 5_00),
        ([(THERE, 5_00, None), (THERE, 49_84, None)], RefundStatus.SUCCEEDED, 54_84),
        ([(UNDER_WAY, 54_84, None)], RefundStatus.PENDING, 54_84),
        ([(THERE, 5_00, None), (UNDER_WAY, 49_84, None)], RefundStatus.PENDING, 54_84),
        ([(LOST, 54_84, "closed")], RefundStatus.FAILED, 0),
        ([(LOST, 54_84, "closed"), (THERE, 54_84, None)], RefundStatus.SUCCEEDED, 54_84),
        ([(RefundStatus.CANCELED, 54_84, None)], RefundStatus.FAILED, 0),
    ],
)
def test_refunds_of_whoever_count(refunds: list[MadeRefund], status: RefundStatus, returned: int) -> None:
    followed = PAYMENT.with_status(refunds)

    assert (followed.status, followed.returned) == (status, returned)
    assert followed.is_back is (status is RefundStatus.SUCCEEDED)
    assert followed.is_on_its_way is (returned == 54_84)


def test_why_the_last_refund_failed_is_kept_until_another_goes_through() -> None:
    failed = PAYMENT.with_status([(LOST, 54_84, "closed")])

    assert failed.failure_reason == "closed"
    assert failed.with_status([(LOST, 54_84, "closed"), (UNDER_WAY, 54_84, None)]).failure_reason is None


def test_lost_refund_is_made_again_a_few_times() -> None:
    lost: list[MadeRefund] = [(LOST, 54_84, "closed")]

    assert PAYMENT.with_status(lost * (MAX_RETURNS - 1)).may_be_returned_again
    assert not PAYMENT.with_status(lost * MAX_RETURNS).may_be_returned_again


def test_refusals_are_counted() -> None:
    refused = PAYMENT.refused("charge_disputed")

    assert (refused.refusals, refused.status, refused.failure_reason) == (1, RefundStatus.FAILED, "charge_disputed")


def test_money_that_the_bank_took_is_back() -> None:
    opened = PAYMENT.with_disputes(taken=0, contested=True).with_status([])
    lost = opened.with_disputes(taken=54_84, contested=False).with_status([])

    assert not opened.is_back
    assert lost.is_back
    assert not lost.may_be_returned_again
    assert lost.with_disputes(taken=0, contested=False).with_status([]) == PAYMENT


@pytest.mark.parametrize(
    ("taken", "refunds", "status", "left"),
    [
        (5_00, [], RefundStatus.REQUESTED, 49_84),
        (5_00, [(UNDER_WAY, 49_84, None)], RefundStatus.PENDING, 0),
        (5_00, [(THERE, 49_83, None)], RefundStatus.REQUESTED, 1),
        (5_00, [(THERE, 49_84, None)], RefundStatus.SUCCEEDED, 0),
        (5_00, [(THERE, 54_84, None)], RefundStatus.SUCCEEDED, 0),
        (5_00, [(LOST, 49_84, "closed")], RefundStatus.FAILED, 49_84),
        (54_84, [(LOST, 49_84, "closed")], RefundStatus.SUCCEEDED, 0),
    ],
)
def test_only_what_the_bank_took_needs_no_refund(
    taken: int, refunds: list[MadeRefund], status: RefundStatus, left: int
) -> None:
    followed = PAYMENT.with_disputes(taken=taken, contested=False).with_status(refunds)

    assert (followed.status, followed.left) == (status, left)


def test_payment_is_settled_when_the_producer_bore_what_the_bank_took() -> None:
    back = PAYMENT.with_disputes(taken=5_00, contested=False).with_status([(THERE, 49_84, None)])

    assert not back.is_settled
    assert replace(back, recovered=5_00).is_settled
