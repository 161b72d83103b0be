"""JobRepo in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.jobs import JobCursor
from domain.jobs import Job, JobKind, JobResult, JobState


class MemoryJobRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, job: Job, *, content: bytes | None = None) -> None:
        self._tables.jobs[job.id] = job
        if content is not None:
            self._tables.job_contents[job.id] = content

    async def get(self, job_id: UUID) -> Job | None:
        return self._tables.jobs.get(job_id)

    async def lock(self, job_id: UUID) -> Job | None:
        return self._tables.jobs.get(job_id)

    async def save(self, job: Job) -> None:
        self._tables.jobs[job.id] = job

    async def delete(self, job_id: UUID) -> None:
        del self._tables.jobs[job_id]
        self._tables.job_contents.pop(job_id, None)
        for results in [key for key in self._tables.job_results if key[0] == job_id]:
            del self._tables.job_results[results]
        await self.forget_pieces(job_id)

    async def latest(self, show_id: UUID, kind: JobKind) -> Job | None:
        found = [job for job in self._tables.jobs.values() if (job.show_id, job.kind) == (show_id, kind)]
        return max(found, key=_place, default=None)

    async def of_producer(
        self, producer_id: UUID, *, show_id: UUID | None = None, after: JobCursor | None, limit: int
    ) -> list[Job]:
        found = [
            job
            for job in self._tables.jobs.values()
            if job.producer_id == producer_id
            and show_id in (None, job.show_id)
            and (after is None or _place(job) < (after.created_at, after.job_id))
        ]
        return sorted(found, key=_place, reverse=True)[:limit]

    async def content(self, job_id: UUID) -> bytes | None:
        return self._tables.job_contents.get(job_id)

    async def add_results(self, job_id: UUID, results: Sequence[JobResult], *, first: int) -> None:
        for position, result in enumerate(results, start=first):
            self._tables.job_results[job_id, position] = result

    async def results(
        self, job_id: UUID, *, is_ok: bool | None = None, after: int | None, limit: int
    ) -> list[tuple[int, JobResult]]:
        found = [
            (position, result)
            for (of_job, position), result in self._tables.job_results.items()
            if of_job == job_id and is_ok in (None, result.is_ok) and (after is None or position > after)
        ]
        return sorted(found, key=lambda each: each[0])[:limit]

    async def add_piece(self, job_id: UUID, run: UUID, position: int, piece: bytes) -> None:
        self._tables.job_pieces[job_id, run, position] = piece

    async def piece(self, job_id: UUID, run: UUID, position: int) -> bytes | None:
        return self._tables.job_pieces.get((job_id, run, position))

    async def forget_pieces(self, job_id: UUID, *, but: UUID | None = None) -> None:
        for key in list(self._tables.job_pieces):
            if key[0] == job_id and key[1] != but:
                del self._tables.job_pieces[key]

    async def forget_contents(self, *, now: datetime, producer_id: UUID | None = None) -> int:
        found = [
            job
            for job in self._tables.jobs.values()
            if job.content_until is not None and (job.content_until <= now or job.producer_id == producer_id)
        ]
        for job in found:
            await self.forget_pieces(job.id)
            self._tables.job_contents.pop(job.id, None)
            if job.state is JobState.DRAFT:
                await self.delete(job.id)
            else:
                self._tables.jobs[job.id] = replace(job, content_until=None)
        return len(found)


def _place(job: Job) -> tuple[datetime, UUID]:
    return job.created_at, job.id
