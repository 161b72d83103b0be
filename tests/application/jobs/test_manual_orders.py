"""Many manual orders as a job: checked first, then placed batch after batch, each order once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from adapters.memory.lock import MemoryLock
from adapters.memory.unit_of_work import MemoryDatabase, MemoryUnitOfWork
from application.checkout.place_orders import CheckoutRequest, PlaceOrders
from application.jobs.manual_orders import (
    MAX_ORDERS,
    ORDERS_AT_ONCE,
    TICKETS_AT_ONCE,
    ListedOrder,
    ListTerms,
    PlaceManualOrders,
)
from application.jobs.run import BUSY_PAUSE, RunJob
from application.ports.lock import Lock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tasks.run import ClaimLost
from domain.access import Actor, Scope
from domain.audit_log import Action, AuditFilter
from domain.cart import Cart, CartLine
from domain.catalog import Ticket
from domain.customer import Customer
from domain.errors import Conflict, DomainError, InvalidQuantity, InvalidRequest, NotFound
from domain.jobs import CONTENT_KEPT, Job, JobKind, JobState
from domain.orders import ManualPayment, Order
from domain.policy import CheckoutPolicy
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import World
from tests.support.factories import producer, ticket

pytestmark = pytest.mark.p1

GLOBE = producer()
ACTOR = Actor(GLOBE.id, None, "Ada", frozenset({Scope.ORDERS}))


@pytest.fixture
async def stalls(world: World) -> Ticket:
    stalls = ticket(quantity=200)
    await world.sell(stalls, by=GLOBE)
    return stalls


def comps(stalls: Ticket, count: int, *, quantity: int = 1, checked_in: bool = False) -> list[ListedOrder]:
    """So many orders, each with a name; line 1 of a file has the columns."""

    def comp(place: int) -> CheckoutRequest:
        name = f"Guest {chr(65 + place % 26)}{chr(97 + place // 26)}"
        wanted = Cart(stalls.show_id, (CartLine(0, stalls.id, quantity),))
        return CheckoutRequest(
            cart=wanted, customer=Customer(name, "", None), manual_payment=ManualPayment.COMP, checked_in=checked_in
        )

    return [ListedOrder(place + 2, comp(place)) for place in range(count)]


async def drafted(world: World, stalls: Ticket, listed: Sequence[ListedOrder], **terms: object) -> Job:
    found: Job = await world.draft_manual_orders(
        ACTOR,
        stalls.show_id,
        listed,
        ListTerms(source="guests.csv", **terms),  # type: ignore[arg-type]
    )
    return found


async def job_of(world: World, job_id: UUID) -> Job:
    async with world.database() as uow:
        found = await uow.jobs.get(job_id)
    assert found is not None
    return found


async def task_of(world: World) -> OutboxTask:
    async with world.database() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=1000)
    (task,) = [task for task in pending if task.kind is TaskKind.JOB]
    return task


async def orders_of(world: World, job: Job) -> list[Order]:
    results, _ = await world.get_job.results(ACTOR, job.id, is_ok=True, limit=MAX_ORDERS)
    return [await world.order(result.order_id) for result in results if result.order_id]


async def works_until_it_dies(world: World, begun: int) -> None:
    """A worker takes the job, and is killed where it would begin one more transaction than ``begun``."""
    with pytest.raises(Killed):
        await worker_of(world, DyingDatabase(world.database, begun))(await task_of(world))


def worker_of(world: World, database: UnitOfWorkFactory, *, lock: Lock | None = None) -> RunJob:
    """A worker with another connection to the world's database."""
    place_orders = PlaceOrders(
        database,
        lock or world.lock,
        world.clock,
        world.ids,
        world.container.issue(),
        CheckoutPolicy(),
        world.audit,
    )
    work = PlaceManualOrders(database, place_orders)
    return RunJob(database, world.clock, world.ids, {JobKind.MANUAL_ORDERS: work})


class Killed(BaseException):
    """As a process that is killed: no handler of errors sees it."""


class DyingDatabase:
    """A connection that is cut before the transaction after the first ``begun``."""

    def __init__(self, database: MemoryDatabase, begun: int) -> None:
        self._database = database
        self._left = begun

    def __call__(self, *, read_only: bool = False) -> MemoryUnitOfWork:
        self._left -= 1
        if self._left < 0:
            raise Killed
        return self._database(read_only=read_only)


class PausedDatabase:
    """A connection of a worker that stands still before the transaction after the first ``begun``."""

    def __init__(self, database: MemoryDatabase, begun: int) -> None:
        self._database = database
        self._left = begun
        self.stands_still = asyncio.Event()
        self.goes_on = asyncio.Event()

    @asynccontextmanager
    async def __call__(self, *, read_only: bool = False) -> AsyncIterator[UnitOfWork]:
        self._left -= 1
        if self._left == -1:
            self.stands_still.set()
            await self.goes_on.wait()
        async with self._database(read_only=read_only) as uow:
            yield uow


class TestDraft:
    async def test_says_what_would_become_of_each_line_and_changes_nothing(self, world: World, stalls: Ticket) -> None:
        wrong = InvalidQuantity("Quantity must be a whole number")
        listed = [*comps(stalls, 2), ListedOrder(4, wrong), *comps(stalls, 1, quantity=199)]

        job = await drafted(world, stalls, listed)

        assert (job.state, job.total, job.done, job.failed) == (JobState.DRAFT, 4, 2, 2)
        results, more = await world.get_job.results(ACTOR, job.id, limit=10)
        assert [(result.line, result.is_ok) for result in results] == [(2, True), (3, True), (4, False), (2, False)]
        assert (results[2].words, more) == (str(wrong), None)
        assert "not available" in results[3].words
        assert await world.counters(stalls) == (0, 0)
        assert [task.kind for task in await world.tasks()] == []

    async def test_long_list_is_checked_in_parts(self, world: World, stalls: Ticket) -> None:
        job = await drafted(world, stalls, comps(stalls, 501))
        assert (job.done, job.failed) == (201, 300)  # 200 of the first 500 fit, and the last one for itself

    @pytest.mark.parametrize(
        ("count", "terms"), [(0, {}), (MAX_ORDERS + 1, {}), (501, {"all_or_nothing": True})], ids=str
    )
    async def test_impossible_lists_are_refused(
        self, world: World, stalls: Ticket, count: int, terms: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidRequest):
            await drafted(world, stalls, comps(stalls, 1) * count, **terms)

    async def test_of_another_producer_is_not_there(self, world: World, stalls: Ticket) -> None:
        stranger = Actor(uuid4(), None, "Eve")
        draft = await drafted(world, stalls, comps(stalls, 1))
        attempts: list[Awaitable[object]] = [
            world.draft_manual_orders(stranger, stalls.show_id, comps(stalls, 1), ListTerms(source="")),
            world.draft_manual_orders.start(stranger, draft.id),
            world.draft_manual_orders.discard(stranger, draft.id),
            world.get_job(stranger, draft.id),
            world.get_job.results(stranger, draft.id, limit=1),
            world.stop_job(stranger, draft.id),
        ]
        for attempt in attempts:
            with pytest.raises(NotFound):
                await attempt

    async def test_is_discarded_or_forgotten(self, world: World, stalls: Ticket) -> None:
        discarded, forgotten = [await drafted(world, stalls, comps(stalls, 1)) for _ in range(2)]
        await world.draft_manual_orders.discard(ACTOR, discarded.id)
        world.clock.advance(CONTENT_KEPT)
        assert await world.forget_contents() == 1
        for job in (discarded, forgotten):
            with pytest.raises(NotFound):
                await world.get_job(ACTOR, job.id)

    async def test_started_one_is_not_discarded(self, world: World, stalls: Ticket) -> None:
        job = await drafted(world, stalls, comps(stalls, 1))
        await world.draft_manual_orders.start(ACTOR, job.id)
        with pytest.raises(Conflict):
            await world.draft_manual_orders.discard(ACTOR, job.id)


class TestPlacing:
    async def test_places_all_in_the_name_of_the_one_who_started_it(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, comps(stalls, ORDERS_AT_ONCE + 3))
        assert (await world.draft_manual_orders.start(ACTOR, draft.id)).state is JobState.RUNNING

        await world.run_tasks()

        job = await job_of(world, draft.id)
        assert (job.state, job.done, job.failed, job.ended_at) == (JobState.DONE, 53, 0, world.clock.now())
        orders = await orders_of(world, job)
        assert [order.customer.name for order in orders[:2]] == ["Guest Aa", "Guest Ba"]
        assert {order.manual_payment for order in orders} == {ManualPayment.COMP}
        assert await world.counters(stalls) == (0, 53)
        async with world.database() as uow:
            entries = await uow.audit_log.page(GLOBE.id, only=AuditFilter(), after=None, limit=100)
        assert {entry.actor for entry in entries} == {"Ada"}
        assert sum(entry.action == Action.ORDER_PLACED for entry in entries) == 53
        assert sum(entry.action == Action.MANUAL_ORDERS_STARTED for entry in entries) == 1

    async def test_starting_twice_places_once(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, comps(stalls, 2))
        for _ in range(2):
            await world.draft_manual_orders.start(ACTOR, draft.id)
        await world.run_tasks()
        await world.draft_manual_orders.start(ACTOR, draft.id)
        assert await world.tasks() == []
        assert await world.counters(stalls) == (0, 2)

    async def test_places_what_it_can_and_names_the_rest(self, world: World, stalls: Ticket) -> None:
        wrong: DomainError = InvalidQuantity("Quantity must be a whole number")
        listed = [*comps(stalls, 3, quantity=90, checked_in=True), ListedOrder(9, wrong)]
        draft = await drafted(world, stalls, listed, checked_in=True)
        await world.draft_manual_orders.start(ACTOR, draft.id)
        await world.run_tasks()
        assert await world.counters(stalls) == (0, 180)
        failures, _ = await world.get_job.results(ACTOR, draft.id, is_ok=False, limit=9)
        assert [(failure.line, failure.words[:8]) for failure in failures] == [(4, "90 × Sta"), (9, "Quantity")]
        orders = await orders_of(world, draft)
        assert all(attendee.checked_in_at for order in orders for attendee in order.attendees)

    async def test_all_or_nothing_places_nothing_where_one_does_not_fit(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, comps(stalls, 201), all_or_nothing=True)
        await world.draft_manual_orders.start(ACTOR, draft.id)
        await world.run_tasks()
        job = await job_of(world, draft.id)
        assert (job.state, job.done, job.failed) == (JobState.DONE, 0, 201)
        assert await world.counters(stalls) == (0, 0)

    async def test_list_without_a_good_line_ends(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, [ListedOrder(2, InvalidQuantity("Quantity"))])
        await world.draft_manual_orders.start(ACTOR, draft.id)
        await world.run_tasks()
        assert (await job_of(world, draft.id)).failed == 1

    async def test_large_orders_are_few_at_a_time(self, world: World, stalls: Ticket) -> None:
        async with world.database() as uow:
            await uow.tickets.save(ticket(id=stalls.id, show_id=stalls.show_id, quantity=2000))
            await uow.commit()
        draft = await drafted(world, stalls, comps(stalls, 3, quantity=200))
        await world.draft_manual_orders.start(ACTOR, draft.id)
        assert TICKETS_AT_ONCE < 400
        await works_until_it_dies(world, 4)  # the claim, the list, two batches
        assert (await job_of(world, draft.id)).done == 2


class TestWorkers:
    async def test_killed_worker_is_succeeded_and_every_order_is_placed_once(
        self, world: World, stalls: Ticket
    ) -> None:
        draft = await drafted(world, stalls, comps(stalls, 120))
        await world.draft_manual_orders.start(ACTOR, draft.id)
        await works_until_it_dies(world, 3)  # the claim, the list, a batch
        half = await world.get_job(ACTOR, draft.id)
        assert (half.is_running, half.done, half.total, half.remaining) == (True, ORDERS_AT_ONCE, 120, 70)

        await world.run_tasks()

        job = await job_of(world, draft.id)
        assert (job.state, job.done) == (JobState.DONE, 120)
        names = [order.customer.name for order in await orders_of(world, job)]
        assert len(set(names)) == len(names) == 120
        assert await world.counters(stalls) == (0, 120)

    async def test_worker_that_stood_still_does_nothing_twice(self, world: World, stalls: Ticket) -> None:
        """Its claim of the task is over, and another worker has done the rest, when it goes on."""
        draft = await drafted(world, stalls, comps(stalls, 120))
        await world.draft_manual_orders.start(ACTOR, draft.id)
        task, database = await task_of(world), PausedDatabase(world.database, 3)
        slow = asyncio.create_task(worker_of(world, database)(task))
        await database.stands_still.wait()
        await worker_of(world, world.database, lock=MemoryLock())(task)  # the lock of the first one has expired
        database.goes_on.set()
        with pytest.raises(ClaimLost):
            await slow
        assert await world.counters(stalls) == (0, 120)
        assert (await job_of(world, draft.id)).done == 120

    async def test_stopped_job_keeps_what_it_did(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, comps(stalls, 120))
        await world.draft_manual_orders.start(ACTOR, draft.id)
        await works_until_it_dies(world, 3)
        for _ in range(2):
            assert (await world.stop_job(ACTOR, draft.id)).state is JobState.STOPPED
        await world.run_tasks()
        assert await world.tasks() == []
        assert await world.counters(stalls) == (0, ORDERS_AT_ONCE)

    async def test_buyers_come_first(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, comps(stalls, 2))
        await world.draft_manual_orders.start(ACTOR, draft.id)
        lease = await world.lock.acquire([f"ticket_lock_{stalls.id}"])
        await world.run_tasks()
        await world.lock.release(lease)
        assert (await job_of(world, draft.id)).state is JobState.RUNNING
        world.clock.advance(BUSY_PAUSE)
        await world.run_tasks()
        assert (await job_of(world, draft.id)).done == 2

    async def test_refusal_ends_the_job_with_its_reason(self, world: World, stalls: Ticket) -> None:
        draft = await drafted(world, stalls, comps(stalls, 2))
        await world.draft_manual_orders.start(ACTOR, draft.id)
        async with world.database() as uow:
            job = await uow.jobs.get(draft.id)
            assert job
            await uow.jobs.delete(draft.id)
            await uow.jobs.add(job)  # without its list
            await uow.commit()
        await world.run_tasks()
        job = await job_of(world, draft.id)
        assert (job.state, job.note) == (JobState.FAILED, "The list is kept no longer")
