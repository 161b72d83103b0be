"""Processes: the real container over the ports of a hostile world. One dies with its tasks and its memory, and starts
again with neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dependency_injector import providers

from adapters.memory.balance import MemoryBalanceReader
from adapters.memory.calendar import MemoryCalendarWriter
from adapters.memory.checkin import MemoryListSigner
from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.mail import MemoryEmailTemplates, MemoryTicketRenderer
from adapters.memory.payment import MemoryPaymentEvents
from adapters.memory.pictures import MemoryStudio
from adapters.memory.readiness import MemoryReadiness
from adapters.memory.report import MemoryReportReader
from adapters.memory.retention import MemoryRetention
from adapters.memory.throttle import MemoryAllowance, MemoryThrottle
from adapters.memory.work_log import MemoryWorkLog
from application.ports.system import Clock
from entrypoints.container import Container
from entrypoints.worker import TaskSlots, periodic_jobs
from tests.application.world import SETTINGS, SIGNATURE
from tests.simulation.faults import Blow, Ports
from tests.simulation.loop import Group
from tests.simulation.ports import Locks, Mailer, Notifier, Payments, ProcessClock, Storage

if TYPE_CHECKING:
    from tests.simulation.world import World

#: The worker's jobs are done this much less often than in production, but at least so often (in seconds): a run of two
#: simulated hours has to be short.
SLOWER: Final = 8
SLOWEST: Final = 1200
#: Rounds in a row that a job is left out while nothing changes. Each waits longer than the one before.
IDLE_AT_MOST: Final = 4
#: A process that died is started again after this, in seconds.
STARTED_AGAIN_AFTER: Final = (3, 30)
#: A clock that was moved follows the database's again after this, in seconds.
CLOCK_FOLLOWS_AFTER: Final = 30
#: The locks of a process that died are free after this, in seconds.
LOCKS_FREE_AFTER: Final = 3


class Application:
    """The parts of a container, by their names in it. A container is made once, and gets new adapters in each run: to
    make one takes longer than most runs.
    """

    _unused: Final[list[Application]] = []  # a pool

    def __init__(self) -> None:
        self._adapters: dict[str, Any] = {}
        leaves = {name: providers.Callable(self._adapters.__getitem__, name) for name in ADAPTERS}
        self._container = Container(**leaves)
        self._parts: dict[str, Any] = {}

    @classmethod
    def over(cls, adapters: dict[str, Any]) -> Application:
        """An application over these adapters, with no memory."""
        application = cls._unused.pop() if cls._unused else cls()
        application._adapters.update(adapters)
        return application

    def leave(self) -> None:
        """Be of use to another process."""
        self._container.reset_singletons()
        self._parts.clear()
        self._adapters.clear()
        self._unused.append(self)

    @property
    def container(self) -> Container:
        return self._container

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._parts:
            self._parts[name] = self._container.providers[name]()
        return self._parts[name]


ADAPTERS: Final = (
    "settings",
    "policy",
    "clock",
    "ids",
    "monotonic",
    "storage",
    "reports",
    "balance",
    "consistency_checker",
    "retention",
    "lock",
    "payment",
    "payment_for_buyers",
    "payment_events",
    "notifier",
    "mailer",
    "mail_pace",
    "free_mails",
    "email_templates",
    "calendars",
    "ticket_renderer",
    "picture_studio",
    "list_signer",
    "database_readiness",
    "redis_readiness",
    "work_log",
)


@dataclass(slots=True)
class _Life:
    """What a process has until it dies."""

    group: Group
    application: Application
    clock: ProcessClock
    locks: Locks


class Process:
    """``work`` begins what it does unasked, if it is a worker."""

    def __init__(self, name: str, world: World, work: Callable[[Process], None] | None = None) -> None:
        self.name = name
        self._world = world
        self._work = work
        self._lives = 0
        self._life = self._born()

    @property
    def group(self) -> Group:
        return self._life.group

    @property
    def app(self) -> Application:
        return self._life.application

    @property
    def is_up(self) -> bool:
        return not self.group.is_dead

    @property
    def is_frozen(self) -> bool:
        return self.group.frozen_until > self._world.loop.time()

    def _born(self) -> _Life:
        world = self._world
        self._lives += 1
        group = Group(f"{self.name} life {self._lives}", str(world.plan.seed))
        ports = Ports(self, group, world.weather, world.loop)
        clock, locks = ProcessClock(world.clock), Locks(world.lock_service, ports)
        payment = Payments(world.stripe, ports)
        adapters = _adapters(world, clock) | {
            "storage": Storage(world.server, ports),
            "lock": locks,
            "payment": payment,
            "payment_for_buyers": payment,
            "notifier": Notifier(world.queue, ports),
            "mailer": Mailer(world.mail_server, ports),
        }
        return _Life(group, Application.over(adapters), clock, locks)

    def start(self) -> None:
        """Begin what the process does unasked."""
        if self._work is not None:
            self._work(self)

    def kill(self) -> None:
        """End the process where it stands."""
        if not self.is_up:
            return
        world, life = self._world, self._life
        world.story.tell(self.name, "is dead")
        world.loop.kill(life.group)
        world.loop.spawn(world.loop.outside, self._bury(life))

    async def _bury(self, life: _Life) -> None:
        random = self._world.loop.outside.random
        await asyncio.sleep(LOCKS_FREE_AFTER)
        await life.locks.abandon()
        await asyncio.sleep(random.uniform(*STARTED_AGAIN_AFTER))
        self.start_again()

    def start_again(self) -> None:
        """Start it again, if it is dead."""
        if self.is_up:
            return
        self._world.graveyard.append(self._life.application)
        self._life = self._born()
        self._world.story.tell(self.name, "starts again")
        self.start()

    def move_clock(self, blow: Blow) -> None:
        """Put the clock wrong, for a while."""
        life = self._life
        seconds = blow.hazard.seconds * (18 if blow.count % 2 else -18)
        life.clock.shift = timedelta(seconds=seconds)
        loop = self._world.loop
        loop._as_outside(loop.time() + CLOCK_FOLLOWS_AFTER, self._follow, life.clock)

    @staticmethod
    def _follow(clock: ProcessClock) -> None:
        clock.shift = timedelta()

    def recover(self) -> None:
        """Be up, awake and on time."""
        self._world.loop.thaw(self.group)
        self._follow(self._life.clock)
        self.start_again()

    def lose_queue(self) -> None:
        """The queue forgets its messages."""
        self._world.queue.clear()

    def leave(self) -> None:
        """Give the application back."""
        self.app.leave()


def _adapters(world: World, clock: Clock) -> dict[str, Any]:
    """The adapters at which nothing goes wrong."""
    return {
        "settings": SETTINGS,
        "policy": world.policy,
        "clock": clock,
        "ids": world.ids,
        "monotonic": world.loop.time,
        "reports": MemoryReportReader(world.server),
        "balance": MemoryBalanceReader(world.server),
        "consistency_checker": MemoryConsistencyChecker(world.server),
        "retention": MemoryRetention(world.server),
        "payment_events": MemoryPaymentEvents(SIGNATURE),
        "mail_pace": MemoryThrottle(),
        "free_mails": MemoryAllowance(),
        "email_templates": MemoryEmailTemplates(),
        "calendars": MemoryCalendarWriter(),
        "ticket_renderer": MemoryTicketRenderer(),
        "picture_studio": MemoryStudio(),
        "list_signer": MemoryListSigner(),
        "database_readiness": MemoryReadiness(),
        "redis_readiness": MemoryReadiness(),
        "work_log": MemoryWorkLog(clock),
    }


def work_as_worker(world: World) -> Callable[[Process], None]:
    """What a worker does: its jobs, each in its rhythm, and the tasks that the queue names."""

    def work(process: Process) -> None:
        loop, app = world.loop, process.app
        slots = TaskSlots(app.run_task, app.work_meter)
        loop.spawn(process.group, _listen(world, slots))
        for pause, job in periodic_jobs(app.container):
            loop.spawn(process.group, _every(min(pause.total_seconds() * SLOWER, SLOWEST), job, world))

    return work


async def _listen(world: World, slots: TaskSlots) -> None:
    while True:
        await slots.take(await world.queue.take())


async def _every(pause: float, job: Callable[[], Any], world: World) -> None:
    """Do the job again and again until everything is to settle: less often while nothing changes in the database."""
    await asyncio.sleep(world.loop.outside.random.uniform(0, pause))
    seen, idle = -1, 0
    while not world.weather.is_calm:
        if world.server.changes != seen or idle == IDLE_AT_MOST:
            seen, idle = world.server.changes, 0
            await world.guarded(job)
        idle += 1
        await asyncio.sleep(pause * idle)
