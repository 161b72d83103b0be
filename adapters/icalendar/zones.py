"""VTIMEZONE: the rules of a time zone, written out around an event (RFC 5545, 3.6.5).

The library's own generator takes the onset of summer time by the clock after the change, where the standard wants the
one before: events in the hour after it would be read an hour off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone, TimezoneDaylight, TimezoneStandard

#: At least one change on either side of the event, in zones whose clocks change at all.
_MARGIN: Final = timedelta(days=400)
_A_DAY: Final = timedelta(days=1)
_A_SECOND: Final = timedelta(seconds=1)


def zone_around(zone: ZoneInfo, moment: datetime) -> Timezone:
    """Right for events within a year of ``moment``."""
    begin = (moment - _MARGIN).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    component = Timezone()
    component.add("tzid", zone.key)
    component.add_component(_observance(zone, begin, offset_before=begin.astimezone(zone).utcoffset()))
    for onset in _changes(zone, begin, begin + 2 * _MARGIN):
        before = (onset - _A_SECOND).astimezone(zone).utcoffset()
        component.add_component(_observance(zone, onset, offset_before=before))
    return component


def _observance(zone: ZoneInfo, onset: datetime, *, offset_before: timedelta | None) -> Component:
    local = onset.astimezone(zone)
    observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
    observance.add("dtstart", (onset + (offset_before or timedelta())).replace(tzinfo=None))
    observance.add("tzoffsetfrom", offset_before)
    observance.add("tzoffsetto", local.utcoffset())
    observance.add("tzname", local.tzname())
    return observance


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which the offset changes, to the second."""
    while begin < end:
        after = begin + _A_DAY
        if begin.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield _change_between(zone, begin, after)
        begin = after


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    offset = before.astimezone(zone).utcoffset()
    while after - before > _A_SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
