"""JobRepo in PostgreSQL. A job's list and its file stand in tables apart, so lists of jobs do not read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import job_contents, job_pieces, job_results, jobs
from application.ports.jobs import JobCursor
from domain.access import Actor, Scope
from domain.jobs import Job, JobFile, JobKind, JobResult, JobState


class PostgresJobRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, job: Job, *, content: bytes | None = None) -> None:
        await self._connection.execute(sa.insert(jobs).values(**_values(job)))
        if content is not None:
            await self._connection.execute(sa.insert(job_contents).values(job_id=job.id, content=content))

    async def get(self, job_id: UUID) -> Job | None:
        return await self._job(sa.select(jobs).where(jobs.c.id == job_id))

    async def lock(self, job_id: UUID) -> Job | None:
        return await self._job(sa.select(jobs).where(jobs.c.id == job_id).with_for_update())

    async def save(self, job: Job) -> None:
        await self._connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**_values(job)))

    async def delete(self, job_id: UUID) -> None:
        await self._connection.execute(sa.delete(jobs).where(jobs.c.id == job_id))

    async def latest(self, show_id: UUID, kind: JobKind) -> Job | None:
        query = sa.select(jobs).where(jobs.c.show_id == show_id, jobs.c.kind == kind)
        return await self._job(query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(1))

    async def of_producer(
        self, producer_id: UUID, *, show_id: UUID | None = None, after: JobCursor | None, limit: int
    ) -> list[Job]:
        query = sa.select(jobs).where(jobs.c.producer_id == producer_id)
        if show_id is not None:
            query = query.where(jobs.c.show_id == show_id)
        if after is not None:
            last = sa.tuple_(sa.literal(after.created_at, jobs.c.created_at.type), sa.literal(after.job_id))
            query = query.where(sa.tuple_(jobs.c.created_at, jobs.c.id) < last)
        query = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
        return [_job_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def content(self, job_id: UUID) -> bytes | None:
        query = sa.select(job_contents.c.content).where(job_contents.c.job_id == job_id)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def add_results(self, job_id: UUID, results: Sequence[JobResult], *, first: int) -> None:
        if not results:
            return
        added = insert(job_results)
        new = {name: added.excluded[name] for name in ("line", "is_ok", "words", "order_id")}
        await self._connection.execute(
            added.on_conflict_do_update(index_elements=["job_id", "position"], set_=new),
            [
                {
                    "job_id": job_id,
                    "position": position,
                    "line": result.line,
                    "is_ok": result.is_ok,
                    "words": result.words,
                    "order_id": result.order_id,
                }
                for position, result in enumerate(results, start=first)
            ],
        )

    async def results(
        self, job_id: UUID, *, is_ok: bool | None = None, after: int | None, limit: int
    ) -> list[tuple[int, JobResult]]:
        query = sa.select(job_results).where(job_results.c.job_id == job_id)
        if is_ok is not None:
            query = query.where(job_results.c.is_ok.is_(is_ok))
        if after is not None:
            query = query.where(job_results.c.position > after)
        rows = await self._connection.execute(query.order_by(job_results.c.position).limit(limit))
        return [(row.position, JobResult(row.line, row.is_ok, row.words, row.order_id)) for row in rows]

    async def add_piece(self, job_id: UUID, run: UUID, position: int, piece: bytes) -> None:
        await self._connection.execute(
            sa.insert(job_pieces).values(job_id=job_id, run=run, position=position, content=piece)
        )

    async def piece(self, job_id: UUID, run: UUID, position: int) -> bytes | None:
        query = sa.select(job_pieces.c.content).where(
            job_pieces.c.job_id == job_id, job_pieces.c.run == run, job_pieces.c.position == position
        )
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def forget_pieces(self, job_id: UUID, *, but: UUID | None = None) -> None:
        old = sa.delete(job_pieces).where(job_pieces.c.job_id == job_id)
        await self._connection.execute(old if but is None else old.where(job_pieces.c.run != but))

    async def forget_contents(self, *, now: datetime, producer_id: UUID | None = None) -> int:
        is_over = jobs.c.content_until <= now
        if producer_id is not None:
            is_over = sa.or_(is_over, jobs.c.producer_id == producer_id)
        found = await self._connection.scalars(
            sa.select(jobs.c.id)
            .where(sa.text("jobs.content_until IS NOT NULL"), is_over)  # as in the partial index
            .with_for_update(skip_locked=producer_id is None)
        )
        ids = list(found.all())
        if ids:
            for table in (job_pieces, job_contents):
                await self._connection.execute(sa.delete(table).where(table.c.job_id.in_(ids)))
            await self._connection.execute(sa.delete(jobs).where(jobs.c.id.in_(ids), jobs.c.state == JobState.DRAFT))
            await self._connection.execute(sa.update(jobs).where(jobs.c.id.in_(ids)).values(content_until=None))
        return len(ids)

    async def _job(self, query: sa.Select[Any]) -> Job | None:
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return _job_of(row) if row else None


def _values(job: Job) -> Values:
    file = job.file
    return {
        "id": job.id,
        "producer_id": job.producer_id,
        "show_id": job.show_id,
        "kind": job.kind,
        "token_id": job.actor.token_id,
        "person_id": job.actor.person_id,
        "actor": job.actor.name,
        "scopes": sorted(job.actor.scopes),
        "created_at": job.created_at,
        "terms": dict(job.terms),
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "ended_at": job.ended_at,
        "run": job.run,
        "file_name": file.name if file else None,
        "media_type": file.media_type if file else None,
        "file_size": file.size if file else None,
        "content_until": job.content_until,
        "note": job.note.replace("\x00", ""),
    }


def _job_of(row: Row) -> Job:
    file = JobFile(row["file_name"], row["media_type"], row["file_size"]) if row["file_name"] else None
    return Job(
        id=row["id"],
        producer_id=row["producer_id"],
        show_id=row["show_id"],
        kind=JobKind(row["kind"]),
        actor=Actor(
            producer_id=row["producer_id"],
            token_id=row["token_id"],
            person_id=row["person_id"],
            name=row["actor"],
            scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        ),
        created_at=row["created_at"],
        terms=row["terms"],
        state=JobState(row["state"]),
        total=row["total"],
        done=row["done"],
        failed=row["failed"],
        ended_at=row["ended_at"],
        run=row["run"],
        file=file,
        content_until=row["content_until"],
        note=row["note"],
    )
