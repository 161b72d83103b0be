"""The time of a show: what the clock at its venue shows, and the moments that time zone rules derive from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from domain.catalog import Show
from domain.errors import InvalidRequest
from domain.timezones import RULES
from domain.venue_clock import NAMES_OF_TIMES, VenueClock
from tests.support.factories import by_older_rules, show

AN_HOUR = timedelta(hours=1)
NEW_YORK = {"timezone": "America/New_York"}
VANCOUVER: dict[str, Any] = {"timezone": "America/Vancouver"}
WINTER = ("2027-12-05T18:30:00", "2027-12-05T19:00:00", "2027-12-05T22:00:00")


def planned(*times: str, **fields: Any) -> Show:
    """A show at these times, as a client writes them."""
    written = dict(zip(NAMES_OF_TIMES, map(datetime.fromisoformat, times), strict=True))
    return Show.planned(**{"id": uuid4(), "producer_id": uuid4(), "title": "Hamlet", **written, **fields})


def there(of: Show) -> list[str]:
    return [moment.isoformat() for moment in (of.door_there, of.start_there, of.end_there)]


def test_a_show_is_when_the_clock_at_its_venue_shows_its_times() -> None:
    hamlet = planned(*WINTER, timezone="America/New_York")
    assert hamlet.start_time == datetime(2027, 12, 6, 0, 0, tzinfo=UTC)
    assert there(hamlet) == [f"{time}-05:00" for time in WINTER]
    assert hamlet.venue_clock.rules == RULES


def test_a_show_made_of_moments_is_when_the_clock_shows_them() -> None:
    door, start, end = (datetime.fromisoformat(f"{time}-05:00") for time in WINTER)
    hamlet = show(door_time=door, start_time=start, end_time=end, timezone="America/New_York")
    assert there(hamlet) == [f"{time}-05:00" for time in WINTER]


def test_times_of_a_show_must_be_the_venues() -> None:
    with pytest.raises(InvalidRequest, match="write 2027-12-05T19:00:00-05:00") as refusal:
        planned(WINTER[0], "2027-12-05T19:00:00-04:00", WINTER[2], timezone="America/New_York")
    assert refusal.value.field == "start_time"


def test_a_show_in_another_time_zone_stays_what_the_clock_shows() -> None:
    moved = planned(*WINTER, timezone="America/New_York").changed(timezone="Europe/Berlin")
    assert there(moved) == [f"{time}+01:00" for time in WINTER]


def test_times_that_the_other_time_zone_skips_are_refused() -> None:
    early = planned("2027-03-28T01:30:00", "2027-03-28T02:30:00", "2027-03-28T04:00:00", timezone="America/New_York")
    with pytest.raises(InvalidRequest, match="skip") as refusal:
        early.changed(timezone="Europe/Berlin")
    assert refusal.value.field == "start_time"
    later = early.changed(timezone="Europe/Berlin", start_time=datetime.fromisoformat("2027-03-28T03:30:00"))
    assert there(later)[1] == "2027-03-28T03:30:00+02:00"


def test_one_time_of_a_show_is_changed_and_the_others_stay() -> None:
    hamlet = planned(*WINTER, timezone="America/New_York")
    later = hamlet.changed(end_time=datetime.fromisoformat("2027-12-05T23:00:00-05:00"))
    assert there(later) == [f"{time}-05:00" for time in (*WINTER[:2], "2027-12-05T23:00:00")]


def test_a_night_may_end_in_the_second_of_the_hours_that_come_twice() -> None:
    night = planned("2027-11-07T00:30:00", "2027-11-07T01:45:00-04:00", "2027-11-07T01:15:00-05:00", **NEW_YORK)
    assert night.end_time - night.start_time == timedelta(minutes=30)
    assert there(night)[2] == "2027-11-07T01:15:00-05:00"
    assert night.changed(title="Macbeth").venue_clock.times[2].fold == 1


def test_other_rules_change_the_moments_and_not_the_clock() -> None:
    hamlet = planned(*WINTER, **VANCOUVER)
    outdated = by_older_rules(hamlet)
    assert there(outdated) == there(hamlet)
    assert outdated.start_time == hamlet.start_time + AN_HOUR

    assert outdated.by_rules_in_force() == hamlet
    assert outdated.by_rules_in_force().venue_clock.rules == RULES
    assert hamlet.by_rules_in_force() == hamlet


def test_what_is_not_about_time_leaves_the_moments_of_older_rules() -> None:
    outdated = by_older_rules(planned(*WINTER, **VANCOUVER))
    changed = outdated.changed(title="Macbeth")
    assert (changed.start_time, changed.venue_clock) == (outdated.start_time, outdated.venue_clock)


def test_a_new_time_is_read_by_the_rules_in_force() -> None:
    hamlet = planned(*WINTER, **VANCOUVER)
    outdated = by_older_rules(hamlet)
    assert outdated.changed(start_time=datetime.fromisoformat(WINTER[1])) == hamlet


def test_a_show_whose_hour_does_not_come_twice_any_more_is_as_long_as_it_was() -> None:
    door, start, end = (datetime.fromisoformat(f"2027-12-05T{time}:00") for time in ("01:00", "01:45", "01:15"))
    nine = datetime(2027, 12, 5, 9, tzinfo=UTC)
    moments = (nine, nine + timedelta(minutes=45), nine + timedelta(minutes=75))
    clock = VenueClock(times=(door, start, end.replace(fold=1)), rules="2025b", moments=moments, **VANCOUVER)
    of_old = show(door_time=moments[0], start_time=moments[1], end_time=moments[2], venue_clock=clock, **VANCOUVER)

    mended = of_old.by_rules_in_force()

    assert mended.end_time - mended.start_time == timedelta(minutes=30)
    assert mended.start_time - mended.door_time == timedelta(minutes=45)
    assert there(mended)[1:] == ["2027-12-05T01:45:00-07:00", "2027-12-05T02:15:00-07:00"]


@pytest.mark.parametrize("name", ["localtime", "posix/Europe/Paris", "right/Europe/Paris", "Factory"])
def test_only_names_of_the_iana_database_are_taken(name: str) -> None:
    for planning in (show, partial(planned, *WINTER), show().changed):
        with pytest.raises(InvalidRequest, match="Unknown time zone") as refusal:
            planning(timezone=name)
        assert refusal.value.field == "timezone"


def test_a_show_that_has_another_name_goes_on() -> None:
    moments = show().venue_clock.moments
    stored = show(timezone="posix/Europe/Paris", venue_clock=VenueClock.at(moments, "posix/Europe/Paris"))
    assert stored.changed(title="Macbeth").start_there.isoformat() == "2050-06-01T21:00:00+02:00"
    assert stored.changed(timezone="Europe/Paris").start_time == stored.start_time


def test_a_moment_in_universal_time_may_be_the_end_of_the_calendar() -> None:
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert show(timezone="Asia/Tokyo").moment(never, "valid_until") == never
    with pytest.raises(InvalidRequest, match="beyond the calendar"):
        show(timezone="America/New_York").moment(never.replace(tzinfo=None), "valid_until")
