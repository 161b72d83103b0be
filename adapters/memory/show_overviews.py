"""ShowOverviewReader in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.show_overviews import HeadLine, Places, ProductionRow, ShowFilter, ShowRow, ShowTab
from domain.catalog import Show
from domain.orders import AttendeeStatus
from domain.production import Production
from domain.title_search import finds


class MemoryShowOverviewReader:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def counts(self, producer_id: UUID, *, only: ShowFilter, now: datetime) -> Mapping[ShowTab, int]:
        found = self._found(producer_id, only)
        return {tab: sum(tab.has(show, now) for show in found) for tab in ShowTab}

    async def shows(
        self, producer_id: UUID, *, only: ShowFilter, now: datetime, offset: int, limit: int
    ) -> list[ShowRow]:
        found = [show for show in self._found(producer_id, only) if only.tab.has(show, now)]
        found.sort(key=lambda show: (show.start_time, show.id), reverse=only.tab is ShowTab.PAST)
        return [
            ShowRow(
                show=show,
                places=self._places([show.id]),
                ticket_types=sum(ticket.show_id == show.id for ticket in self._tables.tickets.values()),
                production_title=self._production_title(show),
            )
            for show in found[offset : offset + limit]
        ]

    async def head_lines(self, show_ids: Collection[UUID]) -> Mapping[UUID, HeadLine]:
        return {show_id: self._head_line(show_id) for show_id in show_ids if show_id in self._tables.shows}

    async def sold_by_day(self, show: Show) -> Mapping[tuple[UUID, date], int]:
        sold: dict[tuple[UUID, date], int] = defaultdict(int)
        for order in self._tables.orders.values():
            if order.show_id == show.id and order.completed_at is not None:
                for line in order.lines:
                    sold[line.ticket_id, show.local(order.completed_at).date()] += line.quantity
        return sold

    async def productions(
        self, producer_id: UUID, *, now: datetime, after: UUID | None, limit: int
    ) -> list[ProductionRow]:
        theirs = [each for each in self._tables.productions.values() if each.producer_id == producer_id]
        found = sorted((each for each in theirs if after is None or each.id < after), key=lambda each: each.id)
        return [self._production_row(each, now) for each in found[::-1][:limit]]

    def _found(self, producer_id: UUID, only: ShowFilter) -> list[Show]:
        return [
            show
            for show in self._tables.shows.values()
            if show.producer_id == producer_id
            and only.production_id in (None, show.production_id)
            and finds(only.text, show.title, show.venue, self._production_title(show) or "")
        ]

    def _production_title(self, show: Show) -> str | None:
        return self._tables.productions[show.production_id].title if show.production_id else None

    def _head_line(self, show_id: UUID) -> HeadLine:
        of_show = (order for order in self._tables.orders.values() if order.show_id == show_id)
        valid = [a for order in of_show for a in order.attendees if a.status is AttendeeStatus.VALID]
        came = sum(attendee.checked_in_at is not None for attendee in valid)
        return HeadLine(places=self._places([show_id]), expected=len(valid), checked_in=came)

    def _production_row(self, production: Production, now: datetime) -> ProductionRow:
        run = [show for show in self._tables.shows.values() if show.production_id == production.id]
        to_come = sorted(
            (show for show in run if show.takes_place_after(now)), key=lambda show: (show.start_time, show.id)
        )
        return ProductionRow(
            production=production,
            shows=len(run),
            to_come=len(to_come),
            places=self._places([show.id for show in to_come]),
            next_show=next(iter(to_come), None),
        )

    def _places(self, show_ids: Collection[UUID]) -> Places:
        tickets = [t for t in self._tables.tickets.values() if t.show_id in show_ids and t.capacity_id is None]
        shared = [capacity for capacity in self._tables.capacities.values() if capacity.show_id in show_ids]
        own = [ticket.inventory for ticket in tickets]
        return Places(
            size=sum(each.quantity or 0 for each in own) + sum(each.size for each in shared),
            sold=sum(each.sold for each in own) + sum(each.sold for each in shared),
            held=sum(each.held for each in own) + sum(each.held for each in shared),
            allocated=sum(each.allocated for each in shared),
        )
