"""The worker: runs outbox tasks, relays what the queue lost, sweeps, reconciles
(docs/domain-rules.md#work-after-a-commit).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from taskiq import AsyncBroker
from taskiq.receiver import Receiver

from adapters.taskiq.broker import RUN_TASKS
from application.ports.payment import PaymentUnavailable
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from application.tasks.run import RunTask
from application.tasks.workload import WorkMeter
from entrypoints.container import Container
from entrypoints.time_zone_rules import warn_of_outdated_shows
from entrypoints.timekeeping import FOLLOW_EVERY

log = logging.getLogger(__name__)

#: Tasks that one worker process does at a time. Rendering and mailing wait for others most of their time.
MAX_TASKS = 16
#: How long a due task waits at most for its dispatch, if the first one failed, or after its pause.
RELAY_EVERY = timedelta(seconds=1)
SWEEP_EVERY = timedelta(seconds=5)
RECONCILE_EVERY = timedelta(seconds=15)
LOOK_BACK_EVERY = timedelta(minutes=15)
#: How late a daily digest may be.
DIGESTS_EVERY = timedelta(minutes=1)
FORGET_EVERY = timedelta(minutes=10)
BEAT_EVERY = timedelta(seconds=15)
REPORT_EVERY = timedelta(seconds=15)
#: What happened since the last round is computed by every report: in an on-sale some ten thousand orders.
KEEP_TAKINGS_EVERY = timedelta(seconds=2)
#: How often the worker checks whether the daily work is due.
HOUSEKEEPING_EVERY = timedelta(hours=1)
RECONNECT_PAUSE = timedelta(seconds=1)
LISTENER_ENDS_WITHIN = timedelta(seconds=3)
#: A worker that is asked to stop finishes its tasks within this time; another worker does the rest.
FINISH_WITHIN = timedelta(seconds=10)
#: Work that does not end when it is cancelled is cancelled again after at most this time.
CANCEL_AGAIN_AFTER = timedelta(seconds=1)
CANCELLED_AT_MOST = 5


class TaskSlots:
    """A fixed number of slots for tasks, which do not depend on the queue.

    The queue's message is acknowledged when a slot takes the task, not when it is done: from then on the claim in the
    outbox protects it. So if a listener loses Redis and starts again, running tasks are not affected.
    """

    def __init__(self, run_task: RunTask, meter: WorkMeter, count: int = MAX_TASKS) -> None:
        self._run_task = run_task
        self._meter = meter
        self._free = asyncio.Semaphore(count)
        self._busy: set[asyncio.Task[None]] = set()
        self._folded = False

    async def take(self, task_id: UUID) -> None:
        """Begin the task as soon as a slot is free.

        Once the slots are closed, the task is left to another worker's relay.
        """
        await self._free.acquire()
        if self._folded:
            self._free.release()
            return
        working = asyncio.create_task(self._do(task_id))
        self._busy.add(working)
        working.add_done_callback(self._busy.discard)

    async def finish(self, within: timedelta) -> None:
        """Finish the tasks that were begun, and begin no more; abandon those that are not done in time."""
        self._folded = True
        if not self._busy:
            return
        _, unfinished = await asyncio.wait(set(self._busy), timeout=within.total_seconds())
        for working in unfinished:
            working.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def _do(self, task_id: UUID) -> None:
        try:
            with self._meter.at_work():
                if await self._run_task(task_id) is not None:
                    self._meter.count()
        except (StorageUnavailable, StorageConflict) as error:
            log.warning("Task %s is left to the relay: %s", task_id, error)
        except Exception:
            log.exception("Task %s is left to the relay", task_id)
        finally:
            self._free.release()


async def run_worker(container: Container, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set, then finish what was begun. No failure of the queue or the database ends it."""
    broker = container.broker()
    broker.is_worker_process = True
    slots = TaskSlots(container.run_task(), container.work_meter())
    register_tasks(broker, slots)
    await container.follow_clocks()()
    async with asyncio.TaskGroup() as group:
        group.create_task(_listen(broker, slots, stop))
        looking = warn_of_outdated_shows(container.check_timezones())
        group.create_task(until_stopped("The check of time zone rules", looking, stop, FINISH_WITHIN))
        # In the process, not over the queue: holds must be released and tasks relayed when Redis is away, too.
        group.create_task(_every(BEAT_EVERY, container.heartbeat().beat, stop))
        group.create_task(_every(REPORT_EVERY, container.report_work(), stop))
        group.create_task(_every(HOUSEKEEPING_EVERY, container.daily_retention(), stop))
        group.create_task(_every(HOUSEKEEPING_EVERY, container.queue_housekeeping(), stop))
        group.create_task(_every(FOLLOW_EVERY, container.follow_clocks(), stop))
        group.create_task(_every(KEEP_TAKINGS_EVERY, container.keep_takings(), stop))
        for pause, job in periodic_jobs(container):
            group.create_task(_every(pause, job, stop))
    await container.heartbeat().leave()


def periodic_jobs(container: Container) -> list[tuple[timedelta, Callable[[], Awaitable[int]]]]:
    """What every worker does again and again, and how often: work for which the database and the ports suffice."""
    return [
        (RELAY_EVERY, container.relay_tasks()),
        (SWEEP_EVERY, container.release_overdue()),
        (SWEEP_EVERY, container.release_cancelled()),
        (SWEEP_EVERY, container.release_due_allocations()),
        (SWEEP_EVERY, container.refund_cancelled()),
        (RECONCILE_EVERY, container.reconcile()),
        (FORGET_EVERY, container.forget_claims()),
        (FORGET_EVERY, container.forget_contents()),
        (RECONCILE_EVERY, container.announce_pending_payments()),
        (DIGESTS_EVERY, container.add_due_digests()),
        (LOOK_BACK_EVERY, container.review_refunds_and_disputes()),
        (LOOK_BACK_EVERY, container.reconcile().look_for_lost_payments),
    ]


def register_tasks(broker: AsyncBroker, slots: TaskSlots) -> None:
    """Register the handler of the messages that adapters.taskiq sends."""

    async def run(task_ids: list[str]) -> None:
        for task_id in task_ids:
            await slots.take(UUID(task_id))

    broker.register_task(run, task_name=RUN_TASKS)


async def _listen(broker: AsyncBroker, slots: TaskSlots, stop: asyncio.Event) -> None:
    with ThreadPoolExecutor(max_workers=1) as executor:  # the receiver requires one; our tasks are coroutines
        while not stop.is_set():
            # One message at a time and none ahead: no other worker could get a message that waits here.
            receiver = Receiver(broker, executor, max_async_tasks=1, run_startup=False, wait_tasks_timeout=1)
            try:
                await until_stopped("The queue's listener", _read(broker, receiver, stop), stop, LISTENER_ENDS_WITHIN)
            except Exception as error:  # noqa: BLE001  # the queue's library passes on any error of Redis
                log.warning("The queue cannot be read, trying again: %s", _innermost(error))
                await _pause(RECONNECT_PAUSE, stop)
    await slots.finish(FINISH_WITHIN)


async def _read(broker: AsyncBroker, receiver: Receiver, stop: asyncio.Event) -> None:
    await broker.startup()
    await receiver.listen(stop)


async def _every(pause: timedelta, job: Callable[[], Awaitable[int]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        await until_stopped(_name(job), _once(job), stop, FINISH_WITHIN)
        await _pause(pause, stop)


async def _once(job: Callable[[], Awaitable[int]]) -> None:
    try:
        await job()
    except (StorageUnavailable, StorageConflict, PaymentUnavailable) as error:
        log.warning("%s is tried again later: %s", _name(job), error)
    except Exception:
        log.exception("%s failed", _name(job))


async def until_stopped(name: str, work: Coroutine[Any, Any, None], stop: asyncio.Event, within: timedelta) -> None:
    """Do ``work``. Once ``stop`` is set, it has ``within`` to finish; then it is cancelled, as if this process had
    died.

    Libraries may lose a cancellation and go on: they are cancelled again, and left behind if nothing helps.
    """
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({working}, timeout=within.total_seconds())
        for _ in range(CANCELLED_AT_MOST):
            if working.done():
                break
            log.warning("%s is not done yet and is cancelled", name)
            working.cancel()
            await asyncio.wait({working}, timeout=min(within, CANCEL_AGAIN_AFTER).total_seconds())
        else:
            log.error("%s cannot be stopped: %s", name, working.get_stack())
    finally:
        stopping.cancel()
        working.cancel()
    if working.done() and not working.cancelled():
        working.result()


def _name(job: Callable[[], Awaitable[int]]) -> str:
    return getattr(job, "__name__", type(job).__name__)


async def _pause(pause: timedelta, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), pause.total_seconds())


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
