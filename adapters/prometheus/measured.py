"""Decorators that count and time what stands behind a port, and change nothing about it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from adapters.prometheus.metrics import PrometheusMetrics
from application.checkout.place_orders import CheckoutRequest, Placement
from application.ports.lock import Lease, Lock, LockTimeout, LockUnavailable, MoreNames, nothing_more

Decide = Callable[[Sequence[CheckoutRequest]], Awaitable[list[Placement | Exception]]]

_WORD_STARTS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


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


class MeasuredDecisions:
    """Group commit's Decide: observed once a batch, so that an order costs next to nothing."""

    def __init__(self, decide: Decide, metrics: PrometheusMetrics) -> None:
        self._decide = decide
        self._metrics = metrics

    async def __call__(self, requests: Sequence[CheckoutRequest]) -> list[Placement | Exception]:
        started = time.perf_counter()
        outcomes: Sequence[Placement | Exception] = ()
        try:
            decided = outcomes = await self._decide(requests)
        except Exception as error:
            outcomes = [error] * len(requests)
            raise
        finally:
            self._metrics.decision_seconds.observe(time.perf_counter() - started)
            self._metrics.batch_size.observe(len(requests))
            for outcome, count in Counter(map(outcome_name, outcomes)).items():
                self._metrics.checkouts.labels(outcome).inc(count)
        return decided


def outcome_name(outcome: Placement | Exception) -> str:
    """``held``, ``sold`` (free), ``repeated`` (a known Idempotency-Key), or the refusal: ``tickets_unavailable``."""
    if isinstance(outcome, Exception):
        return _WORD_STARTS.sub("_", type(outcome).__name__).lower()
    if not outcome.is_new:
        return "repeated"
    return "held" if outcome.order.holds_tickets else "sold"
