"""Use case: an order's tickets as a PDF, and what is printed on each of them."""

from __future__ import annotations

from application.formatting import price_tag
from application.notifications.order_facts import occasion_of
from application.ports.catalog import ShowDetails
from application.ports.mail import Attachment, PrintableTicket, TicketRenderer
from domain.orders import AttendeeStatus, Order, TicketAttendee
from domain.refunds import allocate


class PrintTickets:
    """An order's tickets as a PDF."""

    def __init__(self, renderer: TicketRenderer) -> None:
        self._renderer = renderer

    async def __call__(self, order: Order, display: ShowDetails) -> bytes:
        """One page for each attendee who may still enter."""
        return await self._renderer.render([ticket for _, ticket in printable_tickets(order, display)])

    async def attachment(self, order: Order, display: ShowDetails) -> Attachment:
        """The same PDF as a mail's attachment."""
        return Attachment(f"tickets-{order.number}.pdf", "application/pdf", await self(order, display))


def printable_tickets(order: Order, display: ShowDetails) -> list[tuple[TicketAttendee, PrintableTicket]]:
    """What is printed for each attendee who may still enter."""
    show = display.show
    occasion = occasion_of(show)
    return [
        (
            attendee,
            PrintableTicket(
                show_title=show.title,
                producer_name=display.producer.name,
                occasion=occasion,
                attendee_name=attendee.name,
                ticket_name=_name(attendee, display.places_of(order.lines[attendee.line].ticket_id)),
                is_vip=attendee.is_vip,
                price=price,
                order_number=order.number,
                code=attendee.code,
                terms=show.terms,
            ),
        )
        for attendee, price in zip(order.attendees, _prices(order, show.locale), strict=True)
        if attendee.status is AttendeeStatus.VALID
    ]


def _name(attendee: TicketAttendee, places: int) -> str:
    """The name of the ticket, with the places that it is good for where they are several."""
    return f"{attendee.ticket_name}, {places} places" if places > 1 else attendee.ticket_name


def _prices(order: Order, locale: str) -> list[str]:
    """What each attendee's ticket cost, with its share of the fees on top below it."""
    quote = order.quote
    prices = [quote.lines[attendee.line].unit_amount for attendee in order.attendees]
    fees = allocate(quote.fees_on_top, prices, quote.currency.step)
    return [
        price_tag(quote.currency, price + fee, locale)
        + (f"\nwith {price_tag(quote.currency, fee, locale)} fees" if fee else "")
        for price, fee in zip(prices, fees, strict=True)
    ]
