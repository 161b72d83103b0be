"""Calendar files, read back by the library and by the rules of their time zone alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from adapters.icalendar.writer import ICalendarWriter
from application.ports.calendar import CalendarEvent

START = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = CalendarEvent(
    uid="4711@piquetickets",
    sequence=7,
    stamped_at=datetime(2026, 10, 1, 12, 0, tzinfo=UTC),
    title="Romeo; Julia, und ihre “Freunde” 🎭",
    description="Doors 19:00. Your tickets: https://tickets.example.org/shows/1/orders/2?token=3",
    url="https://tickets.example.org/shows/1/orders/2?token=3",
    venue="Große Straße 1, Berlin",
    organizer_name='Kleines "Theater"; Berlin',
    organizer_email="office@theater.example",
    start_time=START,
    end_time=START + 8 * HOUR,
    timezone=ZoneInfo("Europe/Berlin"),
    cancelled=False,
)


def read(event: CalendarEvent) -> Any:
    return Calendar.from_ical(ICalendarWriter().write(event))


def entry_of(calendar: Any) -> Any:
    (entry,) = calendar.walk("VEVENT")
    return entry


def offset_by_the_rules(calendar: Any, local: datetime) -> Any:
    """What RFC 5545 says: the observance with the latest onset before the local time, told in the clock before it."""
    (zone,) = calendar.walk("VTIMEZONE")
    begun = [
        (observance["DTSTART"].dt, observance["TZOFFSETTO"].td)
        for observance in zone.subcomponents
        if observance["DTSTART"].dt <= local
    ]
    return max(begun)[1]


def test_everything_is_in_it() -> None:
    calendar = read(EVENT)
    entry = entry_of(calendar)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert (entry["UID"], entry["SEQUENCE"], entry["STATUS"]) == ("4711@piquetickets", 7, "CONFIRMED")
    assert (entry["SUMMARY"], entry["LOCATION"]) == (EVENT.title, EVENT.venue)
    assert (entry["DESCRIPTION"], entry["URL"]) == (EVENT.description, EVENT.url)
    assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (EVENT.start_time, EVENT.end_time)
    assert entry["DTSTAMP"].dt == EVENT.stamped_at
    assert entry["ORGANIZER"] == "mailto:office@theater.example"


def test_a_cancelled_show_takes_itself_out() -> None:
    calendar = read(replace(EVENT, cancelled=True))
    assert (calendar["METHOD"], entry_of(calendar)["STATUS"]) == ("CANCEL", "CANCELLED")


def test_lines_are_as_the_standard_wants_them() -> None:
    lines = ICalendarWriter().write(EVENT).split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Europe/Dublin",
    ],
)
def test_the_rules_of_the_zone_give_the_right_offset_at_every_hour_around_the_show(zone: str) -> None:
    timezone = ZoneInfo(zone)
    calendar = read(replace(EVENT, timezone=timezone))
    for hours in range(-300 * 24, 300 * 24):
        local = (START + hours * HOUR).astimezone(timezone)
        if local.fold or not _exists(local):
            continue  # a time that comes twice means the first one
        assert offset_by_the_rules(calendar, local.replace(tzinfo=None)) == local.utcoffset() or _is_repeated(local)


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo) == local


def _is_repeated(local: datetime) -> bool:
    return local.replace(fold=1).utcoffset() != local.utcoffset()


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC"])
def test_universal_time_needs_no_rules(zone: str) -> None:
    calendar = read(replace(EVENT, timezone=ZoneInfo(zone)))
    assert calendar.walk("VTIMEZONE") == []
    assert entry_of(calendar)["DTSTART"].to_ical() == b"20261024T180000Z"


def test_a_title_cannot_write_lines_of_its_own() -> None:
    calendar = read(replace(EVENT, title="Hamlet\r\nATTENDEE:mailto:eve@example.org\x00", organizer_name="a\r\nb"))
    entry = entry_of(calendar)
    assert "ATTENDEE" not in entry
    assert entry["SUMMARY"] == "Hamlet\nATTENDEE:mailto:eve@example.org"
