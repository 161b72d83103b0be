"""TodayReader in PostgreSQL: each call is one round trip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, Rows, compiled
from adapters.postgres.invariant_queries import cancelled_shows, lost_refunds
from adapters.postgres.rows import allocation_of, capacity_of, show_of, ticket_of
from adapters.postgres.tables import allocations, capacities, shows, tickets
from application.ports.today import MAX_EVENINGS, MAX_PLANNED, MAX_TROUBLES, MISSED_FOR, NOWHERE, PAID_WITHIN, Place
from domain.alerts import LostTask, OpenDispute, OrderTrouble, PlannedShow, Troubles, UnpaidShow
from domain.disputes import DisputeStatus
from domain.evening import Evening, HeadLine
from domain.money import currency
from domain.sales_figures import Sales, Slice
from domain.tasks import TaskKind

_PLACE: Final = """
    SELECT timezone, locale FROM shows WHERE producer_id = %(producer_id)s
    ORDER BY end_time <= %(now)s, CASE WHEN end_time > %(now)s THEN end_time END, start_time DESC, id LIMIT 1
"""
# The counters know how many tickets are sold, and scans who is inside: both are read by the show. Only of orders that
# gave tickets back, which are few, are the attendees looked at: those whose place is sold though their ticket is void
# do not come, and those who were let in and whose place is on sale again are not among the sold.
EVENINGS: Final = f"""
    SELECT s.*,
           coalesce(own.capacity, 0) + coalesce(house.capacity, 0) AS capacity,
           coalesce(own.sold, 0) + coalesce(house.sold, 0) AS sold,
           coalesce(own.held, 0) + coalesce(house.held, 0) AS held,
           coalesce(house.kept, 0) AS kept,
           inside.n AS checked_in,
           coalesce(own.tickets, 0) - inside.n - void.staying_away + void.inside AS coming
    FROM shows s
    LEFT JOIN LATERAL (
        SELECT sum(quantity) FILTER (WHERE capacity_id IS NULL) AS capacity,
               sum(sold) FILTER (WHERE capacity_id IS NULL) AS sold,
               sum(held) FILTER (WHERE capacity_id IS NULL) AS held,
               sum(sold) AS tickets
        FROM tickets WHERE show_id = s.id
    ) own ON true
    LEFT JOIN LATERAL (
        SELECT sum(size) AS capacity, sum(sold) AS sold, sum(held) AS held, sum(allocated) AS kept
        FROM capacities WHERE show_id = s.id
    ) house ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM scans WHERE show_id = s.id AND result = 'admitted' AND undone_at IS NULL
    ) inside
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE NOT a.restocked AND a.checked_in_at IS NULL) AS staying_away,
               count(*) FILTER (WHERE a.restocked AND a.checked_in_at IS NOT NULL) AS inside
        FROM orders o JOIN ticket_attendees a ON a.order_id = o.id
        WHERE o.show_id = s.id AND (o.status IN ('partially_refunded', 'refunded') OR o.disputed)
          AND a.status = 'void'
    ) void
    WHERE s.producer_id = %(producer_id)s
      AND (s.start_time >= %(begins)s AND s.start_time < %(ends)s OR s.door_time <= %(now)s AND s.end_time > %(now)s)
    ORDER BY s.start_time, s.id LIMIT {MAX_EVENINGS}
"""  # noqa: S608  # a constant of ours
# An order's first line stands for the order. Orders are found by when they were placed, which has an index, and refunds
# by when they were asked for. What an exchange moved was not paid again, and has not gone back.
_SALES: Final = """
    SELECT width_bucket(at, %(marks)s::timestamptz[]) AS slice, currency,
           sum(orders) AS orders, sum(tickets) AS tickets, sum(paid) AS paid, sum(refunded) AS refunded
    FROM (
        SELECT o.completed_at AS at, o.currency, (l.line = 0)::int AS orders, l.quantity AS tickets,
               CASE WHEN l.line = 0 THEN o.amount_paid - o.credit ELSE 0 END AS paid, 0 AS refunded
        FROM shows s
        JOIN orders o ON o.show_id = s.id
        JOIN ticket_orders l ON l.order_id = o.id
        WHERE s.producer_id = %(producer_id)s AND o.created_at >= %(placed_since)s
          AND o.completed_at >= %(since)s AND o.completed_at <= %(now)s
        UNION ALL
        SELECT r.created_at, o.currency, 0, 0, 0, r.amount
        FROM refunds r JOIN orders o ON o.id = r.order_id JOIN shows s ON s.id = o.show_id
        WHERE s.producer_id = %(producer_id)s AND r.created_at >= %(since)s AND r.created_at <= %(now)s
          AND o.completed_at IS NOT NULL AND r.through_order_id IS NULL
          AND (r.status NOT IN ('failed', 'canceled') OR r.changed_at IS NOT NULL)
        UNION ALL
        SELECT r.changed_at, o.currency, 0, 0, 0, -r.amount
        FROM refunds r JOIN orders o ON o.id = r.order_id JOIN shows s ON s.id = o.show_id
        WHERE s.producer_id = %(producer_id)s AND r.changed_at >= %(since)s AND r.changed_at <= %(now)s
          AND o.completed_at IS NOT NULL AND r.through_order_id IS NULL AND r.status IN ('failed', 'canceled')
    ) moved
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_IS_PLANNED = sa.and_(
    shows.c.producer_id == sa.bindparam("producer_id", type_=sa.Uuid),
    shows.c.end_time > sa.bindparam("now", type_=sa.TIMESTAMP(timezone=True)),
    sa.not_(shows.c.cancelled),
)
_PLANNED: Final = (
    compiled(sa.select(shows).where(_IS_PLANNED).order_by(shows.c.start_time, shows.c.id).limit(MAX_PLANNED)),
    compiled(sa.select(tickets).join(shows).where(_IS_PLANNED).order_by(tickets.c.price, tickets.c.id)),
    compiled(sa.select(capacities).join(shows).where(_IS_PLANNED).order_by(capacities.c.id)),
    compiled(
        sa.select(allocations, capacities.c.show_id)
        .select_from(allocations.join(capacities).join(shows))
        .where(_IS_PLANNED)
        .order_by(allocations.c.id)
    ),
)
_OF_PRODUCER: Final = """
    SELECT found.*, o.id AS order_id, o.show_title, s.start_time AS starts_at
    FROM ({found}) found
    JOIN orders o ON o.id = found.subject_id
    JOIN shows s ON s.id = o.show_id
    WHERE s.producer_id = %(producer_id)s
    ORDER BY o.id LIMIT {limit}
"""
_REASON: Final = """coalesce((
        SELECT r.failure_reason FROM refunds r WHERE r.order_id = o.id AND r.status IN ('failed', 'canceled')
        ORDER BY r.sequence DESC LIMIT 1
    ), '') AS reason,"""
_REFUNDS: Final = _OF_PRODUCER.format(found=lost_refunds("true").replace("%", "%%"), limit=MAX_TROUBLES).replace(
    "found.*,", _REASON
)
_DUPLICATES: Final = _OF_PRODUCER.format(
    found="""
        SELECT order_id AS subject_id, coalesce(failure_reason, '') AS reason
        FROM duplicate_payments WHERE status IN ('failed', 'canceled')
    """,
    limit=MAX_TROUBLES,
)
# Written out as in the partial index of open disputes.
_DISPUTES: Final = _OF_PRODUCER.format(
    found="""
        SELECT id AS dispute_id, order_id AS subject_id, status, reason, amount, evidence_due_by
        FROM disputes
        WHERE status IN ('warning_needs_response', 'warning_under_review', 'needs_response', 'under_review',
                         'appeal_needs_response', 'appeal_under_review')
    """,
    limit=MAX_TROUBLES,
).replace("found.*,", "found.*, o.currency,")
# A mail that was sent again later, and arrived, is not missed any more.
LOST_TASKS: Final = _OF_PRODUCER.format(
    found="""
        SELECT t.order_id AS subject_id, t.kind, coalesce(t.last_error, '') AS reason
        FROM outbox t
        WHERE t.state = 'dead' AND t.order_id IS NOT NULL
          AND (t.due_at > %(missed_since)s OR right(t.kind, 5) <> '_mail') AND NOT EXISTS (
            SELECT FROM outbox later
            WHERE later.order_id = t.order_id AND later.kind = t.kind AND later.state = 'done'
              AND later.due_at > t.due_at
        )
    """,
    limit=MAX_TROUBLES,
).replace("ORDER BY o.id", "ORDER BY o.id, found.kind")
_UNPAID_SHOWS: Final = f"""
    SELECT s.id AS show_id, s.title AS show_title, count(*) AS orders
    FROM ({cancelled_shows("s.producer_id = <producer>").replace("%", "%%").replace("<producer>", "%(producer_id)s")})
        found
    JOIN orders o ON o.id = found.subject_id
    JOIN shows s ON s.id = o.show_id
    GROUP BY s.id, s.title, s.start_time ORDER BY s.start_time, s.id LIMIT {MAX_TROUBLES}
"""  # noqa: S608  # constants of ours


class PostgresTodayReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def place(self, producer_id: UUID, *, now: datetime) -> Place:
        [rows] = await self._connection.fetch((_PLACE, {"producer_id": producer_id, "now": now}))
        return Place(rows[0]["timezone"], rows[0]["locale"]) if rows else NOWHERE

    async def evenings(self, producer_id: UUID, *, begins: datetime, ends: datetime, now: datetime) -> list[Evening]:
        parameters = {"producer_id": producer_id, "begins": begins, "ends": ends, "now": now}
        [rows] = await self._connection.fetch((EVENINGS, parameters))
        return [Evening(show=show_of(row), head_line=_head_line(row)) for row in rows]

    async def sales(self, producer_id: UUID, *, marks: Sequence[datetime], now: datetime) -> list[Slice]:
        first, *_ = marks
        [rows] = await self._connection.fetch(
            (
                _SALES,
                {
                    "producer_id": producer_id,
                    "marks": list(marks),
                    "since": first,
                    "placed_since": first - PAID_WITHIN,
                    "now": now,
                },
            )
        )
        return [
            Slice(
                marks[row["slice"] - 1],
                currency(row["currency"]),
                Sales(
                    orders=int(row["orders"]),
                    tickets=int(row["tickets"]),
                    paid=int(row["paid"]),
                    refunded=int(row["refunded"]),
                ),
            )
            for row in rows
        ]

    async def planned(self, producer_id: UUID, *, now: datetime) -> list[PlannedShow]:
        parameters = {"producer_id": producer_id, "now": now}
        found, sold, shared, kept = await self._connection.fetch(
            *((sql, parameters | {"param_1": MAX_PLANNED}) for sql in _PLANNED)
        )
        by_show = [_by_show(rows) for rows in (sold, shared, kept)]
        return [
            PlannedShow(
                show=show_of(row),
                tickets=tuple(map(ticket_of, by_show[0][row["id"]])),
                capacities=tuple(map(capacity_of, by_show[1][row["id"]])),
                allocations=tuple(map(allocation_of, by_show[2][row["id"]])),
            )
            for row in found
        ]

    async def troubles(self, producer_id: UUID, *, now: datetime) -> Troubles:
        parameters = {"producer_id": producer_id, "missed_since": now - MISSED_FOR}
        refunds, duplicates, disputes, tasks, unpaid = await self._connection.fetch(
            *((sql, parameters) for sql in (_REFUNDS, _DUPLICATES, _DISPUTES, LOST_TASKS, _UNPAID_SHOWS))
        )
        return Troubles(
            refunds=tuple(OrderTrouble(**_of_order(row), reason=row["reason"]) for row in refunds),
            duplicates=tuple(OrderTrouble(**_of_order(row), reason=row["reason"]) for row in duplicates),
            disputes=tuple(
                OpenDispute(
                    **_of_order(row),
                    reason=row["reason"],
                    dispute_id=row["dispute_id"],
                    status=DisputeStatus(row["status"]),
                    amount=row["amount"],
                    currency=currency(row["currency"]),
                    evidence_due_by=row["evidence_due_by"],
                )
                for row in disputes
            ),
            tasks=tuple(LostTask(**_of_order(row), reason=row["reason"], kind=TaskKind(row["kind"])) for row in tasks),
            unpaid_shows=tuple(UnpaidShow(**row) for row in unpaid),
        )


def _head_line(row: dict[str, Any]) -> HeadLine:
    return HeadLine(**{name: int(row[name]) for name in HeadLine.__slots__})


def _by_show(rows: Rows) -> dict[UUID, Rows]:
    found: dict[UUID, Rows] = defaultdict(list)
    for row in rows:
        found[row["show_id"]].append(row)
    return found


def _of_order(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("order_id", "show_title", "starts_at")}
