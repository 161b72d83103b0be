"""Use case: an order's tickets as a PDF."""

from __future__ import annotations

from application.formatting import price_tag
from application.notifications.order_facts import occasion_of
from application.ports.catalog import ShowDetails
from application.ports.mail import Attachment, PrintableTicket, TicketRenderer
from domain.orders import AttendeeStatus, Order


class PrintTickets:
    """An order's tickets as a PDF."""

    def __init__(self, renderer: TicketRenderer) -> None:
        self._renderer = renderer

    async def __call__(self, order: Order, display: ShowDetails) -> bytes:
        """One page for each attendee who may still enter."""
        show, currency = display.show, order.quote.currency
        occasion = occasion_of(show)
        return await self._renderer.render(
            [
                PrintableTicket(
                    show_title=show.title,
                    producer_name=display.producer.name,
                    occasion=occasion,
                    attendee_name=attendee.name,
                    ticket_name=attendee.ticket_name,
                    is_vip=attendee.is_vip,
                    price=price_tag(currency, order.lines[attendee.line].unit_amount, show.locale),
                    order_number=order.number,
                    code=attendee.code,
                    terms=show.terms,
                )
                for attendee in order.attendees
                if attendee.status is AttendeeStatus.VALID
            ]
        )

    async def attachment(self, order: Order, display: ShowDetails) -> Attachment:
        """The same PDF as a mail's attachment."""
        return Attachment(f"tickets-{order.number}.pdf", "application/pdf", await self(order, display))
