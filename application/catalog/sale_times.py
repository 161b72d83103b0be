"""When tickets are sold: shows to come with their ticket types that have sale times, and what is wrong with these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.catalog import Show, Ticket

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class ShowToCome:
    """A show, and those of its ticket types that have sale times of their own."""

    show: Show
    tickets: Sequence[Ticket] = ()


@dataclass(frozen=True, slots=True)
class NeverOnSale:
    """A show that the public can never buy, or a ticket type of it (``ticket``)."""

    show: Show
    ticket: Ticket | None

    @property
    def subject_id(self) -> UUID:
        """The id of the ticket type, or of the show."""
        return (self.ticket or self.show).id

    @property
    def words(self) -> str:
        """A description for a person."""
        period = self.show.sale_of(self.ticket) if self.ticket else self.show.sale
        what = f"{self.ticket.name} of {self.show.title}" if self.ticket else self.show.title
        begins = self.show.local(period.begins) if period.begins else None
        return f"{what} would be on sale from {begins} until {self.show.local(period.ends)}: never"


class CheckSaleTimes:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> list[NeverOnSale]:
        """What the public can never buy, of the published shows that are not over. Raises StorageUnavailable."""
        async with self._unit_of_work(read_only=True) as uow:
            to_come = [each async for each in shows_to_come(uow, since=self._clock.now())]
        return list(never_on_sale(to_come))


async def shows_to_come(uow: UnitOfWork, *, since: datetime) -> AsyncIterator[ShowToCome]:
    """Every show that ends after ``since``, in the order of the ids."""
    after = None
    while page := await uow.shows.to_come(since=since, after=after, limit=_PAGE):
        by_show = defaultdict(list)
        for ticket in await uow.tickets.with_sale_times([show.id for show in page]):
            by_show[ticket.show_id].append(ticket)
        for show in page:
            yield ShowToCome(show, by_show[show.id])
        after = page[-1].id


def never_on_sale(shows: Iterable[ShowToCome]) -> Iterator[NeverOnSale]:
    """The shows and ticket types whose sale would end before it begins, of shows that are published."""
    for each in shows:
        show = each.show
        if show.cancelled or not show.published:
            continue
        if show.sale.is_empty:
            yield NeverOnSale(show, None)
            continue
        yield from (NeverOnSale(show, ticket) for ticket in each.tickets if show.sale_of(ticket).is_empty)


async def derive_sale_times(uow: UnitOfWork, show: Show) -> list[tuple[Ticket, Ticket]]:
    """Store the moments that the show's clock gives its ticket types' sale times, where they differ.

    Returns the changed ticket types as they were and as they are. The caller has locked the show.
    """
    changed = []
    for found in await uow.tickets.with_sale_times([show.id]):
        ticket = await uow.tickets.lock(found.id)
        derived = ticket.by_rules_in_force(show.timezone) if ticket else None
        if ticket and derived and derived != ticket:
            await uow.tickets.save(derived)
            changed.append((ticket, derived))
    return changed
