"""DuplicatePaymentRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.rows import duplicate_payment_of, duplicate_payment_values
from adapters.postgres.tables import duplicate_payments
from domain.duplicate_payments import DuplicatePayment

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
