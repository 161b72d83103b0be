"""The metrics for Prometheus."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from adapters.prometheus.metrics import CONTENT_TYPE, Gauge, PrometheusMetrics
from application.catalog.timezones import WatchTimezones
from application.ports.unit_of_work import StorageUnavailable
from application.tasks.backlog import MeasureBacklog
from domain.tasks import TaskKind


@get("/metrics", media_type=CONTENT_TYPE, summary="Metrics for Prometheus", operation_id="metrics", tags=["Health"])
async def get_metrics(
    metrics: NamedDependency[PrometheusMetrics],
    measure_backlog: NamedDependency[MeasureBacklog],
    watch_timezones: NamedDependency[WatchTimezones],
) -> Response[bytes]:
    """Counters and histograms of all server processes of this host, and the outbox of the whole installation."""
    return Response(metrics.exposition(await _gauges(measure_backlog, watch_timezones)), media_type=CONTENT_TYPE)


async def _gauges(measure_backlog: MeasureBacklog, watch_timezones: WatchTimezones) -> dict[str, Gauge]:
    try:
        backlog = await measure_backlog()
        outdated_shows = await watch_timezones()
    except StorageUnavailable:
        return {"database_up": ("Whether the database answered.", 0)}  # the other metrics matter most just then
    return {
        "database_up": ("Whether the database answered.", 1),
        "outbox_pending": ("Tasks to be done, those that wait for another try included.", backlog.pending),
        "outbox_dead": ("Tasks given up after their last try.", backlog.dead),
        "shows_outdated": ("Shows that are at other moments by the time zone rules in force.", outdated_shows),
        "outbox_perhaps_sent": ("Tasks whose mail the mail server has perhaps accepted.", backlog.perhaps_sent),
        "outbox_overdue_seconds": ("How long the oldest task has been due.", backlog.oldest.total_seconds()),
        "outbox_due": (
            "Tasks that are due and wait for a worker, by kind.",
            {kind.value: backlog.overdue[kind].count if kind in backlog.overdue else 0 for kind in TaskKind},
        ),
        "outbox_due_oldest_seconds": (
            "How long the oldest of them has been due, by kind.",
            {kind.value: overdue.oldest.total_seconds() for kind, overdue in backlog.overdue.items()},
        ),
    }
