"""VTIMEZONE: the rules of a time zone, written out around an event (RFC 5545, 3.6.5).

The library's own generator writes the onset of summer time by the clock after the change, where the standard requires
the clock before it: calendars would show events in the hour after the change an hour off.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone, TimezoneDaylight, TimezoneStandard

from domain.timezones import changes

#: Includes at least one change on either side of the event, in zones whose clocks change at all.
_MARGIN: Final = timedelta(days=400)
_A_SECOND: Final = timedelta(seconds=1)
_NONE: Final = timedelta()


@lru_cache(maxsize=200)
def zone_around(zone: ZoneInfo, day: date) -> Timezone:
    """The zone's rules, correct for events within a year of ``day``. The object is shared: do not change it."""
    begin = datetime.combine(day, time(), UTC) - _MARGIN
    component = Timezone()
    component.add("tzid", zone.key)
    onsets = [begin, *changes(zone, begin, begin + 2 * _MARGIN)]
    # Dublin and Casablanca define summer time as their standard, with a negative "daylight saving" in winter. Calendars
    # expect it the other way round.
    least = min(_saving(zone, onset) for onset in onsets)
    for onset in onsets:
        before = onset if onset == begin else onset - _A_SECOND
        kind = TimezoneDaylight if _saving(zone, onset) > least else TimezoneStandard
        component.add_component(_observance(kind(), zone, onset, offset_before=_offset(zone, before)))
    return component


def _observance(observance: Component, zone: ZoneInfo, onset: datetime, *, offset_before: timedelta) -> Component:
    observance.add("dtstart", (onset + offset_before).replace(tzinfo=None))
    observance.add("tzoffsetfrom", offset_before)
    observance.add("tzoffsetto", _offset(zone, onset))
    observance.add("tzname", onset.astimezone(zone).tzname())
    return observance


def _saving(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).dst() or _NONE


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _NONE
