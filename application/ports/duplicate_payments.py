"""Payments that came a second time for an order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from domain.duplicate_payments import DuplicatePayment


class DuplicatePaymentRepo(Protocol):
    """Money that came a second time for an order."""

    async def add(self, payments: Sequence[DuplicatePayment]) -> list[DuplicatePayment]:
        """Remember them, whose orders are locked. Those that were not known before."""
        ...

    async def get(self, payment_intent_id: str) -> DuplicatePayment | None: ...

    async def lock(self, payment_intent_id: str) -> DuplicatePayment | None:
        """It, locked until the transaction ends."""
        ...

    async def known(self, payment_intent_ids: Collection[str]) -> frozenset[str]:
        """Which of these payments are such."""
        ...

    async def save(self, payment: DuplicatePayment) -> None:
        """Write how it stands. Lock it first."""
        ...
