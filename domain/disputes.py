"""Disputes: the buyer's bank asks for a payment back, and may get it.

An inquiry (``warning_*``) moves no money and may be answered with a refund. A dispute takes its amount out of the
platform's balance at once. While it is open, Stripe refuses refunds of that payment, and money given back in another
way may have to be given twice. So no refund of ours begins while a dispute is open.

A lost dispute has returned the buyer's money for good. The amount comes out of the producer's transfer, as a refund
does, and the platform returns the same share of its application fee. The platform bears Stripe's charge for the dispute
itself, because the contract with Stripe is the platform's.

A disputed amount cannot be attributed to a ticket. So a lost dispute voids tickets only if nothing of the payment is
left, and then all of them. Otherwise the amount that the bank took counts as already given back to the attendees whom
the producer refunds next.

The statuses are Stripe's: https://docs.stripe.com/api/disputes/object#dispute_object-status
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.orders import Order


class DisputeStatus(StrEnum):
    """The status of a dispute, by Stripe's name."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    PREVENTED = "prevented"
    WON = "won"
    LOST = "lost"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"


#: The bank asks, but moves no money.
INQUIRIES: Final = frozenset({DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.WARNING_UNDER_REVIEW})
#: The bank has the money and has not decided.
CONTESTED: Final = frozenset({DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW})
#: The buyer has the money. An appeal brings it back only if it is won.
LOST_FOR_NOW: Final = frozenset(
    {DisputeStatus.LOST, DisputeStatus.APPEAL_NEEDS_RESPONSE, DisputeStatus.APPEAL_UNDER_REVIEW}
)
#: What the bank decides next: the producer may still need the buyer's name for it.
UNDECIDED: Final = (INQUIRIES | CONTESTED | LOST_FOR_NOW) - {DisputeStatus.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute of an order's payment; ``id`` is Stripe's. Amounts are minor units of the order's currency.

    ``amount`` is what the bank asks for, ``lost`` what it keeps after its decision. ``recovered`` is the part of that
    which comes out of the producer's transfer, ``fees_returned`` what the platform gives back of its fees for it, and
    ``reversal_id`` Stripe's reversal of the transfer, once it is made. ``lost_at`` is when we heard that it is lost;
    None while it is not, and for disputes of an earlier version.
    """

    id: str
    order_id: UUID
    amount: int
    status: DisputeStatus
    reason: str
    opened_at: datetime
    evidence_due_by: datetime | None = None
    lost: int = 0
    recovered: int = 0
    fees_returned: int = 0
    reversal_id: str | None = None
    lost_at: datetime | None = None

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks."""
        return self.status in INQUIRIES

    @property
    def is_contested(self) -> bool:
        """Whether the bank has taken the money and has not decided."""
        return self.status in CONTESTED

    @property
    def is_lost(self) -> bool:
        """Whether the buyer has the money."""
        return self.status in LOST_FOR_NOW

    @property
    def is_over(self) -> bool:
        """Whether the bank has decided."""
        return not self.is_inquiry and not self.is_contested

    @property
    def has_to_be_repaid(self) -> bool:
        """Whether an appeal was won after the money had been taken from the producer, who must get it back."""
        return self.reversal_id is not None and not self.is_lost

    def with_status(
        self, status: DisputeStatus, *, amount: int, lost: int, evidence_due_by: datetime | None
    ) -> Dispute:
        """The dispute with the status that Stripe reports.

        A decided dispute never opens again: such a report is outdated and ignored.
        """
        is_old_news = (self.is_over and status in INQUIRIES | CONTESTED) or (self.is_contested and status in INQUIRIES)
        if is_old_news:
            return self
        return replace(
            self,
            status=status,
            amount=amount,
            lost=lost,
            evidence_due_by=evidence_due_by,
        )


def is_contested(order: Order, disputes: Sequence[Dispute]) -> bool:
    """Whether a bank has the order's money without having decided.

    An order flagged before disputes were stored one by one counts as contested.
    """
    return any(dispute.is_contested for dispute in disputes) or (order.disputed and not disputes)


def taken_by_banks(disputes: Iterable[Dispute]) -> int:
    """The amount that lost disputes gave back to the buyer, in minor units."""
    return sum(dispute.lost for dispute in disputes if dispute.is_lost)
