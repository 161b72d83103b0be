"""RefundRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import refunds
from domain.refunds import Refund, RefundStatus


class PostgresRefundRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, refund: Refund) -> None:
        await self._connection.execute(sa.insert(refunds).values(refund_values(refund)))

    async def of_order(self, order_id: UUID) -> list[Refund]:
        return (await self.of_orders([order_id])).get(order_id, [])

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Refund]]:
        query = sa.select(refunds).where(refunds.c.order_id.in_(order_ids)).order_by(refunds.c.sequence)
        found: dict[UUID, list[Refund]] = {}
        for row in (await self._connection.execute(query)).mappings():
            found.setdefault(row["order_id"], []).append(refund_of(row))
        return found

    async def statuses(self, provider_refund_ids: Collection[str]) -> Mapping[str, RefundStatus]:
        query = sa.select(refunds.c.stripe_refund_id, refunds.c.status).where(
            refunds.c.stripe_refund_id.in_(provider_refund_ids)
        )
        rows = await self._connection.execute(query)
        return {row.stripe_refund_id: RefundStatus(row.status) for row in rows}

    async def save(self, refund: Refund) -> None:
        await self._connection.execute(
            sa.update(refunds).where(refunds.c.id == refund.id).values(refund_values(refund))
        )


def refund_of(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        order_id=row["order_id"],
        sequence=row["sequence"],
        amount=row["amount"],
        refund_fees=row["refund_fees"],
        reason=row["reason"],
        created_at=row["created_at"],
        status=RefundStatus(row["status"]),
        provider_refund_id=row["stripe_refund_id"],
        failure_reason=row["failure_reason"],
        made_by_provider=row["made_at_stripe"],
        through=row["through_order_id"],
        fees_moved=row["fees_moved"],
        changed_at=row["changed_at"],
    )


def refund_values(refund: Refund) -> Values:
    return {
        "id": refund.id,
        "order_id": refund.order_id,
        "sequence": refund.sequence,
        "amount": refund.amount,
        "refund_fees": refund.refund_fees,
        "reason": refund.reason,
        "created_at": refund.created_at,
        "status": refund.status,
        "stripe_refund_id": refund.provider_refund_id,
        "failure_reason": refund.failure_reason,
        "made_at_stripe": refund.made_by_provider,
        "through_order_id": refund.through,
        "fees_moved": refund.fees_moved,
        "changed_at": refund.changed_at,
    }
