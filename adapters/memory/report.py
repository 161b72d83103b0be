"""ReportReader and SalesReader in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from uuid import UUID

from adapters.memory.tables import Tables, disputes_by_order, refunds_by_order
from adapters.memory.unit_of_work import MemoryDatabase
from domain.catalog import Show
from domain.report import ShowReport, Takings, report_of
from domain.sales_report import SalesCell, SalesFilter, SalesRecords, SalesReport, sales_cells_of, sales_report_of


class MemoryReportReader:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def report(self, show: Show) -> ShowReport:
        tables = self._database.snapshot()
        tickets = [ticket for ticket in tables.tickets.values() if ticket.show_id == show.id]
        capacities = [capacity for capacity in tables.capacities.values() if capacity.show_id == show.id]
        return report_of(
            sorted(tickets, key=lambda ticket: (ticket.price, ticket.id)),
            [order for order in tables.orders.values() if order.show_id == show.id],
            refunds_by_order(tables),
            disputes=disputes_by_order(tables),
            currency=tables.producers[show.producer_id].currency,
            timezone=show.zone,
            capacities=sorted(capacities, key=lambda capacity: capacity.id),
            exchanged=tables.orders.values(),
        )


class MemorySalesReader:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def report(self, producer_id: UUID, only: SalesFilter) -> SalesReport:
        tables = self._database.snapshot()
        return sales_report_of(_records(tables, producer_id), only, currency=tables.producers[producer_id].currency)

    async def cells(self, producer_id: UUID, only: SalesFilter) -> AsyncGenerator[tuple[SalesCell, Takings], None]:
        for pair in sales_cells_of(_records(self._database.snapshot(), producer_id), only):
            yield pair


def _records(tables: Tables, producer_id: UUID) -> SalesRecords:
    return SalesRecords(
        shows=[show for show in tables.shows.values() if show.producer_id == producer_id],
        tickets=list(tables.tickets.values()),
        orders=list(tables.orders.values()),
        refunds=refunds_by_order(tables),
        disputes=disputes_by_order(tables),
    )


class MemoryTakingsKeeper:
    """Reports in memory go through the orders: there is nothing to keep."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def add_changes(self) -> int:
        return 0

    async def shows_to_count(self, *, limit: int) -> list[UUID]:  # noqa: ARG002  # all have what they need
        return []

    async def all_shows(self) -> list[UUID]:
        return sorted({order.show_id for order in self._database.snapshot().orders.values()})

    async def count(self, show_id: UUID) -> bool:
        return show_id in self._database.snapshot().shows
