"""Money that came a second time for one order, and goes back whole.

An order is paid by one payment. Two can come where Stripe made two sessions for it, and both were paid: the first one
that is heard of pays the order, and every other is a duplicate payment. It buys nothing, so it is in no order's amounts
and in no report; it is given back by itself, fees and all, and audited until it is back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.refunds import FAILED_STATUSES, RefundStatus

#: A refund that the buyer's bank sent back is made again so often in all; after that a person must find another way.
MAX_RETURNS: Final = 3

#: One refund of the payment at Stripe: how it stands, its amount in minor units, why it failed.
MadeRefund = tuple[RefundStatus, int, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePayment:
    """``amount`` is all that was paid, ``returned`` what of it is on its way back or there: minor units of ``currency``
    (ISO code). ``refusals`` counts how often Stripe would not refund it. ``charged_back``: the buyer's bank took it.
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
        """As all of its refunds at Stripe make it, whoever made them."""
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
        """Stripe would not refund it."""
        return replace(self, status=RefundStatus.FAILED, refusals=self.refusals + 1, failure_reason=reason)

    def disputed(self, *, won: bool | None) -> DuplicatePayment:
        """The buyer's bank asks for it (None), gave it up (True), or has it (False)."""
        return replace(self, charged_back=won is False, failure_reason="disputed" if won is None else None)
