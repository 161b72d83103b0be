"""Exports as jobs: the file is made by a worker, piece by piece, and fetched afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_show
from application.jobs.run import RunningJob, task_of
from application.ports.exports import Exporter
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import InvalidRequest, NotFound
from domain.jobs import SCOPE_OF, Job, JobFile, JobKind, JobState

#: Large enough to be few, small enough to be read into memory for each download.
PIECE_BYTES: Final = 256 * 1024
#: Several million orders.
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
#: How often the progress is written.
TELL_EVERY: Final = timedelta(seconds=1)


class StartExport:
    """Starts to make a file, which its producer's people fetch later."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog, exporter: Exporter
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._exporter = exporter

    async def __call__(
        self, actor: Actor, show_id: UUID | None, terms: Mapping[str, str], *, key: UUID | None = None
    ) -> Job:
        """The job, or the one that was started with the same ``key`` before; ``show_id`` None: of all shows.

        Raises NotFound, InvalidRequest.
        """
        self._exporter.check(terms)
        job = Job(
            id=key or self._ids.new(),
            producer_id=actor.producer_id,
            show_id=show_id,
            kind=JobKind.EXPORT,
            actor=actor,
            created_at=self._clock.now(),
            terms=dict(terms),
        )
        async with self._unit_of_work() as uow:
            if show_id is not None:
                await owned_show(uow, actor, show_id)
            if known := await uow.jobs.get(job.id):
                if known.producer_id != actor.producer_id:
                    raise NotFound("No such work")
                return known
            await uow.jobs.add(job)
            await uow.outbox.add([task_of(job, self._ids)])
            await self._audit.record(uow, actor, Action.EXPORT_STARTED, job.id, show_id=show_id, after=terms)
            await uow.commit()
        return job


class MakeFile:
    """A worker's part of an export. A file cannot be gone on with: a later try makes it from the beginning."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, exporter: Exporter) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._exporter = exporter

    async def __call__(self, running: RunningJob) -> None:
        told_at, read = self._clock.now(), 0

        async def tell(rows: int) -> None:
            nonlocal told_at, read
            read = rows
            if self._clock.now() - told_at < TELL_EVERY:
                return
            told_at = self._clock.now()
            async with self._unit_of_work() as uow:
                await running.save(uow, replace(await running.locked(uow), done=rows))
                await uow.commit()

        export = await self._exporter(running.job, tell)
        await self._begin(running, export.total)
        position = size = 0
        async for piece in _pieces(export.chunks):
            size += len(piece)
            if size > MAX_FILE_BYTES:
                raise InvalidRequest("The file became too large: choose less")
            await self._add(running, position, piece)
            position += 1
        await self._finish(running, read, JobFile(export.name, export.media_type, size))

    async def _begin(self, running: RunningJob, total: int | None) -> None:
        async with self._unit_of_work() as uow:
            job = await running.locked(uow)
            await uow.jobs.forget_pieces(job.id)
            await running.save(uow, replace(job, total=total, done=0))
            await uow.commit()

    async def _add(self, running: RunningJob, position: int, piece: bytes) -> None:
        async with self._unit_of_work() as uow:
            job = await running.locked(uow)
            assert job.run  # noqa: S101  # a running job was taken over
            await uow.jobs.add_piece(job.id, job.run, position, piece)
            await uow.commit()

    async def _finish(self, running: RunningJob, rows: int, file: JobFile) -> None:
        async with self._unit_of_work() as uow:
            job = await running.locked(uow)
            ended = job.ended(JobState.DONE, self._clock.now(), file=file)
            await running.save(uow, replace(ended, done=rows, total=rows))
            await uow.commit()


@dataclass(frozen=True, slots=True)
class Download:
    """A job's file."""

    file: JobFile
    pieces: AsyncIterator[bytes]


class FetchFile:
    """The file of an export, for the people of its producer."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor, job_id: UUID) -> Download:
        """Raises NotFound, also where the file is kept no longer."""
        async with self._unit_of_work(read_only=True) as uow:
            job = await uow.jobs.get(job_id)
        is_theirs = job is not None and job.producer_id == actor.producer_id and actor.may(SCOPE_OF[job.kind])
        if job is None or not is_theirs or not job.has_file(self._clock.now()):
            raise NotFound("There is no such file, or it is kept no longer")
        assert job.file is not None  # noqa: S101  # has_file says so
        assert job.run is not None  # noqa: S101  # a worker made it
        return Download(job.file, self._read(job.id, job.run))

    async def _read(self, job_id: UUID, run: UUID) -> AsyncIterator[bytes]:
        position = 0
        while True:
            async with self._unit_of_work(read_only=True) as uow:
                piece = await uow.jobs.piece(job_id, run, position)
            if piece is None:
                return
            yield piece
            position += 1


class ForgetContents:
    """Deletes the files and lists of jobs that are kept no longer."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> int:
        """Delete them. Returns how many jobs lost theirs."""
        async with self._unit_of_work() as uow:
            forgotten = await uow.jobs.forget_contents(now=self._clock.now())
            await uow.commit()
        return forgotten


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of one size."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)
