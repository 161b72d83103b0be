"""A producer's evening: which shows are today's, and the head line of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.capacity import Capacity
from domain.catalog import Show, Ticket
from domain.timezones import instant_of
from domain.venue_clock import NIGHT_ENDS

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLine:
    """What a box office asks about a show all evening.

    ``capacity``, ``sold``, ``held``, ``kept`` and ``left`` count places, or tickets of types that share none; ``kept``
    are the places of allocations. They add up: capacity = sold + held + kept + left. ``checked_in`` and ``coming``
    count tickets: those who are inside, and those whose valid ticket was not used yet.
    """

    capacity: int
    sold: int
    held: int
    kept: int
    checked_in: int
    coming: int

    @property
    def left(self) -> int:
        """How many the public can still buy."""
        return self.capacity - self.sold - self.held - self.kept

    @property
    def expected(self) -> int:
        """How many people are there in the end, if all of them come."""
        return self.checked_in + self.coming


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """A show of today with its head line."""

    show: Show
    head_line: HeadLine


def head_line(tickets: Iterable[Ticket], capacities: Iterable[Capacity], *, checked_in: int, coming: int) -> HeadLine:
    """The head line of a show with these ticket types and capacities."""
    own = [ticket.inventory for ticket in tickets if ticket.capacity_id is None]
    shared = list(capacities)
    return HeadLine(
        capacity=sum(inventory.quantity or 0 for inventory in own) + sum(each.size for each in shared),
        sold=sum(inventory.sold for inventory in own) + sum(each.sold for each in shared),
        held=sum(inventory.held for inventory in own) + sum(each.held for each in shared),
        kept=sum(each.allocated for each in shared),
        checked_in=checked_in,
        coming=coming,
    )


def evening_of(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of today, and the first after it, as people in a theatre count: a night belongs to the evening
    on which it began, so the day changes when a night ends at the latest (``NIGHT_ENDS``).
    """
    return evening_on((now.astimezone(zone).replace(tzinfo=None) - NIGHT_ENDS).date(), zone)


def evening_on(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a day, and the first after it, as people in a theatre count."""
    first, last = (instant_of(datetime.combine(each, time()) + NIGHT_ENDS, zone) for each in (day, day + _A_DAY))
    return first, last
