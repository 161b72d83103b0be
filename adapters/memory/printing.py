"""PrintJobRepo in memory."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.unit_of_work import StorageConflict
from domain.printing import PrintJob


class MemoryPrintJobRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, job: PrintJob) -> None:
        if job.id in self._tables.print_jobs:
            raise StorageConflict("the job is stored already")
        self._tables.print_jobs[job.id] = job

    async def get(self, job_id: UUID) -> PrintJob | None:
        return self._tables.print_jobs.get(job_id)

    async def lock(self, job_id: UUID) -> PrintJob | None:
        return self._tables.print_jobs.get(job_id)

    async def lock_open(self, printer_id: UUID) -> list[PrintJob]:
        return _sorted(job for job in self._of(printer_id) if not job.is_over)

    async def has_open(self, printer_id: UUID) -> bool:
        return any(not job.is_over for job in self._of(printer_id))

    async def save(self, job: PrintJob) -> None:
        self._tables.print_jobs[job.id] = job

    async def of_order(self, order_id: UUID) -> list[PrintJob]:
        return _sorted(job for job in self._tables.print_jobs.values() if job.order_id == order_id)[::-1]

    async def of_printer(self, printer_id: UUID, *, limit: int) -> list[PrintJob]:
        return _sorted(self._of(printer_id))[::-1][:limit]

    def _of(self, printer_id: UUID) -> list[PrintJob]:
        return [job for job in self._tables.print_jobs.values() if job.printer_id == printer_id]


def _sorted(jobs: Iterable[PrintJob]) -> list[PrintJob]:
    return sorted(jobs, key=lambda job: (job.asked_at, job.id))
