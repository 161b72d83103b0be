"""Valid objects for tests, so a test names only what it is about.

``offering(ticket(price=2500, quantity=100))`` is a show on sale; ``cart((stalls, 2), (circle, 1))`` a buyer's choice;
``order((stalls, 2))`` an order as a checkout would place it. Ids are fresh, so objects never collide in a database that
tests share. All other fields may be overridden by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from polyfactory import Use
from polyfactory.factories import DataclassFactory

from domain import money
from domain.capacity import Allocation, Capacity
from domain.cart import Cart, CartLine
from domain.catalog import Producer, ProducerFinancial, Show, Ticket
from domain.customer import Customer
from domain.inventory import Inventory
from domain.offering import Offering
from domain.orders import Order, OrderStatus, Receipt
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode
from domain.stock import Stock
from domain.tax import VenueAddress
from domain.ticket_code import NONCE_BYTES, TicketCodes

#: The default time of the tests: long before the shows, which are far in the future.
NOW: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DOORS: Final = datetime(2050, 6, 1, 18, 30, tzinfo=UTC)
USD: Final = money.currency("USD")
JPY: Final = money.currency("JPY")
CODES: Final = TicketCodes("a secret of the tests that is long enough")

#: A number of tickets; a third element is the donation for each.
Wanted = tuple[Ticket, int] | tuple[Ticket, int, str]


class ProducerFactory(DataclassFactory[Producer]):
    __use_defaults__ = True

    id = Use(uuid4)
    name = "Globe Theatre"
    email = "office@globe.example"


class ShowFactory(DataclassFactory[Show]):
    __use_defaults__ = True

    id = Use(uuid4)
    producer_id = Use(uuid4)
    title = "Twelfth Night"
    door_time = DOORS
    start_time = DOORS + timedelta(minutes=30)
    end_time = DOORS + timedelta(hours=3)


class TicketFactory(DataclassFactory[Ticket]):
    __use_defaults__ = True

    id = Use(uuid4)
    show_id = Use(uuid4)
    name = "Stalls"


class CapacityFactory(DataclassFactory[Capacity]):
    __use_defaults__ = True

    id = Use(uuid4)
    show_id = Use(uuid4)
    name = "House"


class AllocationFactory(DataclassFactory[Allocation]):
    __use_defaults__ = True

    id = Use(uuid4)
    name = "Press"


class PromoCodeFactory(DataclassFactory[TicketPromoCode]):
    __use_defaults__ = True

    id = Use(uuid4)
    show_id = Use(uuid4)
    code = "TEST20"


class CustomerFactory(DataclassFactory[Customer]):
    __use_defaults__ = True

    name = "Ada Lovelace"
    email = "ada@example.org"


class ReceiptFactory(DataclassFactory[Receipt]):
    __use_defaults__ = True


def producer(
    *, currency: str = "USD", account: str | None = "acct_globe", charges_enabled: bool = True, **overrides: Any
) -> Producer:
    """A producer who can be paid."""
    return ProducerFactory.build(
        currency=money.currency(currency), financial=ProducerFinancial(account, charges_enabled), **overrides
    )


def venue_address(**overrides: Any) -> VenueAddress:
    """The address of a theatre in Maine."""
    parts = {"line1": "12 Harbour Street", "city": "Portland", "state": "ME", "postal_code": "04101", "country": "US"}
    return VenueAddress(**parts | overrides)


def show(*, by: Producer | None = None, published: bool = True, **overrides: Any) -> Show:
    """A show on sale."""
    if by is not None:
        overrides["producer_id"] = by.id
    return ShowFactory.build(published=published, **overrides)


def by_older_rules(of: Show, *, later: timedelta = timedelta(hours=1)) -> Show:
    """The show as an older release of the time zone rules would have stored it, with its times ``later``."""
    door, start, end = (moment + later for moment in of.venue_clock.moments)
    clock = replace(of.venue_clock, moments=(door, start, end), rules="2025b")
    return replace(of, door_time=door, start_time=start, end_time=end, venue_clock=clock)


def ticket(
    *,
    price: int = 2500,
    quantity: int | None = 100,
    held: int = 0,
    sold: int = 0,
    of: Show | None = None,
    **overrides: Any,
) -> Ticket:
    """A ticket type; ``price`` is in minor units."""
    if of is not None:
        overrides["show_id"] = of.id
    return TicketFactory.build(price=price, inventory=Inventory(quantity, held, sold), **overrides)


def capacity(*, size: int = 100, of: Show | None = None, **overrides: Any) -> Capacity:
    """Places that ticket types share."""
    if of is not None:
        overrides["show_id"] = of.id
    return CapacityFactory.build(size=size, **overrides)


def allocation(*, of: Capacity, size: int = 4, **overrides: Any) -> Allocation:
    """Places of a capacity for the press. The capacity's counters stay unchanged."""
    return AllocationFactory.build(capacity_id=of.id, size=size, **overrides)


def donation_ticket(*, price: int = 1000, **overrides: Any) -> Ticket:
    """A ticket whose buyers choose its price, ``price`` minor units or more."""
    return ticket(price=price, is_donation_based=True, **overrides)


def promo_code(*, discount: str = "0.20", of: Ticket | Show | None = None, **overrides: Any) -> TicketPromoCode:
    """A promo code without limits, of a show (which may be named by one of its tickets)."""
    if of is not None:
        overrides["show_id"] = of.show_id if isinstance(of, Ticket) else of.id
    return PromoCodeFactory.build(discount=Decimal(discount), **overrides)


def customer(**overrides: Any) -> Customer:
    """A buyer without a phone."""
    return CustomerFactory.build(**overrides)


def cart(
    *wanted: Wanted,
    promo_code: str | None = None,
    show_id: UUID | None = None,
    policy: CheckoutPolicy | None = None,
    allocation_id: UUID | None = None,
) -> Cart:
    """A cart for the show of its first ticket."""
    asked = Cart.of(
        show_id or wanted[0][0].show_id,
        [_cart_line(position, *want) for position, want in enumerate(wanted)],
        promo_code=promo_code,
        policy=policy or CheckoutPolicy(),
    )
    return replace(asked, allocation_id=allocation_id) if allocation_id else asked


def _cart_line(position: int, wanted: Ticket, quantity: int, donation: str = "0") -> CartLine:
    return CartLine(position, wanted.id, quantity, Decimal(donation))


def offering(
    *tickets: Ticket,
    promo_codes: Iterable[TicketPromoCode] = (),
    by: Producer | None = None,
    policy: CheckoutPolicy | None = None,
    stock: Stock | None = None,
    **show_overrides: Any,
) -> Offering:
    """The show of the first ticket, on sale. Where no ``stock`` is given, the tickets' capacities have room for all."""
    seller = by or producer()
    on_sale = show(by=seller, **{"id": tickets[0].show_id, **show_overrides})
    if stock is None:
        shared = {kind.capacity_id for kind in tickets if kind.capacity_id}
        roomy = [capacity(id=id_, show_id=on_sale.id, size=10_000, held=1000, sold=1000) for id_ in shared]
        stock = Stock(tickets, promo_codes, roomy)
    return Offering(on_sale, seller, stock, policy or CheckoutPolicy())


def order(
    *wanted: Wanted,
    status: OrderStatus | None = None,
    by: Producer | None = None,
    promo: TicketPromoCode | None = None,
    **overrides: Any,
) -> Order:
    """An order as it was placed, of two tickets by default, or later in its life at ``status``.

    It has its attendees if an order at that status has. The counters of its tickets stay unchanged.
    """
    wanted = wanted or ((ticket(), 2),)
    tickets = list({want[0].id: want[0] for want in wanted}.values())
    promo_codes = [promo] if promo else []
    placed = offering(*tickets, promo_codes=promo_codes, by=by).place(
        cart(*wanted, promo_code=promo.code if promo else None), customer(), order_id=uuid4(), issue=issue, now=NOW
    )
    if status in {OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED}:
        placed = replace(placed.with_attendees(issue), completed_at=NOW)
    return replace(placed, status=status or placed.status, **overrides)


def receipt(paid: Order, *, tax: int = 0, **overrides: Any) -> Receipt:
    """Stripe's receipt for the full price of the order, with ``tax`` minor units on top."""
    facts = {
        "amount": paid.quote.total + tax,
        "tax": tax,
        "currency": paid.quote.currency.code,
        "payment_intent_id": f"pi_{paid.id.hex}",
        "charge_id": f"ch_{paid.id.hex}",
    }
    return ReceiptFactory.build(**{**facts, **overrides})


def issue(show_id: UUID) -> tuple[UUID, str]:
    """A fresh admission, with a genuine code."""
    return uuid4(), CODES.issue(show_id, os.urandom(NONCE_BYTES))
