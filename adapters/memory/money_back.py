"""Who is owed money."""

from __future__ import annotations

from collections.abc import Sequence

from domain.disputes import Dispute, taken_by_banks
from domain.orders import AttendeeStatus, Order
from domain.refunds import Refund, left_to_refund


def is_owed(order: Order, refunds: Sequence[Refund], disputes: Sequence[Dispute]) -> bool:
    """Whether a refund was lost, and less went back than void tickets cost, or nothing since one that voided none."""
    lost = [refund for refund in refunds if not refund.is_effective]
    if not lost:
        return False
    void = [attendee for attendee in order.attendees if attendee.status is AttendeeStatus.VOID]
    worth = min(sum(order.lines[attendee.line].unit_amount for attendee in void), order.amount_paid)
    if order.completed_at is None:
        worth = order.amount_paid
    if order.refunded_amount + taken_by_banks(disputes) < worth:
        return True
    is_last = not any(refund.is_effective and refund.sequence > lost[-1].sequence for refund in refunds)
    voided_none = lost[-1].made_by_provider or not void
    return voided_none and is_last and left_to_refund(order, disputes) > 0
