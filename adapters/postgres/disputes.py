"""DisputeRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.rows import dispute_of, dispute_values
from adapters.postgres.tables import disputes
from domain.disputes import Dispute


class PostgresDisputeRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_order(self, order_id: UUID) -> list[Dispute]:
        return (await self.of_orders([order_id])).get(order_id, [])

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Dispute]]:
        theirs = sa.select(disputes).where(disputes.c.order_id.in_(order_ids))
        found: dict[UUID, list[Dispute]] = {}
        for row in (await self._connection.execute(theirs.order_by(disputes.c.opened_at, disputes.c.id))).mappings():
            found.setdefault(row["order_id"], []).append(dispute_of(row))
        return found

    async def save(self, dispute: Dispute) -> None:
        values = dispute_values(dispute)
        written = insert(disputes).values(values)
        await self._connection.execute(written.on_conflict_do_update(index_elements=["id"], set_=values))
