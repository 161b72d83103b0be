"""When money of an order went back, for reports: on the day of each refund, and not on the day of the sale.

What was reported of a day stays, as a till's count does. A refund that failed later is taken back on the day on which
it failed. An exchange counts on its own day in both orders: refunded in the earlier one, paid in the later one; and a
refund of the later one takes the earlier payment out of that record on the day of the refund.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.disputes import Dispute
from domain.money import round_half_up
from domain.orders import Order
from domain.refunds import Refund, is_moved_on


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHistory:
    """What happened to an order's money after it was paid. ``later`` are the completed orders that its tickets were
    exchanged for, each with its refunds.
    """

    refunds: Sequence[Refund] = ()
    disputes: Sequence[Dispute] = ()
    later: Sequence[tuple[Order, Sequence[Refund]]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What has gone back of an order by some moment, in minor units: to the buyer in ``refunds``, out of the producer's
    transfer for lost ``disputes``, and in ``fees`` from the platform.
    """

    refunds: int = 0
    disputes: int = 0
    fees: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Running sums, before the limits that an order's amounts set."""

    refunds: int = 0
    fee_shares: int = 0
    fees_moved: int = 0
    disputes: int = 0
    dispute_fees: int = 0

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def __neg__(self) -> _Sums:
        return _Sums(**{name: -getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """What happened to the money of many orders, as reports read it: ``refunds`` and ``disputes`` by order."""

    refunds: Mapping[UUID, Sequence[Refund]] = field(default_factory=dict)
    disputes: Mapping[UUID, Sequence[Dispute]] = field(default_factory=dict)
    later: Mapping[UUID, Sequence[Order]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        orders: Iterable[Order],
        refunds: Mapping[UUID, Sequence[Refund]],
        disputes: Mapping[UUID, Sequence[Dispute]],
    ) -> Histories:
        """The histories of orders; ``orders`` are all that may have come out of an exchange."""
        later: dict[UUID, list[Order]] = defaultdict(list)
        for order in orders:
            if order.exchange is not None and order.completed_at is not None:
                later[order.exchange.order_id].append(order)
        return cls(refunds=refunds, disputes=disputes, later=later)

    def of_order(self, order_id: UUID) -> OrderHistory:
        return OrderHistory(
            refunds=self.refunds.get(order_id, ()),
            disputes=self.disputes.get(order_id, ()),
            later=[(order, self.refunds.get(order.id, ())) for order in self.later.get(order_id, ())],
        )


def returned_by(order: Order, history: OrderHistory) -> list[tuple[datetime, Returned]]:
    """How much had gone back at each moment at which that changed, the earliest first. The last one is how it is."""
    steps: dict[datetime, _Sums] = defaultdict(_Sums)
    for at, step in _steps(order, history):
        steps[at] += step
    found, sums = [], _Sums()
    for at in sorted(steps):
        sums += steps[at]
        found.append((at, _within(order, sums)))
    return found


def _within(order: Order, sums: _Sums) -> Returned:
    fees = min(sums.fee_shares, order.own_fees) + sums.fees_moved + sums.dispute_fees
    return Returned(
        refunds=min(sums.refunds, order.amount_paid), disputes=sums.disputes, fees=min(fees, order.quote.fees)
    )


def _steps(order: Order, history: OrderHistory) -> Iterator[tuple[datetime, _Sums]]:
    for refund in history.refunds:
        if not is_moved_on(order, refund):
            yield from _refunded(order, refund)
    for later, refunds in history.later:
        exchange, at = later.exchange, later.completed_at
        if exchange is None or at is None:
            continue
        if exchange.credit:
            yield at, _Sums(refunds=exchange.credit, fees_moved=exchange.fees)
        for refund in refunds:
            if refund.through == order.id:
                yield refund.created_at, -_Sums(refunds=refund.amount, fees_moved=refund.fees_moved)
    for dispute in history.disputes:
        taken = _Sums(disputes=dispute.recovered, dispute_fees=dispute.fees_returned)
        if taken != _Sums():
            yield dispute.lost_at or dispute.opened_at, taken


def _refunded(order: Order, refund: Refund) -> Iterator[tuple[datetime, _Sums]]:
    given = _Sums(refunds=refund.amount, fee_shares=_fee_share(order, refund), fees_moved=refund.fees_moved)
    if refund.is_effective or refund.changed_at is not None:
        yield refund.created_at, given
    if not refund.is_effective and refund.changed_at is not None:
        yield refund.changed_at, -given


def _fee_share(order: Order, refund: Refund) -> int:
    """What the platform returns of its fees for this refund (``domain.refunds.fees_returned``)."""
    paid = order.own_payment
    if not paid or order.is_manual_order or not refund.refund_fees or refund.through is not None:
        return 0
    return round_half_up(Decimal(order.own_fees * refund.amount) / paid)


def given_back(refund: Refund) -> list[tuple[datetime, int]]:
    """The moments at which money of a refund moved, with the minor units that went to the buyer or came back. What an
    exchange moved between orders has not moved.
    """
    if refund.through is not None:
        return []
    if refund.is_effective:
        return [(refund.created_at, refund.amount)]
    return [(refund.created_at, refund.amount), (refund.changed_at, -refund.amount)] if refund.changed_at else []
