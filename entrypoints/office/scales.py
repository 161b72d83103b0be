"""The scales of charts: round values for the marks of an axis, and which of its labels have room."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import count, pairwise
from typing import Final, Protocol

from babel import Locale
from babel.dates import format_interval, format_skeleton
from babel.numbers import format_compact_currency, format_compact_decimal

from application import formatting
from domain.money import Currency

#: The most steps of an axis.
MOST_STEPS: Final = 5
#: Steps that people count in, in tenths of a power of ten.
_ROUND: Final = (10, 20, 25, 50)
_TEN: Final = 10
#: From this many units on, marks are shortened as the language shortens numbers: "$12.5K".
_LONG: Final = 10_000
_DECIMALS: Final = 2
#: CLDR sets these around a dash; not every font has them.
_THIN_SPACE: Final = "\u2009"
#: Characters that are kept free between two labels of an axis.
_GAP: Final = 1.5
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
#: Buckets of a chart by day, by week or by month: more bars would be too thin on a phone.
MOST_BUCKETS: Final = 62


def ticks(low: int, high: int, *, most: int = MOST_STEPS, finest: int = 1) -> list[int]:
    """Evenly spaced round values from at most ``low`` to at least ``high``, zero among them.

    There are at most ``most`` (2 or more) steps, each a multiple of ``finest``: 1, 2, 2.5 or 5 times a power of ten of
    it.
    """
    low, high = min(low, 0), max(high, 0)
    if low == high:
        return [0, finest]
    step = next(each for each in _steps(finest) if _above(high, each) - low // each <= most)
    return [step * index for index in range(low // step, _above(high, step) + 1)]


def _above(value: int, step: int) -> int:
    return -(-value // step)


def _steps(finest: int) -> Iterator[int]:
    for power in count():
        for tenths in _ROUND:
            step, rest = divmod(tenths * _TEN**power * finest, _TEN)
            if not rest and step % finest == 0:
                yield step


class Unit(Protocol):
    """What the values of a chart are, and how they are written. ``name`` stands at the axis."""

    @property
    def name(self) -> str: ...

    @property
    def finest(self) -> int:
        """The smallest step of an axis."""
        ...

    def text(self, value: int) -> str:
        """The value in full, as in a table."""
        ...

    def mark(self, value: int) -> str:
        """The value at an axis, as short as it can be written without rounding it."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """Things that are counted, such as "Tickets"."""

    name: str
    locale: str

    @property
    def finest(self) -> int:
        return 1

    def text(self, value: int) -> str:
        return formatting.number(value, self.locale)

    def mark(self, value: int) -> str:
        if abs(value) < _LONG:
            return self.text(value)
        short = format_compact_decimal(value, locale=_parsed(self.locale), fraction_digits=_DECIMALS)
        return _shorter(short, self.text(value))


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts of minor units of a currency."""

    currency: Currency
    locale: str
    what: str = "Money"

    @property
    def name(self) -> str:
        return f"{self.what}, {self.currency.code}"

    @property
    def finest(self) -> int:
        return self.currency.step

    def text(self, value: int) -> str:
        return formatting.price(self.currency, value, self.locale)

    def mark(self, value: int) -> str:
        units, rest = divmod(value, 10**self.currency.places)
        if rest:
            return self.text(value)
        whole = formatting.whole_price(self.currency, value, self.locale)
        if abs(units) < _LONG:
            return whole
        code, locale = self.currency.code, _parsed(self.locale)
        return _shorter(format_compact_currency(units, code, locale=locale, fraction_digits=_DECIMALS), whole)


def _shorter(compact: str, whole: str) -> str:
    """The compact form, if the language has one: some write 12500 without a separator in it."""
    digits, all_digits = (sum(map(str.isdigit, text)) for text in (compact, whole))
    return compact if digits < all_digits else whole


def _parsed(locale: str) -> Locale:
    return Locale.parse(locale, sep="-")


@dataclass(frozen=True, slots=True)
class Position:
    """A place on the axis that runs along a chart: ``label`` in the table, and the shorter ``mark`` at the axis."""

    label: str
    mark: str


class Axis(Protocol):
    """The axis that runs along a chart. ``name`` heads the table's first column."""

    @property
    def name(self) -> str: ...

    @property
    def positions(self) -> Sequence[Position]: ...

    def choices(self) -> Iterator[Sequence[int]]:
        """Positions that may have their marks, most of them first."""
        ...


def labelled(axis: Axis, room: float) -> list[int]:
    """The positions whose marks have room beside each other in ``room`` characters; the first one at least."""
    positions = axis.positions
    band = room / max(len(positions), 1)
    for chosen in axis.choices():
        widths = [text_width(positions[index].mark) for index in chosen]
        spans = [
            (index * band - width / 2, index * band + width / 2) for index, width in zip(chosen, widths, strict=True)
        ]
        if all(after[0] - before[1] >= _GAP for before, after in pairwise(spans)):
            return list(chosen)
    return [0] if positions else []


def text_width(text: str) -> float:
    """About how wide the text is, in digits: those of East Asia are two wide, combining signs have no width."""
    return sum(_width(sign) for sign in text)


def _width(sign: str) -> float:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1.15 if sign.isupper() else 1


class Bucket(StrEnum):
    """What a bar stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @classmethod
    def of(cls, first: date, last: date) -> Bucket:
        """The smallest that leaves bars wide enough for a phone."""
        days = (last - first).days + 1
        if days <= MOST_BUCKETS:
            return cls.DAY
        return cls.WEEK if days <= MOST_BUCKETS * _WEEK.days else cls.MONTH

    def start(self, day: date, locale: str) -> date:
        """The first day of the bucket that has this day. Weeks begin as they do in the locale's country."""
        if self is Bucket.DAY:
            return day
        if self is Bucket.MONTH:
            return day.replace(day=1)
        return day - timedelta(days=(day.weekday() - _parsed(locale).first_week_day) % _WEEK.days)

    def next(self, start: date) -> date:
        """The first day of the bucket that follows."""
        if self is Bucket.DAY:
            return start + _DAY
        return start + _WEEK if self is Bucket.WEEK else (start + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Days:
    """A calendar from ``first`` to ``last``, in days, weeks or months."""

    first: date
    last: date
    locale: str
    bucket: Bucket = Bucket.DAY

    @property
    def name(self) -> str:
        return self.bucket.capitalize()

    @property
    def starts(self) -> list[date]:
        """The first day of each position."""
        starts, start = [], self.bucket.start(self.first, self.locale)
        while start <= self.last:
            starts.append(start)
            start = self.bucket.next(start)
        return starts

    @property
    def positions(self) -> list[Position]:
        return [Position(self._label(start), self._mark(start)) for start in self.starts]

    def choices(self) -> Iterator[Sequence[int]]:
        starts = self.starts
        yield range(len(starts))
        if self.bucket is Bucket.DAY:
            yield range(0, len(starts), 2)
            weeks = [index for index, start in enumerate(starts) if start == Bucket.WEEK.start(start, self.locale)]
            yield from (weeks, weeks[::2]) if len(weeks) > 1 else ()
        months = [index for index, (before, start) in enumerate(pairwise(starts), 1) if before.month != start.month]
        for step in (1, 2, 3, 6, 12):
            if len(months) > 1:
                yield months[::step]
            yield range(0, len(starts), max(1, len(starts) * step // 12))
        yield [0, len(starts) - 1]

    def _label(self, start: date) -> str:
        if self.bucket is Bucket.MONTH:
            return _date(start, "yMMMM", self.locale)
        if self.bucket is Bucket.DAY:
            return _date(start, "yMMMEd", self.locale)
        first, last = max(start, self.first), min(start + _WEEK - _DAY, self.last)
        if first == last:
            return _date(first, "yMMMd", self.locale)
        return format_interval(first, last, "yMMMd", locale=_parsed(self.locale)).replace(_THIN_SPACE, " ")

    def _mark(self, start: date) -> str:
        return _date(start, "yMMM" if self.bucket is Bucket.MONTH else "MMMd", self.locale)


def _date(day: date, skeleton: str, locale: str) -> str:
    return format_skeleton(skeleton, datetime.combine(day, time()), locale=_parsed(locale))


@dataclass(frozen=True, slots=True)
class Countdown:
    """Days to go, from ``first`` down to ``last``; days after the start are below zero."""

    first: int
    last: int
    locale: str

    @property
    def name(self) -> str:
        return "Days to go"

    @property
    def positions(self) -> list[Position]:
        days = range(self.first, self.last - 1, -1)
        return [Position(text, text) for text in (formatting.number(day, self.locale) for day in days)]

    def choices(self) -> Iterator[Sequence[int]]:
        span = self.first - self.last + 1
        for step in (1, 2, 7, 14, 28, *(28 * 2**power for power in range(1, 9))):
            yield [index for index in range(span) if (self.first - index) % step == 0]


@dataclass(frozen=True, slots=True)
class Names:
    """Things with names, such as ticket types."""

    name: str
    names: Sequence[str]

    @property
    def positions(self) -> list[Position]:
        return [Position(name, name) for name in self.names]

    def choices(self) -> Iterator[Sequence[int]]:
        for step in range(1, max(len(self.names), 2)):
            yield range(0, len(self.names), step)


def widest(texts: Iterable[str]) -> int:
    """The number of digits that have as much room as the widest of the texts."""
    return max((_above(int(text_width(text) * _TEN), _TEN) for text in texts), default=0)
