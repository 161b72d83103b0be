"""Money back: how much for whom, and what became of it (design.md §3, Money at Stripe).

The rule: a refund takes the money from where it went. The transfer to the producer is always reversed by what the
buyer gets back; with ``refund_fees`` the buyer gets the tickets' share of the fees, too, and the platform returns the
same share of its application fee. Without, the fees stay with the platform and the buyer gets price and tax alone.

A refund that Stripe refuses, or that fails later, leaves tickets void and the money with us. That money is owed: asking
for the refund again starts another one of what the void tickets bring and has not gone back, under a key of its own.

A refund that somebody makes in Stripe's dashboard voids nobody, as nobody can say whose money it was, until all that
was paid is on its way back: then no ticket is paid for any more, all are void, and their places are on sale again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from typing import Final
from uuid import UUID

from domain.money import round_half_up
from domain.orders import AttendeeStatus, Order
from domain.policy import CheckoutPolicy


class RefundStatus(StrEnum):
    """``requested`` is ours alone: Stripe has not heard of it yet. The others are Stripe's."""

    REQUESTED = "requested"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


#: Refunds whose money stays, or came back to us: they no longer count against what is left to refund.
LOST: Final = frozenset({RefundStatus.FAILED, RefundStatus.CANCELED})


#: A refund goes on in this order alone: one that succeeded may still fail, when the buyer's bank sends it back.
_STAGES: Final = {
    RefundStatus.REQUESTED: 0,
    RefundStatus.PENDING: 1,
    RefundStatus.REQUIRES_ACTION: 1,
    RefundStatus.SUCCEEDED: 2,
    RefundStatus.FAILED: 3,
    RefundStatus.CANCELED: 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund of an order. ``amount`` in minor units; ``sequence`` counts an order's refunds from 1.

    ``made_at_stripe`` marks one that somebody made in Stripe's dashboard.
    """

    id: UUID
    order_id: UUID
    sequence: int
    amount: int
    refund_fees: bool
    reason: str
    created_at: datetime
    status: RefundStatus = RefundStatus.REQUESTED
    stripe_refund_id: str | None = None
    failure_reason: str | None = None
    made_at_stripe: bool = False

    @property
    def counts(self) -> bool:
        """Whether its money is on its way to the buyer, or there."""
        return self.status not in LOST

    def followed(self, status: RefundStatus, stripe_refund_id: str, failure_reason: str | None) -> Refund:
        """As Stripe says it stands; what was said before a later stage was reached is old news."""
        if self.stripe_refund_id is not None and _STAGES[status] < _STAGES[self.status]:
            return self
        return replace(self, status=status, stripe_refund_id=stripe_refund_id, failure_reason=failure_reason)

    def refused(self, reason: str) -> Refund:
        """Stripe never made it."""
        return replace(self, status=RefundStatus.FAILED, failure_reason=reason)


def amount_for(order: Order, attendee_ids: Collection[UUID], *, refund_fees: bool) -> int:
    """What these attendees' tickets bring back, in minor units.

    Fees and tax are shared out by price, so that the shares of all attendees add up to the whole to the cent. Tax that
    was within the prices goes back with them.
    """
    prices = [order.lines[attendee.line].unit_amount for attendee in order.attendees]
    # Each by itself: a share of both together could round to less than the tax's share alone.
    step = order.quote.currency.step
    taxes = shared_out(order.tax_added, prices, step)
    fees = shared_out(order.quote.fees if refund_fees else 0, prices, step)
    return sum(
        price + tax + fee
        for attendee, price, tax, fee in zip(order.attendees, prices, taxes, fees, strict=True)
        if attendee.id in attendee_ids
    )


def owed(order: Order, refunds: Sequence[Refund], *, refund_fees: bool) -> int:
    """What of the order's void tickets should have gone back, and was lost on the way, in minor units.

    Nothing where no refund was lost, and nothing while the buyer's bank has taken the money back itself. An order that
    has no tickets was paid too late: all of it is to go back.
    """
    if order.disputed or all(refund.counts for refund in refunds):
        return 0
    void = [attendee.id for attendee in order.attendees if attendee.status is AttendeeStatus.VOID]
    worth = amount_for(order, void, refund_fees=refund_fees) if order.attendees else order.amount_paid
    return max(worth - order.refunded_amount, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundShares:
    """Who bears a refund, in minor units: ``buyer_gets`` = ``producer_bears`` + ``platform_bears``.

    ``stripe_keeps`` is an estimate: the share of what Stripe took for processing the payment (by the house's rate) that
    it never returns. It has gone out of the platform's share already, so whoever bears the fees bears it with them.
    """

    buyer_gets: int
    producer_bears: int
    platform_bears: int
    stripe_keeps: int


def shares_of(
    order: Order, amount: int, *, refund_fees: bool, earlier: Sequence[Refund], policy: CheckoutPolicy
) -> RefundShares:
    """Who bears a refund of ``amount``, after the ``earlier`` refunds of the order.

    Stripe takes the whole amount back out of the producer's transfer, and with its fees the same share out of the
    application fee, which goes to the producer. What the producer took at the counter concerns nobody else.
    """
    if order.is_manual_order or not order.amount_paid:
        return RefundShares(buyer_gets=amount, producer_bears=amount, platform_bears=0, stripe_keeps=0)
    returned = fees_returned(order, [*earlier, amount] if refund_fees else earlier) - fees_returned(order, earlier)
    currency = order.quote.currency
    fixed = policy.terms(currency).processing_fee_fixed.scaleb(currency.places)
    processing = Decimal(order.amount_paid) * policy.processing_fee_rate + fixed
    return RefundShares(
        buyer_gets=amount,
        producer_bears=amount - returned,
        platform_bears=returned,
        stripe_keeps=round_half_up(processing * amount / order.amount_paid),
    )


def fees_returned(order: Order, refunds: Sequence[Refund | int]) -> int:
    """What of the order's fees these refunds took back from the platform; a bare amount is a refund with its fees.

    Stripe takes the refund's share of the payment, rounded half up for each refund, and never more than is left.
    """
    amounts = [
        refund if isinstance(refund, int) else refund.amount
        for refund in refunds
        if isinstance(refund, int) or (refund.refund_fees and refund.counts)
    ]
    if not order.amount_paid or order.is_manual_order:
        return 0
    shares = sum(round_half_up(Decimal(order.quote.fees * amount) / order.amount_paid) for amount in amounts)
    return min(shares, order.quote.fees)


def shared_out(amount: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """``amount`` in shares by weight that add up to it exactly; nothing where all weights are zero.

    Shares are multiples of ``step``, as the currency's amounts are, if ``amount`` is one.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    marks = [
        amount if sum_so_far == whole else amount * sum_so_far // whole // step * step
        for sum_so_far in accumulate(weights)
    ]
    return [mark - before for mark, before in zip(marks, [0, *marks], strict=False)]
