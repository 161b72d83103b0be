"""Places of several shows of a production that are taken off public sale together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from typing_extensions import override

from domain.capacity import MAX_ALLOCATIONS, Allocation, Capacity
from domain.catalog import MAX_HOURS_BEFORE, MAX_QUANTITY, Show
from domain.errors import Conflict, DomainError, InvalidRequest
from domain.run_change import RunSelection
from domain.texts import check_title


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAllocation(RunSelection):
    """An allocation of this name and size in each of the shows that are meant, of their capacity with the name
    ``capacity``. ``release_hours`` before the start of each show it goes on public sale (None: by hand).

    Raises InvalidRequest.
    """

    name: str
    capacity: str
    size: int
    release_hours: int | None = None

    @override
    def __post_init__(self) -> None:
        RunSelection.__post_init__(self)
        check_title(self.name, "name")
        if not 1 <= self.size <= MAX_QUANTITY:
            raise InvalidRequest(f"size must be 1 to {MAX_QUANTITY}", field="size")
        if self.release_hours is not None and not 0 <= self.release_hours <= MAX_HOURS_BEFORE:
            raise InvalidRequest(f"release_hours must be 0 to {MAX_HOURS_BEFORE}", field="release_hours")

    def release_at(self, show: Show) -> datetime | None:
        """When the show's places go on public sale."""
        return None if self.release_hours is None else show.start_time - timedelta(hours=self.release_hours)

    def in_show(
        self, show: Show, capacities: Iterable[Capacity], allocations: Iterable[Allocation], *, id_: UUID
    ) -> PlannedAllocation:
        """What the show gets, and why not. A show that has an allocation of this name keeps it as it is, so a request
        that comes twice adds nothing.
        """
        kept = list(allocations)
        wanted = self.capacity.strip().casefold()
        capacity = next((each for each in capacities if each.name.strip().casefold() == wanted), None)
        known = next((each for each in kept if each.name.casefold() == self.name.casefold()), None)
        refusal: DomainError | None = None
        if capacity is None:
            refusal = InvalidRequest(f"it has no capacity with the name {self.capacity!r}", field="capacity")
        elif known is None and len(kept) >= MAX_ALLOCATIONS:
            refusal = Conflict(f"it has {MAX_ALLOCATIONS} allocations, which is the most")
        elif known is None and capacity.remaining < self.size:
            left = "1 place is" if capacity.remaining == 1 else f"{capacity.remaining} places are"
            refusal = Conflict(f"only {left} left to allocate", field="size")
        allocation = known
        if capacity is not None and known is None and refusal is None:
            allocation = Allocation(
                id=id_, capacity_id=capacity.id, name=self.name, size=self.size, release_at=self.release_at(show)
            )
        return PlannedAllocation(
            show=show, allocation=allocation, capacity=capacity, was_there=known is not None, refusal=refusal
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAllocation:
    """What a show gets: an ``allocation`` of its ``capacity``, which ``was_there`` before or is new; or a refusal."""

    show: Show
    allocation: Allocation | None
    capacity: Capacity | None
    was_there: bool
    refusal: DomainError | None = None

    @property
    def is_new(self) -> bool:
        return self.refusal is None and not self.was_there

    @property
    def left(self) -> int:
        """How many places the public can still buy afterwards."""
        if self.capacity is None:
            return 0
        return self.capacity.remaining - (self.allocation.size if self.allocation and self.is_new else 0)
