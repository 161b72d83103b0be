"""Duplicate payments: a second payment for one order, which is returned in full.

An order is paid by one payment. A second can arrive if Stripe made two sessions for the order and both were paid: the
payment that is reported first pays the order, and every other is a duplicate. It buys nothing, so it is in no order's
amounts and in no report. It is refunded separately, fees included, and audited until it is back.
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
    minor units of ``currency`` (ISO code). ``refusals`` counts how often Stripe refused to refund it. ``charged_back``
    means that the buyer's bank took it.
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
    charged_back: bool = False

    @property
    def is_back(self) -> bool:
        """Whether the buyer has the money again."""
        return self.charged_back or self.status is RefundStatus.SUCCEEDED

    @property
    def is_on_its_way(self) -> bool:
        return self.is_back or self.returned >= self.amount

    @property
    def may_be_returned_again(self) -> bool:
        return not self.is_on_its_way and self.returns_lost < MAX_RETURNS

    def with_status(self, refunds: Iterable[MadeRefund]) -> DuplicatePayment:
        """The payment after these refunds: all of its refunds at Stripe, whoever made them."""
        made = list(refunds)
        there = sum(amount for status, amount, _ in made if status is RefundStatus.SUCCEEDED)
        returned = sum(amount for status, amount, _ in made if status not in FAILED_STATUSES)
        lost = [reason for status, _, reason in made if status in FAILED_STATUSES]
        if there >= self.amount:
            status = RefundStatus.SUCCEEDED
        elif returned >= self.amount:
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

    def disputed(self, *, won: bool | None) -> DuplicatePayment:
        """The payment after the buyer's bank asked for it (None), gave up its claim (True), or took it (False)."""
        return replace(self, charged_back=won is False, failure_reason="disputed" if won is None else None)
