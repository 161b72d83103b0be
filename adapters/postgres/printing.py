"""PrintJobRepo in PostgreSQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import print_jobs
from domain.printing import PrintJob, PrintJobState

_IS_OPEN = sa.text("print_jobs.state IN ('waiting', 'printing')")  # as in the partial index
_OLDEST_FIRST = (print_jobs.c.asked_at, print_jobs.c.id)
_NEWEST_FIRST = (print_jobs.c.asked_at.desc(), print_jobs.c.id.desc())


class PostgresPrintJobRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, job: PrintJob) -> None:
        await self._connection.execute(sa.insert(print_jobs).values(**_values(job)))

    async def get(self, job_id: UUID) -> PrintJob | None:
        found = await self._jobs(sa.select(print_jobs).where(print_jobs.c.id == job_id))
        return found[0] if found else None

    async def lock(self, job_id: UUID) -> PrintJob | None:
        found = await self._jobs(sa.select(print_jobs).where(print_jobs.c.id == job_id).with_for_update())
        return found[0] if found else None

    async def lock_open(self, printer_id: UUID) -> list[PrintJob]:
        query = sa.select(print_jobs).where(print_jobs.c.printer_id == printer_id, _IS_OPEN)
        return await self._jobs(query.order_by(*_OLDEST_FIRST).with_for_update())

    async def has_open(self, printer_id: UUID) -> bool:
        query = sa.select(sa.exists().where(print_jobs.c.printer_id == printer_id, _IS_OPEN))
        return bool((await self._connection.execute(query)).scalar_one())

    async def save(self, job: PrintJob) -> None:
        changed = {name: value for name, value in _values(job).items() if name in _CHANGING}
        await self._connection.execute(sa.update(print_jobs).where(print_jobs.c.id == job.id).values(**changed))

    async def of_order(self, order_id: UUID) -> list[PrintJob]:
        query = sa.select(print_jobs).where(print_jobs.c.order_id == order_id)
        return await self._jobs(query.order_by(*_NEWEST_FIRST))

    async def of_printer(self, printer_id: UUID, *, limit: int) -> list[PrintJob]:
        query = sa.select(print_jobs).where(print_jobs.c.printer_id == printer_id)
        return await self._jobs(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def _jobs(self, query: sa.Select[Any]) -> list[PrintJob]:
        return [_job_of(row) for row in (await self._connection.execute(query)).mappings()]


_CHANGING = frozenset({"state", "leased_until", "tries", "ended_at", "problem"})


def _values(job: PrintJob) -> Values:
    return {
        "id": job.id,
        "producer_id": job.producer_id,
        "printer_id": job.printer_id,
        "order_id": job.order_id,
        "attendee_ids": list(job.attendee_ids),
        "with_order_slip": job.with_order_slip,
        "asked_by": job.asked_by,
        "asked_at": job.asked_at,
        "state": job.state,
        "leased_until": job.leased_until,
        "tries": job.tries,
        "ended_at": job.ended_at,
        "problem": job.problem.replace("\x00", ""),
    }


def _job_of(row: Row) -> PrintJob:
    return PrintJob(
        id=row["id"],
        producer_id=row["producer_id"],
        printer_id=row["printer_id"],
        order_id=row["order_id"],
        attendee_ids=tuple(row["attendee_ids"]),
        with_order_slip=row["with_order_slip"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        state=PrintJobState(row["state"]),
        leased_until=row["leased_until"],
        tries=row["tries"],
        ended_at=row["ended_at"],
        problem=row["problem"],
    )
