"""The files that exports make, by the names of their terms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from application.orders.lists import ListAttendees, ListOrders
from application.ports.exports import ExportedFile, Tell
from application.ports.order_lists import OrderFilter
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import InvalidRequest, NotFound
from domain.jobs import Job
from domain.orders import OrderStatus
from entrypoints.http.csv_stream import csv_chunks
from entrypoints.http.producer.exports import attendees_table, orders_table
from entrypoints.http.tables import Cell, Table
from entrypoints.http.xlsx_file import XLSX, xlsx_chunks

#: The names of an export's terms.
WHAT: Final = "what"
FORMAT: Final = "format"
STATUS: Final = "status"
#: Rows between two words about the progress.
_ROWS: Final = 500


class Contents(StrEnum):
    """What a file has."""

    ORDERS = "orders"
    ATTENDEES = "attendees"


class FileFormat(StrEnum):
    """``csv`` is for programs, ``xlsx`` for people."""

    XLSX = "xlsx"
    CSV = "csv"


class ExportFiles:
    """Makes the files of exports (application.ports.exports.Exporter), with what the API's exports have."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, list_orders: ListOrders, list_attendees: ListAttendees) -> None:
        self._unit_of_work = unit_of_work
        self._list_orders = list_orders
        self._list_attendees = list_attendees
        self._tables: Mapping[Contents, Callable[[Job, UUID], Awaitable[Table]]] = {
            Contents.ORDERS: self._orders,
            Contents.ATTENDEES: self._attendees,
        }

    def check(self, terms: Mapping[str, str]) -> None:
        """Raises InvalidRequest if there is no such export."""
        for name, kind in ((WHAT, Contents), (FORMAT, FileFormat)):
            if terms.get(name) not in list(kind):
                raise InvalidRequest(f"Choose one of {', '.join(kind)}", field=name)
        if terms.get(STATUS) and terms[STATUS] not in list(OrderStatus):
            raise InvalidRequest(f"Choose one of {', '.join(OrderStatus)}", field=STATUS)

    async def __call__(self, job: Job, tell: Tell) -> ExportedFile:
        """The file of the job's terms. Raises NotFound, InvalidRequest."""
        self.check(job.terms)
        if job.show_id is None:
            raise NotFound("No such show")
        what, kind = Contents(job.terms[WHAT]), FileFormat(job.terms[FORMAT])
        table = await self._tables[what](job, job.show_id)
        told = replace(table, rows=_told(table.rows, tell))
        is_csv = kind is FileFormat.CSV
        return ExportedFile(
            name=f"{table.filename}.{kind}",
            media_type="text/csv; charset=utf-8" if is_csv else XLSX,
            total=await self._total(job, what),
            chunks=csv_chunks(told) if is_csv else xlsx_chunks(told),
        )

    async def _orders(self, job: Job, show_id: UUID) -> Table:
        only = OrderFilter(status=OrderStatus(job.terms[STATUS]) if job.terms.get(STATUS) else None)
        return orders_table(await self._list_orders.export(job.actor, show_id, only=only))

    async def _attendees(self, job: Job, show_id: UUID) -> Table:
        return attendees_table(await self._list_attendees.export(job.actor, show_id))

    async def _total(self, job: Job, what: Contents) -> int | None:
        if job.show_id is None or job.terms.get(STATUS):
            return None
        async with self._unit_of_work(read_only=True) as uow:
            orders, attendees = await uow.order_lists.sizes(job.show_id)
        return orders if what is Contents.ORDERS else attendees


async def _told(rows: AsyncIterator[Sequence[Cell]], tell: Tell) -> AsyncIterator[Sequence[Cell]]:
    count = 0
    async for row in rows:
        yield row
        count += 1
        if count % _ROWS == 0:
            await tell(count)
    await tell(count)
