"""Exchanges: tickets of an order become tickets to another performance, or of another type.

The new tickets are a new order, which says what it replaces (``domain.orders.Exchange``); the old ones are void, and
their places on sale again. Money first:

- What the old tickets paid, with their tax and fees, counts as paid in the new order, as far as the new ones cost it.
  In the earlier order's books it is a refund that goes through the new order: a record, which no one asks Stripe for.
- New tickets that cost more: the difference is due, with the processing fee on it, and with a platform fee for each
  ticket that costs something where none did before. Tickets that cost the same have no new fees.
- New tickets that cost less: the difference goes back, with its share of the tax and without fees. If they cost
  nothing, everything but the fees goes back.
- The earlier order's terms stay: who bears the fees, how tax is counted, and how a manual order was paid. What is due
  for a manual order, or goes back of it, changes hands at the counter.

A refund of the new order returns its own payment first, and then takes the earlier one back out of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.disputes import Dispute, is_contested, taken_by_banks
from domain.errors import Conflict, OrderTotalTooSmall
from domain.fees import fees_of, within
from domain.orders import AttendeeStatus, Exchange, Order
from domain.policy import CheckoutPolicy
from domain.pricing import Quote, TicketOrder
from domain.refunds import Refund, RefundRequest, RefundStatus, allocate, decide_refund, fees_returned
from domain.stock import Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTerms:
    """The price of the new order, what it replaces, and the minor units that go ``back`` of the earlier payment."""

    quote: Quote
    exchange: Exchange
    back: int

    def voided(self, order: Order, stock: Stock) -> Order:
        """The earlier order, whose exchanged tickets are void and on sale again."""
        after = order.refunded(self.exchange.attendee_ids, stock, restock=True)
        return replace(after, refunded_amount=order.refunded_amount + self.exchange.credit + self.back)


@dataclass(frozen=True, slots=True)
class _Paid:
    """What tickets paid: their prices, and their shares of tax and fees."""

    price: int
    tax: int
    platform_fees: int
    fees: int


def decide_exchange(
    order: Order,
    refunds: Sequence[Refund],
    attendee_ids: Sequence[UUID],
    lines: Sequence[TicketOrder],
    policy: CheckoutPolicy,
    *,
    disputes: Sequence[Dispute] = (),
) -> ExchangeTerms:
    """The terms on which these attendees get the tickets of ``lines`` instead, in this order.

    Raises Conflict for tickets that are void, checked in or not of this order, and where their price is not all there
    any more: a bank has it, or it went back in another way. Raises OrderTotalTooSmall for a difference that Stripe does
    not charge.
    """
    ensure_exchangeable(order, attendee_ids)
    paid = _paid(order, attendee_ids)
    terms = _terms(order, tuple(attendee_ids), lines, paid, policy)
    request = RefundRequest(attendee_ids=frozenset(attendee_ids), refund_fees=terms.exchange.credit > 0)
    refund = decide_refund(order, refunds, request, disputes=disputes)
    if refund.amount != terms.exchange.credit + terms.back or refund.voided != request.attendee_ids:
        raise Conflict(f"Money of order {order.number} went back in another way: refund these tickets instead")
    return terms


def ensure_exchangeable(order: Order, attendee_ids: Sequence[UUID]) -> None:
    """Raises Conflict for attendees who are not of the order, named twice, void, or checked in."""
    chosen = set(attendee_ids)
    found = [attendee for attendee in order.attendees if attendee.id in chosen]
    if not chosen or len(found) != len(attendee_ids):
        raise Conflict("Only attendees of this order can be exchanged, each of them once")
    if not order.success or any(attendee.status is AttendeeStatus.VOID for attendee in found):
        raise Conflict("These tickets are not valid any more: they cannot be exchanged")
    if any(attendee.checked_in_at is not None for attendee in found):
        raise Conflict("A ticket that is checked in cannot be exchanged")


def _paid(order: Order, attendee_ids: Sequence[UUID]) -> _Paid:
    prices = [order.lines[attendee.line].unit_amount for attendee in order.attendees]
    step, quote, chosen = order.quote.currency.step, order.quote, set(attendee_ids)

    def share(amount: int) -> int:
        shares = zip(order.attendees, allocate(amount, prices, step), strict=True)
        return sum(part for attendee, part in shares if attendee.id in chosen)

    price = sum(order.lines[attendee.line].unit_amount for attendee in order.attendees if attendee.id in chosen)
    return _Paid(price, share(order.tax), share(quote.platform_fees), share(quote.fees))


def _terms(
    order: Order, attendee_ids: tuple[UUID, ...], lines: Sequence[TicketOrder], paid: _Paid, policy: CheckoutPolicy
) -> ExchangeTerms:
    new, included, added = sum(line.total_price for line in lines), order.quote.fees_included, order.tax_is_added
    if new == 0:
        nothing = Exchange(order.id, attendee_ids)
        back = paid.price + (paid.tax if added else 0)
        return ExchangeTerms(quote=_quote(order, lines, new, (0, 0)), exchange=nothing, back=back)
    less = max(paid.price - new, 0)
    step = order.quote.currency.step
    tax_back = paid.tax * less // paid.price // step * step if less else 0
    tax, fees = paid.tax - tax_back, min(paid.fees, new) if included else paid.fees
    platform = min(paid.platform_fees, fees)
    more = _fees_of_difference(order, lines, new - paid.price, attendee_ids, policy)
    quote = _quote(order, lines, new, (platform + more[0], fees - platform + more[1]))
    kept = paid.price - less
    credit = kept + (tax if added else 0) + (0 if included else fees)
    terms = ExchangeTerms(
        quote=quote,
        exchange=Exchange(order.id, attendee_ids, credit, tax, fees) if credit else Exchange(order.id, attendee_ids),
        back=less + (tax_back if added else 0),
    )
    _check_charge(order, terms)
    return terms


def _fees_of_difference(
    order: Order,
    lines: Sequence[TicketOrder],
    difference: int,
    attendee_ids: Sequence[UUID],
    policy: CheckoutPolicy,
) -> tuple[int, int]:
    if difference <= 0 or order.is_manual_order:
        return 0, 0
    chosen = set(attendee_ids)
    cost_before = sum(
        attendee.id in chosen and order.lines[attendee.line].unit_amount > 0 for attendee in order.attendees
    )
    cost_now = sum(line.quantity for line in lines if line.unit_amount > 0)
    fees = fees_of(difference, max(cost_now - cost_before, 0), order.quote.currency, policy)
    return within(difference, fees) if order.quote.fees_included else fees


def _quote(order: Order, lines: Sequence[TicketOrder], subtotal: int, fees: tuple[int, int]) -> Quote:
    included = order.quote.fees_included
    return Quote(
        currency=order.quote.currency,
        lines=tuple(lines),
        subtotal=subtotal,
        promo_code=None,
        promo_code_discount=sum(line.discount_amount for line in lines),
        platform_fees=fees[0],
        payment_processing_fees=fees[1],
        total=subtotal if included else subtotal + sum(fees),
        fees_included=included,
    )


def _check_charge(order: Order, terms: ExchangeTerms) -> None:
    currency = order.quote.currency
    due = replace(order, quote=terms.quote, exchange=terms.exchange).due
    if 0 < due < currency.minimum_charge and not order.is_manual_order:
        raise OrderTotalTooSmall.about_amount(
            "The difference must be at least {amount}", currency.minimum_charge, currency.display, field="tickets"
        )


def moved_payment(new: Order, earlier: Sequence[Refund], *, id: UUID, now: datetime) -> Refund | None:  # noqa: A002
    """The record, in the books of the earlier order with these refunds, of what counts as paid in the new order now."""
    exchange = new.exchange
    if exchange is None or not exchange.credit:
        return None
    return Refund(
        id=id,
        order_id=exchange.order_id,
        sequence=len(earlier) + 1,
        amount=exchange.credit,
        refund_fees=False,
        reason=f"exchanged for order {new.number}",
        created_at=now,
        status=RefundStatus.SUCCEEDED,
        through=new.id,
        fees_moved=exchange.fees,
    )


def settled(new: Order, books: OrderMoney, stock: Stock) -> Order:
    """The earlier order after the new one was paid: its exchanged tickets are void and on sale again.

    Raises Conflict where they cannot be exchanged any more: void, checked in, or their money is gone.
    """
    exchange, order = new.exchange, books.order
    if exchange is None:
        raise ValueError(f"order {new.id} replaces no other")
    ensure_exchangeable(order, exchange.attendee_ids)
    request = RefundRequest(attendee_ids=frozenset(exchange.attendee_ids), refund_fees=exchange.credit > 0)
    refund = decide_refund(order, books.refunds, request, disputes=books.disputes)
    if refund.amount != exchange.credit or refund.voided != request.attendee_ids:
        raise Conflict(f"Money of order {order.number} went back in another way")
    return ExchangeTerms(quote=new.quote, exchange=exchange, back=0).voided(order, stock)


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """An order with all that happened to its money."""

    order: Order
    refunds: Sequence[Refund]
    disputes: Sequence[Dispute] = ()

    @property
    def own_left(self) -> int:
        """The part of the order's own payment that has not gone back, in minor units."""
        back = sum(refund.amount for refund in self.refunds if refund.is_effective and not refund.through)
        return max(self.order.own_payment - back - taken_by_banks(self.disputes), 0)

    def moved_to(self, order_id: UUID) -> Refund:
        """The record of what counts as paid in this later order. Raises Conflict if nothing of it is left."""
        for refund in self.refunds:
            if refund.through == order_id and refund.is_effective:
                return refund
        raise Conflict(f"Nothing is left of what order {self.order.number} paid")


@dataclass(frozen=True, slots=True)
class RefundRows:
    """Refunds to add, and those that changed."""

    added: list[Refund]
    changed: list[Refund]


def refund_rows(
    books: Sequence[OrderMoney],
    amount: int,
    *,
    refund_fees: bool,
    reason: str,
    now: datetime,
    new_id: Callable[[], UUID],
) -> RefundRows:
    """The refunds that give ``amount`` of the first order back: of its own payment as far as that goes, then of the
    order that it was exchanged from, which comes next in ``books``, and so on.

    Each order's books say what went back of it. Raises Conflict if a bank has an earlier payment, or took it.
    """
    rows, reused, left = RefundRows([], []), None, amount
    for place, current in enumerate(books):
        order, later = current.order, books[place + 1 : place + 2]
        own = left if order.exchange is None or order.is_manual_order else min(left, current.own_left)
        rest, fees, emptied = left - own, 0, None
        if rest:
            moved = _earlier(later, order).moved_to(order.id)
            remains = _taken_back(moved, rest, _fees_back(books[place + 1 :], rest) if refund_fees else 0)
            fees = moved.fees_moved - remains.fees_moved
            if remains.amount:
                rows.changed.append(remains)
            else:
                emptied = moved
        parts: list[tuple[int, UUID | None, int]] = [(own, None, 0)] if own else []
        parts += [(rest, later[0].order.id, fees)] if rest else []
        for number, (part, through, fees_moved) in enumerate(parts):
            done = through is not None or order.is_manual_order
            values: dict[str, Any] = {
                "amount": part,
                "refund_fees": refund_fees,
                "reason": reason,
                "created_at": now,
                "status": RefundStatus.SUCCEEDED if done else RefundStatus.REQUESTED,
                "through": through,
                "fees_moved": fees_moved,
            }
            if reused is not None and number == 0:
                rows.changed.append(replace(reused, **values))
            else:
                sequence = len(current.refunds) + 1 + number - (reused is not None)
                rows.added.append(Refund(id=new_id(), order_id=order.id, sequence=sequence, **values))
        if not rest:
            break
        reused, left = emptied, rest
    return rows


def payments_behind(books: Sequence[OrderMoney], amount: int) -> list[tuple[int, int]]:
    """The parts of ``amount``, each with the whole payment that ``refund_rows`` takes it out of, in minor units."""
    parts, left = [], amount
    for current in books:
        own = left if current.order.exchange is None else min(left, current.own_left)
        if own:
            parts.append((own, current.order.own_payment))
        left -= own
    return parts


def _earlier(later: Sequence[OrderMoney], order: Order) -> OrderMoney:
    if not later:
        raise Conflict(f"Order {order.number} has less left to refund")
    if is_contested(later[0].order, later[0].disputes):
        raise Conflict(f"The buyer's bank disputes the payment of order {later[0].order.number}, which paid for this")
    return later[0]


def _fees_back(books: Sequence[OrderMoney], amount: int) -> int:
    """The fees that the platform returns where ``amount`` of these payments goes back, the first order's first."""
    order, own = books[0].order, min(amount, books[0].own_left)
    made = [refund for refund in books[0].refunds if not refund.through]
    fees = fees_returned(order, [*made, own]) - fees_returned(order, made)
    return fees if own == amount or len(books) == 1 else fees + _fees_back(books[1:], amount - own)


def _taken_back(moved: Refund, amount: int, fees_back: int) -> Refund:
    """The record of an exchange, without ``amount`` that goes back to the buyer after all, and the fees with it."""
    if amount > moved.amount:
        raise Conflict("Less is left of what an earlier order paid")
    # Where nothing of the payment is left in the later order, the fees are the earlier one's again.
    fees = moved.fees_moved if amount == moved.amount else min(fees_back, moved.fees_moved)
    return replace(moved, amount=moved.amount - amount, fees_moved=moved.fees_moved - fees)
