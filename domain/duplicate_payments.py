"""Duplicate payments: a second payment for one order, which is returned in full.

An order is paid by one payment. A second can arrive if Stripe made two sessions for the order and both were paid: the
payment that is reported first pays the order, and every other is a duplicate. It buys nothing, so it is in no order's
amounts and in no report. It is refunded separately, fees included, and audited until it is back.

If the buyer's bank takes a part of it by a dispute, only the rest is refunded. The producer's transfer was made for the
whole payment, so the part that the bank took comes out of that transfer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.refunds import FAILED_STATUSES, RefundStatus

#: How often a refund is made again after the buyer's bank sent it back; after that a person must find another way.
MAX_RETURNS: Final = 3

#: One refund of the payment at Stripe: its status, its amount in minor units, and why it failed.
MadeRefund = tuple[RefundStatus, int, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePayment:
    """A duplicate payment. ``amount`` is all that was paid, ``returned`` the part that has gone back or is on its way:
    minor units of ``currency`` (ISO code). ``refusals`` counts how often Stripe refused to refund it. ``taken`` is the
    part that the buyer's bank took by disputes that were lost, ``recovered`` the part of that which came out of the
    producer's transfer. While it is ``contested``, a bank has its money and has not decided.
    """

    payment_intent_id: str
    order_id: UUID
    amount: int
    currency: str
    received_at: datetime
    status: RefundStatus = RefundStatus.REQUESTED
    returned: int = 0
    returns_lost: int = 0
    refusals: int = 0
    failure_reason: str | None = None
    taken: int = 0
    recovered: int = 0
    contested: bool = False

    @property
    def is_back(self) -> bool:
        """Whether the buyer has the money again."""
        return self.status is RefundStatus.SUCCEEDED

    @property
    def left(self) -> int:
        """The part that neither went back nor is on its way, in minor units."""
        return max(self.amount - self.taken - self.returned, 0)

    @property
    def is_on_its_way(self) -> bool:
        return self.left == 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do: the buyer gets all of it, and what a bank took came from the producer."""
        return self.is_on_its_way and self.recovered >= self.taken

    @property
    def may_be_returned_again(self) -> bool:
        return not self.is_on_its_way and self.returns_lost < MAX_RETURNS

    def with_status(self, refunds: Iterable[MadeRefund]) -> DuplicatePayment:
        """The payment after these refunds: all of its refunds at Stripe, whoever made them."""
        made = list(refunds)
        there = sum(amount for status, amount, _ in made if status is RefundStatus.SUCCEEDED)
        returned = sum(amount for status, amount, _ in made if status not in FAILED_STATUSES)
        lost = [reason for status, _, reason in made if status in FAILED_STATUSES]
        if there + self.taken >= self.amount:
            status = RefundStatus.SUCCEEDED
        elif returned + self.taken >= self.amount:
            status = RefundStatus.PENDING
        else:
            status = RefundStatus.FAILED if lost else RefundStatus.REQUESTED
        return replace(
            self,
            status=status,
            returned=min(returned, self.amount),
            returns_lost=len(lost),
            failure_reason=lost[-1] if lost and status is RefundStatus.FAILED else None,
        )

    def refused(self, reason: str) -> DuplicatePayment:
        """The payment after Stripe refused to refund it."""
        return replace(self, status=RefundStatus.FAILED, refusals=self.refusals + 1, failure_reason=reason)

    def with_disputes(self, *, taken: int, contested: bool) -> DuplicatePayment:
        """The payment when its disputes have taken this amount in all. ``with_status`` says whether it is back then."""
        return replace(self, taken=min(taken, self.amount), contested=contested)
