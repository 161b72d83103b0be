"""PulseReader in PostgreSQL. An on-sale is asked every second: every statement has an index to go by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connection import Row
from adapters.postgres.snapshot import snapshot
from application.ports.pulse import MAX_SHOWS, PLACED_WITHIN, WINDOW, Holds, Sessions, ShowPulse
from application.ports.webhooks import NOT_OURS
from domain.timezones import zone_of

# Orders are found by their show and when they were placed, for the shows that are not over.
_SALES: Final = sa.text(
    f"""
    SELECT s.id AS show_id, s.title, s.start_time, s.timezone,
           recent.placed, recent.completed, lines.tickets, places.n AS left
    FROM shows s
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.created_at > :since AND o.created_at <= :now) AS placed,
               count(*) FILTER (WHERE o.completed_at > :since AND o.completed_at <= :now) AS completed
        FROM orders o WHERE o.show_id = s.id AND o.created_at > :placed_since
    ) recent
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.quantity), 0) AS tickets
        FROM orders o JOIN ticket_orders l ON l.order_id = o.id
        WHERE o.show_id = s.id AND o.created_at > :since AND o.created_at <= :now
    ) lines
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(free), 0) AS n
        FROM (
            SELECT quantity - held - sold AS free FROM tickets WHERE show_id = s.id AND capacity_id IS NULL
            UNION ALL
            SELECT size - held - sold FROM capacities WHERE show_id = s.id
        ) each
    ) places
    WHERE s.end_time > :now AND (recent.placed > 0 OR recent.completed > 0)
    ORDER BY recent.placed DESC, recent.completed DESC, s.id LIMIT {MAX_SHOWS}
    """  # noqa: S608  # a constant of ours
)
# The first condition as in the partial index: few orders hold tickets at a time.
_HOLDS: Final = sa.text(
    """
    SELECT count(*) AS orders,
           coalesce(sum((SELECT sum(quantity) FROM ticket_orders l WHERE l.order_id = o.id)), 0) AS tickets,
           count(*) FILTER (WHERE o.status = 'pending' AND o.session_id IS NULL) AS pages_missing,
           min(o.created_at) FILTER (WHERE o.status = 'pending' AND o.session_id IS NULL) AS page_missing_since,
           count(*) FILTER (WHERE o.status = 'pending' AND o.expires_at <= :now) AS overdue
    FROM orders o WHERE o.status IN ('pending', 'processing')
    """
)
_FAILED_EVENTS: Final = sa.text(
    "SELECT count(*) FROM payment_events"
    " WHERE handled_at IS NULL AND NOT starts_with(coalesce(last_error, ''), :not_ours)"
)
# A role without rights sees no state of other roles' connections, and counts them all the same.
_SESSIONS: Final = sa.text(
    """
    SELECT count(*) AS connections,
           count(*) FILTER (WHERE state = 'active') AS working,
           count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,
           extract(epoch FROM coalesce(max(clock_timestamp() - xact_start), '0')) AS longest
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    """
)


class PostgresPulse:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sales(self, *, now: datetime) -> list[ShowPulse]:
        parameters = {"now": now, "since": now - WINDOW, "placed_since": now - PLACED_WITHIN}
        return [
            ShowPulse(
                show_id=row["show_id"],
                title=row["title"],
                starts_at=row["start_time"].astimezone(zone_of(row["timezone"])),
                placed=row["placed"],
                tickets=int(row["tickets"]),
                completed=row["completed"],
                left=int(row["left"]),
            )
            for row in await self._read(_SALES, parameters)
        ]

    async def holds(self, *, now: datetime) -> Holds:
        [row] = await self._read(_HOLDS, {"now": now})
        since = row["page_missing_since"]
        return Holds(
            orders=row["orders"],
            tickets=int(row["tickets"]),
            pages_missing=row["pages_missing"],
            page_missing_for=max(now - since, timedelta()) if since else timedelta(),
            overdue=row["overdue"],
        )

    async def failed_events(self) -> int:
        [row] = await self._read(_FAILED_EVENTS, {"not_ours": NOT_OURS})
        return int(row["count"])

    async def sessions(self) -> Sessions:
        [row] = await self._read(_SESSIONS, {})
        return Sessions(
            connections=row["connections"],
            working=row["working"],
            waiting=row["waiting"],
            longest=timedelta(seconds=float(row["longest"])),
        )

    async def _read(self, statement: sa.TextClause, parameters: dict[str, Any]) -> list[Row]:
        async with snapshot(self._engine) as connection:
            return list((await connection.execute(statement, parameters)).mappings())
