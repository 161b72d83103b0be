"""ShowOverviewReader in PostgreSQL: each list is one statement, and one more where words are searched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import production_of, show_of
from adapters.postgres.tables import capacities, orders, productions, shows, ticket_attendees, ticket_orders, tickets
from application.ports.show_overviews import HeadLine, Places, ProductionRow, ShowFilter, ShowRow, ShowTab
from domain.catalog import Show
from domain.orders import AttendeeStatus
from domain.timezones import days
from domain.title_search import finds

#: Far more texts than a producer's shows have: the shows of a run share theirs.
_MOST_TEXTS: Final = 10_000


def _sum(column: sa.Column[Any], *, only: sa.ColumnElement[bool] | None = None) -> sa.ColumnElement[int]:
    total = sa.func.sum(column)
    return sa.func.coalesce(total if only is None else total.filter(only), 0)


_ALONE: Final = tickets.c.capacity_id.is_(None)
_OWN: Final = (
    _sum(tickets.c.quantity, only=_ALONE).label("own_size"),
    _sum(tickets.c.sold, only=_ALONE).label("own_sold"),
    _sum(tickets.c.held, only=_ALONE).label("own_held"),
    sa.func.count().label("ticket_types"),
)
_SHARED: Final = (
    _sum(capacities.c.size).label("shared_size"),
    _sum(capacities.c.sold).label("shared_sold"),
    _sum(capacities.c.held).label("shared_held"),
    _sum(capacities.c.allocated).label("allocated"),
)
_OWN_OF_SHOW: Final = sa.select(*_OWN).where(tickets.c.show_id == shows.c.id).correlate(shows).lateral("own")
_SHARED_OF_SHOW: Final = (
    sa.select(*_SHARED).where(capacities.c.show_id == shows.c.id).correlate(shows).lateral("shared")
)
_TITLE: Final = productions.c.title.label("production_title")
_SHOWS: Final = sa.select(shows, _OWN_OF_SHOW, _SHARED_OF_SHOW, _TITLE).select_from(
    shows.join(_OWN_OF_SHOW, sa.true())
    .join(_SHARED_OF_SHOW, sa.true())
    .outerjoin(productions, productions.c.id == shows.c.production_id)
)
_TEXTS: Final = (shows.c.title, shows.c.venue, sa.func.coalesce(productions.c.title, ""))
_ATTENDANCE: Final = (
    sa.select(
        sa.func.count().label("expected"),
        sa.func.count(ticket_attendees.c.checked_in_at).label("checked_in"),
    )
    .select_from(ticket_attendees.join(orders, orders.c.id == ticket_attendees.c.order_id))
    .where(orders.c.show_id == shows.c.id, ticket_attendees.c.status == AttendeeStatus.VALID)
    .correlate(shows)
    .lateral("attendance")
)
_HEAD_LINES: Final = sa.select(shows.c.id, _OWN_OF_SHOW, _SHARED_OF_SHOW, _ATTENDANCE).select_from(
    shows.join(_OWN_OF_SHOW, sa.true()).join(_SHARED_OF_SHOW, sa.true()).join(_ATTENDANCE, sa.true())
)


_SPAN: Final = sa.select(
    sa.func.min(orders.c.completed_at).label("first"), sa.func.max(orders.c.completed_at).label("last")
).where(orders.c.show_id == sa.bindparam("show_id"), orders.c.completed_at.is_not(None))
_DAY: Final = sa.text(
    "(CAST(:days AS date[]))[width_bucket(orders.completed_at, CAST(:begins AS timestamptz[]))] AS day"
)
_SOLD_BY_DAY: Final = (
    sa.select(ticket_orders.c.ticket_id, _DAY, sa.func.sum(ticket_orders.c.quantity).label("tickets"))
    .select_from(orders.join(ticket_orders))
    .where(orders.c.show_id == sa.bindparam("show_id"), orders.c.completed_at.is_not(None))
    .group_by(ticket_orders.c.ticket_id, sa.text("day"))
)


def _tab(tab: ShowTab, now: datetime) -> sa.ColumnElement[bool]:
    """As ``ShowTab.has``."""
    if tab is ShowTab.PAST:
        return shows.c.end_time <= now
    is_to_come = shows.c.end_time > now
    is_draft = sa.and_(is_to_come, sa.not_(shows.c.published), sa.not_(shows.c.cancelled))
    return is_draft if tab is ShowTab.DRAFTS else is_to_come


class PostgresShowOverviewReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def counts(self, producer_id: UUID, *, only: ShowFilter, now: datetime) -> Mapping[ShowTab, int]:
        where = await self._where(producer_id, only)
        counted = sa.select(*(sa.func.count().filter(_tab(tab, now)).label(tab) for tab in ShowTab))
        joined = shows.outerjoin(productions, productions.c.id == shows.c.production_id)
        row = (await self._connection.execute(counted.select_from(joined).where(*where))).mappings().one()
        return {tab: row[tab] for tab in ShowTab}

    async def shows(
        self, producer_id: UUID, *, only: ShowFilter, now: datetime, offset: int, limit: int
    ) -> list[ShowRow]:
        query = _SHOWS.where(*await self._where(producer_id, only), _tab(only.tab, now))
        by_start = (shows.c.start_time, shows.c.id)
        order = [column.desc() for column in by_start] if only.tab is ShowTab.PAST else by_start
        rows = await self._connection.execute(query.order_by(*order).offset(offset).limit(limit))
        return [
            ShowRow(
                show=show_of(row),
                places=_places_of(row),
                ticket_types=row["ticket_types"],
                production_title=row["production_title"],
            )
            for row in rows.mappings()
        ]

    async def head_lines(self, show_ids: Collection[UUID]) -> Mapping[UUID, HeadLine]:
        rows = await self._connection.execute(_HEAD_LINES.where(shows.c.id.in_(show_ids)))
        return {
            row["id"]: HeadLine(places=_places_of(row), expected=row["expected"], checked_in=row["checked_in"])
            for row in rows.mappings()
        }

    async def sold_by_day(self, show: Show) -> Mapping[tuple[UUID, date], int]:
        span = (await self._connection.execute(_SPAN, {"show_id": show.id})).one()
        # In Python: the database's own time zone rules are of another release.
        calendar = days(show.zone, span.first, span.last) if span.first else []
        if not calendar:
            return {}
        rows = await self._connection.execute(
            _SOLD_BY_DAY,
            {"show_id": show.id, "begins": [begin for begin, _ in calendar], "days": [day for _, day in calendar]},
        )
        return {(row.ticket_id, row.day): int(row.tickets) for row in rows}

    async def productions(
        self, producer_id: UUID, *, now: datetime, after: UUID | None, limit: int
    ) -> list[ProductionRow]:
        query = _productions(now).where(productions.c.producer_id == producer_id).limit(limit)
        if after is not None:
            query = query.where(productions.c.id < after)
        rows = (await self._connection.execute(query.order_by(productions.c.id.desc()))).mappings().all()
        upcoming = await self._shows({row["next_id"] for row in rows if row["next_id"]})
        return [
            ProductionRow(
                production=production_of(row),
                shows=row["shows"],
                to_come=row["to_come"],
                places=_places_of(row),
                next_show=upcoming.get(row["next_id"]),
            )
            for row in rows
        ]

    async def _shows(self, show_ids: Collection[UUID]) -> Mapping[UUID, Show]:
        if not show_ids:
            return {}
        rows = await self._connection.execute(sa.select(shows).where(shows.c.id.in_(show_ids)))
        return {row["id"]: show_of(row) for row in rows.mappings()}

    async def _where(self, producer_id: UUID, only: ShowFilter) -> list[sa.ColumnElement[bool]]:
        """The conditions beside the tab. Words are compared here, as everywhere (domain.title_search)."""
        theirs = shows.c.producer_id == producer_id
        if only.production_id is not None:
            theirs = sa.and_(theirs, shows.c.production_id == only.production_id)
        if not only.text.strip():
            return [theirs]
        joined = shows.outerjoin(productions, productions.c.id == shows.c.production_id)
        every = sa.select(*_TEXTS).select_from(joined).where(theirs).distinct().limit(_MOST_TEXTS)
        found = [tuple(row) for row in await self._connection.execute(every) if finds(only.text, *row)]
        return [theirs, sa.tuple_(*_TEXTS).in_(found) if found else sa.false()]


def _productions(now: datetime) -> sa.Select[Any]:
    of_production = shows.c.production_id == productions.c.id
    is_to_come = sa.and_(shows.c.end_time > now, sa.not_(shows.c.cancelled))
    counted = sa.select(sa.func.count().label("shows"), sa.func.count().filter(is_to_come).label("to_come"))
    run = counted.where(of_production).correlate(productions).lateral("run")
    first = sa.select(shows.c.id.label("next_id")).where(of_production, is_to_come)
    following = first.order_by(shows.c.start_time, shows.c.id).limit(1).correlate(productions).lateral("following")
    own = sa.select(*_OWN).join(shows, shows.c.id == tickets.c.show_id).where(of_production, is_to_come)
    shared = sa.select(*_SHARED).join(shows, shows.c.id == capacities.c.show_id).where(of_production, is_to_come)
    of_tickets, of_capacities = (
        each.correlate(productions).lateral(name) for each, name in ((own, "own"), (shared, "shared"))
    )
    joined = productions.join(run, sa.true()).outerjoin(following, sa.true())
    joined = joined.join(of_tickets, sa.true()).join(of_capacities, sa.true())
    return sa.select(productions, run, following, of_tickets, of_capacities).select_from(joined)


def _places_of(row: Row) -> Places:
    return Places(
        size=int(row["own_size"] + row["shared_size"]),
        sold=int(row["own_sold"] + row["shared_sold"]),
        held=int(row["own_held"] + row["shared_held"]),
        allocated=int(row["allocated"]),
    )
