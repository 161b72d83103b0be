"""Use cases: see jobs and how far they are, and stop one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import producer_of
from application.pages import page_of
from application.ports.jobs import JobCursor
from application.ports.show_refunds import RefundProgress
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import Conflict, NotFound
from domain.jobs import SCOPE_OF, Job, JobKind, JobResult, JobState
from domain.money import Currency

#: Failures of a show's refund that are listed one by one.
MAX_FAILURES = 100


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as people see it: ``show_title`` names its show, if that is still there. ``refund`` is the progress of a
    show's refund, whose amount is in ``currency``.
    """

    job: Job
    show_title: str | None
    currency: Currency
    refund: RefundProgress | None = None

    @property
    def state(self) -> JobState:
        """The state. The refund of a show runs while an order is left."""
        if self.refund is None:
            return self.job.state
        return JobState.RUNNING if self.refund.remaining else JobState.DONE

    @property
    def is_running(self) -> bool:
        return self.state is JobState.RUNNING

    @property
    def total(self) -> int | None:
        return self.refund.total if self.refund else self.job.total

    @property
    def done(self) -> int:
        return self.refund.refunded if self.refund else self.job.done

    @property
    def failed(self) -> int:
        return self.refund.failed if self.refund else self.job.failed

    @property
    def remaining(self) -> int | None:
        return None if self.total is None else max(0, self.total - self.done - self.failed)


class ListJobs:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, *, show_id: UUID | None = None, after: JobCursor | None = None, limit: int
    ) -> tuple[list[JobView], JobCursor | None]:
        """A page of the jobs that the actor may see, or of those about one show, newest first."""
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.jobs.of_producer(actor.producer_id, show_id=show_id, after=after, limit=limit + 1)
            page, more = page_of(found, limit, lambda last: JobCursor(last.created_at, last.id))
            currency = (await producer_of(uow, actor.producer_id)).currency
            return [await _view(uow, job, currency) for job in page if actor.may(SCOPE_OF[job.kind])], more


class GetJob:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, job_id: UUID) -> JobView:
        """Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            job = _theirs(actor, await uow.jobs.get(job_id))
            return await _view(uow, job, (await producer_of(uow, actor.producer_id)).currency)

    async def results(
        self, actor: Actor, job_id: UUID, *, is_ok: bool | None = None, after: int | None = None, limit: int
    ) -> tuple[list[JobResult], int | None]:
        """A page of the job's results, and the position after which the next one begins. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            _theirs(actor, await uow.jobs.get(job_id))
            found = await uow.jobs.results(job_id, is_ok=is_ok, after=after, limit=limit + 1)
        page, more = page_of(found, limit, lambda last: last[0])
        return [result for _, result in page], more


class StopJob:
    """Stops a job: what it did stays, and the rest is not done."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(self, actor: Actor, job_id: UUID) -> Job:
        """The job; one that has ended is left as it is. Raises NotFound, Conflict for a show's refund."""
        async with self._unit_of_work() as uow:
            job = _theirs(actor, await uow.jobs.lock(job_id))
            if job.kind is JobKind.SHOW_REFUND:
                raise Conflict("The refund of a cancelled show cannot be stopped")
            if job.is_over:
                return job
            stopped = job.ended(JobState.STOPPED, self._clock.now())
            await uow.jobs.save(stopped)
            await uow.jobs.forget_pieces(job_id)
            await self._audit.record(uow, actor, Action.JOB_STOPPED, job_id, show_id=job.show_id)
            await uow.commit()
        return stopped


def _theirs(actor: Actor, job: Job | None) -> Job:
    if job is None or job.producer_id != actor.producer_id or not actor.may(SCOPE_OF[job.kind]):
        raise NotFound("No such work")
    return job


async def _view(uow: UnitOfWork, job: Job, currency: Currency) -> JobView:
    show = await uow.shows.get(job.show_id) if job.show_id else None
    refund = None
    if job.kind is JobKind.SHOW_REFUND and job.show_id:
        refund = await uow.show_refunds.progress(job.show_id, failures=MAX_FAILURES)
    return JobView(job, show.title if show else None, currency, refund)
