"""DisputeRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import disputes
from domain.disputes import Dispute, DisputeStatus


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


def dispute_of(row: Row) -> Dispute:
    return Dispute(
        id=row["id"],
        order_id=row["order_id"],
        amount=row["amount"],
        status=DisputeStatus(row["status"]),
        reason=row["reason"],
        opened_at=row["opened_at"],
        evidence_due_by=row["evidence_due_by"],
        lost=row["lost"],
        recovered=row["recovered"],
        fees_returned=row["fees_returned"],
        reversal_id=row["reversal_id"],
        lost_at=row["lost_at"],
    )


def dispute_values(dispute: Dispute) -> Values:
    return {
        "id": dispute.id,
        "order_id": dispute.order_id,
        "amount": dispute.amount,
        "status": dispute.status,
        "reason": dispute.reason,
        "opened_at": dispute.opened_at,
        "evidence_due_by": dispute.evidence_due_by,
        "lost": dispute.lost,
        "recovered": dispute.recovered,
        "fees_returned": dispute.fees_returned,
        "reversal_id": dispute.reversal_id,
        "lost_at": dispute.lost_at,
    }
