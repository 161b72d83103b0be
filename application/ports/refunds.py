"""Refunds of orders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from domain.refunds import Refund, RefundStatus


class RefundRepo(Protocol):
    """Refunds. The caller who writes one has locked its order."""

    async def add(self, refund: Refund) -> None: ...

    async def of_order(self, order_id: UUID) -> list[Refund]:
        """The order's refunds, in the order of their sequence."""
        ...

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Refund]]:
        """The refunds of each order that has any, read together, in the order of their sequence."""
        ...

    async def statuses(self, provider_refund_ids: Collection[str]) -> Mapping[str, RefundStatus]:
        """The status of each of Stripe's refunds that is known."""
        ...

    async def save(self, refund: Refund) -> None:
        """Write a refund's state."""
        ...
