"""Second payments for an order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from domain.duplicate_payments import DuplicatePayment


class DuplicatePaymentRepo(Protocol):
    """Second payments for an order."""

    async def add(self, payments: Sequence[DuplicatePayment]) -> list[DuplicatePayment]:
        """Store payments whose orders are locked. Returns those that were not known before."""
        ...

    async def get(self, payment_intent_id: str) -> DuplicatePayment | None: ...

    async def of_order(self, order_id: UUID) -> list[DuplicatePayment]:
        """The order's second payments, oldest first."""
        ...

    async def lock(self, payment_intent_id: str) -> DuplicatePayment | None:
        """The payment, locked until the transaction ends."""
        ...

    async def known(self, payment_intent_ids: Collection[str]) -> frozenset[str]:
        """Those of the payments that are duplicates."""
        ...

    async def save(self, payment: DuplicatePayment) -> None:
        """Write its state. Lock it first."""
        ...
