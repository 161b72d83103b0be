"""What is looked at while a rehearsal runs: how many places are left, and when some come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.catalog import ShowDetails
from domain.catalog import Ticket
from rehearsal.choice import on_offer
from rehearsal.installation import OPENS_AFTER, Installation

#: Moments of the sale that are kept, in seconds after the opening.
MOMENTS: Final = (10, 30, 60, 120, 180, 300, 600, 1200, 1800, 2400, 3600, 7200, 14_400, 28_800, 57_600, 86_400)


@dataclass(frozen=True, slots=True)
class Sample:
    """How many places were bought and held by the crowd, and left, at a moment after the opening."""

    after: float
    bought: int
    held: int
    left: int


def places_left(tables: Tables, tickets: Sequence[Ticket], shown: ShowDetails) -> int:
    """The places that the public can still buy with these ticket types: of each capacity once."""
    own = sum(ticket.places * shown.remaining(ticket) for ticket in tickets if ticket.capacity_id is None)
    by_capacity: dict[UUID, list[int]] = {}
    for ticket in tickets:
        if ticket.capacity_id is not None:
            by_capacity.setdefault(ticket.capacity_id, []).append(ticket.places * shown.remaining(ticket))
    return own + sum(min(tables.capacities[id_].remaining, sum(each)) for id_, each in by_capacity.items())


class Watch:
    """Looks at each commit of an installation."""

    def __init__(self, installation: Installation) -> None:
        self._world = installation
        self._show_id = installation.copied.show.id
        self._seen: list[Ticket] = []
        self._taken = 0
        self.gone_at: float | None = None
        self.gone_types: dict[UUID, float] = {}
        #: When places came back, and how many.
        self.back: list[tuple[float, int]] = []
        self.samples: list[Sample] = []
        self._before = {t.id: (t.inventory.held, t.inventory.sold) for t in installation.copied.tickets}

    def look(self, tables: Tables) -> None:
        """Look at what was committed."""
        tickets = list(tables.tickets.values())
        if len(tickets) == len(self._seen) and all(map(_is, tickets, self._seen)):
            return
        self._seen, now = tickets, self._world.loop.time()
        taken = sum(ticket.places * (ticket.inventory.held + ticket.inventory.sold) for ticket in tickets)
        if taken < self._taken:
            self.back.append((now - OPENS_AFTER, self._taken - taken))
        self._taken = taken
        if now < OPENS_AFTER:
            return
        shown = self._shown(tables)
        offered = on_offer(shown.for_buyers(), self._world.clock.now())
        for ticket in offered:
            if shown.remaining(ticket) == 0:
                self.gone_types.setdefault(ticket.id, now - OPENS_AFTER)
        if self.gone_at is None and offered and all(shown.remaining(ticket) == 0 for ticket in offered):
            self.gone_at = now - OPENS_AFTER

    def left(self) -> int:
        """The places that the public can buy now."""
        tables = self._world.tables
        shown = self._shown(tables)
        return places_left(tables, on_offer(shown.for_buyers(), self._world.clock.now()), shown)

    def shown(self) -> ShowDetails:
        """The show as it is now."""
        return self._shown(self._world.tables)

    def _shown(self, tables: Tables) -> ShowDetails:
        copied = self._world.copied
        return ShowDetails(
            tables.shows[self._show_id],
            copied.producer,
            tuple(tables.tickets.values()),
            copied.production,
            tuple(tables.capacities.values()),
        )

    async def keep_moments(self, is_over: Callable[[], bool]) -> None:
        """Keep how it stands at each moment until it is over."""
        for after in MOMENTS:
            await asyncio.sleep(OPENS_AFTER + after - self._world.loop.time())
            if is_over():
                return
            self.samples.append(self._sample(after))

    def _sample(self, after: float) -> Sample:
        bought = held = 0
        for ticket in self._world.tables.tickets.values():
            held_before, sold_before = self._before[ticket.id]
            bought += ticket.places * (ticket.inventory.sold - sold_before)
            held += ticket.places * (ticket.inventory.held - held_before)
        return Sample(after, bought, held, self.left())


def _is(one: Ticket, other: Ticket) -> bool:
    return one is other
