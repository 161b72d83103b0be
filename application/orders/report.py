"""Use cases: the report of a show, and of many."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.access.ownership import owned_production, owned_show, producer_of
from application.ports.report import ReportReader, SalesReader
from application.ports.today import Place
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.catalog import Producer, Show
from domain.money import Currency
from domain.report import ShowReport, Takings
from domain.sales_report import SalesCell, SalesFilter, SalesReport


class ReportShow:
    def __init__(self, unit_of_work: UnitOfWorkFactory, reports: ReportReader) -> None:
        self._unit_of_work = unit_of_work
        self._reports = reports

    async def __call__(self, actor: Actor, show_id: UUID) -> tuple[Show, ShowReport]:
        """The show, and the figures of one moment, as ``domain.report`` defines them. Raises NotFound."""
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, actor, show_id)
        return show, await self._reports.report(show)


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesExport:
    """The rows of a report, while they are read."""

    currency: Currency
    cells: AsyncGenerator[tuple[SalesCell, Takings], None]


class ReportSales:
    """The report of many shows: a run's, a period's, or all that a producer has sold."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, sales: SalesReader) -> None:
        self._unit_of_work = unit_of_work
        self._sales = sales

    async def __call__(self, actor: Actor, only: SalesFilter) -> SalesReport:
        """The figures of one moment, as ``domain.sales_report`` defines them. Raises NotFound."""
        return await self._sales.report((await self._producer(actor, only)).id, only)

    async def export(self, actor: Actor, only: SalesFilter) -> SalesExport:
        """The report's rows, of one moment. Raises NotFound."""
        producer = await self._producer(actor, only)
        return SalesExport(currency=producer.currency, cells=self._sales.cells(producer.id, only))

    async def place(self, actor: Actor, *, now: datetime) -> Place:
        """Where the producer plays: the calendar and the locale that a page about its reports goes by."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.today.place(actor.producer_id, now=now)

    async def _producer(self, actor: Actor, only: SalesFilter) -> Producer:
        async with self._unit_of_work(read_only=True) as uow:
            if only.show_id is not None:
                await owned_show(uow, actor, only.show_id)
            if only.production_id is not None:
                await owned_production(uow, actor, only.production_id)
            return await producer_of(uow, actor.producer_id)
