"""The metrics for Prometheus."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from adapters.prometheus.metrics import CONTENT_TYPE, Gauge, PrometheusMetrics
from application.catalog.timezones import WatchTimezones
from application.operations.pulse import ReadHolding
from application.ports.pulse import Holds, Workforce
from application.ports.unit_of_work import StorageUnavailable
from application.tasks.backlog import Backlog, MeasureBacklog
from domain.tasks import TaskKind
from entrypoints.injection import SharedRouter


@get("/metrics", media_type=CONTENT_TYPE, summary="Metrics for Prometheus", operation_id="metrics", tags=["Health"])
async def get_metrics(
    metrics: NamedDependency[PrometheusMetrics],
    measure_backlog: NamedDependency[MeasureBacklog],
    watch_timezones: NamedDependency[WatchTimezones],
    read_holding: NamedDependency[ReadHolding],
) -> Response[bytes]:
    """Counters and histograms of all server processes of this host; outbox, holds and workers of the whole
    installation.
    """
    gauges = await _of_database(measure_backlog, watch_timezones, read_holding)
    gauges.update(_of_workforce(await read_holding.workforce()))
    return Response(metrics.exposition(gauges), media_type=CONTENT_TYPE)


async def _of_database(
    measure_backlog: MeasureBacklog, watch_timezones: WatchTimezones, read_holding: ReadHolding
) -> dict[str, Gauge]:
    try:
        holds, failed_events = await read_holding()
        return {
            **_of_backlog(await measure_backlog()),
            **_of_holds(holds),
            "shows_outdated": (
                "Shows that are at other moments by the time zone rules in force.",
                await watch_timezones(),
            ),
            "events_failed": ("Events of Stripe's that could not be handled.", failed_events),
            "database_up": ("Whether the database answered.", 1),
        }
    except StorageUnavailable:
        return {"database_up": ("Whether the database answered.", 0)}  # the other metrics matter most just then


def _of_backlog(backlog: Backlog) -> dict[str, Gauge]:
    return {
        "outbox_pending": ("Tasks to be done, those that wait for another try included.", backlog.pending),
        "outbox_dead": ("Tasks given up after their last try.", backlog.dead),
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


def _of_holds(holds: Holds) -> dict[str, Gauge]:
    return {
        "holds": ("Orders that hold tickets until they are paid.", holds.orders),
        "held_tickets": ("The tickets that they hold.", holds.tickets),
        "holds_overdue": ("Unpaid orders whose time is over, and that still hold tickets.", holds.overdue),
        "payment_pages_missing": ("Holds that wait for their page at Stripe.", holds.pages_missing),
        "payment_page_missing_seconds": (
            "How long the oldest of them has waited.",
            holds.page_missing_for.total_seconds(),
        ),
    }


def _of_workforce(workforce: Workforce | None) -> dict[str, Gauge]:
    if workforce is None:
        return {"redis_up": ("Whether Redis answered.", 0)}
    return {
        "redis_up": ("Whether Redis answered.", 1),
        "workers": ("Workers that were alive within the last minute.", workforce.workers),
        "stripe_wait_seconds": (
            "How long a new payment page would wait for its turn at Stripe.",
            workforce.stripe_wait_seconds,
        ),
        "mail_wait_seconds": (
            "How long a new mail would wait for its turn at the mail server.",
            workforce.mail_wait_seconds,
        ),
    }


router = SharedRouter("/", route_handlers=[get_metrics])
