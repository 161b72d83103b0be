"""Use case: what the counter's screen shows of a show, and of the till's shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.counter.till import Till
from application.ports.catalog import ShowDetails
from application.ports.show_overviews import HeadLine
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.capacity import Allocation
from domain.errors import NotFound
from domain.shift import CounterSale, Shift

#: The sales that the screen lists: those that a seller may have to print again, or to undo.
LATEST_SALES: Final = 8
#: A show has at most so many allocations.
_ALLOCATIONS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterScreen:
    """A show at the counter. ``shift`` is the till's open one, with its ``sales``, newest first."""

    details: ShowDetails
    line: HeadLine
    allocations: Sequence[Allocation]
    shift: Shift | None
    sales: Sequence[CounterSale]


class ReadCounter:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, till: Till, show_id: UUID) -> CounterScreen:
        """The screen. Raises NotFound for a show that is not the till's."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, till.actor, show_id)
            details = await uow.show_details.details(show_id)
            line = (await uow.show_overviews.head_lines([show_id])).get(show_id)
            if details is None or line is None:
                raise NotFound("No such show")
            allocations = await uow.allocations.of_show(show_id, after=None, limit=_ALLOCATIONS)
            shift = await uow.shifts.open_at(till.producer_id, till.id)
            sales = await uow.shifts.sales(shift.id, latest=LATEST_SALES) if shift else []
        return CounterScreen(
            details=details,
            line=line,
            allocations=[each for each in allocations if not each.is_released],
            shift=shift,
            sales=sales,
        )

    async def line(self, till: Till, show_id: UUID) -> tuple[ShowDetails, HeadLine]:
        """What changes by itself: the show with what is left of each type, and its head line. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, till.actor, show_id)
            details = await uow.show_details.details(show_id)
            line = (await uow.show_overviews.head_lines([show_id])).get(show_id)
        if details is None or line is None:
            raise NotFound("No such show")
        return details, line
