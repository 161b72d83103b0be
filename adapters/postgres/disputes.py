"""DisputeRepo in PostgreSQL."""

from __future__ import annotations

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
        query = sa.select(disputes).where(disputes.c.order_id == order_id).order_by(disputes.c.opened_at, disputes.c.id)
        return [dispute_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def save(self, dispute: Dispute) -> None:
        values = dispute_values(dispute)
        written = insert(disputes).values(values)
        await self._connection.execute(written.on_conflict_do_update(index_elements=["id"], set_=values))
