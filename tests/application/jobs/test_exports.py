"""Exports as jobs: a worker makes the file, its producer's people fetch it for a day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from application.jobs.exports import PIECE_BYTES, MakeFile
from application.jobs.run import RunJob
from application.ports.exports import ExportedFile, Tell
from application.tasks.run import MAX_ATTEMPTS, ClaimLost
from domain.access import Actor, Scope
from domain.audit_log import AuditFilter
from domain.catalog import Ticket
from domain.errors import InvalidRequest, NotFound
from domain.jobs import CONTENT_KEPT, Job, JobKind, JobState
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import World
from tests.support.factories import producer, ticket

pytestmark = pytest.mark.p1

GLOBE = producer()
ACTOR = Actor(GLOBE.id, None, "Ada", frozenset({Scope.ORDERS}))
CSV = {"what": "orders", "format": "csv"}


@pytest.fixture
async def stalls(world: World) -> Ticket:
    stalls = ticket(quantity=200, price=0)
    await world.sell(stalls, by=GLOBE)
    return stalls


async def content_of(world: World, job_id: UUID) -> bytes:
    download = await world.fetch_file(ACTOR, job_id)
    return b"".join([piece async for piece in download.pieces])


async def task_of(world: World) -> OutboxTask:
    async with world.database() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=1000)
    (task,) = [task for task in pending if task.kind is TaskKind.JOB]
    return task


class Lines:
    """An exporter of lines, which meets what it is told at line ``at``."""

    def __init__(
        self, world: World, count: int, *, at: int = -1, stop: bool = False, error: Exception | None = None
    ) -> None:
        self._world = world
        self._count = count
        self._at = at
        self._stop = stop
        self._error = error

    def check(self, terms: Mapping[str, str]) -> None:
        """Take anything."""

    async def __call__(self, job: Job, tell: Tell) -> ExportedFile:
        return ExportedFile(name="lines.csv", media_type="text/csv", total=self._count, chunks=self._chunks(job, tell))

    async def _chunks(self, job: Job, tell: Tell) -> AsyncIterator[bytes]:
        for line in range(self._count):
            if line == self._at and self._error:
                raise self._error
            if line == self._at and self._stop:
                await self._world.stop_job(ACTOR, job.id)
            yield f"{line:09}\n".encode() * 10_000
            self._world.clock.advance(timedelta(seconds=2))
            await tell(line + 1)

    def runner(self) -> RunJob:
        world = self._world
        work = MakeFile(world.database, world.clock, self)
        return RunJob(world.database, world.clock, world.ids, {JobKind.EXPORT: work})


class TestFile:
    @pytest.mark.parametrize("what", ["orders", "attendees"])
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    async def test_is_made_by_a_worker_and_fetched(self, world: World, stalls: Ticket, what: str, kind: str) -> None:
        order = await world.buy((stalls, 2))
        started = await world.start_export(ACTOR, stalls.show_id, {"what": what, "format": kind})
        assert (started.state, started.has_file(world.clock.now())) == (JobState.RUNNING, False)
        with pytest.raises(NotFound):
            await world.fetch_file(ACTOR, started.id)

        await world.run_tasks()

        view = await world.get_job(ACTOR, started.id)
        rows = 1 if what == "orders" else 2
        assert (view.state, view.done, view.total, view.remaining) == (JobState.DONE, rows, rows, 0)
        content, file = await content_of(world, started.id), view.job.file
        assert file
        assert (file.name, file.size) == (f"{what}-{stalls.show_id}.{kind}", len(content))
        assert content.startswith(b"PK") if kind == "xlsx" else order.number.encode() in content

    async def test_has_the_orders_of_one_status(self, world: World, stalls: Ticket) -> None:
        await world.buy((stalls, 2))
        job = await world.start_export(ACTOR, stalls.show_id, {**CSV, "status": "refunded"})
        await world.run_tasks()
        assert len((await content_of(world, job.id)).splitlines()) == 1

    @pytest.mark.parametrize("terms", [{}, {"what": "orders"}, {**CSV, "what": "secrets"}, {**CSV, "status": "odd"}])
    async def test_other_files_are_refused(self, world: World, stalls: Ticket, terms: dict[str, str]) -> None:
        with pytest.raises(InvalidRequest):
            await world.start_export(ACTOR, stalls.show_id, terms)

    async def test_same_key_is_the_same_job(self, world: World, stalls: Ticket) -> None:
        key = uuid4()
        jobs = [await world.start_export(ACTOR, stalls.show_id, CSV, key=key) for _ in range(2)]
        assert {job.id for job in jobs} == {key}
        assert [task.kind for task in await world.tasks()] == [TaskKind.JOB]
        async with world.database() as uow:
            (entry,) = await uow.audit_log.page(GLOBE.id, only=AuditFilter(), after=None, limit=9)
        assert (entry.action, entry.actor, entry.after) == ("export.started", "Ada", CSV)

    async def test_is_for_its_producer_and_for_those_who_may_see_orders(self, world: World, stalls: Ticket) -> None:
        job = await world.start_export(ACTOR, stalls.show_id, CSV)
        await world.run_tasks()
        door = replace(ACTOR, scopes=frozenset({Scope.CHECKIN}))
        for stranger in (door, Actor(uuid4(), None, "Eve")):
            with pytest.raises(NotFound):
                await world.fetch_file(stranger, job.id)
            with pytest.raises(NotFound):
                await world.get_job(stranger, job.id)
        assert await world.list_jobs(door, limit=9) == ([], None)
        with pytest.raises(NotFound):
            await world.start_export(Actor(uuid4(), None, "Eve"), stalls.show_id, CSV)

    async def test_is_kept_for_a_day(self, world: World, stalls: Ticket) -> None:
        job = await world.start_export(ACTOR, stalls.show_id, CSV)
        await world.run_tasks()
        world.clock.advance(CONTENT_KEPT - timedelta(seconds=1))
        assert await content_of(world, job.id)
        world.clock.advance(timedelta(seconds=1))
        with pytest.raises(NotFound):
            await world.fetch_file(ACTOR, job.id)
        assert await world.forget_contents() == 1
        assert await world.forget_contents() == 0
        assert (await world.get_job(ACTOR, job.id)).state is JobState.DONE


class TestList:
    async def test_newest_first_with_the_show(self, world: World, stalls: Ticket) -> None:
        jobs = []
        for _ in range(3):
            jobs.append(await world.start_export(ACTOR, stalls.show_id, CSV))
            world.clock.advance(timedelta(minutes=1))
        page, more = await world.list_jobs(ACTOR, limit=2)
        rest, end = await world.list_jobs(ACTOR, show_id=stalls.show_id, after=more, limit=2)
        assert [view.job.id for view in (*page, *rest)] == [job.id for job in reversed(jobs)]
        assert (page[0].show_title, end) == ("Twelfth Night", None)
        assert (await world.list_jobs(ACTOR, show_id=uuid4(), limit=2))[0] == []


class TestWorkers:
    async def test_large_file_is_kept_in_pieces(self, world: World, stalls: Ticket) -> None:
        job = await world.start_export(ACTOR, stalls.show_id, CSV)
        lines = Lines(world, 12)
        await lines.runner()(await task_of(world))
        download = await world.fetch_file(ACTOR, job.id)
        pieces = [piece async for piece in download.pieces]
        assert [len(piece) for piece in pieces[:-1]] == [PIECE_BYTES] * 4
        assert sum(map(len, pieces)) == download.file.size == 12 * 100_000

    async def test_killed_worker_is_succeeded_and_the_file_is_whole(self, world: World, stalls: Ticket) -> None:
        job = await world.start_export(ACTOR, stalls.show_id, CSV)
        with pytest.raises(ConnectionError):
            await Lines(world, 12, at=8, error=ConnectionError()).runner()(await task_of(world))
        half = await world.get_job(ACTOR, job.id)
        assert (half.is_running, half.done, half.total) == (True, 8, 12)
        await Lines(world, 12).runner()(await task_of(world))
        lines = (await content_of(world, job.id)).split()
        assert [int(line) for line in lines[::10_000]] == list(range(12))

    async def test_stopped_export_leaves_no_file(self, world: World, stalls: Ticket) -> None:
        job = await world.start_export(ACTOR, stalls.show_id, CSV)
        with pytest.raises(ClaimLost):
            await Lines(world, 12, at=8, stop=True).runner()(await task_of(world))
        assert (await world.get_job(ACTOR, job.id)).state is JobState.STOPPED
        async with world.database() as uow:
            assert uow.tables.job_pieces == {}

    async def test_export_that_never_works_is_given_up_with_its_task(self, world: World, stalls: Ticket) -> None:
        job = await world.start_export(ACTOR, stalls.show_id, CSV)
        last = replace(await task_of(world), attempts=MAX_ATTEMPTS)
        with pytest.raises(KeyError):
            await Lines(world, 12, at=0, error=KeyError("oops")).runner()(last)
        view = await world.get_job(ACTOR, job.id)
        assert view.state is JobState.FAILED
        assert "tried many times" in view.job.note


async def test_erasing_a_buyer_deletes_the_files_that_may_name_them(world: World, stalls: Ticket) -> None:
    order = await world.buy((stalls, 2))
    job = await world.start_export(ACTOR, stalls.show_id, CSV)
    await world.run_tasks()
    await world.erase_buyer(ACTOR, order.customer.email, force=True)
    with pytest.raises(NotFound):
        await world.fetch_file(ACTOR, job.id)
