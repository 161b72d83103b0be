"""Use case: how many are in, out and still coming (docs/door-protocol.md#how-many)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.checkin.recent import Recent
from application.ports.checkin import DoorFigures, Tally
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.admission import ScanResult
from domain.catalog import Show
from domain.errors import NotFound

#: Scanners ask each second.
STATE_FRESH_FOR: Final = timedelta(seconds=1)
#: Minutes that a scanner shows.
MAX_MINUTES: Final = 60
#: The most shows whose states are kept.
MOST_SHOWS: Final = 50


@dataclass(frozen=True, slots=True)
class DoorCount:
    """Passages of one minute or one device. ``last_at`` is the last of them."""

    admitted: int
    exits: int
    readmitted: int
    last_at: datetime

    @classmethod
    def of(cls, tallies: Iterable[Tally]) -> DoorCount:
        counted = list(tallies)
        numbers = Counter[ScanResult]()
        for each in counted:
            numbers[each.result] += each.count
        return cls(
            numbers[ScanResult.ADMITTED],
            numbers[ScanResult.LEFT],
            numbers[ScanResult.READMITTED],
            max(each.last_at for each in counted),
        )


@dataclass(frozen=True, slots=True)
class DoorState:
    """A show's doors, all of them together."""

    show: Show
    figures: DoorFigures

    @property
    def out(self) -> int:
        """How many tickets are out now, of all types."""
        return sum(each.out for each in self.figures.types)

    def minutes(self) -> list[tuple[datetime, DoorCount]]:
        """The last minutes in which anything happened."""
        by_minute = defaultdict[datetime, list[Tally]](list)
        for tally in self.figures.tallies:
            by_minute[tally.minute].append(tally)
        return [(minute, DoorCount.of(by_minute[minute])) for minute in sorted(by_minute)[-MAX_MINUTES:]]

    def devices(self) -> list[tuple[str, DoorCount]]:
        by_device = defaultdict[str, list[Tally]](list)
        for tally in self.figures.tallies:
            by_device[tally.device_id].append(tally)
        return [(device, DoorCount.of(by_device[device])) for device in sorted(by_device)]


class ReadDoorState:
    """How many are in, out, and still coming. A process reads it at most once a second for a show, however many ask."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, *, fresh_for: timedelta = STATE_FRESH_FOR
    ) -> None:
        self._unit_of_work = unit_of_work
        self.recent = Recent[UUID, DoorState](clock, fresh_for=fresh_for, most=MOST_SHOWS)

    async def __call__(self, actor: Actor, show_id: UUID) -> DoorState:
        """Raises NotFound."""

        async def read(_before: DoorState | None) -> DoorState:
            async with self._unit_of_work(read_only=True) as uow:
                show = await owned_show(uow, actor, show_id)
                return DoorState(show, await uow.check_ins.figures(show_id))

        state = await self.recent.get(show_id, read)
        if state.show.producer_id != actor.producer_id or not actor.reaches(show_id):
            raise NotFound("No such show")
        return state
