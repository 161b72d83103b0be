"""Processes: the real container over adapters in memory. One dies with its tasks and its memory, and starts again with
neither.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.memory.work_log import MemoryWorkLog
from application.ports.system import Clock
from entrypoints.container import Container
from entrypoints.worker import TaskSlots
from simulation.loop import Group, SimulatedLoop
from simulation.ports import Locks
from simulation.servers import Queue

#: The signature of the simulated Stripe.
SIGNATURE: Final = "signed by the provider"
#: The locks of a process that died are free after this, in seconds.
LOCKS_FREE_AFTER: Final = 3
#: A process that died is started again after this, in seconds: at least, at most.
STARTED_AGAIN_AFTER: Final = (3, 30)

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


def unconcerned(server: MemoryDatabase, clock: Clock) -> dict[str, Any]:
    """The adapters at which nothing happens that a simulation is about."""
    return {
        "reports": MemoryReportReader(server),
        "balance": MemoryBalanceReader(server),
        "consistency_checker": MemoryConsistencyChecker(server),
        "retention": MemoryRetention(server),
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


class Application:
    """The parts of a container, by their names in it. A container is made once, and gets new adapters in each run: to
    make one takes longer than most runs.
    """

    _unused: Final[list[Application]] = []  # a pool

    def __init__(self) -> None:
        self.adapters: dict[str, Any] = {}
        leaves = {name: providers.Callable(self.adapters.__getitem__, name) for name in ADAPTERS}
        self._container = Container(**leaves)
        self._parts: dict[str, Any] = {}

    @classmethod
    def over(cls, adapters: Mapping[str, Any]) -> Application:
        """An application over these adapters, with no memory."""
        application = cls._unused.pop() if cls._unused else cls()
        application.adapters.update(adapters)
        return application

    def leave(self) -> None:
        """Be of use to another process."""
        self._container.reset_singletons()
        self._parts.clear()
        self.adapters.clear()
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


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a process starts with: an adapter for each of ``ADAPTERS``, and its locks among them."""

    adapters: Mapping[str, Any]
    locks: Locks


@dataclass(frozen=True, slots=True)
class _Life:
    """What a process has until it dies."""

    group: Group
    application: Application
    locks: Locks


class Process(ABC):
    """A process that serves or works."""

    def __init__(self, name: str, loop: SimulatedLoop, seed: str) -> None:
        self.name = name
        self._loop = loop
        self._seed = seed
        #: How often it was started.
        self.lives = 0
        self._buried: list[Application] = []
        self._life = self._born()

    @abstractmethod
    def _outfit(self, group: Group) -> Outfit:
        """What the process starts with; ``group`` are its tasks until it dies."""

    @abstractmethod
    def tell(self, what: str) -> None:
        """Told that the process "is dead", or "starts again"."""

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
        return self.group.frozen_until > self._loop.time()

    def _born(self) -> _Life:
        self.lives += 1
        group = Group(f"{self.name} life {self.lives}", self._seed)
        outfit = self._outfit(group)
        return _Life(group, Application.over(outfit.adapters), outfit.locks)

    @abstractmethod
    def start(self) -> None:
        """Begin what the process does unasked."""

    def kill(self) -> None:
        """End the process where it stands."""
        if not self.is_up:
            return
        self.tell("is dead")
        self._loop.kill(self.group)
        self._loop.spawn(self._loop.outside, self._bury(self._life))

    async def _bury(self, life: _Life) -> None:
        random = self._loop.outside.random
        await asyncio.sleep(LOCKS_FREE_AFTER)
        await life.locks.abandon()
        await asyncio.sleep(random.uniform(*STARTED_AGAIN_AFTER))
        self.start_again()

    def start_again(self) -> None:
        """Start it again, if it is dead."""
        if self.is_up:
            return
        self._buried.append(self.app)
        self._life = self._born()
        self.tell("starts again")
        self.start()

    def leave(self) -> None:
        """Give the applications back."""
        for application in (*self._buried, self.app):
            application.leave()


async def listen(queue: Queue, slots: TaskSlots) -> None:
    """Take the tasks that the queue names, for ever."""
    while True:
        await slots.take(await queue.take())


def end(loop: SimulatedLoop, people: Group, processes: Sequence[Process]) -> None:
    """End all tasks of a world, close its loop, and give the applications back."""
    for process in processes:
        loop.kill(process.group)
    for task in [*people.tasks, *loop.outside.tasks]:
        task.cancel()
    groups = [people, loop.outside, *(process.group for process in processes)]
    loop.run_dry(groups)
    loop.close()
    for process in processes:
        process.leave()
