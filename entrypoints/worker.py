"""The worker: runs outbox tasks as the queue brings them, and sweeps up behind everybody (design.md §6)."""

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
from application.ports.storage import StorageConflict, StorageUnavailable
from application.tasks import RunTask
from entrypoints.container import Container

log = logging.getLogger(__name__)

#: Tasks that one worker process does at a time. Rendering and mailing wait for others most of their time.
MAX_TASKS = 16
RELAY_EVERY = timedelta(seconds=5)
SWEEP_EVERY = timedelta(seconds=5)
RECONCILE_EVERY = timedelta(seconds=15)
LOOK_BACK_EVERY = timedelta(minutes=15)
BEAT_EVERY = timedelta(seconds=15)
RECONNECT_PAUSE = timedelta(seconds=2)
#: A worker that is told to stop finishes its tasks within this time; what is not done then, another one does.
FINISH_WITHIN = timedelta(seconds=10)


async def run_worker(container: Container, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set, then finish what was begun. Nothing that the queue or the database does ends it."""
    broker = container.broker()
    broker.is_worker_process = True
    register_tasks(broker, container.run_task())
    async with asyncio.TaskGroup() as group:
        group.create_task(_listen(broker, stop))
        # In the process, not over the queue: holds must be released and tasks relayed when Redis is away, too.
        group.create_task(_every(BEAT_EVERY, container.heartbeat().beat, stop))
        group.create_task(_every(RELAY_EVERY, container.relay_tasks(), stop))
        group.create_task(_every(SWEEP_EVERY, container.release_overdue(), stop))
        group.create_task(_every(RECONCILE_EVERY, container.reconcile(), stop))
        group.create_task(_every(LOOK_BACK_EVERY, container.reconcile().look_for_lost_payments, stop))


def register_tasks(broker: AsyncBroker, run_task: RunTask) -> None:
    """Tell the broker what to do with the messages that adapters.taskiq sends."""

    async def run(task_ids: list[str]) -> None:
        for task_id in task_ids:
            await run_task(UUID(task_id))

    broker.register_task(run, task_name=RUN_TASKS)


async def _listen(broker: AsyncBroker, stop: asyncio.Event) -> None:
    with ThreadPoolExecutor(max_workers=1) as executor:  # the receiver wants one; our tasks are coroutines
        while not stop.is_set():
            receiver = Receiver(
                broker,
                executor,
                max_async_tasks=MAX_TASKS,
                max_prefetch=MAX_TASKS,
                run_startup=False,
                wait_tasks_timeout=FINISH_WITHIN.total_seconds(),
            )
            try:
                await broker.startup()
                await _until_stopped(receiver.listen(stop), stop)
            except Exception as error:  # noqa: BLE001  # the queue's library raises whatever Redis gave it
                log.warning("The queue cannot be read, trying again: %s", _innermost(error))
                await _pause(RECONNECT_PAUSE, stop)


async def _until_stopped(listening: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Listen until ``stop``, and a little longer for what was begun.

    The listener may lose the cancellation that should end it and go on reading: it is asked again until it ends.
    """
    task = asyncio.create_task(listening)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.wait({task}, timeout=FINISH_WITHIN.total_seconds() if stop.is_set() else None)
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
    if not task.cancelled():
        task.result()


async def _every(pause: timedelta, job: Callable[[], Awaitable[int]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await job()
        except (StorageUnavailable, StorageConflict, PaymentUnavailable) as error:
            log.warning("%s comes again later: %s", _name(job), error)
        except Exception:
            log.exception("%s failed", _name(job))
        await _pause(pause, stop)


def _name(job: Callable[[], Awaitable[int]]) -> str:
    return getattr(job, "__name__", type(job).__name__)


async def _pause(pause: timedelta, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), pause.total_seconds())


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
