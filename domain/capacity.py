"""Places that several ticket types share (docs/domain-rules.md#capacities-and-allocations).

A capacity is a house, or a part of one: a number of places, sold at any price. A ticket type that draws on it takes
``places`` of it with each ticket. An allocation takes places off public sale, until it is released.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from domain.catalog import MAX_QUANTITY, Ticket
from domain.errors import Conflict, InvalidRequest
from domain.inventory import Inventory
from domain.texts import check_title

#: Far more parts than a house has, and far fewer than would make its page slow.
MAX_CAPACITIES = 50
MAX_ALLOCATIONS = 200

#: A change of counters by a number of places: a method of Inventory.
Move = Callable[[Inventory, int], Inventory]


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_QUANTITY:
        raise InvalidRequest(f"size must be 0 to {MAX_QUANTITY}", field="size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Places of a show that its ticket types share. ``held`` and ``sold`` count places, in and out of allocations;
    ``allocated`` are the places that allocations keep and have not sold.

    Always: none is below zero, and held + sold + allocated <= size.
    """

    id: UUID
    show_id: UUID
    name: str
    size: int
    held: int = 0
    sold: int = 0
    allocated: int = 0

    def __post_init__(self) -> None:
        check_title(self.name, "name")
        _check_size(self.size)
        if min(self.held, self.sold, self.allocated) < 0 or self.taken > self.size:
            raise Conflict(
                f"Capacity does not add up: {self.held} held + {self.sold} sold + {self.allocated} allocated "
                f"of {self.size}"
            )

    @property
    def taken(self) -> int:
        """The places that are not on public sale."""
        return self.held + self.sold + self.allocated

    @property
    def remaining(self) -> int:
        """The places that the public can still buy."""
        return self.size - self.taken

    def moved(self, move: Move, places: int, *, allocated: int = 0) -> Capacity:
        """The capacity after a change of its held and sold places. ``allocated`` places more are kept by allocations.

        Raises Conflict if it does not add up.
        """
        counters = move(Inventory(None, self.held, self.sold), places)
        return Capacity(  # three times as fast as ``replace``, for each order
            id=self.id,
            show_id=self.show_id,
            name=self.name,
            size=self.size,
            held=counters.held,
            sold=counters.sold,
            allocated=self.allocated + allocated,
        )

    def resized(self, size: int) -> Capacity:
        """The capacity with another size. Raises InvalidRequest, Conflict if more places are taken."""
        _check_size(size)
        if size < self.taken:
            raise Conflict(
                f"size cannot go below {self.taken}: {self.held} places are held, {self.sold} are sold and "
                f"{self.allocated} are allocated",
                field="size",
            )
        return replace(self, size=size)

    def keeping(self, places: int) -> Capacity:
        """The capacity of which allocations keep this many places more (below zero: fewer).

        Raises Conflict if fewer remain.
        """
        if places > self.remaining:
            raise Conflict(f"Only {self.remaining} places of {self.name} are left to allocate", field="size")
        return replace(self, allocated=self.allocated + places)


class CapacityFields(TypedDict, total=False):
    """The fields of a capacity that a producer writes, all or some."""

    name: str
    size: int


class AllocationFields(TypedDict, total=False):
    """The fields of an allocation that a producer writes, all or some."""

    name: str
    size: int
    release_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Places of a capacity that are not on public sale: for the press, for sponsors, for the door.

    Orders are sold out of it by its id, and give back to it. Once it is released (by hand, or at ``release_at``) the
    places that it has not sold are on public sale; its orders are then the public's, and it only counts them.

    Always: held >= 0, sold >= 0, and held + sold <= size until it is released.
    """

    id: UUID
    capacity_id: UUID
    name: str
    size: int
    held: int = 0
    sold: int = 0
    release_at: datetime | None = None
    released_at: datetime | None = None

    def __post_init__(self) -> None:
        check_title(self.name, "name")
        _check_size(self.size)
        self._counters()

    @property
    def is_released(self) -> bool:
        return self.released_at is not None

    @property
    def remaining(self) -> int:
        """The places that it keeps: zero once it is released."""
        return 0 if self.is_released else self.size - self.held - self.sold

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be released by now, and is not."""
        return not self.is_released and self.release_at is not None and self.release_at <= now

    def moved(self, move: Move, places: int) -> Allocation:
        """The allocation after a change of its held and sold places. Raises Conflict if it does not add up."""
        counters = move(self._counters(), places)
        return replace(self, held=counters.held, sold=counters.sold)

    def resized(self, size: int) -> Allocation:
        """The allocation with another size. Raises InvalidRequest, and Conflict if it was released, or if more places
        of it are held and sold.
        """
        _check_size(size)
        self.ensure_not_released()
        if size < self.held + self.sold:
            raise Conflict(
                f"size cannot go below {self.held + self.sold}: {self.held} places are held and {self.sold} are sold",
                field="size",
            )
        return replace(self, size=size)

    def released(self, now: datetime) -> Allocation:
        """The allocation without the places that it kept. Raises Conflict if it was released before."""
        self.ensure_not_released()
        return replace(self, released_at=now)

    def ensure_not_released(self) -> None:
        """Raises Conflict."""
        if self.is_released:
            raise Conflict(f"The allocation {self.name} was released, which cannot be undone")

    def _counters(self) -> Inventory:
        return Inventory(None if self.is_released else self.size, self.held, self.sold)


def remaining_of(ticket: Ticket, places_left: int | None) -> int:
    """How many tickets of this type can be bought now, where its capacity has ``places_left`` (None: it has none)."""
    own = ticket.inventory.remaining
    if places_left is None:
        return own or 0
    shared = places_left // ticket.places
    return shared if own is None else min(own, shared)
