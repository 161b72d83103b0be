"""Data about shows and tickets for search engines and mail clients, in the vocabulary of schema.org.

Google's documents on Event and EventReservation (November 2026) say which properties they want.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from application.links import Links
from application.ports.catalog import ShowDetails
from domain.catalog import Producer, Show, Ticket
from domain.orders import AttendeeStatus, Order
from domain.production import Production
from domain.sale_period import SaleState

#: A JSON-LD object.
Thing = dict[str, Any]

_CONTEXT: Final = "https://schema.org"


def event_on_sale(display: ShowDetails, links: Links, price_of: Callable[[Ticket], int], now: datetime) -> Thing:
    """The show with what is on sale for it at ``now``, or will be. ``price_of`` is the whole price of one ticket, in
    minor units.
    """
    url = links.show_page(display.show.id)
    return {
        "@context": _CONTEXT,
        **_event(display, links),
        "description": display.description or display.show.title,
        "offers": [_offer(display, ticket, url, price_of(ticket), now) for ticket in display.tickets],
    }


def event_series(production: Production, producer: Producer, shows: Sequence[ShowDetails], links: Links) -> Thing:
    """The production with its shows. What they cost is on their own pages."""
    series: Thing = {
        "@context": _CONTEXT,
        **_series(production, links),
        "description": production.description or production.title,
        "organizer": _organizer(producer, links),
        "subEvent": [_performance(display.show, links) for display in shows],
    }
    if shows:
        series["startDate"] = shows[0].show.start_there.isoformat()
        series["endDate"] = max(
            (display.show for display in shows), key=lambda show: show.end_time
        ).end_there.isoformat()
        series["location"] = _place(shows[0].show)
    if production.image:
        series["image"] = links.picture(production.image)
    return series


def reservations(order: Order, display: ShowDetails, links: Links) -> list[Thing]:
    """One reservation for each ticket of the order that admits, with the ticket's own code."""
    return list(_reservations(order, display, links))


def _reservations(order: Order, display: ShowDetails, links: Links) -> Iterator[Thing]:
    event = _event(display, links)
    for attendee in order.attendees:
        if attendee.status is not AttendeeStatus.VALID:
            continue
        yield {
            "@context": _CONTEXT,
            "@type": "EventReservation",
            "reservationNumber": order.number,
            "reservationId": str(attendee.id),
            "reservationStatus": f"{_CONTEXT}/ReservationConfirmed",
            "underName": {"@type": "Person", "name": attendee.name},
            "numSeats": 1,
            "modifyReservationUrl": links.order_page(order),
            "reservationFor": event,
            "reservedTicket": {
                "@type": "Ticket",
                "name": attendee.ticket_name,
                "ticketNumber": attendee.code,
                "ticketToken": f"qrCode:{attendee.code}",
            },
        }


def _event(display: ShowDetails, links: Links) -> Thing:
    show, producer = display.show, display.producer
    event: Thing = {
        "@type": "Event",
        "name": show.title,
        "url": links.show_page(show.id),
        "startDate": show.start_there.isoformat(),
        "doorTime": show.door_there.isoformat(),
        "eventStatus": _status(show),
        "eventAttendanceMode": f"{_CONTEXT}/OfflineEventAttendanceMode",
        "location": _place(show),
        "organizer": _organizer(producer, links),
    }
    if show.end_time > show.start_time:
        event["endDate"] = show.end_there.isoformat()
    if display.image:
        event["image"] = links.picture(display.image)
    if display.production:
        event["superEvent"] = _series(display.production, links)
    return event


def _performance(show: Show, links: Links) -> Thing:
    return {
        "@type": "Event",
        "name": show.title,
        "url": links.show_page(show.id),
        "startDate": show.start_there.isoformat(),
        "eventStatus": _status(show),
        "location": _place(show),
    }


def _organizer(producer: Producer, links: Links) -> Thing:
    return {"@type": "Organization", "name": producer.name, "url": links.producer_page(producer.id)}


def _status(show: Show) -> str:
    return f"{_CONTEXT}/{'EventCancelled' if show.cancelled else 'EventScheduled'}"


def _series(production: Production, links: Links) -> Thing:
    url = links.production_page(production.id)
    return {"@type": "EventSeries", "@id": url, "name": production.title, "url": url}


def _place(show: Show) -> Thing:
    name = show.venue or show.title
    address = show.venue_address
    if address is None:  # Google wants one; the venue's name is all there is to find it by
        return {"@type": "Place", "name": name, "address": name}
    postal = {
        "streetAddress": ", ".join(line for line in (address.line1, address.line2) if line),
        "addressLocality": address.city,
        "addressRegion": address.state,
        "postalCode": address.postal_code,
        "addressCountry": address.country,
    }
    return {
        "@type": "Place",
        "name": name,
        "address": {"@type": "PostalAddress", **{part: text for part, text in postal.items() if text}},
    }


def _offer(display: ShowDetails, ticket: Ticket, url: str, price: int, now: datetime) -> Thing:
    currency, show = display.producer.currency, display.show
    period = show.sale_of(ticket)
    on_sale = display.remaining(ticket) and not show.cancelled and period.state(now) is not SaleState.OVER
    offer = {
        "@type": "Offer",
        "name": ticket.name,
        "url": url,
        "price": currency.format(price),
        "priceCurrency": currency.code,
        "availability": f"{_CONTEXT}/{'InStock' if on_sale else 'SoldOut'}",
    }
    if period.begins:  # Google reads when the sale begins from ``validFrom``
        offer["validFrom"] = offer["availabilityStarts"] = show.local(period.begins).isoformat()
    if period.ends < show.end_time:
        offer["availabilityEnds"] = show.local(period.ends).isoformat()
    return offer
