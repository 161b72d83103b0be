"""The world of a run: one theatre, the processes that sell its tickets, and everything that is outside of them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, Final
from uuid import UUID

from adapters.memory.lock import MemoryLock
from adapters.memory.system import MemoryIds
from adapters.memory.tables import Tables
from application.errors import Busy, CheckoutInProgress, IdempotencyKeyReused, PaymentNotPossible, TaxNotConfigured
from application.ports.payment import PaymentError
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from domain.access import Actor
from domain.errors import DomainError
from domain.orders import Order
from domain.policy import CheckoutPolicy
from domain.promotions import UseCount
from domain.tasks import TaskState
from simulation.answers import Answer
from simulation.loop import Group, SimulatedLoop
from simulation.processes import SIGNATURE, Application, end
from simulation.servers import MailServer, Queue, Server, WorldClock
from simulation.stripe import Event, Stripe
from tests.simulation.faults import Weather
from tests.simulation.plan import DOORS_AFTER, ENDS_AFTER, NEXT_SHOW_AFTER, STARTS_AFTER, Effect, Plan
from tests.simulation.processes import Process, work_as_worker
from tests.simulation.story import Story
from tests.simulation.truths import oversold
from tests.support.factories import allocation, capacity, donation_ticket, producer, promo_code, show, ticket

#: When every run begins: far from any change of clocks.
BEGINS: Final = datetime(2027, 2, 3, 17, 0, tzinfo=UTC)
TIMEZONE: Final = "Europe/Berlin"
HOLD: Final = timedelta(minutes=15)
POLICY: Final = CheckoutPolicy(max_tickets_per_order=20, max_order_amount=Decimal(10**6), hold=HOLD)
#: How long a client waits for an answer.
PATIENCE_SECONDS: Final = 30
#: What a process answers where it cannot or will not do what it is asked for. Anything else is a fault of ours.
ANSWERS: Final = (
    DomainError,
    Busy,
    CheckoutInProgress,
    IdempotencyKeyReused,
    PaymentNotPossible,
    TaxNotConfigured,
    PaymentError,
    StorageUnavailable,
    StorageConflict,
)
#: Pauses after which Stripe sends an event again that was not acknowledged, in seconds.
RESENT_AFTER: Final = (10, 60, 300, 1200, 3600, 7200)


@dataclass(slots=True)
class Told:
    """What clients were told for certain, to be compared with what is."""

    orders: dict[UUID, str] = field(default_factory=dict)
    completed: set[UUID] = field(default_factory=set)
    released: set[UUID] = field(default_factory=set)
    admitted: dict[UUID, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))


class House:
    """The theatre: a producer, tonight's show with a small house and all kinds of tickets, and one next week."""

    def __init__(self, random: Random, ids: MemoryIds) -> None:
        def id_() -> UUID:
            return ids.new()

        self.producer = producer(id=id_(), account="acct_simulated")
        times: dict[str, Any] = {
            "door_time": BEGINS + timedelta(seconds=DOORS_AFTER),
            "start_time": BEGINS + timedelta(seconds=STARTS_AFTER),
            "end_time": BEGINS + timedelta(seconds=ENDS_AFTER),
        }
        later: dict[str, Any] = {name: at + timedelta(seconds=NEXT_SHOW_AFTER) for name, at in times.items()}
        common: dict[str, Any] = {
            "timezone": TIMEZONE,
            "renames_until_hours": 0,
            "exchanges_until_hours": 0,
            "re_entry": random.random() < 0.4,
        }
        self.tonight = show(id=id_(), by=self.producer, title="Tonight", **common, **times)
        self.later = show(id=id_(), by=self.producer, title="Next week", **common, **later)
        size = random.randint(6, 16)
        self.hall = capacity(id=id_(), of=self.tonight, size=size, allocated=3)
        self.press = allocation(
            id=id_(), of=self.hall, size=3, release_at=BEGINS + timedelta(seconds=random.uniform(600, STARTS_AFTER))
        )
        self.stalls = ticket(
            id=id_(), of=self.tonight, price=3333, quantity=random.randint(4, 12), capacity_id=self.hall.id
        )
        self.family = ticket(
            id=id_(), of=self.tonight, name="Family", price=5001, quantity=None, capacity_id=self.hall.id, places=2
        )
        self.free = ticket(id=id_(), of=self.tonight, name="Free", price=0, quantity=random.randint(2, 6))
        self.gift = donation_ticket(id=id_(), of=self.tonight, name="Pay what you can", price=500, quantity=4)
        self.next_stalls = ticket(id=id_(), of=self.later, price=4444, quantity=random.randint(3, 8))
        self.next_balcony = ticket(id=id_(), of=self.later, name="Balcony", price=3333, quantity=random.randint(2, 6))
        self.tickets = [self.stalls, self.family, self.free, self.gift, self.next_stalls, self.next_balcony]
        self.codes = [
            promo_code(id=id_(), of=self.tonight, discount="0.15", max_uses=random.randint(1, 4)),
            promo_code(
                id=id_(),
                of=self.tonight,
                code="PRESS",
                discount="0",
                amount_off=123,
                allocation_id=self.press.id,
                counts=UseCount.TICKETS,
                max_uses=5,
                max_per_order=3,
            ),
        ]
        self.actor = Actor(self.producer.id, None, "the office")
        #: Minor units to which the till rounds cash.
        self.cash_rounding = random.choice([0, 5])


class World:
    """Everything of one run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.loop = SimulatedLoop(str(plan.seed))
        self.random = Random(f"world {plan.seed}")  # noqa: S311  # predictable is the point
        self.story = Story(self.loop.time)
        self.weather = Weather(plan, self.loop, self.story)
        self.clock = WorldClock(BEGINS, self.loop)
        self.ids = MemoryIds(plan.seed)
        self.policy = POLICY
        self.server = Server(self.clock, self.loop, self._committed)
        self.server.new_id = self.ids.new
        self.lock_service = MemoryLock(wait_seconds=10, monotonic=self.loop.time, poll_seconds=0.25)
        self.stripe = Stripe(self.clock, self.loop, self._sent)
        self.queue = Queue(self.loop)
        self.mail_server = MailServer(self.loop, self.story.tell)
        self.house = House(Random(f"house {plan.seed}"), self.ids)  # noqa: S311
        self.told = Told()
        self.failures: list[str] = []
        self.doubts: defaultdict[str, int] = defaultdict(int)
        self.requeued: set[UUID] = set()
        self.apis = [Process("api 1", self), Process("api 2", self)]
        work = work_as_worker(self)
        self.workers = [Process("worker 1", self, work), Process("worker 2", self, work)]
        self.people = Group("people", str(plan.seed))
        self._delivering: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> list[Process]:
        return [*self.apis, *self.workers]

    @property
    def tables(self) -> Tables:
        """What is committed."""
        return self.server.read()

    async def open(self) -> None:
        """Put the house on sale, and start the workers."""
        async with self.server() as uow:
            house = self.house
            await uow.producers.add(house.producer)
            await uow.shifts.save_cash_rounding(house.producer.id, house.cash_rounding)
            await uow.shows.add(house.tonight, house.later)
            await uow.capacities.add(house.hall)
            await uow.allocations.add(house.press)
            for each in house.tickets:
                await uow.tickets.add(each)
            for code in house.codes:
                await uow.promo_codes.add(code)
            await uow.commit()
        for process in self.processes:
            process.start()

    # Talking to processes.

    async def ask(
        self,
        who: str,
        work: Callable[[Application], Awaitable[Any]],
        *,
        port: str = "request",
        of: list[Process] | None = None,
    ) -> Answer:
        """Ask one of the processes, over a network that loses requests and answers, and repeats them."""
        processes = of or self.apis
        process = processes[self.people.random.randrange(len(processes))]
        blow = self.weather.blow(who, port)
        if blow and blow.effect is Effect.FAIL:
            return Answer(is_lost=True)
        if blow and blow.effect is Effect.DELAY:
            await asyncio.sleep(blow.hazard.seconds)
        if not process.is_up:
            await asyncio.sleep(1)
            return Answer(is_lost=True)
        asked = self.loop.spawn(process.group, self._answered(process, work(process.app)))
        if blow and blow.effect is Effect.TWICE:
            self.loop.spawn(process.group, self._answered(process, work(process.app)))
        await asyncio.wait([asked], timeout=PATIENCE_SECONDS)
        if not asked.done() or asked.cancelled() or (blow and blow.effect is Effect.LOSE):
            return Answer(is_lost=True)
        return asked.result()

    async def _answered(self, process: Process, work: Awaitable[Any]) -> Answer:
        try:
            return Answer(await work)
        except ANSWERS as refusal:
            return Answer(refusal=refusal)
        except Exception as error:  # noqa: BLE001  # what a client would get as a 500
            self.fail(f"{process.name} answers an internal error: {error!r}")
            return Answer(refusal=error)

    async def ask_until_final(self, who: str, work: Callable[[Application], Awaitable[Any]], tries: int = 3) -> Answer:
        """Ask again while that may help, as a patient client does."""
        answer = await self.ask(who, work)
        for _ in range(tries - 1):
            if answer.is_final:
                break
            await asyncio.sleep(self.people.random.uniform(1, 20))
            answer = await self.ask(who, work)
        return answer

    async def guarded(self, job: Callable[[], Awaitable[Any]]) -> None:
        """Do a job of a worker, as entrypoints/worker.py does it."""
        try:
            await job()
        except (StorageUnavailable, StorageConflict, PaymentError):
            pass
        except Exception as error:  # noqa: BLE001  # the worker logs it and goes on
            self.fail(f"{getattr(job, '__name__', type(job).__name__)} failed: {error!r}")

    # Stripe's events.

    def _sent(self, event: Event) -> None:
        """Stripe has an event to deliver."""
        task = self.loop.spawn(self.people, self._deliver(event))
        self._delivering.add(task)
        task.add_done_callback(self._delivering.discard)

    async def _deliver(self, event: Event) -> None:
        await asyncio.sleep(self.people.random.choice([0, 0, 0.1, 1, 5]))
        for pause in (*RESENT_AFTER, None):
            answer = await self._send(event)
            if answer.is_good:
                return
            if answer.value == "lost for ever" or pause is None:
                self.story.tell("Stripe", f"never delivers {event.kind} {event.number}")
                return
            await asyncio.sleep(pause)

    async def _send(self, event: Event) -> Answer:
        async def handle(app: Application) -> None:
            await app.handle_payment_event(event.payload, SIGNATURE)

        answer = await self.ask("Stripe", handle, port="webhook")
        received = self.tables.inbox.get(f"evt_{event.number}")
        if answer.is_good and received is not None and received.has_failed:  # Stripe does not send it again
            self.fail(f"event: {event.kind} changed nothing: {received.last_error}")
        if answer.is_lost and not self.weather.is_calm and self.people.random.random() < 0.3:
            return Answer("lost for ever", is_lost=True)
        return answer

    # What is looked at while it happens.

    def fail(self, what: str) -> None:
        """A fault was found."""
        self.story.tell("FAULT", what)
        self.failures.append(what)

    def _committed(self, before: Tables, after: Tables) -> None:
        changed = [order for order in after.orders.values() if order is not before.orders.get(order.id)]
        for order in changed:
            self._tell_change(before.orders.get(order.id), order)
        if changed:
            for what in oversold(after):
                self.fail(what)

    def _tell_change(self, before: Order | None, after: Order) -> None:
        facts = [f"{before.status} → {after.status}" if before else f"{after.status}"]
        valid = sum(attendee.is_valid for attendee in after.attendees)
        facts.append(f"{valid} of {len(after.attendees)} tickets valid" if after.attendees else "no tickets")
        facts.append(f"paid {after.amount_paid}, back {after.refunded_amount}" if after.amount_paid else "not paid")
        if before is None:
            facts.append(", ".join(f"{line.quantity} x {self._ticket(line.ticket_id)}" for line in after.lines))
            if after.exchange:
                facts.append(f"in exchange for {self.story.name(after.exchange.order_id)}")
        self.story.tell("database", f"{self.story.name(after.id)}: {'; '.join(facts)}")

    def _ticket(self, ticket_id: UUID) -> str:
        return next((each.name for each in self.house.tickets if each.id == ticket_id), "?")

    # The end.

    async def settle(self) -> bool:
        """Let everything come to rest, once nothing goes wrong any more. Returns whether it did."""
        self.weather.is_calm = self.stripe.is_calm = True
        self.story.tell("world", "from here on nothing goes wrong")
        for process in self.processes:
            process.recover()
        for session_id in self.stripe.waiting_for_banks():
            self.stripe.pay(session_id)
        for _ in range(300):
            await asyncio.sleep(1)
            await self._work_off()
            pause = self._until_next()
            if pause is None and self.loop.time() > ENDS_AFTER:
                return True
            await asyncio.sleep(min(pause or 600, 7200))
        return False

    async def _work_off(self) -> None:
        """Do what is due now, until nothing is."""
        [worker] = self.workers[:1]
        app = worker.app
        for job in (
            app.relay_tasks,
            app.release_overdue,
            app.release_cancelled,
            app.refund_cancelled,
            app.reconcile,
            app.release_due_allocations,
            app.announce_pending_payments,
            app.review_refunds_and_disputes,
            app.reconcile.look_for_lost_payments,
        ):
            await self.ask("settling", partial(_do, job), of=self.workers[:1])
        for _ in range(200):
            if self.queue.is_empty and not self._delivering:
                break
            await asyncio.sleep(1)

    def _until_next(self) -> float | None:
        """Seconds until something is to be done, or None if everything is at rest."""
        tables, now = self.tables, self.clock.now()
        moments = [order.expires_at for order in tables.orders.values() if order.holds_tickets]
        horizon = now + timedelta(days=4)
        moments += [
            max(task.due_at, tables.claims.get(task.id, task.due_at))
            for task in tables.outbox.values()
            if task.state is TaskState.PENDING and task.due_at < horizon
        ]
        waiting = [(at or now) - now for at in moments]
        if self._delivering or self.stripe.has_refunds_under_way():
            waiting.append(timedelta(seconds=180))
        if not waiting:
            return None
        return max(min(waiting).total_seconds() + 1, 5)

    def close(self) -> None:
        """End all tasks, and give the applications back."""
        end(self.loop, self.people, [*self.processes])


async def _do(job: Callable[[], Awaitable[Any]], _: Application) -> Any:
    return await job()
