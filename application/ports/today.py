"""Reading what a producer's people see first: tonight, recent sales, what needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from domain.alerts import PlannedShow, Troubles
from domain.evening import Evening
from domain.sales_figures import Slice

#: The most shows of an evening that are read, the most shows to come, and the most troubles of a kind.
MAX_EVENINGS: Final = 50
MAX_PLANNED: Final = 1000
MAX_TROUBLES: Final = 50
#: How long a mail that was given up is worth a person's time.
MISSED_FOR: Final = timedelta(days=30)
#: How long after it was placed an order may be completed and still be found: longer than any bank takes. Orders have an
#: index by when they were placed.
PAID_WITHIN: Final = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a producer plays next, or played last: the IANA name of its time zone, and its locale."""

    timezone: str
    locale: str


#: The place of a producer that never had a show.
NOWHERE: Final = Place("UTC", "en-US")


class TodayReader(Protocol):
    """All of it waits for no lock. Each call is one round trip."""

    async def place(self, producer_id: UUID, *, now: datetime) -> Place:
        """The place of the show that ends next, else of the latest one; ``NOWHERE`` without a show."""
        ...

    async def evenings(self, producer_id: UUID, *, begins: datetime, ends: datetime, now: datetime) -> list[Evening]:
        """The shows that start from ``begins`` to before ``ends``, and those that go on now, with their head lines.

        Cancelled ones too; soonest first, at most ``MAX_EVENINGS``.
        """
        ...

    async def sales(self, producer_id: UUID, *, marks: Sequence[datetime], now: datetime) -> list[Slice]:
        """What was completed, and what was refunded, from each of the marks, which are in order, until the next one, or
        until ``now``.

        Slices in which nothing moved are left out. An order that was completed later than ``PAID_WITHIN`` is not found.
        """
        ...

    async def planned(self, producer_id: UUID, *, now: datetime) -> list[PlannedShow]:
        """The shows that are neither over nor cancelled, soonest first, at most ``MAX_PLANNED``."""
        ...

    async def troubles(self, producer_id: UUID, *, now: datetime) -> Troubles:
        """What is known to be wrong, the oldest first, at most ``MAX_TROUBLES`` of a kind; no imbalances.

        A task that an operator does again is none any more, nor is a mail that was due more than ``MISSED_FOR`` ago:
        its buyer has asked by now, or does not miss it.
        """
        ...
