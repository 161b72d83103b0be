"""CapacityRepo and AllocationRepo in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from domain.capacity import Allocation, Capacity


class MemoryCapacityRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, *capacities: Capacity) -> None:
        self._tables.capacities.update({capacity.id: capacity for capacity in capacities})

    async def get(self, capacity_id: UUID) -> Capacity | None:
        return self._tables.capacities.get(capacity_id)

    async def save(self, capacity: Capacity) -> None:
        stored = self._tables.capacities[capacity.id]
        self._tables.capacities[capacity.id] = replace(stored, name=capacity.name)

    async def delete(self, capacity_id: UUID) -> None:
        del self._tables.capacities[capacity_id]

    async def is_used(self, capacity_id: UUID) -> bool:
        used = {ticket.capacity_id for ticket in self._tables.tickets.values()}
        return capacity_id in used | {allocation.capacity_id for allocation in self._tables.allocations.values()}

    async def of_show(self, show_id: UUID, *, after: UUID | None, limit: int) -> list[Capacity]:
        of_show = [capacity for capacity in self._tables.capacities.values() if capacity.show_id == show_id]
        found = [capacity for capacity in of_show if after is None or capacity.id > after]
        return sorted(found, key=lambda capacity: capacity.id)[:limit]


class MemoryAllocationRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, *allocations: Allocation) -> None:
        self._tables.allocations.update({allocation.id: allocation for allocation in allocations})

    async def get(self, allocation_id: UUID) -> Allocation | None:
        return self._tables.allocations.get(allocation_id)

    async def save(self, allocation: Allocation) -> None:
        stored = self._tables.allocations[allocation.id]
        changed = replace(stored, name=allocation.name, release_at=allocation.release_at)
        self._tables.allocations[allocation.id] = changed

    async def delete(self, allocation_id: UUID) -> None:
        del self._tables.allocations[allocation_id]

    async def of_show(self, show_id: UUID, *, after: UUID | None, limit: int) -> list[Allocation]:
        capacities = self._tables.capacities
        of_show = [a for a in self._tables.allocations.values() if capacities[a.capacity_id].show_id == show_id]
        found = [allocation for allocation in of_show if after is None or allocation.id > after]
        return sorted(found, key=lambda allocation: allocation.id)[:limit]

    async def due(self, *, now: datetime, limit: int) -> list[UUID]:
        waiting = [a for a in self._tables.allocations.values() if a.release_at and not a.is_released]
        due = [(a.release_at, a.id) for a in waiting if a.release_at and a.release_at <= now]
        return [allocation_id for _, allocation_id in sorted(due)[:limit]]

    async def have_orders(self, *, allocation_id: UUID | None = None, ticket_id: UUID | None = None) -> bool:
        return any(
            line.allocation_id is not None
            and allocation_id in (None, line.allocation_id)
            and ticket_id in (None, line.ticket_id)
            for order in self._tables.orders.values()
            for line in order.lines
        )
