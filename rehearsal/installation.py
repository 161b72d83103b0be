"""The installation that is rehearsed: servers and workers over a copy of the show, a database, a queue, a mail server
and Stripe, all in memory and on a simulated clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from adapters.memory.lock import MemoryLock
from adapters.memory.system import MemoryIds
from adapters.memory.tables import Tables
from application.checkout.claimants import Claimants
from application.ports.catalog import WholeShow
from application.ports.payment import PaymentError
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from domain.claims import Claimant
from domain.tasks import TaskState
from entrypoints.settings import Settings
from entrypoints.worker import TaskSlots, periodic_jobs
from rehearsal.crowd import Visitor
from rehearsal.speed import (
    COMPLETION,
    EVENT_AGAIN,
    EVENT_COMES,
    LOCK,
    MAIL,
    MAIL_SERVER,
    NETWORK,
    TRANSACTION,
    Processor,
    VirtualThrottle,
    between,
)
from rehearsal.stripe import PacedStripe, StripeLimits
from rehearsal.terms import Terms
from simulation.answers import Answer
from simulation.loop import Group, SimulatedLoop
from simulation.ports import Locks, Mailer, Notifier, Payments, Storage
from simulation.processes import SIGNATURE, Application, Outfit, Process, end, listen, unconcerned
from simulation.servers import MailServer, Queue, Server, WorldClock
from simulation.stripe import Event, Stripe
from simulation.way import Errors, Result, Way

#: How long before the opening the rehearsal begins, in seconds.
OPENS_AFTER: Final = 10
#: How long a browser waits for an answer, in seconds.
BROWSER_WAITS: Final = 30
#: Rounds in a row that a job of a worker is left out while nothing changes.
IDLE_AT_MOST: Final = 4
#: Work that is due later than this, in seconds, is none of the on-sale: reminders before the show.
HORIZON: Final = timedelta(hours=2)
#: How often it is looked whether everything is at rest, in seconds, and how long at most: a day.
LOOK_EVERY: Final = 15
AT_REST_WITHIN: Final = 24 * 3600


class TimedWay(Way):
    """The way of a process on which nothing goes wrong, and everything takes its time. ``group`` are its tasks."""

    def __init__(self, group: Group, processor: Processor, random: Random) -> None:
        self._group = group
        self._processor = processor
        self._random = random

    @override
    def ensure_alive(self) -> None:
        if self._group.is_dead:
            raise asyncio.CancelledError

    @override
    async def through(
        self,
        port: str,
        work: Callable[[], Awaitable[Result]],
        errors: Errors | None,
        *,
        conflict: Errors | None = None,
    ) -> Result:
        self.ensure_alive()
        # A transaction takes its time before it begins: in memory others could not go on beside it.
        match port:
            case "begin":
                await asyncio.sleep(TRANSACTION)
            case "lock":
                await asyncio.sleep(LOCK)
            case "note":
                await self._processor.work(MAIL)
            case "mail":
                await asyncio.sleep(between(self._random, MAIL_SERVER))
        self.ensure_alive()
        result = await work()
        self.ensure_alive()
        return result

    @override
    def turn_after(self) -> float | None:
        return None

    @override
    def is_repeated(self) -> bool:
        return False


class RehearsedProcess(Process):
    """A server or a worker of the installation."""

    def __init__(
        self, name: str, installation: Installation, work: Callable[[RehearsedProcess], None] | None = None
    ) -> None:
        self._installation = installation
        self.processor = Processor(installation.loop)
        self._work = work
        self._up = asyncio.Event()
        super().__init__(name, installation.loop, str(installation.terms.seed))

    @override
    def start(self) -> None:
        if self._work is not None:
            self._work(self)

    @override
    def _outfit(self, group: Group) -> Outfit:
        world = self._installation
        self.processor = Processor(world.loop)
        way = TimedWay(group, self.processor, world.random)
        locks = Locks(world.lock_service, way)
        adapters = {
            **unconcerned(world.server, world.clock),
            "settings": world.settings,
            "policy": world.policy,
            "clock": world.clock,
            "ids": world.ids,
            "monotonic": world.loop.time,
            "storage": Storage(world.server, way),
            "lock": locks,
            "payment": Payments(PacedStripe(world.stripe, world.limits, world.turns), way),
            "payment_for_buyers": Payments(PacedStripe(world.stripe, world.limits, world.turns_of_buyers), way),
            "notifier": Notifier(world.queue, way),
            "mailer": Mailer(world.mail_server, way),
            "mail_pace": world.turns_of_mails,
        }
        return Outfit(adapters, locks)

    @override
    def tell(self, what: str) -> None:
        if what == "starts again":
            self._up.set()

    async def until_up(self) -> None:
        """Wait until the process, which is dead, has started again."""
        await self._up.wait()


class Installation:
    """Everything of one rehearsal. ``settings`` are the real ones as far as they decide anything: they have no key and
    no address of any server.
    """

    def __init__(self, copied: WholeShow, settings: Settings, terms: Terms, begins: datetime) -> None:
        self.copied = copied
        self.settings = settings
        self.policy = settings.policy
        self._claimants = Claimants(settings.secret_key, self.policy.claims)
        self.terms = terms
        self.loop = SimulatedLoop(f"rehearsal {terms.seed}")
        self.random = Random(f"installation {terms.seed}")  # noqa: S311  # predictable is the point
        self.clock = WorldClock(begins, self.loop)
        self.ids = MemoryIds(terms.seed)
        #: Called at each commit that changed something, with what is stored from then on.
        self.on_commit: Callable[[Tables], None] = lambda _: None
        self.server = Server(self.clock, self.loop, lambda _, after: self.on_commit(after))
        self.server.new_id = self.ids.new
        self.lock_service = MemoryLock(
            ttl_seconds=settings.lock_ttl,
            wait_seconds=settings.lock_wait,
            monotonic=self.loop.time,
            poll_seconds=0.002,
        )
        self.stripe = Stripe(self.clock, self.loop, self._sent)
        self.limits = StripeLimits(self.loop, Random(f"stripe {terms.seed}"), terms.stripe_allows)  # noqa: S311
        self.turns = VirtualThrottle(self.loop, settings.stripe_rate_per_second)
        self.turns_of_buyers = VirtualThrottle(self.loop, settings.buyers_per_second)
        self.turns_of_mails = VirtualThrottle(self.loop, settings.smtp_rate_per_second)
        self.queue = Queue(self.loop)
        self.mail_server = MailServer(self.loop, lambda *_: None)
        self.servers = [RehearsedProcess(f"server {n}", self) for n in range(1, terms.servers + 1)]
        self.workers = [RehearsedProcess(f"worker {n}", self, self._work) for n in range(1, terms.workers + 1)]
        self.people = Group("people", str(terms.seed))
        self._delivering: set[asyncio.Task[None]] = set()
        #: Errors that no one expects, by their words.
        self.failures: dict[str, int] = {}

    @property
    def processes(self) -> list[RehearsedProcess]:
        return [*self.servers, *self.workers]

    @property
    def tables(self) -> Tables:
        """What is committed."""
        return self.server.read()

    async def open(self) -> None:
        """Store the show, and start the processes."""
        copied = self.copied
        async with self.server() as uow:
            await uow.producers.add(copied.producer)
            if copied.production:
                await uow.productions.add(copied.production)
            await uow.shows.add(copied.show)
            await uow.capacities.add(*copied.capacities)
            await uow.allocations.add(*copied.allocations)
            await uow.tickets.add(*copied.tickets)
            await uow.promo_codes.add(*copied.promo_codes)
            await uow.commit()
        for process in self.processes:
            process.start()

    async def ask(
        self, process: RehearsedProcess, work: Callable[[Application], Awaitable[Any]], *, costs: float
    ) -> Answer:
        """Ask a server over the network; ``costs`` are the seconds of its processor. Never raises."""
        await asyncio.sleep(between(self.random, NETWORK))
        if not process.is_up:
            return Answer(is_lost=True)
        asked = self.loop.spawn(process.group, self._answered(process, work, costs))
        await asyncio.wait([asked], timeout=BROWSER_WAITS)
        return Answer(is_lost=True) if not asked.done() or asked.cancelled() else asked.result()

    def some_server(self, random: Random) -> RehearsedProcess:
        """A server that is up, as a load balancer chooses it; a dead one where there is no other."""
        up = [server for server in self.servers if server.is_up]
        return random.choice(up or self.servers)

    def claimant(self, show_id: UUID, visitor: Visitor) -> Claimant | None:
        """Whose tickets count: each visitor has an address and a network for themselves."""
        return self._claimants.of(show_id, email=visitor.email, network=visitor.name)

    async def _answered(
        self, process: RehearsedProcess, work: Callable[[Application], Awaitable[Any]], costs: float
    ) -> Answer:
        try:
            await process.processor.work(costs)
            return Answer(await work(process.app))
        except Exception as refusal:  # noqa: BLE001  # what it means is up to who asked
            return Answer(refusal=refusal)

    def note_failure(self, error: Exception) -> None:
        """Something went wrong that should not."""
        words = f"{type(error).__name__}: {error}"
        self.failures[words] = self.failures.get(words, 0) + 1

    # Stripe's events.

    def _sent(self, event: Event) -> None:
        task = self.loop.spawn(self.people, self._deliver(event))
        self._delivering.add(task)
        task.add_done_callback(self._delivering.discard)

    async def _deliver(self, event: Event) -> None:
        async def handle(app: Application) -> None:
            await app.handle_payment_event(event.payload, SIGNATURE)

        await asyncio.sleep(between(self.random, EVENT_COMES))
        for pause in EVENT_AGAIN:
            answer = await self.ask(self.some_server(self.random), handle, costs=COMPLETION)
            if answer.is_good:
                return
            await asyncio.sleep(pause)

    # What workers do unasked.

    def _work(self, process: RehearsedProcess) -> None:
        slots = TaskSlots(process.app.run_task, process.app.work_meter)
        self.loop.spawn(process.group, listen(self.queue, slots))
        for pause, job in periodic_jobs(process.app.container):
            self.loop.spawn(process.group, self._every(pause.total_seconds(), job))

    async def _every(self, pause: float, job: Callable[[], Awaitable[int]]) -> None:
        seen, idle = -1, 0
        await asyncio.sleep(self.random.uniform(0, pause))
        while True:
            if self.server.changes != seen or idle >= IDLE_AT_MOST:
                seen, idle = self.server.changes, 0
                await self._once(job)
            idle += 1
            await asyncio.sleep(pause)

    async def _once(self, job: Callable[[], Awaitable[int]]) -> None:
        try:
            await job()
        except (StorageUnavailable, StorageConflict, PaymentError):
            pass
        except Exception as error:  # noqa: BLE001  # a worker logs it and goes on
            self.note_failure(error)

    # The end.

    async def come_to_rest(self) -> None:
        """Wait until nothing is held, and nothing is left to do for this on-sale."""
        for _ in range(AT_REST_WITHIN // LOOK_EVERY):
            await asyncio.sleep(LOOK_EVERY)
            if self._is_at_rest():
                return

    def _is_at_rest(self) -> bool:
        soon = self.clock.now() + HORIZON
        tables = self.tables
        return (
            self.queue.is_empty
            and not self._delivering
            and all(process.is_up for process in self.processes)
            and not any(order.holds_tickets for order in tables.orders.values())
            and not any(task.state is TaskState.PENDING and task.due_at < soon for task in tables.outbox.values())
        )

    def close(self) -> None:
        """End all that goes on."""
        end(self.loop, self.people, self.processes)


def begins_at(opening: datetime) -> datetime:
    """When a rehearsal begins whose sale opens then."""
    return opening - timedelta(seconds=OPENS_AFTER)


def seconds_after_opening(seconds: float) -> float:
    """Seconds of the simulated clock, counted from the opening."""
    return seconds - OPENS_AFTER


def used_settings(settings: Settings) -> Settings:
    """The settings that decide anything in a rehearsal. Addresses, keys and secrets stay out of it."""
    kept: Sequence[str] = (
        "stripe_rate_per_second",
        "smtp_rate_per_second",
        "hold_minutes",
        "max_tickets_per_order",
        "max_order_amount",
        "max_donation_per_ticket",
        "platform_fee",
        "processing_fee_rate",
        "processing_fee_fixed",
        "lock_ttl",
        "lock_wait",
        "max_held_tickets_per_email",
        "max_held_orders_per_email",
        "max_held_tickets_per_network",
        "max_held_orders_per_network",
        "max_free_tickets_per_email",
        "max_free_tickets_per_network",
        "checkout_rate_limit",
    )
    return Settings(**{name: getattr(settings, name) for name in kept})
