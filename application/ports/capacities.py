"""The places that ticket types share, and those that are kept off public sale."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.capacity import Allocation, Capacity


class CapacityRepo(Protocol):
    """Capacities. Their sizes and counters belong to the InventoryRepo, which locks them."""

    async def add(self, *capacities: Capacity) -> None: ...

    async def get(self, capacity_id: UUID) -> Capacity | None: ...

    async def save(self, capacity: Capacity) -> None:
        """Write the name."""
        ...

    async def delete(self, capacity_id: UUID) -> None:
        """Delete the capacity. No ticket and no allocation may be of it."""
        ...

    async def is_used(self, capacity_id: UUID) -> bool:
        """Whether a ticket or an allocation is of it."""
        ...

    async def of_show(self, show_id: UUID, *, after: UUID | None, limit: int) -> list[Capacity]:
        """The show's capacities in the order of their ids, from the one after ``after``."""
        ...


class AllocationRepo(Protocol):
    """Allocations. Their sizes and counters, and whether they are released, belong to the InventoryRepo, which locks
    them.
    """

    async def add(self, *allocations: Allocation) -> None: ...

    async def get(self, allocation_id: UUID) -> Allocation | None: ...

    async def save(self, allocation: Allocation) -> None:
        """Write name and ``release_at``."""
        ...

    async def delete(self, allocation_id: UUID) -> None:
        """Delete the allocation. It must have no orders."""
        ...

    async def of_show(self, show_id: UUID, *, after: UUID | None, limit: int) -> list[Allocation]:
        """The show's allocations in the order of their ids, from the one after ``after``."""
        ...

    async def due(self, *, now: datetime, limit: int) -> list[UUID]:
        """Those that are to be released by ``now`` and are not, the longest overdue first."""
        ...

    async def have_orders(self, *, allocation_id: UUID | None = None, ticket_id: UUID | None = None) -> bool:
        """Whether an order has a line out of this allocation; or, with ``ticket_id``, one of this ticket out of any."""
        ...
