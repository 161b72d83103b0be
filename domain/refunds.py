"""Refunds: how much goes back for which attendees, and what became of it.

A refund takes the money from where it went. Stripe always reverses the transfer to the producer by the amount that the
buyer gets back. With ``refund_fees`` the buyer also gets the tickets' share of the fees, and the platform returns the
same share of its application fee. Without it, the platform keeps the fees and the buyer gets only price and tax.

Fees that were included in the prices were never the buyer's: the buyer gets the whole price back either way. With
``refund_fees`` the platform bears its share of that, without it the producer bears all of it.

If Stripe refuses a refund, or it fails later, the tickets stay void and the money stays with us. That money is owed:
the next request for the refund starts another one, with its own key, for the amount of the void tickets that has not
gone back.

A refund made in Stripe's dashboard names no attendees, so it voids no ticket until the whole payment is on its way
back. Then no ticket is paid for any more: all become void, and their places go on sale again. A refund of the whole
order takes dashboard refunds into account, so the rest can always be given back. A refund of named attendees does
not: it returns the price of their tickets, or is refused with what is left.

The amount that a lost dispute returned counts first for the attendees who are refunded next (domain/disputes.py).
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

from domain.disputes import Dispute, is_contested, taken_by_banks
from domain.errors import Conflict, InvalidRequest
from domain.money import Currency, round_half_up
from domain.orders import AttendeeStatus, Order
from domain.policy import CheckoutPolicy
from domain.stock import Stock


class RefundStatus(StrEnum):
    """The status of a refund.

    ``requested`` is our own: Stripe does not know of the refund yet. The others are Stripe's.
    """

    REQUESTED = "requested"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


#: Refunds whose money stayed with us or came back: they no longer reduce what is left to refund.
FAILED_STATUSES: Final = frozenset({RefundStatus.FAILED, RefundStatus.CANCELED})
#: The longest reason that a producer gives for a refund, in characters.
MAX_REASON_LENGTH: Final = 500

#: A refund moves only forward in this order. One that succeeded may still fail, if the buyer's bank sends it back.
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
    """One refund of an order. ``amount`` is in minor units; ``sequence`` counts an order's refunds from 1.

    ``made_by_provider`` marks a refund made in Stripe's dashboard. One that goes ``through`` another order is a record
    of an exchange, which Stripe does not know: the tickets' payment counts as paid in that order now, or, where that is
    the order that this one came from, its payment is what goes back. ``fees_moved`` is the part of the order's fees
    that moved with it. ``changed_at`` is when the status changed last, None while it is requested and for refunds of an
    earlier version.
    """

    id: UUID
    order_id: UUID
    sequence: int
    amount: int
    refund_fees: bool
    reason: str
    created_at: datetime
    status: RefundStatus = RefundStatus.REQUESTED
    provider_refund_id: str | None = None
    failure_reason: str | None = None
    made_by_provider: bool = False
    through: UUID | None = None
    fees_moved: int = 0
    changed_at: datetime | None = None

    @property
    def is_effective(self) -> bool:
        """Whether its money has reached the buyer or is on its way."""
        return self.status not in FAILED_STATUSES

    def with_status(self, status: RefundStatus, provider_refund_id: str, failure_reason: str | None) -> Refund:
        """The refund with the status that Stripe reports; reports of an earlier stage are outdated and ignored."""
        if self.provider_refund_id is not None and _STAGES[status] < _STAGES[self.status]:
            return self
        return replace(self, status=status, provider_refund_id=provider_refund_id, failure_reason=failure_reason)

    def refused(self, reason: str) -> Refund:
        """The refund after Stripe refused to make it."""
        return replace(self, status=RefundStatus.FAILED, failure_reason=reason)


def refundable_amount(order: Order, attendee_ids: Collection[UUID], *, refund_fees: bool) -> int:
    """The refundable amount of these attendees' tickets, in minor units.

    Fees and tax are allocated by price: the shares of all attendees add up to the whole to the cent. Tax and fees that
    are included in the prices go back with them.
    """
    prices = [order.lines[attendee.line].unit_amount for attendee in order.attendees]
    # Each share is rounded separately: a share of the sum could round to less than the tax's share alone.
    step = order.quote.currency.step
    taxes = allocate(order.tax_added, prices, step)
    fees = allocate(order.quote.fees_on_top if refund_fees else 0, prices, step)
    return sum(
        price + tax + fee
        for attendee, price, tax, fee in zip(order.attendees, prices, taxes, fees, strict=True)
        if attendee.id in attendee_ids
    )


def is_moved_on(order: Order, refund: Refund) -> bool:
    """Whether the refund's money stayed with the producer, because an exchange made it the payment of a later order."""
    return refund.through is not None and (order.exchange is None or refund.through != order.exchange.order_id)


def check_reason(reason: str) -> None:
    """Raises InvalidRequest for more than ``MAX_REASON_LENGTH`` characters, and for a null character."""
    if len(reason) > MAX_REASON_LENGTH or "\0" in reason:
        raise InvalidRequest(f"reason must have at most {MAX_REASON_LENGTH} characters", field="reason")


def outstanding(order: Order, refunds: Sequence[Refund], *, refund_fees: bool, disputes: Sequence[Dispute] = ()) -> int:
    """The amount of the order's void tickets that should have gone back but was lost on the way, in minor units.

    Zero if no refund was lost. Amounts that a bank has taken back, or holds until it decides, do not count. An order
    without attendees was paid too late: its whole payment is to go back.
    """
    if is_contested(order, disputes) or all(refund.is_effective for refund in refunds):
        return 0
    worth = refundable_amount(order, _void(order), refund_fees=refund_fees) if order.attendees else order.amount_paid
    return max(worth - order.refunded_amount - taken_by_banks(disputes), 0)


def left_to_refund(order: Order, disputes: Sequence[Dispute] = ()) -> int:
    """The amount of the order's payment that the producer and the platform still have, in minor units.

    Money on its way back to the buyer is subtracted, and so is money that a bank has taken for good.
    """
    return max(order.amount_paid - order.refunded_amount - taken_by_banks(disputes), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A producer's request. ``attendee_ids`` None means the whole order: all that is left of it."""

    attendee_ids: frozenset[UUID] | None = None
    refund_fees: bool = True


@dataclass(frozen=True, slots=True)
class RefundDecision:
    """The effect of a refund: the order after it, the minor units that go back, and whose tickets stop admitting.

    Putting places on sale again is left to the caller, who has the stock.
    """

    order: Order
    amount: int
    voided: frozenset[UUID]


def decide_refund(
    order: Order, earlier: Sequence[Refund], request: RefundRequest, *, disputes: Sequence[Dispute] = ()
) -> RefundDecision:
    """The decision about a request, after the ``earlier`` refunds of the order and its disputes.

    Raises Conflict while a bank has the money, if the tickets are already void and nothing is owed for them, if named
    attendees cost more than is left, and for an order that was not paid.
    """
    if is_contested(order, disputes):
        raise Conflict(_why_contested(order, disputes))
    facts = _Facts(order, earlier, disputes, refund_fees=request.refund_fees)
    voided, amount = facts.whole() if request.attendee_ids is None else facts.named(request.attendee_ids)
    after = order.refunded(voided, Stock(), restock=False) if voided else order
    given_back = order.refunded_amount + amount
    if facts.by_hand and after.success and given_back + facts.taken >= order.amount_paid:
        # Together with dashboard refunds this is the whole payment: no ticket is paid for any more.
        voided = _valid(order)
        after = order.refunded(voided, Stock(), restock=False)
    return RefundDecision(replace(after, refunded_amount=given_back), amount, frozenset(voided))


class _Facts:
    """An order's money, before a refund is decided."""

    def __init__(
        self, order: Order, earlier: Sequence[Refund], disputes: Sequence[Dispute], *, refund_fees: bool
    ) -> None:
        self._order = order
        self._refund_fees = refund_fees
        self._owing = outstanding(order, earlier, refund_fees=refund_fees, disputes=disputes)
        self._some_were_lost = not all(refund.is_effective for refund in earlier)
        self.taken = taken_by_banks(disputes)
        self.left = left_to_refund(order, disputes)
        self.by_hand = sum(refund.amount for refund in earlier if refund.made_by_provider and refund.is_effective)
        # What banks took and no void ticket has used up yet.
        ours = [refund for refund in earlier if refund.is_effective and not refund.made_by_provider]
        worth = refundable_amount(order, _void(order), refund_fees=any(refund.refund_fees for refund in ours))
        used = worth - sum(refund.amount for refund in ours)
        self._unassigned = max(self.taken - max(used, 0), 0)

    def whole(self) -> tuple[set[UUID], int]:
        """All attendees who are left, and the whole amount that is left, except fees that are not refunded."""
        voided = _valid(self._order)
        if not self._some_were_lost:
            amount = self._worth(voided) - self.by_hand - self._unassigned
        elif self._order.attendees:
            amount = self._worth(voided | _void(self._order)) - self._order.refunded_amount - self.taken
        else:
            amount = self._owing
        amount = min(max(amount, 0), self.left)
        if not voided and not amount:
            raise Conflict(f"Order {self._order.number} has nothing left to refund")
        return voided, amount

    def named(self, attendee_ids: frozenset[UUID]) -> tuple[set[UUID], int]:
        """These attendees: the price of their tickets, and what is owed for those that are already void."""
        again = _void(self._order) & attendee_ids if self._owing else set()
        voided = set(attendee_ids - again)
        if not attendee_ids or not voided <= _valid(self._order):
            raise Conflict("Only attendees of this order who still have a ticket can be refunded")
        cost = min(self._owing, self._worth(again)) + self._worth(voided)
        amount = max(cost - self._unassigned, 0)
        if amount > self.left:
            currency = self._order.quote.currency
            raise Conflict(
                f"Order {self._order.number} has {currency.price(self.left)} left to refund, which is less than the "
                f"{currency.price(amount)} that these tickets cost. To give back all that is left, refund the whole "
                "order: leave attendee_ids out"
            )
        return voided, amount

    def _worth(self, attendee_ids: Collection[UUID]) -> int:
        return refundable_amount(self._order, attendee_ids, refund_fees=self._refund_fees)


def _valid(order: Order) -> set[UUID]:
    return {attendee.id for attendee in order.attendees if attendee.status is AttendeeStatus.VALID}


def _void(order: Order) -> set[UUID]:
    return {attendee.id for attendee in order.attendees if attendee.status is AttendeeStatus.VOID}


def _why_contested(order: Order, disputes: Sequence[Dispute]) -> str:
    amount = sum(dispute.amount for dispute in disputes if dispute.is_contested)
    what = f"{order.quote.currency.price(amount)} of order {order.number}" if amount else f"order {order.number}"
    return (
        f"The buyer's bank disputes the payment of {what} and has the money. "
        "Nothing can be refunded before the dispute is decided"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundShares:
    """The shares of a refund, in minor units: ``buyer_gets`` = ``producer_bears`` + ``platform_bears``.

    ``stripe_keeps`` is an estimate: the share of Stripe's processing fee (by the installation's rate) that Stripe never
    returns. It has already left the platform's share, so the party that bears the fees also bears it.
    """

    buyer_gets: int
    producer_bears: int
    platform_bears: int
    stripe_keeps: int


def shares_of(
    order: Order,
    amount: int,
    *,
    refund_fees: bool,
    earlier: Sequence[Refund],
    policy: CheckoutPolicy,
    disputes: Sequence[Dispute] = (),
    payments: Sequence[tuple[int, int]] = (),
) -> RefundShares:
    """The shares of a refund of ``amount``, after the ``earlier`` refunds of the order and its disputes.

    ``payments`` are the parts of the amount, each with the whole payment that it comes out of: an exchanged order has
    several. Without them all of it comes out of the order's own payment.

    Stripe takes the whole amount out of the producer's transfer. A refund with fees also takes the same share out of
    the application fee, which goes to the producer. Money that the producer took at the counter involves no one else.
    """
    if order.is_manual_order or not order.amount_paid:
        return RefundShares(buyer_gets=amount, producer_bears=amount, platform_bears=0, stripe_keeps=0)
    before = fees_returned(order, earlier)
    fees_left = max(order.quote.fees - before - sum(dispute.fees_returned for dispute in disputes), 0)
    if order.exchange and refund_fees:
        returned = min(round_half_up(Decimal(order.quote.fees * amount) / order.amount_paid), fees_left)
    else:
        returned = min(fees_returned(order, [*earlier, amount]) - before, fees_left) if refund_fees else 0
    return RefundShares(
        buyer_gets=amount,
        producer_bears=amount - returned,
        platform_bears=returned,
        stripe_keeps=_kept_by_stripe(payments or [(amount, order.amount_paid)], order.quote.currency, policy),
    )


def _kept_by_stripe(payments: Sequence[tuple[int, int]], currency: Currency, policy: CheckoutPolicy) -> int:
    """The parts' shares of the processing fees of their payments, of which each has a fixed fee once."""
    fixed = policy.terms(currency).processing_fee_fixed.scaleb(currency.places)
    shares = (part * (paid * policy.processing_fee_rate + fixed) / paid for part, paid in payments if paid)
    return round_half_up(sum(shares, start=Decimal(0)))


def fees_returned(order: Order, refunds: Sequence[Refund | int]) -> int:
    """The fees that the platform returned for these refunds; a bare amount is a refund with its fees.

    Stripe takes the refund's share of the payment, rounded half up for each refund, and never more than is left. Fees
    that moved to another order with an exchange count, too.
    """
    moved = sum(refund.fees_moved for refund in refunds if not isinstance(refund, int) and refund.is_effective)
    amounts = [
        refund if isinstance(refund, int) else refund.amount
        for refund in refunds
        if isinstance(refund, int) or (refund.refund_fees and refund.is_effective and not refund.through)
    ]
    paid, fees = order.own_payment, order.own_fees
    if not paid or order.is_manual_order:
        return moved
    shares = sum(round_half_up(Decimal(fees * amount) / paid) for amount in amounts)
    return min(min(shares, fees) + moved, order.quote.fees)


def allocate(amount: int, weights: Sequence[int], step: int = 1) -> list[int]:
    """``amount`` in shares by weight that add up to it exactly; zeros if all weights are zero.

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
