"""Use case: an order's tickets on paper."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from application.ports.mail import PrintableTicket, TicketRenderer
from application.ports.storage import ShowOnDisplay
from domain.money import Currency
from domain.orders import AttendeeStatus, Order


class PrintTickets:
    """An order's tickets as a PDF."""

    def __init__(self, renderer: TicketRenderer) -> None:
        self._renderer = renderer

    async def __call__(self, order: Order, display: ShowOnDisplay) -> bytes:
        """One page for each attendee who may still enter."""
        show, currency = display.show, order.quote.currency
        return await self._renderer.render(
            [
                PrintableTicket(
                    show_title=show.title,
                    producer_name=display.producer.name,
                    venue=show.venue,
                    door_time=show.door_time,
                    start_time=show.start_time,
                    timezone=ZoneInfo(show.timezone),
                    attendee_name=attendee.name,
                    ticket_name=attendee.ticket_name,
                    is_vip=attendee.is_vip,
                    price=price_tag(currency, order.lines[attendee.line].unit_amount),
                    order_number=order.number,
                    code=attendee.code,
                    terms=show.terms,
                )
                for attendee in order.attendees
                if attendee.status is AttendeeStatus.VALID
            ]
        )


def price_tag(currency: Currency, minor: int) -> str:
    """A price as people read it: "Free" instead of nothing."""
    return currency.price(minor) if minor else "Free"
