"""Time zones: one set of rules for every process, and conversion between a venue's clock and moments.

The rules are those of the package ``tzdata``, on every host. Python alone would first read the operating system's
files, and two hosts with different files would print two hours for one show. Importing this module switches that off
for the whole process, libraries included.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzdata

from domain.errors import InvalidRequest

#: The host's own rules. They are used only to interpret a stored name that only the host knows.
_HOSTS_PATH: Final = zoneinfo.TZPATH
zoneinfo.reset_tzpath(to=())
ZoneInfo.clear_cache()

#: The release of the IANA database whose rules are in force here, such as "2026f".
RULES: Final = tzdata.IANA_VERSION
#: The valid names of a show's time zone. "Factory" is the zone of a clock that was never set; no place has it.
NAMES: Final = frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split()) - {"Factory"}

_A_DAY: Final = timedelta(days=1)
_A_SECOND: Final = timedelta(seconds=1)
#: Offsets from UTC are smaller than this; no change of rules moves a moment further.
FARTHEST: Final = timedelta(days=2)


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo:
    """The rules of a stored name, which may be one that new shows cannot use.

    Earlier versions accepted every name that the host had: ``posix/Europe/Paris``, ``right/Europe/Paris`` (which are
    Europe/Paris here), ``localtime``, or a name that the package does not have yet. The host's rules serve those; if
    the host does not know the name either, the clock is UTC: the show goes on, and doctor reports it.
    """
    plain = name.removeprefix("posix/").removeprefix("right/")
    if plain in NAMES:
        return ZoneInfo(plain)
    zoneinfo.reset_tzpath(to=_HOSTS_PATH)
    try:
        return ZoneInfo.no_cache(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory, or too long for a file's name
        return ZoneInfo("UTC")
    finally:
        zoneinfo.reset_tzpath(to=())


def ensure_known(name: str) -> None:
    """Raises InvalidRequest for a name that is not one of the package's."""
    if name not in NAMES:
        raise InvalidRequest(f"Unknown time zone {name!r}, write an IANA name such as Europe/Paris", field="timezone")


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, when the clocks of ``zone`` show ``local``, a naive datetime.

    ``fold`` chooses within an hour that occurs twice. A time that the clocks skip is read by the offset before the
    change.
    """
    return local.replace(tzinfo=zone).astimezone(UTC)


def local_time(given: datetime, zone: ZoneInfo, field: str) -> datetime:
    """The time on the clocks of ``zone`` for a time that a client wrote: naive, with ``fold``.

    A time without an offset is on the zone's clock. An offset must be the zone's offset at that time; UTC (``Z``,
    ``+00:00``) is accepted as a moment everywhere. Raises InvalidRequest for another offset, and for a time without one
    that the clocks skip or show twice.
    """
    if given.tzinfo is not None:
        local = given.astimezone(zone)
        if given.utcoffset() and given.utcoffset() != local.utcoffset():
            raise InvalidRequest(_wrong_offset(given, zone, field), field=field)
        return local.replace(tzinfo=None)
    first, second = (instant_of(given.replace(fold=fold), zone).astimezone(zone) for fold in (0, 1))
    if first.replace(tzinfo=None) != given:
        raise InvalidRequest(
            f"{field}: the clocks in {zone.key} skip {_text(given)}; it would be {first.isoformat()}", field=field
        )
    if first.utcoffset() != second.utcoffset():
        raise InvalidRequest(
            f"{field}: the clocks in {zone.key} show {_text(given)} twice; "
            f"write {first.isoformat()} or {second.isoformat()}",
            field=field,
        )
    return given


def _wrong_offset(given: datetime, zone: ZoneInfo, field: str) -> str:
    wall = given.replace(tzinfo=None)
    there = [instant_of(wall.replace(fold=fold), zone).astimezone(zone) for fold in (0, 1)]
    right = dict.fromkeys(each.isoformat() for each in there if each.replace(tzinfo=None, fold=0) == wall)
    if not right:
        return f"{field}: the clocks in {zone.key} skip {_text(wall)}; it would be {there[0].isoformat()}"
    return f"{field}: {given.isoformat()} is no time in {zone.key}; write {' or '.join(right)}, or leave the offset out"


def _text(local: datetime) -> str:
    return local.replace(fold=0).isoformat(timespec="minutes" if not local.second else "seconds")


def is_ambiguous(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the two readings of ``local`` differ: the clocks skip it or show it twice."""
    return instant_of(local.replace(fold=0), zone) != instant_of(local.replace(fold=1), zone)


def name_at(moment: datetime, zone: ZoneInfo) -> str:
    """The name of the zone's time at a moment, such as "CET".

    Zones without an abbreviation get their offset: "UTC+03", "UTC+05:45".
    """
    name = f"{moment.astimezone(zone):%Z}"
    if not name.startswith(("+", "-")):
        return name
    hours, minutes = name[:3], name[3:]
    return f"UTC{hours}:{minutes}" if minutes else f"UTC{hours}"


def changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments from ``begin`` to ``end``, to the second, at which the offset, the name of the zone's time, or
    whether it is summer time changes. Two within a day count as one.
    """
    reading = _reading(begin, zone)
    while begin < end:
        before, begin = begin, begin + _A_DAY
        if reading != (reading := _reading(begin, zone)):
            yield _change_between(zone, before, begin)


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    reading = _reading(before, zone)
    while after - before > _A_SECOND:
        middle = (before + (after - before) // 2).replace(microsecond=0)
        if _reading(middle, zone) == reading:
            before = middle
        else:
            after = middle
    return after


def _reading(moment: datetime, zone: ZoneInfo) -> tuple[timedelta | None, timedelta | None, str | None]:
    local = moment.astimezone(zone)
    return local.utcoffset(), local.dst(), local.tzname()


def days(zone: ZoneInfo, first: datetime, last: datetime) -> list[tuple[datetime, date]]:
    """The calendar of ``zone`` from ``first`` to ``last``: the moment at which each day begins, and the day.

    A day whose midnight occurs twice, because clocks go back at midnight, may begin twice.
    """
    begin, end = first.astimezone(zone).date() - _A_DAY, last.astimezone(zone).date() + _A_DAY
    marks = set()
    for ordinal in range(begin.toordinal(), end.toordinal() + 1):
        midnight = datetime.combine(date.fromordinal(ordinal), time())
        early, late = (instant_of(midnight.replace(fold=fold), zone) for fold in (0, 1))
        marks.add(min(early, late))
        if early != late:
            marks.update({max(early, late), _change_between(zone, min(early, late) - _A_DAY, max(early, late))})
    begun: list[tuple[datetime, date]] = []
    for mark in sorted(marks):
        day = mark.astimezone(zone).date()
        if not begun or begun[-1][1] != day:
            begun.append((mark, day))
    return begun
