"""Decorators that count and time calls to a port, and change nothing about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from typing_extensions import override

from adapters.prometheus.metrics import PrometheusMetrics
from application.concurrency.group_commit import BatchDecider
from application.ports.lock import Lease, Lock, LockTimeout, LockUnavailable, MoreNames, nothing_more

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


class MeasuredDecider(BatchDecider[Request, Result]):
    """``observe`` gets the outcomes of each batch, and how many seconds the decision took. Once a batch: a request
    costs next to nothing.
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
    ) -> AbstractAsyncContextManager[Callable[[Request], bool]]:
        return self._decider.prepare(requests, waiting)

    @override
    async def decide(self, requests: Sequence[Request]) -> Sequence[Result | Exception]:
        started = time.perf_counter()
        try:
            outcomes = await self._decider.decide(requests)
        except Exception as error:
            self._observe([error] * len(requests), time.perf_counter() - started)
            raise
        self._observe(outcomes, time.perf_counter() - started)
        return outcomes
