"""DuplicatePaymentRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from adapters.memory.tables import Tables
from domain.duplicate_payments import DuplicatePayment


class MemoryDuplicatePaymentRepo:
    def __init__(self, tables: Tables) -> None:
        self._stored = tables.duplicate_payments

    async def add(self, payments: Sequence[DuplicatePayment]) -> list[DuplicatePayment]:
        new = []
        for payment in payments:
            if payment.payment_intent_id not in self._stored:
                self._stored[payment.payment_intent_id] = payment
                new.append(payment)
        return new

    async def get(self, payment_intent_id: str) -> DuplicatePayment | None:
        return self._stored.get(payment_intent_id)

    async def of_order(self, order_id: UUID) -> list[DuplicatePayment]:
        found = [payment for payment in self._stored.values() if payment.order_id == order_id]
        return sorted(found, key=lambda payment: (payment.received_at, payment.payment_intent_id))

    async def lock(self, payment_intent_id: str) -> DuplicatePayment | None:
        return self._stored.get(payment_intent_id)

    async def known(self, payment_intent_ids: Collection[str]) -> frozenset[str]:
        return frozenset(payment_intent_ids) & self._stored.keys()

    async def save(self, payment: DuplicatePayment) -> None:
        self._stored[payment.payment_intent_id] = payment
