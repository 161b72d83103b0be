"""What an exchange of tickets is asked with, and what it answers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from application.checkout.exchange import Exchanged, ExchangeRequest
from application.links import Links
from application.orders.details import OrderDetails
from entrypoints.http.schemas import MAX_LINES, Amount, OrderOut, PricedOut, quote_fields

#: No order has more tickets, whatever limits are set.
MAX_ATTENDEES = 1000


class WantedTicketIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A ticket type, and who gets it. ``attendee_ids`` left out: all who have a valid ticket of the order."""

    ticket_id: UUID
    attendee_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_ATTENDEES)] | None = None


class ExchangeIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The show of the new tickets: another performance, or the same."""

    show_id: UUID
    tickets: Annotated[list[WantedTicketIn], Meta(min_length=1, max_length=MAX_LINES)]

    def to_request(self) -> ExchangeRequest:
        return ExchangeRequest(self.show_id, [(each.ticket_id, each.attendee_ids) for each in self.tickets])


class ExchangePreviewOut(PricedOut, kw_only=True):
    """The price of the new order, and how it is settled. ``credit`` is what the old tickets paid of it, with their tax;
    ``due`` is still to be paid, before a tax that is added; ``back`` goes back to the buyer. One of the two is zero.
    """

    order_id: UUID
    show_id: UUID
    attendee_ids: list[UUID]
    credit: Amount
    due: Amount
    back: Amount

    @classmethod
    def of(cls, seen: Exchanged) -> ExchangePreviewOut:
        order, money = seen.order, seen.order.quote.currency.format
        exchange = order.exchange
        return cls(
            order_id=seen.earlier.id,
            show_id=order.show_id,
            attendee_ids=list(exchange.attendee_ids) if exchange else [],
            credit=money(exchange.credit if exchange else 0),
            due=money(order.due),
            back=money(seen.back),
            **quote_fields(order.quote),
        )


class ExchangedOut(msgspec.Struct, kw_only=True):
    """The new order: completed, or ``pending`` at its ``checkout_url`` until the difference is paid. ``back`` goes back
    to the buyer.
    """

    order: OrderOut
    order_token: str
    back: Amount

    @classmethod
    def of(cls, found: OrderDetails, done: Exchanged, links: Links) -> ExchangedOut:
        order = done.order
        return cls(
            order=OrderOut.of_order(found, checkout_url=links.checkout_url(order)),
            order_token=links.tokens.token(order.id),
            back=order.quote.currency.format(done.back),
        )


#: Why an exchange may be refused.
REFUSALS = (
    "conflict",
    "invalid_quantity",
    "no_tickets",
    "too_many_tickets",
    "order_total_exceeded",
    "show_ended",
    "show_unavailable",
    "ticket_not_found",
    "tickets_unavailable",
    "producer_payment_missing",
    "busy",
    "checkout_in_progress",
    "tax_not_configured",
    "payment_unavailable",
)
