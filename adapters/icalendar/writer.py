"""CalendarWriter: one VEVENT, with the rules of its time zone (RFC 5545, RFC 5546)."""

from __future__ import annotations

import unicodedata
from typing import Final

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from adapters.icalendar.zones import zone_around
from application.ports.calendar import CalendarEvent

_PRODUCT: Final = "-//PiqueTickets//Tickets//EN"
#: Their times end in Z and need no zone.
_WRITTEN_AS_UTC: Final = frozenset(
    {"UTC", "Etc/UTC", "Zulu", "Etc/UCT", "UCT", "Etc/Zulu", "Universal", "Etc/Universal"}
)


class ICalendarWriter:
    """A `CalendarWriter`."""

    def write(self, event: CalendarEvent) -> bytes:
        calendar = Calendar()
        calendar.add("prodid", _PRODUCT)
        calendar.add("version", "2.0")
        calendar.add("method", "CANCEL" if event.cancelled else "PUBLISH")
        if event.timezone.key not in _WRITTEN_AS_UTC:
            calendar.add_component(zone_around(event.timezone, event.start_time))
        calendar.add_component(_entry(event))
        return bytes(calendar.to_ical())


def _entry(event: CalendarEvent) -> Event:
    entry = Event()
    entry.add("uid", event.uid)
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", event.stamped_at)
    entry.add("last-modified", event.stamped_at)
    entry.add("summary", _plain(event.title))
    entry.add("description", _plain(event.description))
    entry.add("location", _plain(event.venue))
    entry.add("url", vUri(event.url))
    entry.add("dtstart", event.start_time.astimezone(event.timezone))
    entry.add("dtend", event.end_time.astimezone(event.timezone))
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if event.cancelled else "OPAQUE")
    organizer = vCalAddress(f"mailto:{event.organizer_email}")
    organizer.params["CN"] = vText(_plain(event.organizer_name).replace('"', "'"))
    entry.add("organizer", organizer, encode=False)
    return entry


def _plain(text: str) -> str:
    """Without control characters, which have no place in a calendar file; line breaks stay."""
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) != "Cc")
