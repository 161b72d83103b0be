"""Decisions of a batch are counted once they are made, and nothing about them changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.measured import MeasuredDecider
from adapters.prometheus.metrics import PrometheusMetrics
from application.concurrency.group_commit import decide_with, nothing_to_hand_over
from application.payments.change_orders import ChangedOrder
from domain.errors import NotFound
from domain.orders import OrderStatus
from tests.support.factories import order

Outcome = ChangedOrder | Exception


def settled(metrics: PrometheusMetrics) -> Counter[str]:
    """How often an order came into each status."""
    families = text_string_to_metric_families(metrics.exposition({}).decode())
    samples = [sample for family in families for sample in family.samples]
    total = "piquetickets_orders_settled_total"
    return Counter({s.labels["status"]: int(s.value) for s in samples if s.name == total})


async def as_asked(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    return outcomes


async def test_every_order_that_came_into_another_status_is_counted() -> None:
    metrics = PrometheusMetrics()
    changes = MeasuredDecider(decide_with(as_asked), metrics.orders_changed)
    assert settled(metrics) == Counter()
    statuses = [*OrderStatus, OrderStatus.COMPLETED]
    outcomes: list[Outcome] = [ChangedOrder(order(status=status), has_moved=True) for status in statuses]
    outcomes += [ChangedOrder(order(status=OrderStatus.PENDING), has_moved=False), NotFound("No such order")]
    assert await changes.decide(outcomes, nothing_to_hand_over) == outcomes
    assert settled(metrics) == Counter(statuses)


async def test_a_batch_that_failed_moved_no_order_and_its_failure_is_passed_on() -> None:
    async def fail(_: Sequence[Outcome]) -> Sequence[Outcome]:
        raise ConnectionError

    metrics = PrometheusMetrics()
    changes = MeasuredDecider(decide_with(fail), metrics.orders_changed)
    with pytest.raises(ConnectionError):
        await changes.decide([ChangedOrder(order(status=OrderStatus.COMPLETED), has_moved=True)], nothing_to_hand_over)
    assert settled(metrics) == Counter()
