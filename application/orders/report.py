"""Use case: the report of a show."""

from __future__ import annotations

from uuid import UUID

from application.access.ownership import owned_show
from application.ports.report import ReportReader
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.catalog import Show
from domain.report import ShowReport


class ReportShow:
    def __init__(self, unit_of_work: UnitOfWorkFactory, reports: ReportReader) -> None:
        self._unit_of_work = unit_of_work
        self._reports = reports

    async def __call__(self, actor: Actor, show_id: UUID) -> tuple[Show, ShowReport]:
        """The show, and the figures of one moment, as ``domain.report`` defines them. Raises NotFound."""
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, actor, show_id)
        return show, await self._reports.report(show)
