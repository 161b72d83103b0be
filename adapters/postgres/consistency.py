"""ConsistencyChecker in PostgreSQL. ``adapters.postgres.invariant_queries`` has the queries."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from adapters.postgres.catalog import HAS_SALE_TIMES
from adapters.postgres.invariant_queries import BROKEN
from adapters.postgres.rows import show_of, ticket_of
from adapters.postgres.snapshot import same_snapshot
from adapters.postgres.tables import shows, tickets
from application.catalog.sale_times import ShowToCome, never_on_sale
from application.catalog.timezones import outdated
from domain.catalog import Ticket
from domain.consistency import EXAMPLES, Finding, Findings, Invariant

#: The audit reads every table from end to end; the server's settings are for short statements.
_AUDIT_SETTINGS: Final = {
    "statement_timeout": "600s",
    # A connection that has nothing left to look at waits for the others.
    "idle_in_transaction_session_timeout": "600s",
    # Keeps the joins of a million orders in memory (measured: half of this takes a quarter longer, twice of it saves a
    # tenth). One connection needs it, for seconds.
    "work_mem": "128MB",
    # Ids are random, so following an index to every row reads the table in random order. The usual price, right for a
    # buyer's few rows, makes that look cheap.
    "random_page_cost": "4",
}
#: Each looks at some of the invariants: the server has more than one processor.
CONNECTIONS: Final = 2
_SETTING: Final = sa.text("SELECT set_config(:name, :value, true)")


class PostgresConsistencyChecker:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def findings(
        self, *, now: datetime, overdue_since: datetime, behind_since: datetime
    ) -> Mapping[Invariant, Findings]:
        moments = {"now": now, "overdue_since": overdue_since, "behind_since": behind_since}
        waiting = sorted(BROKEN.items(), key=lambda each: each[0] is not Invariant.TAKINGS)  # which takes longest
        found: dict[Invariant, Findings] = {}

        async def look(connection: AsyncConnection) -> None:
            await connection.execute(
                _SETTING, [{"name": name, "value": value} for name, value in _AUDIT_SETTINGS.items()]
            )
            while waiting:
                invariant, query = waiting.pop(0)
                found[invariant] = await _look(connection, query, moments)

        async with same_snapshot(self._engine, min(CONNECTIONS, _size_of(self._engine))) as connections:
            async with asyncio.TaskGroup() as group:
                for connection in connections:
                    group.create_task(look(connection))
            return {**found, **await _look_at_times(connections[0], since=overdue_since)}


def _size_of(engine: AsyncEngine) -> int:
    """How many connections the engine may have."""
    return engine.pool.size() if isinstance(engine.pool, AsyncAdaptedQueuePool) else 1


async def _look(connection: AsyncConnection, query: str, moments: Mapping[str, datetime]) -> Findings:
    limited = f"WITH broken AS MATERIALIZED ({query}) SELECT *, count(*) OVER () AS n FROM broken LIMIT {EXAMPLES}"  # noqa: S608
    asked = {name: moment for name, moment in moments.items() if f":{name}" in query}
    rows = (await connection.execute(sa.text(limited), asked)).all()
    return Findings(rows[0].n if rows else 0, tuple(Finding(row.subject_id, row.detail) for row in rows))


async def _look_at_times(connection: AsyncConnection, *, since: datetime) -> Mapping[Invariant, Findings]:
    """The shows and ticket types whose moments do not fit the rules in force, and those that are never on sale.

    Python compares them, because the server's own rules are of another release.
    """
    by_show: dict[UUID, list[Ticket]] = defaultdict(list)
    to_come = sa.select(tickets).join(shows).where(shows.c.end_time > since, HAS_SALE_TIMES).order_by(tickets.c.id)
    for row in (await connection.execute(to_come)).mappings():
        by_show[row["show_id"]].append(ticket_of(row))
    counts, examples = Counter[Invariant](), defaultdict[Invariant, list[Finding]](list)
    rows = await connection.stream(sa.select(shows).where(shows.c.end_time > since).order_by(shows.c.id))
    async for row in rows.mappings():
        show = [ShowToCome(show_of(row), by_show[row["id"]])]
        found = [(Invariant.SHOW_TIMES, Finding(each.stored.id, each.words)) for each in outdated(show)]
        found += [(Invariant.SALE_TIMES, Finding(each.subject_id, each.words)) for each in never_on_sale(show)]
        for invariant, finding in found:
            counts[invariant] += 1
            if counts[invariant] <= EXAMPLES:
                examples[invariant].append(finding)
    looked_at = (Invariant.SHOW_TIMES, Invariant.SALE_TIMES)
    return {each: Findings(counts[each], tuple(examples[each])) for each in looked_at}
