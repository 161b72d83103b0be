"""When the shows of a run start, on the venue's clock: a rule, as calendars have them (RFC 5545).

The rule counts days and hours of the clock at the venue, so an evening at 20:00 stays at 20:00 when clocks change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, product
from typing import Final, NamedTuple

from dateutil import rrule

from domain.catalog import FIRST_YEAR, LAST_YEAR
from domain.errors import InvalidRequest

#: The most shows that one request makes or changes: a show on every day of a year, and some matinees.
MAX_SHOWS_AT_ONCE: Final = 400
#: How far a rule may reach: no venue plans further ahead.
MAX_YEARS: Final = 5
MAX_INTERVAL: Final = 100
_DAYS_OF_A_YEAR: Final = 366
_LAST_WEEK: Final = 5
_LAST_DAY: Final = 31


class Start(NamedTuple):
    """When a show starts: naive on the venue's clock, or with an offset. ``field`` is the request's place for it."""

    time: datetime
    field: str


class Frequency(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_FREQUENCIES: Final = {
    Frequency.DAILY: rrule.DAILY,
    Frequency.WEEKLY: rrule.WEEKLY,
    Frequency.MONTHLY: rrule.MONTHLY,
}
_DAYS: Final = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU)
_WEEKDAYS: Final = dict(zip(Weekday, _DAYS, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Days at an ``interval`` of days, weeks or months from ``first`` on, at every one of ``times``.

    Weeks begin on Monday. Without ``weekdays`` and ``month_days`` it is the weekday, or the day of the month, of
    ``first``. A month without the day is left out: a rule for the 31st gives seven shows a year, -1 is the last day.
    ``weeks`` choose among a month's weekdays: 1 the first, -1 the last. The rule ends after the day ``until``, or with
    its ``count``-th show.

    ``exceptions`` are then left out: days, or times of one show. ``additional`` shows come on top.
    """

    first: date
    times: tuple[time, ...]
    until: date | None = None
    count: int | None = None
    frequency: Frequency = Frequency.WEEKLY
    interval: int = 1
    weekdays: tuple[Weekday, ...] = ()
    weeks: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    exceptions: tuple[date, ...] = ()
    additional: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.first.year <= LAST_YEAR:
            raise InvalidRequest(f"from must lie between {FIRST_YEAR} and {LAST_YEAR}", field="rule.from")
        if not self.times or any(each.tzinfo is not None for each in self.times):
            raise InvalidRequest("A rule needs times on the venue's clock, without an offset", field="rule.times")
        if len(set(self.times)) < len(self.times):
            raise InvalidRequest("A rule names each time once", field="rule.times")
        if not 1 <= self.interval <= MAX_INTERVAL:
            raise InvalidRequest(f"interval must be 1 to {MAX_INTERVAL}", field="rule.interval")
        self._check_end()
        self._check_days()

    def _check_end(self) -> None:
        if (self.until is None) == (self.count is None):
            raise InvalidRequest("Say the last day, or the number of shows: one of the two", field="rule.until")
        if self.count is not None and not 1 <= self.count <= MAX_SHOWS_AT_ONCE:
            raise InvalidRequest(f"The number of shows must be 1 to {MAX_SHOWS_AT_ONCE}", field="rule.count")
        if self.until is not None and not self.first <= self.until <= self._horizon:
            raise InvalidRequest(
                f"The last day must be the first day or a later one, at most {MAX_YEARS} years after it",
                field="rule.until",
            )

    def _check_days(self) -> None:
        is_monthly = self.frequency is Frequency.MONTHLY
        if self.weeks and not (is_monthly and self.weekdays):
            raise InvalidRequest("weeks choose among the weekdays of a monthly rule", field="rule.weeks")
        if self.month_days and not is_monthly:
            raise InvalidRequest("month_days are for a monthly rule", field="rule.month_days")
        if not all(1 <= abs(week) <= _LAST_WEEK for week in self.weeks):
            raise InvalidRequest("weeks are 1 to 5 from the start of the month, or -1 to -5", field="rule.weeks")
        if not all(1 <= abs(day) <= _LAST_DAY for day in self.month_days):
            raise InvalidRequest("month_days are 1 to 31, or -1 to -31", field="rule.month_days")

    @property
    def _horizon(self) -> date:
        return self.first + timedelta(days=MAX_YEARS * _DAYS_OF_A_YEAR)

    def starts(self) -> list[Start]:
        """When the shows start.

        Raises InvalidRequest for none or more than MAX_SHOWS_AT_ONCE, and where ``count`` shows take too many years.
        """
        ruled = list(islice((datetime.combine(day, at) for day, at in self._slots()), self.count))
        if self.count is not None and len(ruled) < self.count:
            raise InvalidRequest(f"In {MAX_YEARS} years the rule gives only {len(ruled)} shows", field="rule.count")
        ruled = [start for start in ruled if not self._excepts(start)]
        starts = [Start(start, "rule") for start in ruled]
        starts += [Start(start, f"rule.additional[{index}]") for index, start in enumerate(self.additional)]
        return ensure_plausible(starts, "rule")

    def _slots(self) -> Iterator[tuple[date, time]]:
        weekdays = [_WEEKDAYS[day] for day in self.weekdays]
        days = rrule.rrule(
            _FREQUENCIES[self.frequency],
            dtstart=datetime.combine(self.first, time()),
            until=datetime.combine(self.until or self._horizon, time()),
            interval=self.interval,
            wkst=rrule.MO,
            byweekday=[day(week) for day, week in product(weekdays, self.weeks)] if self.weeks else weekdays or None,
            bymonthday=self.month_days or None,
        )
        return ((day.date(), at) for day in days for at in sorted(self.times))

    def _excepts(self, start: datetime) -> bool:
        return start in self.exceptions or start.date() in self.exceptions


def starts_on(dates: Iterable[datetime]) -> list[Start]:
    """The starts that a request lists as ``dates``. Raises InvalidRequest for none, or too many."""
    return ensure_plausible([Start(each, f"dates[{index}]") for index, each in enumerate(dates)], "dates")


def ensure_plausible(starts: Sequence[Start], field: str) -> list[Start]:
    """The starts. Raises InvalidRequest for none, or too many."""
    if not starts:
        raise InvalidRequest("This gives no show at all", field=field)
    if len(starts) > MAX_SHOWS_AT_ONCE:
        raise InvalidRequest(
            f"At most {MAX_SHOWS_AT_ONCE} shows can be added at once; this gives {len(starts)}", field=field
        )
    return list(starts)
