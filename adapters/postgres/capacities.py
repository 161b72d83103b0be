"""CapacityRepo and AllocationRepo in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.rows import (
    allocation_counters,
    allocation_of,
    allocation_values,
    capacity_counters,
    capacity_of,
    capacity_values,
)
from adapters.postgres.tables import allocations, capacities, ticket_orders, tickets
from domain.capacity import Allocation, Capacity


class PostgresCapacityRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *added: Capacity) -> None:
        rows = [capacity_values(capacity) | capacity_counters(capacity) for capacity in added]
        if rows:
            await self._connection.execute(sa.insert(capacities), rows)

    async def get(self, capacity_id: UUID) -> Capacity | None:
        found = await self._connection.execute(sa.select(capacities).where(capacities.c.id == capacity_id))
        row = found.mappings().one_or_none()
        return capacity_of(row) if row else None

    async def save(self, capacity: Capacity) -> None:
        change = sa.update(capacities).where(capacities.c.id == capacity.id).values(capacity_values(capacity))
        await self._connection.execute(change)

    async def delete(self, capacity_id: UUID) -> None:
        await self._connection.execute(sa.delete(capacities).where(capacities.c.id == capacity_id))

    async def is_used(self, capacity_id: UUID) -> bool:
        users = [sa.exists().where(table.c.capacity_id == capacity_id) for table in (tickets, allocations)]
        return bool(await self._connection.scalar(sa.select(sa.or_(*users))))

    async def of_show(self, show_id: UUID, *, after: UUID | None, limit: int) -> list[Capacity]:
        of_show = sa.select(capacities).where(capacities.c.show_id == show_id)
        rows = await self._connection.execute(_page(of_show, capacities, after, limit))
        return [capacity_of(row) for row in rows.mappings()]


class PostgresAllocationRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *added: Allocation) -> None:
        rows = [allocation_values(allocation) | allocation_counters(allocation) for allocation in added]
        if rows:
            await self._connection.execute(sa.insert(allocations), rows)

    async def get(self, allocation_id: UUID) -> Allocation | None:
        found = await self._connection.execute(sa.select(allocations).where(allocations.c.id == allocation_id))
        row = found.mappings().one_or_none()
        return allocation_of(row) if row else None

    async def save(self, allocation: Allocation) -> None:
        change = sa.update(allocations).where(allocations.c.id == allocation.id).values(allocation_values(allocation))
        await self._connection.execute(change)

    async def delete(self, allocation_id: UUID) -> None:
        await self._connection.execute(sa.delete(allocations).where(allocations.c.id == allocation_id))

    async def of_show(self, show_id: UUID, *, after: UUID | None, limit: int) -> list[Allocation]:
        of_show = sa.select(allocations).join(capacities).where(capacities.c.show_id == show_id)
        rows = await self._connection.execute(_page(of_show, allocations, after, limit))
        return [allocation_of(row) for row in rows.mappings()]

    async def due(self, *, now: datetime, limit: int) -> list[UUID]:
        due = (
            sa.select(allocations.c.id)
            .where(allocations.c.released_at.is_(None), allocations.c.release_at <= now)
            .order_by(allocations.c.release_at, allocations.c.id)
            .limit(limit)
        )
        return list((await self._connection.scalars(due)).all())

    async def have_orders(self, *, allocation_id: UUID | None = None, ticket_id: UUID | None = None) -> bool:
        lines = sa.exists().where(ticket_orders.c.allocation_id.is_not(None))
        if allocation_id is not None:
            # By their tickets, which have an index: those of the allocation's capacity. A ticket with such orders stays
            # there.
            capacity = sa.select(allocations.c.capacity_id).where(allocations.c.id == allocation_id).scalar_subquery()
            of_capacity = sa.select(tickets.c.id).where(tickets.c.capacity_id == capacity)
            lines = lines.where(
                ticket_orders.c.allocation_id == allocation_id, ticket_orders.c.ticket_id.in_(of_capacity)
            )
        if ticket_id is not None:
            lines = lines.where(ticket_orders.c.ticket_id == ticket_id)
        return bool(await self._connection.scalar(sa.select(lines)))


def _page(query: sa.Select[Any], table: sa.Table, after: UUID | None, limit: int) -> sa.Select[Any]:
    page = query.order_by(table.c.id).limit(limit)
    return page if after is None else page.where(table.c.id > after)
