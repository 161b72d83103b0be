"""The OrderMetrics port: it counts every call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.memory.metrics import MemoryOrderObserver
from adapters.prometheus.metrics import PrometheusMetrics
from application.ports.metrics import OrderMetrics
from domain.orders import OrderStatus

#: How often each status was counted.
Seen = Callable[[], Counter[str]]


def in_memory() -> tuple[OrderMetrics, Seen]:
    observer = MemoryOrderObserver()
    return observer, lambda: Counter(str(status) for status in observer.seen)


def in_prometheus() -> tuple[OrderMetrics, Seen]:
    metrics = PrometheusMetrics()

    def seen() -> Counter[str]:
        families = text_string_to_metric_families(metrics.exposition({}).decode())
        samples = [sample for family in families for sample in family.samples]
        total = "piquetickets_orders_settled_total"
        return Counter({s.labels["status"]: int(s.value) for s in samples if s.name == total})

    return metrics, seen


@pytest.mark.parametrize("observed", [in_memory, in_prometheus])
def test_every_order_is_seen(observed: Callable[[], tuple[OrderMetrics, Seen]]) -> None:
    observer, seen = observed()
    assert seen() == Counter()
    for status in [*OrderStatus, OrderStatus.COMPLETED]:
        observer.status_reached(status)
    assert seen() == Counter([*OrderStatus, OrderStatus.COMPLETED])
