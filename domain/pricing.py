"""The price of an order. One function computes it; all other code reads the Quote (P0-006, P0-007)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.capacity import Allocation
from domain.cart import CartLine
from domain.catalog import Ticket
from domain.errors import (
    DonationNotAllowed,
    DonationTooLarge,
    DonationTooSmall,
    InvalidAmount,
    OrderTotalExceeded,
    OrderTotalTooSmall,
    PromoCodeExhausted,
)
from domain.fees import FeeBearer, fees_of, within
from domain.money import Currency
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOrder:
    """An order's line. All amounts are in minor units.

    ``price_per_ticket`` is the unit price before discount (the donation for a donation ticket); ``discount_amount`` is
    the discount of the whole line; ``total_price`` = quantity x price_per_ticket - discount_amount. All tickets of a
    line cost the same: where a promo code applies to some of a cart's line, the order has two lines of it.
    ``uses_promo_code``: the order's promo code makes these tickets cheaper, or opened their hidden ticket type.
    Tickets with an ``allocation_id`` came out of this allocation.
    """

    ticket_id: UUID
    name: str
    is_vip: bool
    quantity: int
    price_per_ticket: int
    unit_discount: int
    donation_amount: int
    uses_promo_code: bool = False
    allocation_id: UUID | None = None

    @property
    def unit_amount(self) -> int:
        """The price of one ticket after discount: Stripe's unit_amount."""
        return self.price_per_ticket - self.unit_discount

    @property
    def discount_amount(self) -> int:
        return self.unit_discount * self.quantity

    @property
    def total_price(self) -> int:
        return self.unit_amount * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A priced order. All amounts are in minor units of ``currency``.

    ``subtotal`` is after discount. ``total`` is before tax: subtotal + platform_fees + payment_processing_fees, or the
    subtotal alone if ``fees_included``: the producer then bears them.
    ``promo_code`` is the code that applies to some of the tickets; ``idle_promo_code`` is one that the buyer gave and
    that changes nothing in this cart. It is not part of the order, and no use of it is counted.
    """

    currency: Currency
    lines: tuple[TicketOrder, ...]
    subtotal: int
    promo_code: str | None
    promo_code_discount: int
    platform_fees: int
    payment_processing_fees: int
    total: int
    fees_included: bool = False
    idle_promo_code: str | None = field(default=None, compare=False)

    @property
    def is_free(self) -> bool:
        return self.total == 0

    @property
    def with_promo_code(self) -> int:
        """The number of tickets that the promo code applies to."""
        return sum(line.quantity for line in self.lines if line.uses_promo_code)

    @property
    def tickets(self) -> int:
        """The number of tickets in all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def fees(self) -> int:
        """The platform's share of a payment: Stripe's application fee."""
        return self.platform_fees + self.payment_processing_fees

    @property
    def fees_on_top(self) -> int:
        """The fees that the buyer pays beside the tickets' prices."""
        return 0 if self.fees_included else self.fees


def whole_lines(lines: Iterable[TicketOrder]) -> list[tuple[TicketOrder, list[int]]]:
    """The lines for people to read: those that a promo code split are one again, before discount.

    With each come the indexes of its parts among ``lines``.
    """
    whole: list[tuple[TicketOrder, list[int]]] = []
    for index, line in enumerate(lines):
        last, parts = whole[-1] if whole else (None, [])
        if last and (last.ticket_id, last.price_per_ticket) == (line.ticket_id, line.price_per_ticket):
            whole[-1] = replace(last, quantity=last.quantity + line.quantity), [*parts, index]
        else:
            whole.append((replace(line, unit_discount=0, uses_promo_code=False), [index]))
    return whole


def price(
    lines: Iterable[CartLine],
    tickets: Mapping[UUID, Ticket],
    *,
    promo_code: TicketPromoCode | None,
    currency: Currency,
    policy: CheckoutPolicy,
    opened: Allocation | None = None,
    fee_bearer: FeeBearer = FeeBearer.BUYER,
    at_the_counter: bool = False,
) -> Quote:
    """The price of ``lines`` at the current prices of ``tickets``.

    ``opened`` is the allocation that the promo code opens. Fees that the producer bears are at most what is paid.

    ``at_the_counter`` the producer takes the money: there is no processing fee, and Stripe's smallest charge does not
    apply.

    Raises DonationNotAllowed, DonationTooSmall, DonationTooLarge, OrderTotalExceeded, OrderTotalTooSmall, and
    PromoCodeExhausted if the code opens fewer hidden tickets than the cart has.
    """
    priced = tuple(_price_line(line, tickets[line.ticket_id], currency, policy) for line in lines)
    if promo_code is not None:
        priced = _with_promo_code(priced, tickets, promo_code, currency, opened)
    subtotal = sum(line.total_price for line in priced)
    if at_the_counter:
        _check_maximum(subtotal, currency, policy)
        return _quote(priced, subtotal, 0, 0, promo_code, currency)
    charged_tickets = sum(line.quantity for line in priced if line.unit_amount > 0)
    fees = fees_of(subtotal, charged_tickets, currency, policy)
    included = fee_bearer is FeeBearer.PRODUCER
    if included:
        fees = within(subtotal, fees)
    total = subtotal if included else subtotal + sum(fees)
    _check_maximum(total, currency, policy, charged_by_stripe=True)
    if 0 < total < currency.minimum_charge:
        raise OrderTotalTooSmall.about_amount(
            "Order total must be at least {amount}", currency.minimum_charge, currency.display, field="tickets"
        )
    return _quote(priced, subtotal, *fees, promo_code, currency, fees_included=included)


def complimentary(lines: Iterable[CartLine], tickets: Mapping[UUID, Ticket], *, currency: Currency) -> Quote:
    """A quote for gifts: each ticket costs nothing, whatever its price. Raises DonationNotAllowed."""
    priced = []
    for line in lines:
        if line.donation_amount:
            raise DonationNotAllowed("A complimentary ticket takes no donation", field=line.field("donation_amount"))
        ticket = tickets[line.ticket_id]
        priced.append(
            TicketOrder(
                ticket_id=ticket.id,
                name=ticket.name,
                is_vip=ticket.is_vip,
                quantity=line.quantity,
                price_per_ticket=0,
                unit_discount=0,
                donation_amount=0,
            )
        )
    return _quote(tuple(priced), 0, 0, 0, None, currency)


def _quote(
    priced: tuple[TicketOrder, ...],
    subtotal: int,
    platform_fees: int,
    processing_fees: int,
    promo_code: TicketPromoCode | None,
    currency: Currency,
    *,
    fees_included: bool = False,
) -> Quote:
    code = promo_code.code if promo_code else None
    applies = code is not None and any(line.uses_promo_code for line in priced)
    return Quote(
        currency=currency,
        lines=priced,
        subtotal=subtotal,
        promo_code=code if applies else None,
        idle_promo_code=None if applies else code,
        promo_code_discount=sum(line.discount_amount for line in priced),
        platform_fees=platform_fees,
        payment_processing_fees=processing_fees,
        total=subtotal if fees_included else subtotal + platform_fees + processing_fees,
        fees_included=fees_included,
    )


def _price_line(line: CartLine, ticket: Ticket, currency: Currency, policy: CheckoutPolicy) -> TicketOrder:
    donation = _donation(line, ticket, currency, policy)
    return TicketOrder(
        ticket_id=ticket.id,
        name=ticket.name,
        is_vip=ticket.is_vip,
        quantity=line.quantity,
        price_per_ticket=donation if ticket.is_donation_based else ticket.price,
        unit_discount=0,
        donation_amount=donation,
    )


@dataclass(frozen=True, slots=True)
class _Effect:
    """The effect of a promo code on a cart's line: the discount of each ticket; how many of the tickets it concerns;
    whether they can be bought without it (``optional``); how many come out of the allocation that it opens.
    """

    discount: int
    tickets: int
    optional: bool
    out_of_allocation: int


def _with_promo_code(
    lines: Sequence[TicketOrder],
    tickets: Mapping[UUID, Ticket],
    promo_code: TicketPromoCode,
    currency: Currency,
    opened: Allocation | None,
) -> tuple[TicketOrder, ...]:
    """The lines with the code's effect on as many tickets as it applies to, the dearest first. Hidden tickets that the
    code opens come before all others: they cannot be bought without it. Raises PromoCodeExhausted.
    """
    effects = []
    places_left = opened.remaining if opened else 0
    for line in lines:
        ticket = tickets[line.ticket_id]
        reduced = not ticket.is_donation_based and promo_code.reduces(ticket.id)
        discount = promo_code.discount_on(line.price_per_ticket, currency.step) if reduced else 0
        draws_on_it = opened is not None and ticket.capacity_id == opened.capacity_id
        out_of_it = min(line.quantity, places_left // ticket.places) if draws_on_it else 0
        places_left -= out_of_it * ticket.places
        optional = not (ticket.hidden and promo_code.opens(ticket.id))
        effects.append(
            _Effect(discount, out_of_it if optional and not discount else line.quantity, optional, out_of_it)
        )
    counts = _spread(lines, effects, promo_code)
    split = zip(lines, effects, counts, strict=True)
    return tuple(part for line, effect, count in split for part in _split(line, effect, count, opened))


def _spread(lines: Sequence[TicketOrder], effects: Sequence[_Effect], promo_code: TicketPromoCode) -> list[int]:
    """The number of tickets of each line that the code applies to."""
    counts = [effect.tickets for effect in effects]
    limit = promo_code.most_tickets
    if limit is None or sum(counts) <= limit:
        return counts
    left = limit - sum(effect.tickets for effect in effects if not effect.optional)
    if left < 0:
        raise PromoCodeExhausted(
            f"Promo code {promo_code.code} opens no more than {limit} of these tickets now", field="promo_code"
        )
    for index in sorted(range(len(lines)), key=lambda index: lines[index].price_per_ticket, reverse=True):
        if effects[index].optional:
            counts[index] = min(counts[index], left)
            left -= counts[index]
    return counts


def _split(line: TicketOrder, effect: _Effect, count: int, opened: Allocation | None) -> tuple[TicketOrder, ...]:
    """The line as lines of one price and one source: ``count`` tickets with the promo code, and then the others."""
    if not count:
        return (line,)
    with_code = replace(line, quantity=count, unit_discount=effect.discount, uses_promo_code=True)
    out_of_it = min(count, effect.out_of_allocation)
    if count == line.quantity and not out_of_it:
        return (with_code,)
    kept = replace(with_code, quantity=out_of_it, allocation_id=opened.id if opened else None)
    parts = (kept, replace(with_code, quantity=count - out_of_it), replace(line, quantity=line.quantity - count))
    return tuple(part for part in parts if part.quantity)


def _donation(line: CartLine, ticket: Ticket, currency: Currency, policy: CheckoutPolicy) -> int:
    field = line.field("donation_amount")
    try:
        # Compare before converting: a number of a million digits must not be written out.
        terms = policy.terms(currency)
        too_large = line.donation_amount.is_finite() and line.donation_amount > terms.max_donation
        if too_large and ticket.is_donation_based:
            raise DonationTooLarge.about_amount(
                "Maximum donation per ticket is {amount}", terms.max_donation_per_ticket, currency.display, field=field
            )
        donation = currency.to_minor(line.donation_amount)
    except InvalidAmount as error:
        raise InvalidAmount(f"donation_amount: {error}", field=field) from None
    if not ticket.is_donation_based and donation > 0:
        raise DonationNotAllowed("Additional donations not allowed for non-donation ticket", field=field)
    if ticket.is_donation_based and donation < ticket.price:
        raise DonationTooSmall.about_amount(
            "Donation amount must be at least {amount}", ticket.price, currency.display, field=field
        )
    return donation


def _check_maximum(total: int, currency: Currency, policy: CheckoutPolicy, *, charged_by_stripe: bool = False) -> None:
    limit = policy.terms(currency).max_order_amount
    if charged_by_stripe:
        limit = min(limit, currency.maximum_charge)
    if total > limit:
        raise OrderTotalExceeded.about_amount(
            "Order total exceeds maximum amount of {amount}", limit, currency.display, field="tickets"
        )
