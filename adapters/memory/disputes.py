"""DisputeRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from adapters.memory.tables import Tables
from domain.disputes import Dispute


class MemoryDisputeRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def of_order(self, order_id: UUID) -> list[Dispute]:
        found = [dispute for dispute in self._tables.disputes.values() if dispute.order_id == order_id]
        return sorted(found, key=lambda dispute: (dispute.opened_at, dispute.id))

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Dispute]]:
        return {id_: found for id_ in order_ids if (found := await self.of_order(id_))}

    async def save(self, dispute: Dispute) -> None:
        self._tables.disputes[dispute.id] = dispute
