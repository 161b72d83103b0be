"""BalanceReader in PostgreSQL: the audit's own queries, for the shows of one producer."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.invariant_queries import held, paid_once, refunds, sold
from adapters.postgres.snapshot import snapshot
from domain.alerts import Imbalance

_SHOWS: Final = "SELECT id FROM shows WHERE producer_id = :producer_id AND end_time > :since"
_TICKETS: Final = f"SELECT id FROM tickets WHERE show_id IN ({_SHOWS})"  # noqa: S608  # constants of ours
_OF_TICKETS: Final = (
    held(f"t.show_id IN ({_SHOWS})"),
    sold(f"t.show_id IN ({_SHOWS})", f"l.ticket_id IN ({_TICKETS})"),
)
_OF_ORDERS: Final = (paid_once(f"show_id IN ({_SHOWS})"), refunds(f"o.show_id IN ({_SHOWS})"))
# Of each show the first finding: one is enough to look at it.
_IMBALANCES: Final = sa.text(
    f"""
    SELECT s.id AS show_id, s.title AS show_title, min(found.detail) AS detail
    FROM (
        SELECT t.show_id, x.detail FROM ({" UNION ALL ".join(_OF_TICKETS)}) x JOIN tickets t ON t.id = x.subject_id
        UNION ALL
        SELECT o.show_id, x.detail FROM ({" UNION ALL ".join(_OF_ORDERS)}) x JOIN orders o ON o.id = x.subject_id
    ) found
    JOIN shows s ON s.id = found.show_id
    GROUP BY s.id, s.title, s.start_time ORDER BY s.start_time, s.id
    """  # noqa: S608  # constants of ours
)


class PostgresBalanceReader:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def imbalances(self, producer_id: UUID, *, since: datetime) -> list[Imbalance]:
        async with snapshot(self._engine) as connection:
            rows = await connection.execute(_IMBALANCES, {"producer_id": producer_id, "since": since})
            return [Imbalance(**row) for row in rows.mappings()]
