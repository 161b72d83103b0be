"""Request and answer bodies about capacities and allocations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.capacity import Allocation, Capacity
from entrypoints.http.producer.schemas import VenueTime


class _In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of all request bodies."""


Places = Annotated[int, Meta(description="A number of places", examples=[400])]


class CapacityIn(_In):
    """Places of a show that its ticket types may share: a house, or a part of one."""

    name: str
    size: Places


class CapacityChangesIn(_In):
    """``size`` cannot go below the places that are held, sold and allocated."""

    name: str | UnsetType = UNSET
    size: Places | UnsetType = UNSET


class CapacityOut(msgspec.Struct, kw_only=True):
    """``held`` and ``sold`` count places; ``allocated`` are those that allocations keep off public sale and have not
    sold. ``remaining`` = ``size`` - ``held`` - ``sold`` - ``allocated``: what the public can buy now.
    """

    id: UUID
    show_id: UUID
    name: str
    size: int
    held: int
    sold: int
    allocated: int
    remaining: int

    @classmethod
    def of(cls, capacity: Capacity) -> CapacityOut:
        return cls(
            id=capacity.id,
            show_id=capacity.show_id,
            name=capacity.name,
            size=capacity.size,
            held=capacity.held,
            sold=capacity.sold,
            allocated=capacity.allocated,
            remaining=capacity.remaining,
        )


class CapacityListOut(msgspec.Struct):
    items: list[CapacityOut]
    next_cursor: str | None


class AllocationIn(_In):
    """Places of a capacity that are taken off public sale: for the press, for sponsors, for the door. At ``release_at``
    those that are not sold go back on public sale.
    """

    capacity_id: UUID
    name: str
    size: Places
    release_at: VenueTime | None = None


class AllocationChangesIn(_In):
    """``size`` cannot go below the places that are held and sold, nor beyond what its capacity has left. ``release_at``
    null: only by hand.
    """

    name: str | UnsetType = UNSET
    size: Places | UnsetType = UNSET
    release_at: VenueTime | UnsetType | None = UNSET


class AllocationOut(msgspec.Struct, kw_only=True):
    """``held`` and ``sold`` count the places of its orders; ``remaining`` are those that it keeps: zero once it was
    released (``released_at``).
    """

    id: UUID
    capacity_id: UUID
    name: str
    size: int
    held: int
    sold: int
    remaining: int
    release_at: datetime | None
    released_at: datetime | None

    @classmethod
    def of(cls, allocation: Allocation) -> AllocationOut:
        return cls(
            id=allocation.id,
            capacity_id=allocation.capacity_id,
            name=allocation.name,
            size=allocation.size,
            held=allocation.held,
            sold=allocation.sold,
            remaining=allocation.remaining,
            release_at=allocation.release_at,
            released_at=allocation.released_at,
        )


class AllocationListOut(msgspec.Struct):
    items: list[AllocationOut]
    next_cursor: str | None
