"""DuplicatePaymentRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import duplicate_payments
from domain.duplicate_payments import DuplicatePayment
from domain.refunds import RefundStatus

_payments = duplicate_payments.c


class PostgresDuplicatePaymentRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, payments: Sequence[DuplicatePayment]) -> list[DuplicatePayment]:
        if not payments:
            return []
        added = await self._connection.scalars(
            insert(duplicate_payments)
            .values([duplicate_payment_values(payment) for payment in payments])
            .on_conflict_do_nothing()
            .returning(_payments.payment_intent_id)
        )
        new = set(added.all())
        return [payment for payment in payments if payment.payment_intent_id in new]

    async def get(self, payment_intent_id: str) -> DuplicatePayment | None:
        return await self._one(sa.select(duplicate_payments).where(_payments.payment_intent_id == payment_intent_id))

    async def of_order(self, order_id: UUID) -> list[DuplicatePayment]:
        query = (
            sa.select(duplicate_payments)
            .where(_payments.order_id == order_id)
            .order_by(_payments.received_at, _payments.payment_intent_id)
        )
        return [duplicate_payment_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def lock(self, payment_intent_id: str) -> DuplicatePayment | None:
        return await self._one(
            sa.select(duplicate_payments).where(_payments.payment_intent_id == payment_intent_id).with_for_update()
        )

    async def known(self, payment_intent_ids: Collection[str]) -> frozenset[str]:
        found = await self._connection.scalars(
            sa.select(_payments.payment_intent_id).where(_payments.payment_intent_id.in_(payment_intent_ids))
        )
        return frozenset(found.all())

    async def save(self, payment: DuplicatePayment) -> None:
        await self._connection.execute(
            sa.update(duplicate_payments)
            .where(_payments.payment_intent_id == payment.payment_intent_id)
            .values(duplicate_payment_values(payment))
        )

    async def _one(self, query: sa.Select[Any]) -> DuplicatePayment | None:
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return duplicate_payment_of(row) if row else None


def duplicate_payment_of(row: Row) -> DuplicatePayment:
    return DuplicatePayment(
        payment_intent_id=row["payment_intent_id"],
        order_id=row["order_id"],
        amount=row["amount"],
        currency=row["currency"],
        received_at=row["received_at"],
        status=RefundStatus(row["status"]),
        returned=row["returned"],
        returns_lost=row["returns_lost"],
        refusals=row["refusals"],
        failure_reason=row["failure_reason"],
        taken=row["taken"],
        recovered=row["recovered"],
        contested=row["contested"],
    )


def duplicate_payment_values(payment: DuplicatePayment) -> Values:
    return {
        "payment_intent_id": payment.payment_intent_id,
        "order_id": payment.order_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "received_at": payment.received_at,
        "status": payment.status,
        "returned": payment.returned,
        "returns_lost": payment.returns_lost,
        "refusals": payment.refusals,
        "failure_reason": payment.failure_reason,
        "taken": payment.taken,
        "recovered": payment.recovered,
        "contested": payment.contested,
        "charged_back": payment.taken >= payment.amount,
    }
