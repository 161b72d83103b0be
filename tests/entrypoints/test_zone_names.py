"""The names of a venue's time: the same on pages, in mails and on tickets, with the offset of that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from application import formatting
from domain.timezones import NAMES, zone_of
from entrypoints.web.page_format import PageFormat
from tests.support.factories import USD, show

#: Hours that abbreviations mean, as the IANA database lists them in theory.html, "Time zone abbreviations". A few are
#: those of several places.
HOURS: Final[dict[str, set[float]]] = {
    "ACDT": {10.5},
    "ACST": {9.5},
    "ADT": {-3},
    "AEDT": {11},
    "AEST": {10},
    "AKDT": {-8},
    "AKST": {-9},
    "AST": {-4},
    "AWST": {8},
    "BST": {1},
    "CAT": {2},
    "CDT": {-5, -4},
    "CEST": {2},
    "CET": {1},
    "CST": {-6, -5, 8},
    "ChST": {10},
    "EAT": {3},
    "EDT": {-4},
    "EEST": {3},
    "EET": {2},
    "EST": {-5},
    "GMT": {0},
    "HDT": {-9},
    "HKT": {8},
    "HST": {-10},
    "IDT": {3},
    "IST": {1, 2, 5.5},
    "JST": {9},
    "KST": {9},
    "MDT": {-6},
    "MSK": {3},
    "MST": {-7},
    "NDT": {-2.5},
    "NST": {-3.5},
    "NZDT": {13},
    "NZST": {12},
    "PDT": {-7},
    "PKT": {5},
    "PST": {-8, 8},
    "SAST": {2},
    "SST": {-11},
    "UTC": {0},
    "WAT": {1},
    "WEST": {1},
    "WET": {0},
    "WIB": {7},
    "WIT": {9},
    "WITA": {8},
}


def hours_of(name: str) -> set[float]:
    if name in HOURS:
        return HOURS[name]
    hours, _, minutes = name.removeprefix("UTC").partition(":")
    return {int(hours) + int(f"{hours[0]}{minutes or 0}") / 60}


@pytest.mark.parametrize("month", [1, 4, 7, 11])
def test_every_zones_name_has_the_offset_of_the_moment_on_pages_and_in_mails(month: int) -> None:
    moment, played = datetime(2027, month, 15, 19, tzinfo=UTC), show(locale="de-DE")
    for timezone in sorted(NAMES):
        zone = zone_of(timezone)
        name = formatting.zone(moment, zone)
        offset = moment.astimezone(zone).utcoffset() or timedelta()
        assert offset.total_seconds() / 3600 in hours_of(name), (timezone, moment, name)
        assert PageFormat(replace(played, timezone=timezone), USD).zone(moment) == name


@pytest.mark.parametrize(
    ("timezone", "moment", "name"),
    [
        ("Europe/Dublin", datetime(2027, 7, 1, 18, tzinfo=UTC), "IST"),
        ("Europe/Dublin", datetime(2027, 12, 1, 18, tzinfo=UTC), "GMT"),
        ("America/New_York", datetime(2027, 12, 1, 18, tzinfo=UTC), "EST"),
    ],
)
def test_pages_say_it_as_the_venues_country_does(timezone: str, moment: datetime, name: str) -> None:
    assert PageFormat(show(timezone=timezone, locale="en-US"), USD).zone(moment) == name
