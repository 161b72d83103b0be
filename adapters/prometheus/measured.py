"""Decorators that count and time calls to a port, and change nothing about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TypeVar

from typing_extensions import override

from adapters.prometheus.metrics import PrometheusMetrics
from application.concurrency.group_commit import BatchDecider, HandOver, Preparation
from application.ports.lock import Lease, Lock, LockTimeout, LockUnavailable, MoreNames, nothing_more
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tasks.run import ClaimLost, Handler, PostponeTask, TaskPerhapsDone
from domain.tasks import OutboxTask, TaskKind

Request = TypeVar("Request")
Result = TypeVar("Result")


class MeasuredLock:
    def __init__(self, lock: Lock, metrics: PrometheusMetrics) -> None:
        self._lock = lock
        self._wait_seconds = metrics.lock_wait_seconds

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        outcome = "cancelled"
        started = time.perf_counter()
        try:
            lease = await self._lock.acquire(names, also)
            outcome = "acquired"
        except LockTimeout:
            outcome = "timeout"
            raise
        except LockUnavailable:
            outcome = "unavailable"
            raise
        finally:
            self._wait_seconds.labels(outcome).observe(time.perf_counter() - started)
        return lease

    async def release(self, lease: Lease) -> bool:
        return await self._lock.release(lease)


class MeasuredDatabase:
    """A UnitOfWorkFactory that counts and times transactions. Units of work that only read are not measured."""

    def __init__(self, database: UnitOfWorkFactory, metrics: PrometheusMetrics) -> None:
        self._database = database
        self._metrics = metrics

    def __call__(self, *, read_only: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        begun = self._database(read_only=read_only)
        return begun if read_only else _MeasuredTransaction(begun, self._metrics)


class _MeasuredTransaction(AbstractAsyncContextManager[UnitOfWork, None]):
    def __init__(self, begun: AbstractAsyncContextManager[UnitOfWork], metrics: PrometheusMetrics) -> None:
        self._begun = begun
        self._metrics = metrics
        self._uow: UnitOfWork
        self._began_at: float

    @override
    async def __aenter__(self) -> UnitOfWork:
        self._uow = await self._begun.__aenter__()
        self._began_at = time.perf_counter()
        return self._uow

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._begun.__aexit__(kind, error, trace)
        finally:
            end = "commit" if self._uow.is_committed else "rollback"
            self._metrics.transaction_ended(end, time.perf_counter() - self._began_at)


class MeasuredDecider(BatchDecider[Request, Result]):
    """``observe`` gets the outcomes of each batch, and the seconds that the decision took. It is called once for each
    batch, so a request costs next to nothing.
    """

    def __init__(
        self,
        decider: BatchDecider[Request, Result],
        observe: Callable[[Sequence[Result | Exception], float], None],
    ) -> None:
        self._decider = decider
        self._observe = observe

    @override
    def prepare(
        self, requests: Sequence[Request], waiting: Callable[[], Sequence[Request]]
    ) -> AbstractAsyncContextManager[Preparation[Request]]:
        return self._decider.prepare(requests, waiting)

    @override
    async def decide(self, requests: Sequence[Request], hand_over: HandOver) -> Sequence[Result | Exception]:
        started = time.perf_counter()
        try:
            outcomes = await self._decider.decide(requests, hand_over)
        except Exception as error:
            self._observe([error] * len(requests), time.perf_counter() - started)
            raise
        self._observe(outcomes, time.perf_counter() - started)
        return outcomes


def measured_tasks(handlers: Mapping[TaskKind, Handler], metrics: PrometheusMetrics) -> Mapping[TaskKind, Handler]:
    """The handlers of tasks, each counted by how it ended, and timed."""
    return {kind: _measured(handler, metrics) for kind, handler in handlers.items()}


def _measured(handler: Handler, metrics: PrometheusMetrics) -> Handler:
    async def run(task: OutboxTask) -> None:
        started, outcome = time.perf_counter(), "failed"
        try:
            await handler(task)
            outcome = "done"
        except PostponeTask:
            outcome = "postponed"
            raise
        except ClaimLost:
            outcome = "left_alone"
            raise
        except TaskPerhapsDone:
            outcome = "perhaps_done"
            raise
        except asyncio.CancelledError:
            outcome = "interrupted"
            raise
        finally:
            metrics.task_tried(task.kind, outcome, time.perf_counter() - started)

    return run
