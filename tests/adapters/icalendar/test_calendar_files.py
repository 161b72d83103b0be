"""Calendar files, read back by the library and by only the rules of their time zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from adapters.icalendar.changed_zones import CHANGED_LATELY, CHECKED_UP_TO
from adapters.icalendar.writer import ICalendarWriter
from adapters.icalendar.zones import zone_around
from application.ports.calendar import CalendarEvent
from domain.timezones import NAMES, RULES, changes, zone_of
from tests.support.changed_zones import changed_since
from tests.support.time_zone_rules import older_rules

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
    """The offset by RFC 5545: of the observance with the latest onset before the local time, by the clock before it."""
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


#: Zones of every kind whose rules are written out.
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Europe/Dublin", "Etc/GMT+5"]


@pytest.mark.parametrize("zone", ZONES)
def test_the_rules_of_the_zone_give_the_right_offset_at_every_hour_around_the_show(zone: str) -> None:
    timezone = ZoneInfo(zone)
    calendar = read(replace(EVENT, timezone=timezone))
    for hours in range(-300 * 24, 300 * 24):
        local = (START + hours * HOUR).astimezone(timezone)
        if local.fold or not _exists(local):
            continue  # a time that occurs twice means the first one
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


@pytest.mark.parametrize("zone", ["Atlantic/Reykjavik", "Africa/Accra", "Africa/Dakar", "Etc/GMT+5", "Europe/Berlin"])
def test_times_name_the_zone_whose_rules_are_there(zone: str) -> None:
    calendar = read(replace(EVENT, timezone=ZoneInfo(zone)))
    (rules,) = calendar.walk("VTIMEZONE")
    entry = entry_of(calendar)
    assert rules["TZID"] == entry["DTSTART"].params["TZID"] == entry["DTEND"].params["TZID"] == zone


def test_summer_time_is_daylight_where_the_database_has_it_as_the_standard() -> None:
    (rules,) = read(replace(EVENT, timezone=ZoneInfo("Europe/Dublin"))).walk("VTIMEZONE")
    kinds = {(each.name, each["TZNAME"], each["TZOFFSETTO"].td) for each in rules.subcomponents}
    assert kinds == {("DAYLIGHT", "IST", HOUR), ("STANDARD", "GMT", timedelta())}


def test_a_name_that_changes_without_the_offset_is_an_observance_of_its_own() -> None:
    rules: Any = zone_around(ZoneInfo("America/Vancouver"), date(2026, 12, 1))
    last = rules.subcomponents[-1]
    assert (last["TZNAME"], last["TZOFFSETTO"].td) == ("MST", -7 * HOUR)


def test_a_show_without_an_end_of_its_own_has_none_in_the_calendar() -> None:
    assert "DTEND" not in entry_of(read(replace(EVENT, end_time=EVENT.start_time)))


@pytest.mark.parametrize("zone", ["localtime", "America/Vancouver", "America/Havana", "Africa/Casablanca"])
def test_zones_of_which_calendars_have_other_rules_are_written_as_moments(zone: str) -> None:
    calendar = read(replace(EVENT, timezone=zone_of(zone)))
    assert calendar.walk("VTIMEZONE") == []
    entry = entry_of(calendar)
    assert (entry["DTSTART"].to_ical(), entry["DTEND"].to_ical()) == (b"20261024T180000Z", b"20261025T020000Z")


def test_the_list_of_zones_that_changed_lately_goes_up_to_the_rules_in_force() -> None:
    renewing = "unpack a tzdata that is three years old and run `python -m tests.support.changed_zones DIRECTORY`"
    assert CHECKED_UP_TO == RULES, renewing
    assert CHANGED_LATELY <= NAMES


def test_what_changed_is_found_by_comparing_two_releases(tmp_path: Path) -> None:
    older_rules(tmp_path, release="2025b", zones={"America/Vancouver": "America/Los_Angeles"})
    (tmp_path / "tzdata" / "zoneinfo" / "America" / "Coyhaique").unlink()
    assert changed_since(tmp_path) == ["America/Coyhaique", "America/Vancouver"]


@pytest.mark.parametrize(
    ("zone", "start", "end", "written"),
    [
        (
            "America/New_York",
            datetime(2027, 11, 7, 5, 45, tzinfo=UTC),  # 01:45, and the end is 01:15
            datetime(2027, 11, 7, 6, 15, tzinfo=UTC),
            ("20271107T054500Z", "20271107T061500Z"),
        ),
        (
            "Europe/Berlin",
            datetime(2027, 10, 30, 21, 0, tzinfo=UTC),
            datetime(2027, 10, 31, 1, 30, tzinfo=UTC),  # the second 02:30
            ("20271030T210000Z", "20271031T013000Z"),
        ),
        (
            "Europe/Berlin",
            datetime(2027, 10, 30, 21, 0, tzinfo=UTC),
            datetime(2027, 10, 31, 2, 0, tzinfo=UTC),  # 03:00 occurs once
            ("20271030T230000", "20271031T030000"),
        ),
    ],
)
def test_hours_that_come_twice_are_written_as_moments(
    zone: str, start: datetime, end: datetime, written: tuple[str, str]
) -> None:
    timezone = ZoneInfo(zone)
    for begin, ends in ((start, end), (start.astimezone(timezone), end.astimezone(timezone))):
        entry = entry_of(read(replace(EVENT, timezone=timezone, start_time=begin, end_time=ends)))
        assert (entry["DTSTART"].to_ical().decode(), entry["DTEND"].to_ical().decode()) == written


#: The zones in pieces that are tried one by one.
PIECES = 8


@pytest.fixture(scope="module")
def ways_to_change() -> list[tuple[str, list[datetime]]]:
    """One zone for each way in which clocks change in these years, with the moments of the changes."""
    first, last = datetime(2027, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    ways: dict[tuple[object, ...], tuple[str, list[datetime]]] = {}
    for name in sorted(NAMES - CHANGED_LATELY):
        found = list(changes(zone_of(name), first, last))
        offsets = tuple(each.astimezone(zone_of(name)).utcoffset() for each in found)
        ways.setdefault((*found, *offsets), (name, found))
    return list(ways.values())


@pytest.mark.parametrize("piece", range(PIECES))
def test_an_evening_around_any_change_of_clocks_is_read_as_it_was_written(
    ways_to_change: list[tuple[str, list[datetime]]], piece: int
) -> None:
    for zone, moments in ways_to_change[piece::PIECES]:
        for moment in moments:
            for start in range(-150, 151, 30):
                for lasts in (30, 90):
                    _is_read_as_it_was_written(zone, moment + timedelta(minutes=start), timedelta(minutes=lasts))


def _is_read_as_it_was_written(zone: str, begin: datetime, lasts: timedelta) -> None:
    event = replace(EVENT, timezone=zone_of(zone), start_time=begin, end_time=begin + lasts)
    file = ICalendarWriter().write(event)
    entry = entry_of(Calendar.from_ical(file))
    for read_as in (_by_name(entry), _by_the_files_rules(entry, file)):
        assert read_as == (event.start_time, event.end_time), zone


def _by_name(entry: Any) -> tuple[datetime, datetime]:
    """The times for readers with their own rules for a zone's name."""
    begin, end = entry["DTSTART"].dt, entry["DTEND"].dt
    assert end.replace(tzinfo=None) > begin.replace(tzinfo=None), "some readers refuse an entry that ends before it"
    return begin.astimezone(UTC), end.astimezone(UTC)


def _by_the_files_rules(entry: Any, file: bytes) -> tuple[datetime, datetime]:
    """The times for readers that use the rules in the file: those of dateutil, another library."""
    times = []
    for name in ("DTSTART", "DTEND"):
        text, tzid = entry[name].to_ical().decode(), entry[name].params.get("TZID")
        local = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        if tzid:
            local = local.replace(tzinfo=tzical(StringIO(file.decode())).get(tzid))
        times.append(local.astimezone(UTC))
    return times[0], times[1]


def test_a_title_cannot_write_lines_of_its_own() -> None:
    calendar = read(replace(EVENT, title="Hamlet\r\nATTENDEE:mailto:eve@example.org\x00", organizer_name="a\r\nb"))
    entry = entry_of(calendar)
    assert "ATTENDEE" not in entry
    assert entry["SUMMARY"] == "Hamlet\nATTENDEE:mailto:eve@example.org"
