"""Request and answer bodies: unknown fields are refused, amounts are decimal strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.links import Links
from application.orders.details import OrderDetails, exchanged_for
from application.ports.catalog import ShowDetails
from domain.cart import Cart, CartLine
from domain.catalog import Producer, Show, Ticket
from domain.customer import Customer
from domain.fees import FeeBearer, all_in_price
from domain.money_back import MoneyBackStatus
from domain.orders import ManualPayment, Order, TicketAttendee
from domain.policy import CheckoutPolicy
from domain.pricing import Quote, TicketOrder
from domain.sale_period import SaleState
from domain.tax import TaxMode, VenueAddress

#: More lines than any order has tickets: an honest client never comes near it.
MAX_LINES = 100

Amount = Annotated[str, Meta(description="A decimal with the currency's number of places", examples=["54.84"])]


class _In(msgspec.Struct, forbid_unknown_fields=True):
    """Base of all request bodies."""


class LineIn(_In, kw_only=True):
    """``donation_amount`` is per ticket. ``names`` are those of the people who come, at most one for each ticket; a
    ticket without one, or with "", is in the customer's name.
    """

    ticket_id: UUID
    quantity: int
    donation_amount: Decimal | None = None
    # Left out of what is hashed for an Idempotency-Key where no name is given, as in the version before.
    names: list[str] | UnsetType = UNSET

    def to_line(self, position: int) -> CartLine:
        """The line of a cart. Raises InvalidName."""
        line = CartLine(position, self.ticket_id, self.quantity, self.donation_amount or Decimal(0))
        return line.named(self.names) if self.names else line


class CustomerIn(_In, kw_only=True):
    name: str
    email: str
    phone: str | None = None

    def to_customer(self) -> Customer:
        """The customer. Raises InvalidName, InvalidEmail, InvalidPhone."""
        return Customer.parse(name=self.name, email=self.email, phone=self.phone)


class QuoteIn(_In, kw_only=True):
    show_id: UUID
    tickets: Annotated[list[LineIn], Meta(max_length=MAX_LINES)]
    promo_code: str | None = None

    def to_cart(self, policy: CheckoutPolicy) -> Cart:
        """The cart. Raises InvalidName, and what Cart.of raises."""
        lines = [line.to_line(position) for position, line in enumerate(self.tickets)]
        return Cart.of(self.show_id, lines, promo_code=self.promo_code, policy=policy)


class CheckoutIn(QuoteIn, kw_only=True):
    """``expected_total`` is the total the buyer saw; a different one is refused with price_changed."""

    customer: CustomerIn
    expected_total: Decimal | None = None


class LineOut(msgspec.Struct, kw_only=True):
    """``discount_amount`` is the whole line's, ``total_price`` = quantity x price_per_ticket - discount_amount.

    All tickets of a line cost the same: where a promo code applies to some of a cart's line, the answer has two.
    """

    ticket_id: UUID
    name: str
    quantity: int
    price_per_ticket: Amount
    discount_amount: Amount
    donation_amount: Amount
    total_price: Amount
    is_vip: bool

    @classmethod
    def of(cls, line: TicketOrder, quote: Quote) -> LineOut:
        money = quote.currency.format
        return cls(
            ticket_id=line.ticket_id,
            name=line.name,
            quantity=line.quantity,
            price_per_ticket=money(line.price_per_ticket),
            discount_amount=money(line.discount_amount),
            donation_amount=money(line.donation_amount),
            total_price=money(line.total_price),
            is_vip=line.is_vip,
        )


class PricedOut(msgspec.Struct, kw_only=True):
    """Priced tickets. ``subtotal`` is after discount; ``total`` = subtotal + platform_fees + payment_processing_fees.
    With ``fees_included`` the producer bears the fees out of the prices, and ``total`` = subtotal.

    ``promo_code`` is the code that applies to some of the tickets.
    """

    currency: str
    tickets: list[LineOut]
    subtotal: Amount
    promo_code: str | None
    promo_code_discount: Amount
    platform_fees: Amount
    payment_processing_fees: Amount
    fees_included: bool
    total: Amount


class QuoteOut(PricedOut, kw_only=True):
    """``subtotal`` is after discount; ``total`` = subtotal + platform_fees + payment_processing_fees. With
    ``fees_included`` the producer bears the fees out of the prices, and ``total`` = subtotal.

    ``promo_code`` is the code that applies to some of the tickets. ``idle_promo_code`` is the code of the request where
    it changes nothing in this cart: an order is then placed without it, and no use of it is counted.
    """

    idle_promo_code: str | None

    @classmethod
    def of(cls, quote: Quote) -> QuoteOut:
        return cls(idle_promo_code=quote.idle_promo_code, **quote_fields(quote))


@lru_cache(maxsize=256)  # orders of a hot show have the same few prices
def quote_fields(quote: Quote) -> Mapping[str, Any]:
    """The fields of a quote that orders have, too."""
    money = quote.currency.format
    return {
        "currency": quote.currency.code,
        "tickets": [LineOut.of(line, quote) for line in quote.lines],
        "subtotal": money(quote.subtotal),
        "promo_code": quote.promo_code,
        "promo_code_discount": money(quote.promo_code_discount),
        "platform_fees": money(quote.platform_fees),
        "payment_processing_fees": money(quote.payment_processing_fees),
        "fees_included": quote.fees_included,
        "total": money(quote.total),
    }


class CheckoutOut(PricedOut, kw_only=True):
    """A placed order: pay at ``checkout_url``; for a free order, which is done, that is its page.

    While Stripe's page is being prepared ``session_id`` is null, and ``checkout_url`` is a page that leads to it.
    """

    status: str
    order_id: UUID
    order_token: str
    session_id: str | None
    checkout_url: str
    expires_at: datetime | None
    success: bool

    @classmethod
    def of_order(cls, order: Order, links: Links) -> CheckoutOut:
        return cls(
            status="success",
            order_id=order.id,
            order_token=links.tokens.token(order.id),
            session_id=order.session_id,
            checkout_url=links.checkout_url(order),
            expires_at=order.expires_at,
            success=order.success,
            **quote_fields(order.quote),
        )


class ProducerOut(msgspec.Struct):
    id: UUID
    name: str


class AccountOut(msgspec.Struct, kw_only=True):
    """A producer as the producer and the platform see it. ``charges_enabled`` is Stripe's statement about the account.

    ``tax`` is how tax is charged on new orders: on top of the prices, within them, or not at all. ``fees`` is who bears
    the fees of new orders: the buyer on top of the prices, or the producer out of them.
    """

    id: UUID
    name: str
    email: str
    currency: str
    stripe_account_id: str | None
    charges_enabled: bool
    tax: TaxMode
    fees: FeeBearer

    @classmethod
    def of(cls, producer: Producer) -> AccountOut:
        return cls(
            id=producer.id,
            name=producer.name,
            email=producer.email,
            currency=producer.currency.code,
            stripe_account_id=producer.financial.stripe_account_id,
            charges_enabled=producer.financial.charges_enabled,
            tax=producer.tax,
            fees=producer.fees,
        )


class TicketOut(msgspec.Struct, kw_only=True):
    """A ticket type on sale. ``all_in_price`` is what one such ticket costs with all fees, before a tax that is added;
    with several tickets, each costs as much or less. Of a donation ticket it belongs to the smallest donation.

    ``remaining`` is how many can be bought now: ticket types may share their places with others. ``hidden``: the promo
    code of the request opened it; without the code it is not listed. ``sale`` says whether the ticket type can be
    bought now, as far as there are any left: from ``on_sale_at`` (null: since ever) until ``off_sale_at``, both on the
    venue's clock.
    """

    id: UUID
    name: str
    description: str
    price: Amount
    all_in_price: Amount
    is_donation_based: bool
    is_vip: bool
    hidden: bool
    remaining: int
    sold_out: bool
    sale: SaleState
    on_sale_at: datetime | None
    off_sale_at: datetime

    @classmethod
    def of(cls, ticket: Ticket, display: ShowDetails, policy: CheckoutPolicy, now: datetime) -> TicketOut:
        show, producer, remaining = display.show, display.producer, display.remaining(ticket)
        period, money = show.sale_of(ticket), producer.currency.format
        return cls(
            id=ticket.id,
            name=ticket.name,
            description=ticket.description,
            price=money(ticket.price),
            all_in_price=money(all_in_price(ticket.price, producer.fees, producer.currency, policy)),
            is_donation_based=ticket.is_donation_based,
            is_vip=ticket.is_vip,
            hidden=ticket.hidden,
            remaining=remaining,
            sold_out=remaining == 0,
            sale=period.state(now),
            on_sale_at=show.local(period.begins) if period.begins else None,
            off_sale_at=show.local(period.ends),
        )


class VenueAddressOut(msgspec.Struct, kw_only=True):
    """Where a show is performed. ``country`` is an ISO 3166 code of two letters."""

    line1: str
    line2: str
    city: str
    state: str
    postal_code: str
    country: str

    @classmethod
    def of(cls, address: VenueAddress) -> VenueAddressOut:
        return cls(**asdict(address))


class ProductionRefOut(msgspec.Struct):
    """The production that a show is a performance of."""

    id: UUID
    title: str


class ShowSummaryOut(msgspec.Struct, kw_only=True):
    """A show without its tickets. Times are on the venue's clock. ``venue`` is its name as people read it,
    ``venue_address`` its address.
    """

    id: UUID
    title: str
    description: str
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: str
    locale: str
    venue: str
    venue_address: VenueAddressOut | None
    terms: str
    currency: str
    cancelled: bool
    producer: ProducerOut
    production: ProductionRefOut | None

    @classmethod
    def of_display(cls, display: ShowDetails) -> ShowSummaryOut:
        show, producer, production = display.show, display.producer, display.production
        return cls(
            id=show.id,
            title=show.title,
            description=display.description,
            door_time=show.door_there,
            start_time=show.start_there,
            end_time=show.end_there,
            timezone=show.timezone,
            locale=show.locale,
            venue=show.venue,
            venue_address=VenueAddressOut.of(show.venue_address) if show.venue_address else None,
            terms=show.terms,
            currency=producer.currency.code,
            cancelled=show.cancelled,
            producer=ProducerOut(producer.id, producer.name),
            production=ProductionRefOut(production.id, production.title) if production else None,
        )


class ShowOut(ShowSummaryOut, kw_only=True):
    """A show with its tickets, cheapest first. Its sale begins at ``on_sale_at`` (null: since ever) and ends at
    ``off_sale_at``; a ticket type's may be shorter.
    """

    on_sale_at: datetime | None
    off_sale_at: datetime
    tickets: list[TicketOut]

    @classmethod
    def of(cls, display: ShowDetails, policy: CheckoutPolicy, now: datetime) -> ShowOut:
        show = display.show
        return cls(
            **msgspec.structs.asdict(ShowSummaryOut.of_display(display)),
            on_sale_at=show.local(show.sale.begins) if show.sale.begins else None,
            off_sale_at=show.local(show.sale.ends),
            tickets=[TicketOut.of(ticket, display, policy, now) for ticket in display.tickets],
        )


class ShowListOut(msgspec.Struct):
    items: list[ShowOut]
    next_cursor: str | None


class CustomerOut(msgspec.Struct):
    name: str
    email: str
    phone: str | None


class AttendeeOut(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    ticket_name: str
    is_vip: bool
    code: str
    status: str
    checked_in_at: datetime | None

    @classmethod
    def of(cls, attendee: TicketAttendee) -> AttendeeOut:
        return cls(
            id=attendee.id,
            name=attendee.name,
            ticket_name=attendee.ticket_name,
            is_vip=attendee.is_vip,
            code=attendee.code,
            status=attendee.status.value,
            checked_in_at=attendee.checked_in_at,
        )


class ContactOut(msgspec.Struct):
    """The person or office that a buyer can ask."""

    name: str
    email: str


class MoneyBackOut(msgspec.Struct, kw_only=True):
    """The money that was to go back. ``status`` is ``pending`` while some of it is on its way, ``succeeded`` when it is
    there, ``failed`` if some of it did not arrive and is ``owed``, and ``disputed`` while the buyer's bank has the
    money and decides. ``returned`` includes what banks took in lost disputes.
    """

    status: MoneyBackStatus
    returned: Amount
    on_its_way: Amount
    owed: Amount
    contact: ContactOut

    @classmethod
    def of(cls, found: OrderDetails) -> MoneyBackOut | None:
        money, back, producer = found.order.quote.currency.format, found.money_back, found.display.producer
        if back is None:
            return None
        return cls(
            status=back.status,
            returned=money(back.returned),
            on_its_way=money(back.on_its_way),
            owed=money(back.owed),
            contact=ContactOut(producer.name, producer.email),
        )


def _there(show: Show, moment: datetime | None) -> datetime | None:
    return show.local(moment) if moment else None


class AttendeeChangesIn(_In, kw_only=True):
    """The name of the person who comes with the ticket."""

    name: str


class OrderOut(PricedOut, kw_only=True):
    """An order as its buyer and its producer see it. It has a ``checkout_url`` while it can be paid; ``payment`` is how
    a manual order was paid. ``tax`` comes on top of ``total``, or is within it if ``tax_mode`` is inclusive.
    ``refunded_amount`` is what went back to the buyer or is on its way; ``money_back`` has its status, and is null if
    no money ever had to go back. ``renames_until`` is the moment from which the buyer can no longer change the names on
    the tickets, ``exchanges_until`` the moment from which they can no longer exchange them; null if they never can.
    ``exchanged_from`` is the order whose tickets these replace, ``exchanged_for`` the orders that replace some of
    these.
    """

    order_id: UUID
    number: str
    status: str
    success: bool
    is_manual_order: bool
    payment: ManualPayment | None
    show: ShowSummaryOut
    customer: CustomerOut
    tax: Amount
    tax_mode: TaxMode
    refunded_amount: Amount
    money_back: MoneyBackOut | None
    attendees: list[AttendeeOut]
    renames_until: datetime | None
    exchanges_until: datetime | None
    exchanged_from: UUID | None
    exchanged_for: list[UUID]
    checkout_url: str | None
    created_at: datetime
    expires_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of_order(cls, found: OrderDetails, *, checkout_url: str) -> OrderOut:
        order, display = found.order, found.display
        money, customer = order.quote.currency.format, order.customer
        return cls(
            order_id=order.id,
            number=order.number,
            status=order.status.value,
            success=order.success,
            is_manual_order=order.is_manual_order,
            payment=order.manual_payment,
            show=ShowSummaryOut.of_display(display),
            customer=CustomerOut(customer.name, customer.email, customer.phone),
            tax=money(order.tax),
            tax_mode=order.tax_mode,
            refunded_amount=money(order.refunded_amount),
            money_back=MoneyBackOut.of(found),
            attendees=[AttendeeOut.of(attendee) for attendee in order.attendees],
            renames_until=_there(display.show, display.show.renames_until),
            exchanges_until=_there(display.show, display.show.exchanges_until),
            exchanged_from=order.exchange.order_id if order.exchange else None,
            exchanged_for=exchanged_for(found),
            checkout_url=checkout_url if order.holds_tickets else None,
            created_at=order.created_at,
            expires_at=order.expires_at,
            completed_at=order.completed_at,
            **quote_fields(order.quote),
        )
