"""Time zones: one source of rules, conversion between a venue's clock and moments, names, and calendars of days."""

from __future__ import annotations

import subprocess
import sys
import zoneinfo
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
import tzdata

from domain.errors import InvalidRequest
from domain.timezones import NAMES, RULES, changes, days, instant_of, local_time, name_at, zone_of

A_DAY: Final = timedelta(days=1)
A_MINUTE: Final = timedelta(minutes=1)
NEW_YORK = zone_of("America/New_York")
BERLIN = zone_of("Europe/Berlin")


def read(text: str, zone: str) -> str:
    """The time that a client's text names on the clocks of the zone, with the offset then."""
    local = local_time(datetime.fromisoformat(text), zone_of(zone), "start_time")
    return local.replace(tzinfo=zone_of(zone)).isoformat()


def refusal(text: str, zone: str) -> str:
    with pytest.raises(InvalidRequest) as refused:
        read(text, zone)
    assert refused.value.field == "start_time"
    return str(refused.value)


def test_the_rules_are_those_of_the_package_on_every_host() -> None:
    assert tzdata.IANA_VERSION == RULES
    assert zoneinfo.TZPATH == ()


@pytest.mark.parametrize("module", ["domain.catalog", "application.formatting", "adapters.icalendar.writer"])
def test_whatever_is_imported_first_goes_by_these_rules(module: str) -> None:
    asked = f"import {module}, zoneinfo; print(zoneinfo.TZPATH)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True).stdout == b"()\n"


def test_every_name_of_the_package_is_a_time_zone_but_the_clock_that_was_never_set() -> None:
    assert len(NAMES) > 500
    assert not NAMES & {"Factory", "localtime", "posixrules", "posix/Europe/Paris", "right/Europe/Paris"}
    assert all(zone_of(name).key == name for name in NAMES)


@pytest.mark.parametrize("name", ["posix/Europe/Paris", "right/Europe/Paris"])
def test_a_name_for_other_files_of_a_zone_is_that_zone(name: str) -> None:
    assert zone_of(name) is zone_of("Europe/Paris")


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../etc/passwd", "Europe", "x" * 5000])
def test_a_name_that_nothing_knows_is_utc_for_shows_that_have_it(name: str) -> None:
    assert zone_of(name) is zone_of("UTC")
    assert zoneinfo.TZPATH == ()


@pytest.mark.parametrize(
    ("text", "zone", "there"),
    [
        ("2027-12-05T19:00:00", "America/New_York", "2027-12-05T19:00:00-05:00"),
        ("2027-07-05T19:00:00", "America/New_York", "2027-07-05T19:00:00-04:00"),
        ("2027-12-05T19:00:00-05:00", "America/New_York", "2027-12-05T19:00:00-05:00"),
        ("2027-12-05T19:00:00+00:00", "America/New_York", "2027-12-05T14:00:00-05:00"),
        ("2027-12-05T19:00:00Z", "Asia/Kathmandu", "2027-12-06T00:45:00+05:45"),
        ("2027-07-05T19:00:00Z", "Europe/London", "2027-07-05T20:00:00+01:00"),
        ("2027-11-07T01:30:00-04:00", "America/New_York", "2027-11-07T01:30:00-04:00"),
        ("2027-11-07T01:30:00-05:00", "America/New_York", "2027-11-07T01:30:00-05:00"),
        ("2027-11-07T02:00:00", "America/New_York", "2027-11-07T02:00:00-05:00"),
        ("2027-11-07T00:59:59", "America/New_York", "2027-11-07T00:59:59-04:00"),
        ("2027-03-14T01:59:59", "America/New_York", "2027-03-14T01:59:59-05:00"),
        ("2027-03-14T03:00:00", "America/New_York", "2027-03-14T03:00:00-04:00"),
    ],
)
def test_a_time_is_the_venues_clock_or_has_the_offset_that_the_venue_has_then(text: str, zone: str, there: str) -> None:
    assert read(text, zone) == there


@pytest.mark.parametrize(
    ("text", "zone", "right"),
    [
        ("2027-12-05T19:00:00-04:00", "America/New_York", "2027-12-05T19:00:00-05:00"),
        ("2027-07-05T19:00:00-05:00", "America/New_York", "2027-07-05T19:00:00-04:00"),
        ("2027-07-05T19:00:00+02:00", "Europe/London", "2027-07-05T19:00:00+01:00"),
        ("2027-07-05T19:00:00+05:30", "Asia/Kathmandu", "2027-07-05T19:00:00+05:45"),
        ("2027-07-05T19:00:00-08:00", "America/Vancouver", "2027-07-05T19:00:00-07:00"),
    ],
)
def test_an_offset_that_the_venue_does_not_have_then_is_refused_with_the_right_one(
    text: str, zone: str, right: str
) -> None:
    assert refusal(text, zone).endswith(f"is no time in {zone}; write {right}, or leave the offset out")


def test_a_wrong_offset_in_the_hour_that_comes_twice_is_refused_with_both() -> None:
    words = refusal("2027-11-07T01:30:00-06:00", "America/New_York")
    assert "write 2027-11-07T01:30:00-04:00 or 2027-11-07T01:30:00-05:00" in words


@pytest.mark.parametrize("text", ["2027-03-14T02:00:00", "2027-03-14T02:59:59", "2027-03-14T02:30:00-05:00"])
def test_a_time_that_the_clocks_skip_is_refused(text: str) -> None:
    assert "the clocks in America/New_York skip 2027-03-14T02:" in refusal(text, "America/New_York")


@pytest.mark.parametrize("text", ["2027-11-07T01:00:00", "2027-11-07T01:59:59"])
def test_a_time_that_the_clocks_show_twice_needs_an_offset(text: str) -> None:
    words = refusal(text, "America/New_York")
    assert "show 2027-11-07T01:" in words
    assert f"write {text}-04:00 or {text}-05:00" in words


def test_every_time_that_clocks_show_is_read_back_as_it_was_written() -> None:
    for name in sorted(NAMES):
        zone = zone_of(name)
        for change in changes(zone, datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)):
            for minutes in range(-150, 151, 30):
                local = (change + minutes * A_MINUTE).astimezone(zone)
                given = datetime.fromisoformat(local.isoformat())
                assert instant_of(local_time(given, zone, "start_time"), zone) == local.astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "name"),
    [
        ("Europe/Berlin", datetime(2027, 1, 1, tzinfo=UTC), "CET"),
        ("Europe/Dublin", datetime(2027, 7, 1, tzinfo=UTC), "IST"),
        ("Europe/Dublin", datetime(2027, 1, 1, tzinfo=UTC), "GMT"),
        ("America/Sao_Paulo", datetime(2027, 1, 1, tzinfo=UTC), "UTC-03"),
        ("Asia/Kathmandu", datetime(2027, 1, 1, tzinfo=UTC), "UTC+05:45"),
        ("Etc/GMT+5", datetime(2027, 1, 1, tzinfo=UTC), "UTC-05"),
        ("UTC", datetime(2027, 1, 1, tzinfo=UTC), "UTC"),
    ],
)
def test_a_zone_is_called_by_its_abbreviation_or_by_its_offset(zone: str, moment: datetime, name: str) -> None:
    assert name_at(moment, zone_of(zone)) == name


def test_changes_are_to_the_second() -> None:
    (spring, autumn) = changes(BERLIN, datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    assert (spring, autumn) == (datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC))
    assert (
        list(changes(zone_of("Asia/Tokyo"), datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))) == []
    )


def test_days_begin_at_the_venues_midnight() -> None:
    calendar = days(NEW_YORK, datetime(2027, 11, 6, 12, tzinfo=UTC), datetime(2027, 11, 8, 12, tzinfo=UTC))
    begins = {day: begin for begin, day in calendar}
    assert begins[date(2027, 11, 7)] == datetime(2027, 11, 7, 4, tzinfo=UTC)
    assert begins[date(2027, 11, 8)] == datetime(2027, 11, 8, 5, tzinfo=UTC)


#: Zones with difficult days: no midnight in spring, midnight twice, and clocks that went back a minute after midnight.
HARD = ["America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Asuncion", "America/St_Johns", "America/Santiago"]


@pytest.mark.parametrize("name", [*HARD, "Pacific/Apia", "Antarctica/Troll", "Australia/Lord_Howe"])
def test_every_moment_is_on_the_day_that_the_venues_calendar_shows(name: str) -> None:
    zone, first, last = zone_of(name), datetime(2009, 1, 1, tzinfo=UTC), datetime(2012, 6, 1, tzinfo=UTC)
    calendar = days(zone, first, last)
    begins = [begin for begin, _ in calendar]
    moments = [begin + offset for begin in begins for offset in (timedelta(), -timedelta(seconds=1))]
    moments += [each + m * A_MINUTE for each in changes(zone, first, last) for m in range(-130, 131)]
    for moment in moments:
        if first <= moment <= last:
            assert calendar[bisect_right(begins, moment) - 1][1] == moment.astimezone(zone).date()
