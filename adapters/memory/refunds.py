"""RefundRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from adapters.memory.tables import Tables
from domain.refunds import Refund, RefundStatus


class MemoryRefundRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, refund: Refund) -> None:
        self._tables.refunds[refund.id] = refund

    async def of_order(self, order_id: UUID) -> list[Refund]:
        found = [refund for refund in self._tables.refunds.values() if refund.order_id == order_id]
        return sorted(found, key=lambda refund: refund.sequence)

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Refund]]:
        return {id_: found for id_ in order_ids if (found := await self.of_order(id_))}

    async def statuses(self, provider_refund_ids: Collection[str]) -> Mapping[str, RefundStatus]:
        refunds = self._tables.refunds.values()
        return {r.provider_refund_id: r.status for r in refunds if r.provider_refund_id in set(provider_refund_ids)}

    async def save(self, refund: Refund) -> None:
        self._tables.refunds[refund.id] = refund
