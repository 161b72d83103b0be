"""All metrics. With several server processes each writes separate files, and any of them adds them all up: that is
prometheus-client's multiprocess mode, chosen by PROMETHEUS_MULTIPROC_DIR before the metrics are made.
"""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server, values
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from application.checkout.place_orders import Placement
from application.payments.change_orders import ChangedOrder
from domain.timezones import RULES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Seconds: from what Redis takes to the longest wait of a buyer.
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20)
#: The help text, and the value; or a value for each kind.
Gauge = tuple[str, float | Mapping[str, float]]

_WORD_STARTS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)


class PrometheusMetrics:
    """Each instance has a separate registry, so tests can have many. Nothing here raises or waits."""

    def __init__(self) -> None:
        # prometheus-client chooses when it is loaded. A process may be a fork of one that had loaded it before.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._checkouts = Counter(
            "piquetickets_checkouts", "Checkouts decided, by outcome.", ["outcome"], registry=registry
        )
        self._batch_size = Histogram(
            "piquetickets_checkout_batch_size", "Checkouts decided together.", buckets=_BATCH_SIZES, registry=registry
        )
        self._decision_seconds = Histogram(
            "piquetickets_checkout_decision_seconds",
            "The transaction of one batch of checkouts, once the locks are had.",
            buckets=_QUICK,
            registry=registry,
        )
        self.lock_wait_seconds = Histogram(
            "piquetickets_lock_wait_seconds",
            "Waiting for ticket locks, by outcome.",
            ["outcome"],
            buckets=_QUICK,
            registry=registry,
        )
        self._transaction_seconds = Histogram(
            "piquetickets_database_transaction_seconds",
            "Database transactions, by how they ended.",
            ["end"],
            buckets=_QUICK,
            registry=registry,
        )
        self._settled = Counter(
            "piquetickets_orders_settled",
            "Orders that came into a status by their payment.",
            ["status"],
            registry=registry,
        )
        self._stripe_seconds = Histogram(
            "piquetickets_stripe_call_seconds",
            "Calls to Stripe's API, by operation and outcome (HTTP status, or no_answer).",
            ["operation", "outcome"],
            buckets=_SLOW,
            registry=registry,
        )
        self._http_requests = Counter(
            "piquetickets_http_requests",
            "Requests answered, by route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._http_seconds = Histogram(
            "piquetickets_http_request_seconds",
            "Time to the beginning of the answer; that of POST /api/v1/checkout is the buyer's wait.",
            ["method", "route"],
            buckets=_QUICK,
            registry=registry,
        )

        self._tasks = Counter(
            "piquetickets_tasks", "Tries of tasks, by kind and outcome.", ["kind", "outcome"], registry=registry
        )
        self._task_seconds = Histogram(
            "piquetickets_task_seconds",
            "Tries of tasks, by kind: a mail's with its turn at the mail server.",
            ["kind"],
            buckets=_SLOW,
            registry=registry,
        )

        # Finding a metric by its labels takes longer than counting.
        self._transactions_of = cache(self._transaction_seconds.labels)
        self._calls_of = cache(self._stripe_seconds.labels)
        self._answers_of = cache(self._http_requests.labels)
        self._latencies_of = cache(self._http_seconds.labels)

    def checkouts_decided(self, outcomes: Sequence[Placement | Exception], seconds: float) -> None:
        """Count a batch of checkouts that were decided together."""
        self._decision_seconds.observe(seconds)
        self._batch_size.observe(len(outcomes))
        for name, count in collections.Counter(map(_outcome_name, outcomes)).items():
            self._checkouts.labels(name).inc(count)

    def transaction_ended(self, how: str, seconds: float) -> None:
        """Count a unit of work that ended by a commit or a rollback."""
        self._transactions_of(how).observe(seconds)

    def orders_changed(self, outcomes: Sequence[ChangedOrder | Exception], seconds: float) -> None:  # noqa: ARG002
        """Count the statuses that orders came into by a batch of changes."""
        for outcome in outcomes:
            if isinstance(outcome, ChangedOrder) and outcome.has_moved:
                self._settled.labels(outcome.order.status).inc()

    def stripe_called(self, operation: str, outcome: str, seconds: float) -> None:
        """Count one HTTP call, the SDK's repetitions included."""
        self._calls_of(operation, outcome).observe(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count one HTTP request. ``seconds`` is None if there is no such route."""
        self._answers_of(method, route, str(status)).inc()
        if seconds is not None:
            self._latencies_of(method, route).observe(seconds)

    def task_tried(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one try of a task."""
        self._tasks.labels(kind, outcome).inc()
        self._task_seconds.labels(kind).observe(seconds)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[None]:
        """Serve what this process counts, from a thread: for a worker, which has no web server.

        Raises OSError where the address cannot be had.
        """
        server, thread = start_http_server(port, host, registry=self._whole())
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def exposition(self, gauges: Mapping[str, Gauge]) -> bytes:
        """All metrics in Prometheus' text format, with the present values of ``gauges`` by name."""
        now = CollectorRegistry()
        now.register(_Gauges(gauges))
        return generate_latest(self._whole()) + generate_latest(now)

    def _whole(self) -> CollectorRegistry:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


def _outcome_name(outcome: Placement | Exception) -> str:
    """``held``, ``sold`` (free), ``repeated`` (a known Idempotency-Key), or the refusal: ``tickets_unavailable``."""
    if isinstance(outcome, Exception):
        return _WORD_STARTS.sub("_", type(outcome).__name__).lower()
    if not outcome.is_new:
        return "repeated"
    return "held" if outcome.order.holds_tickets else "sold"


class _Gauges(Collector):
    def __init__(self, gauges: Mapping[str, Gauge]) -> None:
        self._gauges = gauges

    @override
    def collect(self) -> Iterable[Metric]:
        for name, (documentation, value) in self._gauges.items():
            if not isinstance(value, Mapping):
                yield GaugeMetricFamily(f"piquetickets_{name}", documentation, value=value)
                continue
            family = GaugeMetricFamily(f"piquetickets_{name}", documentation, labels=["kind"])
            for kind, of_kind in value.items():
                family.add_metric([kind], of_kind)
            yield family
        rules = GaugeMetricFamily(
            "piquetickets_time_zone_rules", "1, with the release of the time zone rules in force.", labels=["release"]
        )
        rules.add_metric([RULES], 1)
        yield rules
