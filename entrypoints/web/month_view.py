"""A production's shows in months: a list of days, which a wide window shows as a calendar.

It is a list and not a table, so a narrow window and a screen reader have the days in their order, and only those with
shows.
"""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Generic, NamedTuple, TypeVar

from babel import Locale
from babel.dates import format_skeleton, get_day_names
from typing_extensions import override

from application.catalog.availability import Availability, offer_of
from domain.catalog import Show
from domain.production import Production
from entrypoints.web.sale_view import SaleStatus, SaleView

#: The most months on a page. It has a further one only if all of its months together have no more shows than this.
MAX_MONTHS: Final = 3
MAX_SHOWS: Final = 40
_DAYS_OF_A_WEEK: Final = 7
_WRITTEN: Final = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")
#: What a day shows of a show.
Shown = TypeVar("Shown")


class Month(NamedTuple):
    """A month in the calendar."""

    year: int
    month: int

    @classmethod
    def of(cls, show: Show) -> Month:
        """The month in which a show starts, on its venue's clock."""
        start = show.venue_clock.times[1]
        return cls(start.year, start.month)

    @classmethod
    def parse(cls, text: str) -> Month | None:
        """The month that is written as "2027-06"; None for anything else."""
        found = _WRITTEN.fullmatch(text)
        return cls(int(found["year"]), int(found["month"])) if found else None

    @override
    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A show on its day: what it offers, whether few are left (``few``), and how it differs from the production.

    ``state`` is a style; what it stands for is in the texts, too.
    """

    sale: SaleView
    state: str
    offer: str
    few: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, sale: SaleView, production: Production) -> Slot:
        show, offer = sale.display.show, offer_of(sale.display, sale.now)
        few = f"Only {offer.left} left" if offer.availability is Availability.FEW_LEFT else ""
        pairs = ((show.title, production.title), (show.venue, production.venue))
        notes = tuple(own for own, common in pairs if own and own != common)
        return cls(sale, _STATES[offer.availability], _offer_text(sale, offer.availability), few, notes)


_STATES: Final[Mapping[Availability, str]] = {
    Availability.ON_SALE: "is-open",
    Availability.FEW_LEFT: "is-few",
    Availability.UPCOMING: "is-upcoming",
    Availability.SOLD_OUT: "is-gone",
    Availability.SALE_ENDED: "is-gone",
    Availability.NO_TICKETS: "is-gone",
    Availability.CANCELLED: "is-off",
}


def _offer_text(sale: SaleView, availability: Availability) -> str:
    if availability is Availability.CANCELLED:
        return "Cancelled"
    if availability is Availability.NO_TICKETS:
        return "With a promo code" if sale.display.has_more else "No tickets yet"
    if availability is Availability.SOLD_OUT and sale.status is SaleStatus.OPEN:
        return "None left right now"
    return sale.price_line


@dataclass(frozen=True, slots=True)
class Day(Generic[Shown]):
    """A day of a month; most have no slots. ``label`` is the day as people read it."""

    date: date
    label: str
    slots: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class MonthView(Generic[Shown]):
    """A month: the days of its weeks from the first to the last one with a show.

    The first of these days is in this ``column`` of a week, from 1 on, as the locale begins it.
    """

    month: Month
    title: str
    column: int
    weekdays: tuple[str, ...]
    days: tuple[Day[Shown], ...]


@dataclass(frozen=True, slots=True)
class MonthLink:
    """A month to go to. ``is_here``: it is on the page."""

    month: Month
    title: str
    is_here: bool


def months_on_page(dates: Sequence[Show], first: Month | None) -> list[Month]:
    """The months with shows that one page has, from ``first`` on, or from the next show's on.

    If there is none, the last month with shows.
    """
    counts: dict[Month, int] = defaultdict(int)
    for show in dates:
        counts[Month.of(show)] += 1
    wanted = [month for month in sorted(counts) if first is None or month >= first] or sorted(counts)[-1:]
    page: list[Month] = []
    for month in wanted[:MAX_MONTHS]:
        if page and sum(counts[each] for each in (*page, month)) > MAX_SHOWS:
            break
        page.append(month)
    return page


def month_views(sales: Iterable[SaleView], months: Iterable[Month], production: Production) -> list[MonthView[Slot]]:
    """The months with their shows."""
    slots: dict[date, list[Slot]] = defaultdict(list)
    for sale in sales:
        slots[sale.display.show.venue_clock.times[1].date()].append(Slot.of(sale, production))
    return months_of(slots, months, production)


def months_of(
    slots: Mapping[date, Sequence[Shown]], months: Iterable[Month], production: Production
) -> list[MonthView[Shown]]:
    """The months with what is shown of each day."""
    locale = Locale.parse(production.locale, sep="-")
    return [_view(month, slots, locale) for month in months]


def month_links(dates: Iterable[Show], here: Sequence[Month], production: Production) -> list[MonthLink]:
    """All months with shows; none if the page has all of them."""
    every = sorted({Month.of(show) for show in dates})
    if set(every) == set(here):
        return []
    locale = Locale.parse(production.locale, sep="-")
    return [MonthLink(month, _title(month, locale), month in here) for month in every]


def _view(month: Month, slots: Mapping[date, Sequence[Shown]], locale: Locale) -> MonthView[Shown]:
    begin = locale.first_week_day
    weeks = calendar.Calendar(begin).monthdatescalendar(*month)
    played = [number for number, week in enumerate(weeks) if any(_is_of(month, day) and slots.get(day) for day in week)]
    shown = weeks[played[0] : played[-1] + 1] if played else weeks
    days = [day for week in shown for day in week if _is_of(month, day)]
    names = get_day_names("abbreviated", context="stand-alone", locale=locale)
    return MonthView(
        month=month,
        title=_title(month, locale),
        column=shown[0].index(days[0]) + 1,
        weekdays=tuple(names[(begin + number) % _DAYS_OF_A_WEEK] for number in range(_DAYS_OF_A_WEEK)),
        days=tuple(Day(day, _label(day, locale), tuple(slots.get(day, ()))) for day in days),
    )


def _is_of(month: Month, day: date) -> bool:
    return (day.year, day.month) == month


def _title(month: Month, locale: Locale) -> str:
    return format_skeleton("yMMMM", datetime.combine(date(*month, 1), time()), locale=locale)


def _label(day: date, locale: Locale) -> str:
    return format_skeleton("MMMEd", datetime.combine(day, time()), locale=locale)
