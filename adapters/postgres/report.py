"""ReportReader in PostgreSQL: the figures of ``domain.report``, in whole minor units, for shows of any size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.rows import capacity_of, ticket_of
from adapters.postgres.snapshot import snapshot
from adapters.postgres.tables import (
    capacities,
    orders,
    producers,
    takings_admitted,
    ticket_attendees,
    ticket_orders,
    tickets,
)
from adapters.postgres.takings import (
    ADMITTED,
    COUNTED,
    FIGURES,
    KEYS,
    SUMS,
    kept,
    kept_of,
    moved,
    unsummed,
    unsummed_changes,
)
from domain import money
from domain.catalog import Show
from domain.report import ShowReport, Takings, ticket_report
from domain.timezones import days

_COLUMNS: Final = ", ".join((*KEYS, *COUNTED))
#: ``takings``: those of one show, which are kept, or else computed from its orders.
_KEPT: Final = f"WITH all_takings AS ({kept()})"
_COMPUTED: Final = f"WITH {moved('o.show_id = :show_id')}, all_takings AS (SELECT {_COLUMNS} FROM moved)"  # noqa: S608


def _takings(source: str) -> sa.TextClause:
    return sa.text(
        f"""
        {source}, dated AS (
            SELECT *, (CAST(:days AS date[]))[width_bucket(at, CAST(:begins AS timestamptz[]))] AS day
            FROM all_takings
        )
        SELECT ticket_id, day, payment, {SUMS}
        FROM dated
        GROUP BY GROUPING SETS ((ticket_id), (day), (payment), ())
        HAVING sum(lines) > 0
        ORDER BY day, payment
        """  # noqa: S608  # nothing in it comes from outside
    )


def _span(source: str) -> sa.TextClause:
    """The first and the last moment that the report's days must cover."""
    return sa.text(f"{source} SELECT min(at), max(at) FROM all_takings")  # noqa: S608


_TICKETS = (
    sa.select(tickets).where(tickets.c.show_id == sa.bindparam("show_id")).order_by(tickets.c.price, tickets.c.id)
)
_CAPACITIES = sa.select(capacities).where(capacities.c.show_id == sa.bindparam("show_id")).order_by(capacities.c.id)
_CHECKED_IN = (
    sa.select(ticket_orders.c.ticket_id, sa.func.count().label("admitted"))
    .join(
        ticket_attendees,
        sa.and_(
            ticket_attendees.c.order_id == ticket_orders.c.order_id, ticket_attendees.c.line == ticket_orders.c.line
        ),
    )
    .join(orders, orders.c.id == ticket_orders.c.order_id)
    .where(orders.c.show_id == sa.bindparam("show_id"), ticket_attendees.c.checked_in_at.is_not(None))
    .group_by(ticket_orders.c.ticket_id)
)
_CHECKED_IN_BEFORE = (
    sa.select(takings_admitted)
    .join(tickets, tickets.c.id == takings_admitted.c.ticket_id)
    .where(tickets.c.show_id == sa.bindparam("show_id"))
)
_CHECKED_IN_SINCE = sa.text(ADMITTED)
#: Joins of very many orders go less often through the disk; the server's own setting is for short statements. One
#: connection needs it, for seconds.
MEMORY: Final = sa.text("SELECT set_config('work_mem', '64MB', true)")
_CURRENCY = sa.select(producers.c.currency).where(producers.c.id == sa.bindparam("producer_id"))


class PostgresReportReader:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def report(self, show: Show) -> ShowReport:
        async with snapshot(self._engine) as connection:
            await connection.execute(MEMORY)
            return await _read(connection, show)


async def _read(connection: AsyncConnection, show: Show) -> ShowReport:
    """The show's report, from a connection with one snapshot."""
    this_show = {"show_id": show.id}
    code = await connection.scalar(_CURRENCY, {"producer_id": show.producer_id})
    on_sale = [ticket_of(row) for row in (await connection.execute(_TICKETS, this_show)).mappings()]
    shared = [capacity_of(row) for row in (await connection.execute(_CAPACITIES, this_show)).mappings()]
    groups, checked_in = await _figures(connection, show)
    by_ticket = {row["ticket_id"]: takings_of(row, orders=0) for row in groups if row["ticket_id"]}
    totals = (takings_of(row) for row in groups if not (row["ticket_id"] or row["day"] or row["payment"]))
    return ShowReport(
        currency=money.currency(str(code)),
        tickets=tuple(
            ticket_report(
                ticket,
                shared,
                checked_in=checked_in[ticket.id],
                takings=by_ticket.get(ticket.id, Takings()),
            )
            for ticket in on_sale
        ),
        capacities=tuple(shared),
        by_day={row["day"]: takings_of(row) for row in groups if row["day"]},
        by_payment={row["payment"]: takings_of(row) for row in groups if row["payment"]},
        total=next(totals, Takings()),
    )


async def _figures(connection: AsyncConnection, show: Show) -> tuple[Sequence[RowMapping], Counter[UUID]]:
    """The sums by ticket type, by day, by payment, and over all; and how many are checked in, by ticket type."""
    asked: dict[str, Any] = {"show_id": show.id}
    source = _COMPUTED
    admitted: list[tuple[sa.Executable, Mapping[str, Any]]] = [(_CHECKED_IN, asked)]
    if await kept_of(connection, [show.id]):
        changes = await unsummed_changes(connection)
        since = {"came": changes["came"], "undone": changes["undone"]}
        source, admitted = _KEPT, [(_CHECKED_IN_BEFORE, asked), (_CHECKED_IN_SINCE, since)]
        asked = {"kept": [show.id], "unsummed": await unsummed(connection, [show.id], changes)}
    checked_in: Counter[UUID] = Counter()
    for query, parameters in admitted:
        for row in await connection.execute(query, parameters):
            checked_in[row.ticket_id] += row.admitted
    first, last = (await connection.execute(_span(source), asked)).one()
    calendar = _calendar(show, first, last)
    return (await connection.execute(_takings(source), asked | calendar)).mappings().all(), checked_in


def _calendar(show: Show, first: datetime | None, last: datetime | None) -> dict[str, list[Any]]:
    """The days on which money moved, on the venue's calendar, and the moments at which they begin.

    They are computed in Python: the database's own time zone rules are of another release, and it reads some names as
    abbreviations.
    """
    calendar = days(show.zone, first, last) if first and last else []
    return {"begins": [begin for begin, _ in calendar], "days": [day for _, day in calendar]}


def takings_of(row: RowMapping, **overrides: Any) -> Takings:
    """The takings of a row of sums; ``overrides`` replace some of them."""
    names = ("orders", "tickets", *FIGURES)
    return Takings(**{**{name: row[name] for name in names}, **overrides})
