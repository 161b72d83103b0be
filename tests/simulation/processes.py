"""Processes over the ports of a hostile world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from entrypoints.worker import TaskSlots, periodic_jobs
from simulation.loop import Group
from simulation.ports import Locks, Mailer, Notifier, Payments, ProcessClock, Storage
from simulation.processes import Outfit, listen, unconcerned
from simulation.processes import Process as AnyProcess
from tests.application.world import SETTINGS
from tests.simulation.faults import Blow, Ports

if TYPE_CHECKING:
    from tests.simulation.world import World

#: The worker's jobs are done this much less often than in production, but at least so often (in seconds): a run of two
#: simulated hours has to be short.
SLOWER: Final = 8
SLOWEST: Final = 1200
#: Rounds in a row that a job is left out while nothing changes. Each waits longer than the one before.
IDLE_AT_MOST: Final = 4
#: A clock that was moved follows the database's again after this, in seconds.
CLOCK_FOLLOWS_AFTER: Final = 30


class Process(AnyProcess):
    """A process of the world, whose clock can be moved."""

    def __init__(self, name: str, world: World, work: Callable[[Process], None] | None = None) -> None:
        self._world = world
        self._work = work
        self._clock: ProcessClock
        super().__init__(name, world.loop, str(world.plan.seed))

    @override
    def start(self) -> None:
        if self._work is not None:
            self._work(self)

    @override
    def _outfit(self, group: Group) -> Outfit:
        world = self._world
        ports = Ports(self, group, world.weather, world.loop)
        self._clock = ProcessClock(world.clock)
        locks = Locks(world.lock_service, ports)
        payment = Payments(world.stripe, ports)
        adapters = {
            **unconcerned(world.server, self._clock),
            "settings": SETTINGS,
            "policy": world.policy,
            "clock": self._clock,
            "ids": world.ids,
            "monotonic": world.loop.time,
            "storage": Storage(world.server, ports),
            "lock": locks,
            "payment": payment,
            "payment_for_buyers": payment,
            "notifier": Notifier(world.queue, ports),
            "mailer": Mailer(world.mail_server, ports),
        }
        return Outfit(adapters, locks)

    @override
    def tell(self, what: str) -> None:
        self._world.story.tell(self.name, what)

    def move_clock(self, blow: Blow) -> None:
        """Put the clock wrong, for a while."""
        seconds = blow.hazard.seconds * (18 if blow.count % 2 else -18)
        self._clock.shift = timedelta(seconds=seconds)
        loop = self._world.loop
        loop.as_outside(loop.time() + CLOCK_FOLLOWS_AFTER, self._follow, self._clock)

    @staticmethod
    def _follow(clock: ProcessClock) -> None:
        clock.shift = timedelta()

    def recover(self) -> None:
        """Be up, awake and on time."""
        self._world.loop.thaw(self.group)
        self._follow(self._clock)
        self.start_again()

    def lose_queue(self) -> None:
        """The queue forgets its messages."""
        self._world.queue.clear()


def work_as_worker(world: World) -> Callable[[Process], None]:
    """What a worker does: its jobs, each in its rhythm, and the tasks that the queue names."""

    def work(process: Process) -> None:
        loop, app = world.loop, process.app
        slots = TaskSlots(app.run_task, app.work_meter)
        loop.spawn(process.group, listen(world.queue, slots))
        for pause, job in periodic_jobs(app.container):
            loop.spawn(process.group, _every(min(pause.total_seconds() * SLOWER, SLOWEST), job, world))

    return work


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
