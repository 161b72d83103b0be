"""Shows and productions as their producer looks over them: in lists, and with what is sold of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.catalog import Show
from domain.production import Production


class ShowTab(StrEnum):
    """A list of shows: those that are not over (soonest first), those that are (latest first), and of the first those
    that are neither published nor cancelled.
    """

    UPCOMING = "upcoming"
    PAST = "past"
    DRAFTS = "drafts"

    def has(self, show: Show, now: datetime) -> bool:
        """Whether the show is in the list at ``now``."""
        if self is ShowTab.PAST:
            return show.end_time <= now
        return show.end_time > now and (self is ShowTab.UPCOMING or not (show.published or show.cancelled))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFilter:
    """Which shows a list has. ``text`` are words of title, venue and the production's title ("" for all)."""

    tab: ShowTab = ShowTab.UPCOMING
    text: str = ""
    production_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The places of a show: a ticket type's quantity, or instead of it those of the capacity that it draws on.

    ``allocated`` are the places that allocations keep and have not sold.
    """

    size: int = 0
    sold: int = 0
    held: int = 0
    allocated: int = 0

    @property
    def left(self) -> int:
        """The places that the public can still buy."""
        return max(self.size - self.sold - self.held - self.allocated, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLine:
    """The state of a show's house. ``expected`` are the people with a valid ticket, ``checked_in`` those of them who
    came.
    """

    places: Places
    expected: int = 0
    checked_in: int = 0

    @property
    def still_coming(self) -> int:
        return self.expected - self.checked_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRow:
    """A show in a list. ``production_title`` is None for a show without a production."""

    show: Show
    places: Places
    ticket_types: int
    production_title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionRow:
    """A production in a list. ``places`` are those of its shows ``to_come``: neither over nor cancelled. ``next_show``
    is the first of them.
    """

    production: Production
    shows: int
    to_come: int
    places: Places
    next_show: Show | None = None


class ShowOverviewReader(Protocol):
    async def counts(self, producer_id: UUID, *, only: ShowFilter, now: datetime) -> Mapping[ShowTab, int]:
        """How many shows each list has, whichever of them ``only`` names."""
        ...

    async def shows(
        self, producer_id: UUID, *, only: ShowFilter, now: datetime, offset: int, limit: int
    ) -> list[ShowRow]:
        """A part of a list."""
        ...

    async def head_lines(self, show_ids: Collection[UUID]) -> Mapping[UUID, HeadLine]:
        """The head lines of the shows that exist, read together."""
        ...

    async def sold_by_day(self, show: Show) -> Mapping[tuple[UUID, date], int]:
        """How many tickets of each type were sold on each day of the venue's calendar, refunded ones included."""
        ...

    async def productions(
        self, producer_id: UUID, *, now: datetime, after: UUID | None, limit: int
    ) -> list[ProductionRow]:
        """The producer's productions, newest first, from the one after ``after``."""
        ...
