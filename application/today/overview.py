"""Use cases: reading tonight, and the overview of a producer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.access.ownership import producer_of
from application.ports.balance import BalanceReader
from application.ports.system import Clock
from application.ports.today import Place
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.alerts import Alert, Imbalance, PlannedShow, alerts_of
from domain.evening import Evening, evening_of
from domain.sales_figures import RecentSales, SalesCalendar
from domain.timezones import zone_of

#: How many of the shows that come next are listed.
NEXT_SHOWS: Final = 6
#: How long after its end a show's figures are still compared: its money moves for some weeks.
COMPARED_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The shows of today, soonest first, as they are at ``now``."""

    now: datetime
    place: Place
    evenings: tuple[Evening, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What changes more slowly: what needs a person, how sales are, and which shows come after today's."""

    now: datetime
    place: Place
    alerts: tuple[Alert, ...]
    sales: RecentSales
    coming: tuple[PlannedShow, ...]


class ReadTonight:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, producer_id: UUID) -> Tonight:
        """The producer's shows of today with their head lines, in two small statements."""
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            place = await uow.today.place(producer_id, now=now)
            begins, ends = evening_of(now, zone_of(place.timezone))
            evenings = await uow.today.evenings(producer_id, begins=begins, ends=ends, now=now)
        return Tonight(now=now, place=place, evenings=tuple(evenings))


class ReadOverview:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, producer_id: UUID, imbalances: Sequence[Imbalance] = ()) -> Overview:
        """The producer's overview. ``imbalances`` are known from elsewhere. Raises NotFound."""
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            producer = await producer_of(uow, producer_id)
            place = await uow.today.place(producer_id, now=now)
            planned = await uow.today.planned(producer_id, now=now)
            troubles = replace(await uow.today.troubles(producer_id, now=now), imbalances=tuple(imbalances))
            calendar = SalesCalendar(now, zone_of(place.timezone))
            slices = await uow.today.sales(producer_id, marks=calendar.marks, now=now)
        _, tonight_ends = evening_of(now, zone_of(place.timezone))
        return Overview(
            now=now,
            place=place,
            alerts=alerts_of(producer, planned, troubles, now),
            sales=calendar.recent(slices),
            coming=tuple(each for each in planned if each.show.start_time >= tonight_ends)[:NEXT_SHOWS],
        )


class ReadImbalances:
    def __init__(self, balance: BalanceReader, clock: Clock) -> None:
        self._balance = balance
        self._clock = clock

    async def __call__(self, producer_id: UUID) -> list[Imbalance]:
        """The shows to come, and of the last weeks, whose figures do not add up. It reads all of their orders."""
        return await self._balance.imbalances(producer_id, since=self._clock.now() - COMPARED_FOR)
