"""The report of many shows as files: rows that can be summed in any way, and their sums."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from application.orders.report import SalesExport
from domain.money import Currency
from domain.report import Key, Takings
from domain.sales_report import ReportedShow, SalesCell, SalesReport, SalesSums
from entrypoints.http.tables import Cell, Column, Kind, Table

#: The amounts of takings, in the order of their computation.
AMOUNTS: Final = (
    "gross",
    "discounts",
    "donations",
    "fees",
    "fees_included",
    "fees_returned",
    "tax",
    "tax_included",
    "paid",
    "refunds",
    "disputes",
    "net",
)
_FIGURES: Final = (
    Column("orders", Kind.COUNT, 8),
    Column("tickets", Kind.COUNT, 8),
    *(Column(name, Kind.MONEY, 13) for name in AMOUNTS),
)
_DAY: Final = Column("day", Kind.DAY, 11)
_SHOW: Final = (Column("show_id", width=37), Column("show", width=32), Column("start", width=17))
_TICKET: Final = Column("ticket", width=24)
_PAYMENT: Final = Column("payment")
_CHANNEL: Final = Column("channel")
_CODE: Final = Column("promo_code", width=16)
_ROWS: Final = (_DAY, *_SHOW, _TICKET, _PAYMENT, _CHANNEL, _CODE)


@dataclass(frozen=True, slots=True)
class SalesWords:
    """How people read a file: ``heads`` by the names of columns, ``payments`` and ``channels`` by theirs, and the name
    of the row of sums below each breakdown. Programs get the names as they are, and no such row. The rows have none
    either: a pivot table would count it.
    """

    heads: Mapping[str, str] = field(default_factory=dict)
    payments: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    total: str = ""


@dataclass(slots=True)
class SalesTables:
    """The tables of one export. The sums are those of the rows, so read them afterwards."""

    export: SalesExport
    filename: str
    words: SalesWords = field(default_factory=SalesWords)
    _sums: SalesSums = field(default_factory=SalesSums)

    def rows(self) -> Table:
        """A row for all that has its day, show, ticket type, payment, channel and promo code in common.

        An order with several ticket types is counted in one of its rows.
        """
        return self._table("Rows", _ROWS, self._cells())

    def sums(self) -> list[Table]:
        """A table for each breakdown of the report."""
        return [
            self._breakdown("Days", (_DAY,), lambda report: report.by_day, lambda day: (day,)),
            self._breakdown("Shows", _SHOW, lambda report: report.by_show, _show_cells),
            self._breakdown("Ticket types", (_TICKET,), lambda report: report.by_ticket, _itself),
            self._breakdown("Payments", (_PAYMENT,), lambda report: report.by_payment, _named(self.words.payments)),
            self._breakdown("Channels", (_CHANNEL,), lambda report: report.by_channel, _named(self.words.channels)),
            self._breakdown("Promo codes", (_CODE,), lambda report: report.by_promo_code, _itself),
        ]

    def _breakdown(
        self,
        title: str,
        columns: Sequence[Column],
        breakdown: Callable[[SalesReport], Mapping[Key, Takings]],
        cells_of: Callable[[Key], Iterable[Cell]],
    ) -> Table:
        async def rows() -> AsyncIterator[Sequence[Cell]]:
            report = self._sums.report(self.export.currency)
            has_orders = columns != (_TICKET,)
            for key, takings in breakdown(report).items():
                yield [*cells_of(key), *self._of(takings, has_orders=has_orders)]
            if self.words.total:
                yield [*self._total(columns), *self._of(report.total, has_orders=has_orders)]

        return self._table(title, columns, rows())

    def _table(self, title: str, columns: Sequence[Column], rows: AsyncIterator[Sequence[Cell]]) -> Table:
        return Table(
            filename=self.filename,
            title=title,
            columns=[
                Column(self.words.heads.get(column.name, column.name), column.kind, column.width)
                for column in (*columns, *_FIGURES)
            ],
            rows=rows,
            places=self.export.currency.places,
            timezone=ZoneInfo("UTC"),  # no cell is a moment: days are those of the venues
        )

    async def _cells(self) -> AsyncGenerator[Sequence[Cell], None]:
        async for cell, takings in self.export.cells:
            self._sums.add(cell, takings)
            yield [*self._keys(cell), *_figures(takings, self.export.currency)]

    def _keys(self, cell: SalesCell) -> list[Cell]:
        payment = self.words.payments.get(cell.payment, cell.payment)
        channel = self.words.channels.get(cell.channel, cell.channel)
        return [cell.day, *_show_cells(cell.show), cell.ticket, payment, channel, cell.promo_code]

    def _total(self, columns: Sequence[Column]) -> list[Cell]:
        return [self.words.total, *[None] * (len(columns) - 1)]

    def _of(self, takings: Takings, *, has_orders: bool) -> list[Cell]:
        """The figures. People get no number of orders where they are not counted; programs a zero."""
        figures = _figures(takings, self.export.currency)
        return figures if has_orders or not self.words.total else [None, *figures[1:]]


def _show_cells(show: ReportedShow) -> tuple[Cell, ...]:
    return str(show.id), show.title, f"{show.start:%Y-%m-%d %H:%M}"


def _named(words: Mapping[str, str]) -> Callable[[str], tuple[Cell, ...]]:
    return lambda name: (words.get(name, name),)


def _itself(name: str) -> tuple[Cell, ...]:
    return (name,)


def _figures(takings: Takings, currency: Currency) -> list[Cell]:
    amounts = (currency.to_decimal(getattr(takings, name)) for name in AMOUNTS)
    return [takings.orders, takings.tickets, *amounts]
