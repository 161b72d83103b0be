"""What the first page shows, and the part of it that renews itself.

Figures are kept for all of a producer's people together: a process asks the database at most once a second for
tonight, and more rarely for the rest, however many offices are open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from babel.numbers import format_percent

from application import formatting
from application.ports.today import Place
from application.today.alert_words import NEEDS, AlertLine, alert_line
from application.today.overview import Overview, ReadImbalances, ReadOverview, ReadTonight, Tonight
from domain.alerts import Alert, Imbalance, PlannedShow
from domain.catalog import Show
from domain.evening import Evening, HeadLine, head_line
from domain.people import RIGHTS, Member, Right, Role
from domain.sales_figures import Comparison, Period, RecentSales, Span, change_percent
from domain.timezones import zone_of
from entrypoints.office.charts import Chart, Series
from entrypoints.office.kept import Kept, Pace
from entrypoints.office.rendering import OfficePages
from entrypoints.office.scales import Count, Days

#: How often the figures of tonight are read for open pages, and how often the rest. One process spends at most this
#: share of its time with each.
TONIGHT: Final = Pace(every_seconds=1, share=0.01)
OVERVIEW: Final = Pace(every_seconds=20, share=0.01)
#: How often figures are compared, which reads all orders of the shows.
IMBALANCES: Final = Pace(every_seconds=600, share=0.001)
#: A page that a person opens, perhaps after fixing something, is as fresh as can be.
OPENED: Final = Pace(every_seconds=0.5, share=0.2)
#: How many shows of today the page lists: a festival has more, and its page must stay light.
MOST_EVENINGS: Final = 20
#: The last live part of each producer and role.
_MAX_PARTS: Final = 512

_NAMES: Final = {
    Period.TODAY: ("Today", "Yesterday by this time"),
    Period.WEEK: ("Last 7 days", "The 7 days before"),
    Period.MONTH: ("Last 30 days", "The 30 days before"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningView:
    """A show of today as the page shows it. ``times`` are the venue's; ``note`` says what is special about it."""

    show: Show
    line: HeadLine
    times: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextView:
    """A show that comes after today's."""

    show: Show
    line: HeadLine
    day: str
    start: str
    sold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesView:
    """Sales of a time, and of the time before. ``change`` says by how much, "" if nothing was sold before."""

    name: str
    now: str
    money: tuple[str, ...]
    before_name: str
    before: str
    before_money: tuple[str, ...]
    change: str


@dataclass(frozen=True, slots=True)
class LivePart:
    """The part of the page that renews itself, and its entity tag."""

    text: str
    etag: str


class TodayBoard:
    def __init__(
        self,
        read_tonight: ReadTonight,
        read_overview: ReadOverview,
        read_imbalances: ReadImbalances,
        pages: OfficePages,
    ) -> None:
        self._read_tonight = read_tonight
        self._read_overview = read_overview
        self._read_imbalances = read_imbalances
        self._pages = pages
        self._tonight = Kept[Tonight]()
        self._overview = Kept[Overview]()
        self._imbalances = Kept[Sequence[Imbalance]]()
        self._parts: dict[tuple[UUID, Role], tuple[Tonight, Overview, LivePart]] = {}

    async def tonight(self, producer_id: UUID, pace: Pace) -> Tonight:
        """Tonight's figures. Raises StorageUnavailable."""
        return await self._tonight.get(producer_id, lambda: self._read_tonight(producer_id), pace)

    async def overview(self, producer_id: UUID, pace: Pace) -> Overview:
        """The rest of the figures. Raises StorageUnavailable, NotFound."""

        async def read() -> Overview:
            imbalances = await self._imbalances.get(producer_id, lambda: self._read_imbalances(producer_id), IMBALANCES)
            return await self._read_overview(producer_id, imbalances)

        return await self._overview.get(producer_id, read, pace)

    async def live(self, member: Member, *, opened: bool = False) -> LivePart:
        """The live part for a member, whose role decides which alerts are in it."""
        producer_id = member.producer.id
        tonight = await self.tonight(producer_id, OPENED if opened else TONIGHT)
        overview = await self.overview(producer_id, OPENED if opened else OVERVIEW)
        key = (producer_id, member.role)
        known = self._parts.get(key)
        if known and known[0] is tonight and known[1] is overview:
            return known[2]
        part = self._rendered(tonight, overview, member.role)
        if len(self._parts) >= _MAX_PARTS:
            self._parts.clear()
        self._parts[key] = (tonight, overview, part)
        return part

    def _rendered(self, tonight: Tonight, overview: Overview, role: Role) -> LivePart:
        place = tonight.place
        text = self._pages.part(
            "office/today_live.html",
            {
                "day": formatting.day(tonight.now, zone_of(place.timezone), place.locale),
                "evenings": [evening_view(each, tonight) for each in tonight.evenings[:MOST_EVENINGS]],
                "more": max(len(tonight.evenings) - MOST_EVENINGS, 0),
                "alerts": alert_lines(overview.alerts, place, role),
                "number": lambda count: formatting.number(count, place.locale),
            },
        )
        return LivePart(text, f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"')


def alert_lines(alerts: Iterable[Alert], place: Place, role: Role) -> list[AlertLine]:
    """The alerts that a role can do something about."""
    return [alert_line(alert, place) for alert in alerts if NEEDS[alert.kind] in RIGHTS[role]]


def evening_view(evening: Evening, tonight: Tonight) -> EveningView:
    show = evening.show
    doors = formatting.doors(show.door_there, show.start_there, show.zone, show.locale)
    start = formatting.clock(show.start_there, show.zone, show.locale)
    return EveningView(
        show=show,
        line=evening.head_line,
        times=f"Doors {doors} · Start {start} {formatting.zone(show.start_there, show.zone)}",
        note=_note(show, tonight),
    )


def _note(show: Show, tonight: Tonight) -> str:
    if show.cancelled:
        return "Cancelled"
    if show.end_time <= tonight.now:
        return "Over"
    if not show.published:
        return "Not published"
    return "On now" if show.start_time <= tonight.now else "Doors open" if show.door_time <= tonight.now else ""


def next_view(planned: PlannedShow, place: Place) -> NextView:
    show, line = planned.show, head_line(planned.tickets, planned.capacities, checked_in=0, coming=0)
    sold, capacity = (formatting.number(count, place.locale) for count in (line.sold, line.capacity))
    return NextView(
        show=show,
        line=line,
        day=formatting.days(show.start_there, show.end_there, show.zone, show.locale),
        start=formatting.clock(show.start_there, show.zone, show.locale),
        sold=f"{sold} of {capacity} sold",
    )


def sales_views(sales: RecentSales, place: Place, member: Member) -> list[SalesView]:
    """The comparisons; without money for those who may not see reports."""
    with_money = member.may(Right.REPORTS)
    return [_sales_view(each, place, with_money=with_money) for each in sales.comparisons]


def _sales_view(of: Comparison, place: Place, *, with_money: bool) -> SalesView:
    name, before_name = _NAMES[of.period]
    percent = change_percent(of.now.orders, of.before.orders)
    return SalesView(
        name=name,
        now=_counted(of.now, place),
        money=_money(of.now, place) if with_money else (),
        before_name=before_name,
        before=_counted(of.before, place),
        before_money=_money(of.before, place) if with_money else (),
        change="" if percent is None else _percent(percent, place),
    )


def _percent(percent: int, place: Place) -> str:
    if percent == 0:
        return "as many orders"
    text = format_percent(abs(percent) / 100, locale=formatting.english_of(place.locale))
    return f"{text} {'more' if percent > 0 else 'fewer'} orders"


def _counted(span: Span, place: Place) -> str:
    orders, tickets = (formatting.number(count, place.locale) for count in (span.orders, span.tickets))
    of_orders = "order" if span.orders == 1 else "orders"
    return f"{orders} {of_orders}, {tickets} {'ticket' if span.tickets == 1 else 'tickets'}"


def _money(span: Span, place: Place) -> tuple[str, ...]:
    return tuple(formatting.price(each.currency, each.kept, place.locale) for each in span.money)


def orders_chart(sales: RecentSales, place: Place) -> Chart:
    """Orders of each of the last days."""
    days, counts = zip(*sales.orders_by_day, strict=True)
    return Chart(
        title="Orders a day",
        axis=Days(days[0], days[-1], place.locale),
        unit=Count("Orders", place.locale),
        series=[Series("Orders", counts)],
    )
