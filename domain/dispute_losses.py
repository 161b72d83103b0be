"""The cost of a lost dispute to the producer and the platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from domain.disputes import Dispute
from domain.money import round_half_up
from domain.orders import Order
from domain.refunds import Refund, fees_returned


def booked(dispute: Dispute, order: Order, refunds: Sequence[Refund], others: Sequence[Dispute]) -> Dispute:
    """The dispute with the amount it takes from the producer, and the fees that the platform returns for it.

    The producer gives back at most what the payment brought: what refunds and the ``others`` already took is not taken
    again, even if the bank takes it from the platform a second time. A dispute that is not lost takes nothing, unless
    Stripe has reversed the transfer for it.
    """
    if not dispute.is_lost:
        return dispute if dispute.reversal_id else replace(dispute, recovered=0, fees_returned=0)
    # What an exchange moved to another order has not left the producer.
    moved = sum(refund.amount for refund in refunds if refund.through and refund.is_effective)
    before = order.refunded_amount - moved + sum(other.recovered for other in others)
    recovered = max(min(dispute.lost, order.own_payment - before), 0)
    fees_before = fees_returned(order, refunds) + sum(other.fees_returned for other in others)
    share = round_half_up(Decimal(order.own_fees * recovered) / order.own_payment) if recovered else 0
    return replace(dispute, recovered=recovered, fees_returned=max(min(share, order.quote.fees - fees_before), 0))
