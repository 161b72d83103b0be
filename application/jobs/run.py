"""Running a job: a task of the outbox does it, so one worker has it at a time, and another goes on if that one dies."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from application.errors import Busy
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import StorageUnavailable, UnitOfWork, UnitOfWorkFactory
from application.tasks.run import MAX_ATTEMPTS, ClaimLost, PostponeTask
from domain.errors import DomainError
from domain.jobs import Job, JobKind, JobState
from domain.tasks import OutboxTask, TaskKind

log = logging.getLogger(__name__)

#: How long a job waits that found the line of checkouts full. Buyers come first.
BUSY_PAUSE: Final = timedelta(seconds=5)
_JOB_ID: Final = "job_id"


def task_of(job: Job, ids: Ids) -> OutboxTask:
    """The task that does the job."""
    return OutboxTask(
        id=ids.new(),
        kind=TaskKind.JOB,
        producer_id=job.producer_id,
        due_at=job.created_at,
        details={_JOB_ID: str(job.id)},
    )


class RunningJob:
    """One try of a job. It may write until a later try takes the job over, or a person stops it."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self.job = job
        self._clock = clock

    async def locked(self, uow: UnitOfWork) -> Job:
        """The job as it stands, locked. Raises ClaimLost if this try may write no more."""
        job = await uow.jobs.lock(self.job.id)
        if job is None or job.is_over or job.run != self.job.run:
            raise ClaimLost(f"job {self.job.id} was stopped, or another worker goes on with it")
        return job

    async def save(self, uow: UnitOfWork, job: Job) -> None:
        """Write the job. It becomes this try's ``job`` at once: after a rollback ``locked`` reads it again."""
        await uow.jobs.save(job)
        self.job = job

    async def end(self, uow: UnitOfWork, job: Job) -> None:
        """Write that all of the job was tried."""
        await self.save(uow, job.ended(JobState.DONE, self._clock.now()))


Work = Callable[[RunningJob], Awaitable[None]]


class RunJob:
    """Handler of TaskKind.JOB. ``work`` is what each kind of job does; it writes the job's end with its last piece."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, work: Mapping[JobKind, Work]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._work = work

    async def __call__(self, task: OutboxTask) -> None:
        """Do the job, or go on with it. A refusal ends it.

        Raises PostponeTask where checkouts come first, and the errors of the storage, after which it is tried again.
        """
        job_id = UUID(task.details[_JOB_ID])
        running = await self._take_over(job_id)
        if running is None:
            return
        try:
            await self._work[running.job.kind](running)
        except DomainError as refusal:
            await self._fail(running, str(refusal))
        except Busy:
            raise PostponeTask(self._clock.now() + BUSY_PAUSE) from None
        except (ClaimLost, StorageUnavailable):
            raise
        except Exception:
            if task.attempts >= MAX_ATTEMPTS:
                await self._fail(running, "It was tried many times, and failed each time. The log has the reason.")
            raise

    async def _take_over(self, job_id: UUID) -> RunningJob | None:
        async with self._unit_of_work() as uow:
            job = await uow.jobs.lock(job_id)
            if job is None or job.state is not JobState.RUNNING:
                return None
            taken = job.taken_over(self._ids.new())
            await uow.jobs.save(taken)
            await uow.commit()
        if job.run is not None:
            log.info("Job %s (%s) goes on from item %d", job.id, job.kind, job.position)
        return RunningJob(taken, self._clock)

    async def _fail(self, running: RunningJob, note: str) -> None:
        log.warning("Job %s (%s) failed: %s", running.job.id, running.job.kind, note)
        async with self._unit_of_work() as uow:
            job = await running.locked(uow)
            await uow.jobs.forget_pieces(job.id)
            await uow.jobs.save(job.ended(JobState.FAILED, self._clock.now(), note=note))
            await uow.commit()
