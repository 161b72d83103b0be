"""Disputes of orders' payments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from domain.disputes import Dispute


class DisputeRepo(Protocol):
    """Disputes of orders' payments. The caller who writes one has locked its order."""

    async def of_order(self, order_id: UUID) -> list[Dispute]:
        """The order's disputes, oldest first."""
        ...

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Dispute]]:
        """The disputes of each order that has any, read together, oldest first."""
        ...

    async def save(self, dispute: Dispute) -> None:
        """Write a new dispute, or the state of a known one."""
        ...
