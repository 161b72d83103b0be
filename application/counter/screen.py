"""Use case: what the counter's screen shows of a show, and of the till's shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.counter.till import Till
from application.ports.catalog import ShowDetails
from application.ports.show_overviews import HeadLine
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.capacity import Allocation
from domain.catalog import Show
from domain.errors import NotFound
from domain.evening import evening_of
from domain.shift import CounterSale, Shift
from domain.timezones import zone_of

#: The sales that the screen lists: those that a seller may have to print again, or to undo.
LATEST_SALES: Final = 8
#: The shows to choose from that are not today's.
CHOICES: Final = 20
#: The most allocations of a show.
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

    async def tonight(self, till: Till, *, now: datetime) -> list[Show]:
        """The producer's shows of today that the till may sell, and that are neither over nor cancelled."""
        async with self._unit_of_work(read_only=True) as uow:
            place = await uow.today.place(till.producer_id, now=now)
            begins, ends = evening_of(now, zone_of(place.timezone))
            evenings = await uow.today.evenings(till.producer_id, begins=begins, ends=ends, now=now)
        shows = [each.show for each in evenings if till.actor.reaches(each.show.id)]
        return [show for show in shows if not show.cancelled and show.end_time > now]

    async def coming(self, till: Till, *, now: datetime) -> list[Show]:
        """The next shows that the till may sell, at most ``CHOICES``."""
        async with self._unit_of_work(read_only=True) as uow:
            planned = await uow.today.planned(till.producer_id, now=now)
        return [each.show for each in planned if till.actor.reaches(each.show.id)][:CHOICES]

    async def ensure_own(self, till: Till, show_id: UUID) -> None:
        """Raises NotFound for a show that is not the till's."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, till.actor, show_id)

    async def line(self, till: Till, show_id: UUID) -> tuple[ShowDetails, HeadLine]:
        """What changes without a press: the show with what is left of each type, and its head line. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, till.actor, show_id)
            details = await uow.show_details.details(show_id)
            line = (await uow.show_overviews.head_lines([show_id])).get(show_id)
        if details is None or line is None:
            raise NotFound("No such show")
        return details, line
