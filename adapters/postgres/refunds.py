"""RefundRepo in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.rows import refund_of, refund_values
from adapters.postgres.tables import refunds
from domain.refunds import Refund


class PostgresRefundRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, refund: Refund) -> None:
        await self._connection.execute(sa.insert(refunds).values(refund_values(refund)))

    async def of_order(self, order_id: UUID) -> list[Refund]:
        query = sa.select(refunds).where(refunds.c.order_id == order_id).order_by(refunds.c.sequence)
        return [refund_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def save(self, refund: Refund) -> None:
        await self._connection.execute(
            sa.update(refunds).where(refunds.c.id == refund.id).values(refund_values(refund))
        )
