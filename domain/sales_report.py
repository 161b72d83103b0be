"""The report of many shows: a run, a period, or all that a producer has sold.

It has the figures of ``domain.report``, broken down in more ways. Each breakdown adds up to the total, the reports of
single shows add up to the report of all, and those of single days to that of a period, to the cent: an order counts
on the day on which it was completed, by the calendar of its show's venue, and what went back of it on the day on which
it went back. A producer sells in one currency, so there are no sums over several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.catalog import Show, Ticket
from domain.disputes import Dispute
from domain.errors import InvalidRequest
from domain.money import Currency
from domain.orders import Order
from domain.refunds import Refund
from domain.report import ONLINE, Key, Takings, dated_takings
from domain.returns import Histories
from domain.venue_clock import VenueClock

#: The name of "without a promo code" in breakdowns.
NO_CODE: Final = ""


class Channel(StrEnum):
    """The way on which an order came: a buyer's own, on a page or by the API; the counter; or an earlier order, for
    which it was exchanged.
    """

    WEB = "web"
    BOX_OFFICE = "box_office"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesFilter:
    """What a report is about: one show, one production's shows, or all (both None); orders completed, and money that
    went back, from the day ``first`` to the day ``last``, both included (None: without an end).
    """

    show_id: UUID | None = None
    production_id: UUID | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise InvalidRequest("The last day is before the first", field="last_day")

    def has_show(self, show: Show) -> bool:
        """Whether the report is about this show."""
        return self.show_id in (None, show.id) and self.production_id in (None, show.production_id)

    def has_day(self, day: date) -> bool:
        """Whether what moved on this day is in the report."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedShow:
    """A show of a report; ``start`` is on the clock of its venue, in the zone ``timezone``."""

    id: UUID
    title: str
    start: datetime
    timezone: str

    @classmethod
    def of(cls, show_id: UUID, title: str, clock: VenueClock, zone: ZoneInfo) -> ReportedShow:
        start = clock.times[1].replace(tzinfo=zone)
        return cls(id=show_id, title=title, start=start, timezone=zone.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesCell:
    """What the orders of one row of an export have in common. ``ticket`` is the name of the ticket type."""

    day: date
    show: ReportedShow
    ticket: str
    payment: str
    channel: Channel
    promo_code: str

    @property
    def place(self) -> tuple[str, date, datetime, UUID, str, str, str, str]:
        """What rows are sorted by: the days of each time zone, and then the shows."""
        show = self.show
        return show.timezone, self.day, show.start, show.id, self.ticket, self.payment, self.channel, self.promo_code


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesReport:
    """The report. Each breakdown adds up to ``total``.

    ``by_show`` has the shows of which something was sold or went back, in the order of their starts. ``by_ticket`` is
    keyed by the names of ticket types: those of the same name, in the shows of a run, are one; its ``orders`` are 0,
    because an order may have several. ``by_payment`` is keyed by "online" or the payment of manual orders,
    ``by_promo_code`` by the code (NO_CODE: without one).
    """

    currency: Currency
    by_show: Mapping[ReportedShow, Takings]
    by_ticket: Mapping[str, Takings]
    by_day: Mapping[date, Takings]
    by_payment: Mapping[str, Takings]
    by_channel: Mapping[Channel, Takings]
    by_promo_code: Mapping[str, Takings]
    total: Takings


class SalesSums:
    """Adds cells up to a report. An order is counted in one of its cells."""

    def __init__(self) -> None:
        self._shows: dict[ReportedShow, Takings] = defaultdict(Takings)
        self._tickets: dict[str, Takings] = defaultdict(Takings)
        self._days: dict[date, Takings] = defaultdict(Takings)
        self._payments: dict[str, Takings] = defaultdict(Takings)
        self._channels: dict[Channel, Takings] = defaultdict(Takings)
        self._promo_codes: dict[str, Takings] = defaultdict(Takings)

    def add(self, cell: SalesCell, takings: Takings) -> None:
        self._shows[cell.show] += takings
        self._tickets[cell.ticket] += replace(takings, orders=0)
        self._days[cell.day] += takings
        self._payments[cell.payment] += takings
        self._channels[cell.channel] += takings
        self._promo_codes[cell.promo_code] += takings

    def report(self, currency: Currency) -> SalesReport:
        """The report of all that was added."""
        return SalesReport(
            currency=currency,
            by_show={show: self._shows[show] for show in sorted(self._shows, key=lambda show: (show.start, show.id))},
            by_ticket=_sorted(self._tickets),
            by_day=_sorted(self._days),
            by_payment=_sorted(self._payments),
            by_channel=_sorted(self._channels),
            by_promo_code=_sorted(self._promo_codes),
            total=sum(self._days.values(), Takings()),
        )


def _sorted(figures: Mapping[Key, Takings]) -> dict[Key, Takings]:
    return {key: figures[key] for key in sorted(figures, key=str)}


def channel_of(order: Order) -> Channel:
    if order.exchange is not None:
        return Channel.EXCHANGE
    return Channel.BOX_OFFICE if order.is_manual_order else Channel.WEB


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRecords:
    """All that a report is made of; ``refunds`` and ``disputes`` are by order."""

    shows: Iterable[Show]
    tickets: Iterable[Ticket]
    orders: Iterable[Order]
    refunds: Mapping[UUID, Sequence[Refund]] = field(default_factory=dict)
    disputes: Mapping[UUID, Sequence[Dispute]] = field(default_factory=dict)


def sales_cells_of(records: SalesRecords, only: SalesFilter) -> list[tuple[SalesCell, Takings]]:
    """The rows of an export: the lines that have all of a cell in common, added up; the earliest day first."""
    cells: dict[SalesCell, Takings] = defaultdict(Takings)
    for cell, takings in _lines(records, only):
        cells[cell] += takings
    return sorted(cells.items(), key=lambda pair: pair[0].place)


def sales_report_of(records: SalesRecords, only: SalesFilter, *, currency: Currency) -> SalesReport:
    """The report of a producer's records."""
    sums = SalesSums()
    for cell, takings in _lines(records, only):
        sums.add(cell, takings)
    return sums.report(currency)


def _lines(records: SalesRecords, only: SalesFilter) -> Iterator[tuple[SalesCell, Takings]]:
    """Each line of the report's orders, and what went back of it. An order is counted at its first line."""
    shows = {show.id: show for show in records.shows if only.has_show(show)}
    names = {ticket.id: ticket.name for ticket in records.tickets}
    orders = list(records.orders)
    histories = Histories.of(orders, records.refunds, records.disputes)
    for order in orders:
        show = shows.get(order.show_id)
        if show is None:
            continue
        for moment, lines in dated_takings(order, histories.of_order(order.id)):
            day = show.local(moment).date()
            for line, takings in zip(order.lines, lines, strict=True):
                if only.has_day(day) and takings != Takings():
                    cell = SalesCell(
                        day=day,
                        show=ReportedShow.of(show.id, show.title, show.venue_clock, show.zone),
                        ticket=names[line.ticket_id],
                        payment=order.manual_payment or ONLINE,
                        channel=channel_of(order),
                        promo_code=order.quote.promo_code or NO_CODE,
                    )
                    yield cell, takings
