"""What was sold lately, beside what was sold in the days before: figures for people who look every morning.

An order counts on the day on which it was completed, and a refund on the day on which it was given, as in the report
(domain/report.py), so both say the same. Money of different currencies is never added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain.money import Currency
from domain.timezones import days, instant_of


class Period(StrEnum):
    """A time until now that is compared with the time of the same length before."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"


#: How many days each has, today among them.
DAYS_OF: Final[Mapping[Period, int]] = {Period.TODAY: 1, Period.WEEK: 7, Period.MONTH: 30}
#: How many days the chart has, today among them.
CHART_DAYS: Final = 30
_A_DAY: Final = timedelta(days=1)
_A_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """Sums over completed orders of one currency, in minor units.

    ``tickets`` were sold, refunded ones included; ``refunded`` is what went back in the same time, also of orders from
    before. What an exchange moved is in neither.
    """

    orders: int = 0
    tickets: int = 0
    paid: int = 0
    refunded: int = 0

    @property
    def kept(self) -> int:
        """What was paid, less what went back: below zero where more went back."""
        return self.paid - self.refunded

    def __add__(self, other: Sales) -> Sales:
        return Sales(
            orders=self.orders + other.orders,
            tickets=self.tickets + other.tickets,
            paid=self.paid + other.paid,
            refunded=self.refunded + other.refunded,
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """The sales from one mark to the next, of one currency."""

    begins: datetime
    currency: Currency
    sales: Sales


@dataclass(frozen=True, slots=True)
class Amount:
    """Money of one currency, in minor units."""

    currency: Currency
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The sales of some time: one amount for each currency."""

    orders: int
    tickets: int
    money: tuple[Amount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A period until now, and the same time before it until the same hour."""

    period: Period
    now: Span
    before: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentSales:
    """The comparisons, and how many orders each day of the chart had, oldest first, days without orders too."""

    comparisons: tuple[Comparison, ...]
    orders_by_day: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class SalesCalendar:
    """The moments by which recent sales are counted, on the clock of ``zone``."""

    now: datetime
    zone: ZoneInfo

    @property
    def marks(self) -> list[datetime]:
        """The moments between which sales are summed up, in order; the last sum ends now.

        They are the beginnings of days, and the moments at which the clock showed the present hour some days ago:
        today until noon is compared with yesterday until noon.
        """
        begins = [begin for begin, _ in self._days]
        return sorted({*begins, *(self._same_hour(count) for count in DAYS_OF.values())})

    @property
    def _days(self) -> list[tuple[datetime, date]]:
        today = self.now.astimezone(self.zone).date()
        first = today - timedelta(days=2 * max(DAYS_OF.values()) - 1)
        calendar = days(self.zone, self.now - timedelta(days=2 * max(DAYS_OF.values()) + 1), self.now)
        return [(begin, day) for begin, day in calendar if first <= day <= today]

    def _same_hour(self, days_ago: int) -> datetime:
        local = self.now.astimezone(self.zone).replace(tzinfo=None) - timedelta(days=days_ago)
        return instant_of(local, self.zone)

    def recent(self, slices: Iterable[Slice]) -> RecentSales:
        """The figures of these slices, which begin at the marks."""
        known = list(slices)
        begins: dict[date, datetime] = {}
        for begin, day in self._days:
            begins.setdefault(day, begin)  # a day may begin twice, where clocks go back at midnight
        return RecentSales(
            comparisons=tuple(self._comparison(period, begins, known) for period in Period),
            orders_by_day=tuple(self._orders_by_day(begins, known)),
        )

    def _comparison(self, period: Period, begins: Mapping[date, datetime], slices: Sequence[Slice]) -> Comparison:
        count, today = DAYS_OF[period], self.now.astimezone(self.zone).date()
        first = begins[today - timedelta(days=count - 1)]
        earlier = begins[today - timedelta(days=2 * count - 1)]
        return Comparison(
            period=period,
            now=_span(each for each in slices if first <= each.begins),
            before=_span(each for each in slices if earlier <= each.begins < self._same_hour(count)),
        )

    def _orders_by_day(self, begins: Mapping[date, datetime], slices: Sequence[Slice]) -> Iterable[tuple[date, int]]:
        orders: dict[date, int] = defaultdict(int)
        for each in slices:
            orders[each.begins.astimezone(self.zone).date()] += each.sales.orders
        for day in sorted(begins)[-CHART_DAYS:]:
            yield day, orders[day]


@dataclass(frozen=True, slots=True)
class DayCalendar:
    """The moments by which the sales of a day are counted, and those of the same weekday a week before."""

    day: date
    zone: ZoneInfo

    @property
    def marks(self) -> list[datetime]:
        """The moments between which sales are summed up, in order; the last sum ends with ``ends``."""
        before = self.day - _A_WEEK
        return [self._begin(each) for each in (before, before + _A_DAY, self.day)]

    @property
    def ends(self) -> datetime:
        """The last moment of the day."""
        return self._begin(self.day + _A_DAY) - datetime.resolution

    def _begin(self, day: date) -> datetime:
        about = instant_of(datetime.combine(day, time()), self.zone)
        return next(begin for begin, each in days(self.zone, about, about) if each == day)

    def figures(self, slices: Iterable[Slice]) -> tuple[Span, Span]:
        """The sales of the day, and of the same weekday a week before."""
        before, _, begins = self.marks
        known = list(slices)
        return (
            _span(each for each in known if each.begins == begins),
            _span(each for each in known if each.begins == before),
        )


def _span(slices: Iterable[Slice]) -> Span:
    total, money = Sales(), defaultdict[Currency, int](int)
    for each in slices:
        total += each.sales
        money[each.currency] += each.sales.kept
    amounts = (Amount(currency, kept) for currency, kept in money.items())
    return Span(
        orders=total.orders,
        tickets=total.tickets,
        money=tuple(sorted(amounts, key=lambda amount: amount.currency.code)),
    )


def change_percent(now: int, before: int) -> int | None:
    """By how many percent ``now`` is more than ``before`` (fewer: below zero); None if there was nothing before."""
    return round((now - before) * 100 / before) if before > 0 else None
