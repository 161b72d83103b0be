"""CalendarWriter: one VEVENT, with the rules of its time zone (RFC 5545, RFC 5546)."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from adapters.icalendar.changed_zones import CHANGED_LATELY
from adapters.icalendar.zones import zone_around
from application.ports.calendar import CalendarEvent
from domain.timezones import NAMES, is_ambiguous

_PRODUCT: Final = "-//PiqueTickets//Tickets//EN"
#: Times in these zones end in Z and need no zone.
_WRITTEN_AS_UTC: Final = frozenset(
    {"UTC", "Etc/UTC", "Zulu", "Etc/UCT", "UCT", "Etc/Zulu", "Universal", "Etc/Universal"}
)


class ICalendarWriter:
    """A ``CalendarWriter``."""

    def write(self, event: CalendarEvent) -> bytes:
        calendar = Calendar()
        calendar.add("prodid", _PRODUCT)
        calendar.add("version", "2.0")
        calendar.add("method", "CANCEL" if event.cancelled else "PUBLISH")
        if not _is_written_as_utc(event):
            calendar.add_component(zone_around(event.timezone, event.start_time.astimezone(UTC).date()))
        calendar.add_component(_entry(event))
        return bytes(calendar.to_ical())


def _is_written_as_utc(event: CalendarEvent) -> bool:
    """Whether the times are written as moments instead of the venue's clock.

    Many calendars use their own rules for a zone's name and ignore ours (among those tried: node-ical, ics and
    icalendar). If theirs may differ, or a time occurs twice, only UTC means the same to all. A name that is not an IANA
    name would mean nothing to any of them.
    """
    zone = event.timezone
    if zone.key in _WRITTEN_AS_UTC or zone.key in CHANGED_LATELY or zone.key not in NAMES:
        return True
    return any(is_ambiguous(_local(moment, event), zone) for moment in (event.start_time, event.end_time))


def _local(moment: datetime, event: CalendarEvent) -> datetime:
    return moment.astimezone(event.timezone).replace(tzinfo=None)


def _add_time(entry: Event, name: str, moment: datetime, event: CalendarEvent) -> None:
    if _is_written_as_utc(event):
        entry.add(name, moment.astimezone(UTC))
    else:  # by hand: the library writes zones that are UTC all year, such as Reykjavik's, without their name
        entry.add(name, _local(moment, event), parameters={"TZID": event.timezone.key})


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
    _add_time(entry, "dtstart", event.start_time, event)
    # RFC 5545, 3.6.1: an end must be later than the start. Compare in UTC: Python compares two times of one zone by
    # their clock, on which 1:15 may come after 1:45.
    if event.end_time.astimezone(UTC) > event.start_time.astimezone(UTC):
        _add_time(entry, "dtend", event.end_time, event)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if event.cancelled else "OPAQUE")
    organizer = vCalAddress(f"mailto:{event.organizer_email}")
    organizer.params["CN"] = vText(_plain(event.organizer_name).replace('"', "'"))
    entry.add("organizer", organizer, encode=False)
    return entry


def _plain(text: str) -> str:
    """The text without control characters, which a calendar file may not contain; line breaks stay."""
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) != "Cc")
