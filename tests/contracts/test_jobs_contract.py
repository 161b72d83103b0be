"""JobRepo."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from application.ports.jobs import JobCursor
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, Scope
from domain.jobs import CONTENT_KEPT, Job, JobFile, JobKind, JobResult, JobState
from tests.contracts.builders import NOW, Theatre, a_producer, new_id

FILE = JobFile("orders.csv", "text/csv", 12)


def a_job(producer_id: UUID, *, kind: JobKind = JobKind.EXPORT, show_id: UUID | None = None, minute: int = 0) -> Job:
    return Job(
        id=new_id(),
        producer_id=producer_id,
        show_id=show_id,
        kind=kind,
        actor=Actor(producer_id, uuid4(), "Ada", frozenset({Scope.ORDERS, Scope.CATALOG}), uuid4()),
        created_at=NOW + timedelta(minutes=minute),
        terms={"format": "csv"},
    )


async def stored(uow: UnitOfWork, job: Job, content: bytes | None = None) -> Job:
    await uow.jobs.add(job, content=content)
    return job


class TestJobs:
    async def test_job_is_found_as_it_was_stored(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        async with unit_of_work() as uow:
            job = await stored(uow, a_job(theatre.producer.id, show_id=theatre.show.id))
            changed = replace(job, run=uuid4(), total=7).advanced(done=4, failed=3)
            ended = changed.ended(JobState.DONE, NOW, note="Seven", file=FILE)
            await uow.jobs.save(ended)
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.jobs.get(job.id) == ended
            assert await uow.jobs.lock(job.id) == ended
            assert await uow.jobs.get(uuid4()) is None

    async def test_deleted_job_leaves_nothing(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        run = uuid4()
        async with unit_of_work() as uow:
            job = await stored(uow, a_job(theatre.producer.id), b"list")
            await uow.jobs.add_results(job.id, [JobResult(2, True)], first=0)
            await uow.jobs.add_piece(job.id, run, 0, b"file")
            await uow.jobs.delete(job.id)
            assert await uow.jobs.get(job.id) is None
            assert await uow.jobs.content(job.id) is None
            assert await uow.jobs.results(job.id, after=None, limit=9) == []
            assert await uow.jobs.piece(job.id, run, 0) is None

    async def test_newest_come_first_page_by_page(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        mine, other = theatre.producer.id, a_producer()
        async with unit_of_work() as uow:
            await uow.producers.add(other)
            jobs = [await stored(uow, a_job(mine, minute=minute)) for minute in range(3)]
            about_a_show = await stored(uow, a_job(mine, show_id=theatre.show.id, minute=9))
            await stored(uow, a_job(other.id))
            first = await uow.jobs.of_producer(mine, after=None, limit=2)
            rest = await uow.jobs.of_producer(mine, after=JobCursor(first[1].created_at, first[1].id), limit=9)
            of_show = await uow.jobs.of_producer(mine, show_id=theatre.show.id, after=None, limit=9)
        assert [*first, *rest] == [about_a_show, *reversed(jobs)]
        assert of_show == [about_a_show]

    async def test_latest_of_a_show_and_kind(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        mine, show_id = theatre.producer.id, theatre.show.id
        async with unit_of_work() as uow:
            await stored(uow, a_job(mine, kind=JobKind.SHOW_REFUND, show_id=show_id))
            latest = await stored(uow, a_job(mine, kind=JobKind.SHOW_REFUND, show_id=show_id, minute=1))
            await stored(uow, a_job(mine, kind=JobKind.EXPORT, show_id=show_id, minute=2))
            assert await uow.jobs.latest(show_id, JobKind.SHOW_REFUND) == latest
            assert await uow.jobs.latest(show_id, JobKind.MANUAL_ORDERS) is None


class TestResults:
    async def test_results_are_paged_and_replaced(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        order_id = uuid4()
        good = [JobResult(line, True, order_id=order_id) for line in (2, 3)]
        bad = JobResult(4, False, "No such ticket")
        async with unit_of_work() as uow:
            job = await stored(uow, a_job(theatre.producer.id))
            await uow.jobs.add_results(job.id, [JobResult(2, False, "Checked"), *good[1:], bad], first=0)
            await uow.jobs.add_results(job.id, good[:1], first=0)
            await uow.jobs.add_results(job.id, [], first=3)
            await uow.commit()
        async with unit_of_work() as uow:
            everything = await uow.jobs.results(job.id, after=None, limit=9)
            assert everything == [(0, good[0]), (1, good[1]), (2, bad)]
            assert await uow.jobs.results(job.id, after=0, limit=1) == [(1, good[1])]
            assert await uow.jobs.results(job.id, is_ok=False, after=None, limit=9) == [(2, bad)]
            assert await uow.jobs.results(job.id, is_ok=True, after=0, limit=9) == [(1, good[1])]


class TestContents:
    async def test_pieces_belong_to_a_try(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        first, second = uuid4(), uuid4()
        async with unit_of_work() as uow:
            job = await stored(uow, a_job(theatre.producer.id))
            await uow.jobs.add_piece(job.id, first, 0, b"old")
            await uow.jobs.add_piece(job.id, second, 0, b"new\x00")
            await uow.jobs.add_piece(job.id, second, 1, b"end")
            await uow.jobs.forget_pieces(job.id, but=second)
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.jobs.piece(job.id, first, 0) is None
            assert [await uow.jobs.piece(job.id, second, position) for position in range(3)] == [
                b"new\x00",
                b"end",
                None,
            ]
            await uow.jobs.forget_pieces(job.id)
            assert await uow.jobs.piece(job.id, second, 0) is None

    async def test_what_is_kept_no_longer_is_deleted(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        mine = theatre.producer.id
        async with unit_of_work() as uow:
            ended = await stored(uow, a_job(mine).taken_over(uuid4()).ended(JobState.DONE, NOW, file=FILE), b"list")
            assert ended.run
            await uow.jobs.add_piece(ended.id, ended.run, 0, b"file")
            draft = await stored(
                uow, replace(a_job(mine), state=JobState.DRAFT, content_until=NOW + CONTENT_KEPT), b"list"
            )
            await uow.jobs.add_results(draft.id, [JobResult(2, True)], first=0)
            running = await stored(uow, a_job(mine), b"list")
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.jobs.forget_contents(now=NOW) == 0
            assert await uow.jobs.content(ended.id) == b"list"
            assert await uow.jobs.forget_contents(now=NOW + CONTENT_KEPT) == 2
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.jobs.get(ended.id) == replace(ended, content_until=None)
            assert await uow.jobs.content(ended.id) is None
            assert await uow.jobs.piece(ended.id, ended.run, 0) is None
            assert await uow.jobs.get(draft.id) is None
            assert await uow.jobs.results(draft.id, after=None, limit=9) == []
            assert await uow.jobs.content(running.id) == b"list"

    async def test_all_of_a_producer_is_deleted(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        mine, other = theatre.producer.id, a_producer()
        async with unit_of_work() as uow:
            await uow.producers.add(other)
            job = await stored(uow, a_job(mine).ended(JobState.DONE, NOW, file=FILE), b"list")
            running = await stored(uow, a_job(mine), b"list")
            theirs = await stored(uow, a_job(other.id).ended(JobState.DONE, NOW, file=FILE), b"list")
            assert await uow.jobs.forget_contents(now=NOW, producer_id=mine) == 1
            assert await uow.jobs.content(job.id) is None
            assert await uow.jobs.content(running.id) == b"list"
            assert await uow.jobs.content(theirs.id) == b"list"
