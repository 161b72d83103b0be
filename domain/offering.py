"""A show on sale, as one transaction sees it: it quotes carts and places orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from domain.cart import Cart
from domain.catalog import Producer, Show, Ticket
from domain.customer import Customer
from domain.errors import DomainError, InvalidPromoCode, InvalidRequest, TicketNotFound
from domain.orders import Idempotency, IssueTicket, ManualPayment, Order, OrderStatus, admissions
from domain.policy import CheckoutPolicy
from domain.pricing import Quote, complimentary, price
from domain.promotions import TicketPromoCode
from domain.stock import Stock
from domain.tax import TaxMode


class PriceChanged(DomainError):
    """The total differs from the one the buyer agreed to; ``quote`` has the new price."""

    def __init__(self, quote: Quote) -> None:
        self._template, self._amount = "The price has changed: the total is now {amount}", quote.total
        super().__init__(self.written_by(quote.currency.display), field="expected_total")
        self.quote = quote


#: All that the price of a cart without a promo code and an allocation depends on, for one Offering.
_PlainCart = tuple[tuple[tuple[UUID, int, Decimal], ...], datetime, ManualPayment | None]


@dataclass(frozen=True, slots=True)
class Offering:
    """A show, its producer, and the stock of at least the requested tickets and promo codes."""

    show: Show
    producer: Producer
    stock: Stock
    policy: CheckoutPolicy
    # Orders of one batch are much alike. What a promo code or an allocation has left changes with each of them, so only
    # carts without either are remembered.
    _plain_prices: dict[_PlainCart, Quote] = field(default_factory=dict, init=False, repr=False, compare=False)

    def quote(self, cart: Cart, *, now: datetime, manual_payment: ManualPayment | None = None) -> Quote:
        """The price of the cart at ``now``. A manual order has no fees and needs no published show. Nothing is held.

        A manual order is not bound to the times of the public sale either. Raises ShowUnavailable, ShowEnded,
        NotOnSaleYet, SaleEnded, TicketNotFound, InvalidPromoCode, PromoCodeExhausted, TicketsUnavailable,
        ProducerPaymentMissing, what ``domain.pricing.price`` raises, and for the cart's allocation InvalidRequest (no
        ticket can come out of it) or Conflict (it was released).
        """
        quote = self.price_of(cart, now=now, manual_payment=manual_payment)
        if quote.promo_code and cart.allocation_id is None and any(line.allocation_id for line in quote.lines):
            self.stock.ensure_has(quote.lines, cart.lines)
        else:
            self.stock.ensure_available(cart.lines, cart.allocation_id)
        if manual_payment is None and not quote.is_free:
            self.producer.payout_account()
        return quote

    def price_of(self, cart: Cart, *, now: datetime, manual_payment: ManualPayment | None = None) -> Quote:
        """The price of the cart, however many tickets remain. Raises what ``quote`` raises, except TicketsUnavailable
        and ProducerPaymentMissing.
        """
        if cart.promo_code is not None or cart.allocation_id is not None:
            return self._price_of(cart, now, manual_payment)
        lines = tuple((line.ticket_id, line.quantity, line.donation_amount) for line in cart.lines)
        asked = (lines, now, manual_payment)
        quote = self._plain_prices.get(asked)
        if quote is None:
            quote = self._plain_prices[asked] = self._price_of(cart, now, manual_payment)
        return quote

    def _price_of(self, cart: Cart, now: datetime, manual_payment: ManualPayment | None) -> Quote:
        if manual_payment is None:
            self.show.ensure_on_sale(now)
        else:
            self.show.ensure_on_sale_at_the_counter(now)
        for line in cart.lines:
            ticket = self.stock.tickets.get(line.ticket_id)
            if (
                ticket is None
                or ticket.show_id != self.show.id
                or (ticket.hidden and manual_payment is None and not self._is_open(ticket, cart, now))
            ):
                raise TicketNotFound("No such ticket in this show", field=line.field("ticket_id"))
            if ticket.has_sale_times and manual_payment is None:
                self.show.ensure_sells(ticket, now, field=line.field("ticket_id"))
        quote = self._priced(cart, now, manual_payment)
        return quote if cart.allocation_id is None else self._out_of(cart.allocation_id, quote)

    def place(
        self,
        cart: Cart,
        customer: Customer,
        *,
        order_id: UUID,
        issue: IssueTicket,
        now: datetime,
        expected_total: Decimal | None = None,
        idempotency: Idempotency | None = None,
        manual_payment: ManualPayment | None = None,
        permit: Callable[[Quote], None] | None = None,
    ) -> Order:
        """Take the cart's tickets from the stock: a free or manual order is completed, any other holds them until it is
        paid.

        ``expected_total`` is in the currency's main unit; ``permit`` is called with the price and may raise. Raises
        PriceChanged if the total differs from ``expected_total``, and what ``quote`` and ``permit`` raise; the stock is
        then unchanged.
        """
        quote = self.quote(cart, now=now, manual_payment=manual_payment)
        if expected_total is not None and not (
            expected_total.is_finite() and expected_total == quote.currency.to_decimal(quote.total)
        ):
            raise PriceChanged(quote)
        if permit is not None:
            permit(quote)
        promo_code = self.stock.promo_code(self.show.id, quote.promo_code) if quote.promo_code else None
        promo_code_id = promo_code.id if promo_code else None
        names = cart.names
        order = partial(
            Order,
            id=order_id,
            show_id=self.show.id,
            show_title=self.show.title,
            customer=customer,
            quote=quote,
            created_at=now,
            promo_code_id=promo_code_id,
            names=names,
            tax_mode=self.producer.tax,
            idempotency=idempotency,
            manual_payment=manual_payment,
        )
        if quote.is_free or manual_payment:
            self.stock.sell(quote.lines, promo_code_id)
            return order(
                status=OrderStatus.COMPLETED,
                completed_at=now,
                # The producer already has the money for a manual order.
                amount_paid=quote.total,
                session_id=None if manual_payment else f"FREE-{order_id}",
                names=(),
                attendees=admissions(self.show.id, customer, quote, issue, names=names),
            )
        self.stock.hold(quote.lines, promo_code_id)
        return order(
            status=OrderStatus.PENDING,
            expires_at=now + self.policy.hold,
            doors_at=self.show.door_time,
            stripe_account_id=self.producer.payout_account(),
            venue_address=None if self.producer.tax is TaxMode.OFF else self.show.venue_address,
        )

    def _priced(self, cart: Cart, now: datetime, manual_payment: ManualPayment | None) -> Quote:
        if manual_payment is ManualPayment.COMP:
            if cart.promo_code is not None:
                raise InvalidPromoCode("A complimentary order takes no promo code", field="promo_code")
            return complimentary(cart.lines, self.stock.tickets, currency=self.producer.currency)
        promo_code = self._promo_code(cart, now)
        opened = None
        if promo_code is not None and promo_code.allocation_id is not None and cart.allocation_id is None:
            opened = self.stock.allocations.get(promo_code.allocation_id)
        return price(
            cart.lines,
            self.stock.tickets,
            promo_code=promo_code,
            opened=opened,
            currency=self.producer.currency,
            policy=self.policy,
            fee_bearer=self.producer.fees,
            at_the_counter=manual_payment is not None,
        )

    def _is_open(self, hidden: Ticket, cart: Cart, now: datetime) -> bool:
        """Whether the cart's promo code opens the hidden ticket type. The counter needs no code."""
        promo_code = self._promo_code(cart, now)
        return promo_code is not None and promo_code.opens(hidden.id)

    def _out_of(self, allocation_id: UUID, quote: Quote) -> Quote:
        """The quote with the tickets that come out of the allocation: those that draw on its capacity."""
        allocation = self.stock.allocations.get(allocation_id)
        lines = tuple(
            replace(line, allocation_id=allocation_id) if self.stock.draws_on(line.ticket_id, allocation_id) else line
            for line in quote.lines
        )
        if allocation is None or lines == quote.lines:
            raise InvalidRequest("No such allocation for these tickets", field="allocation_id")
        allocation.ensure_not_released()
        return replace(quote, lines=lines)

    def _promo_code(self, cart: Cart, now: datetime) -> TicketPromoCode | None:
        if cart.promo_code is None:
            return None
        promo_code = self.stock.promo_code(self.show.id, cart.promo_code)
        if promo_code is None:
            raise InvalidPromoCode("Invalid promo code", field="promo_code")
        promo_code.ensure_usable(now)
        return promo_code
