"""ReportReader in memory."""

from __future__ import annotations

from adapters.memory.tables import disputes_by_order, refunds_by_order
from adapters.memory.unit_of_work import MemoryDatabase
from domain.catalog import Show
from domain.report import ShowReport, report_of


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
        )
