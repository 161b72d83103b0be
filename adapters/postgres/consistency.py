"""ConsistencyChecker in PostgreSQL. ``adapters.postgres.invariant_queries`` has the queries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.invariant_queries import BROKEN
from adapters.postgres.rows import show_of
from adapters.postgres.snapshot import snapshot
from adapters.postgres.tables import shows
from application.catalog.timezones import outdated
from domain.consistency import EXAMPLES, Finding, Findings, Invariant

#: The audit reads every table from end to end; the server's settings are for short statements.
_AUDIT_SETTINGS: Final = {
    "statement_timeout": "600s",
    # Keeps the joins of a million orders in memory (measured: half of this takes a quarter longer, twice of it saves a
    # tenth). One connection needs it, for seconds.
    "work_mem": "128MB",
    # Ids are random, so following an index to every row reads the table in random order. The usual price, right for a
    # buyer's few rows, makes that look cheap.
    "random_page_cost": "4",
}
_SETTING: Final = sa.text("SELECT set_config(:name, :value, true)")


class PostgresConsistencyChecker:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def findings(
        self, *, now: datetime, overdue_since: datetime, behind_since: datetime
    ) -> Mapping[Invariant, Findings]:
        moments = {"now": now, "overdue_since": overdue_since, "behind_since": behind_since}
        async with snapshot(self._engine) as connection:
            await connection.execute(
                _SETTING, [{"name": name, "value": value} for name, value in _AUDIT_SETTINGS.items()]
            )
            found = {invariant: await _look(connection, query, moments) for invariant, query in BROKEN.items()}
            return {**found, Invariant.SHOW_TIMES: await _look_at_times(connection, since=overdue_since)}


async def _look(connection: AsyncConnection, query: str, moments: Mapping[str, datetime]) -> Findings:
    limited = f"WITH broken AS MATERIALIZED ({query}) SELECT *, count(*) OVER () AS n FROM broken LIMIT {EXAMPLES}"  # noqa: S608
    asked = {name: moment for name, moment in moments.items() if f":{name}" in query}
    rows = (await connection.execute(sa.text(limited), asked)).all()
    return Findings(rows[0].n if rows else 0, tuple(Finding(row.subject_id, row.detail) for row in rows))


async def _look_at_times(connection: AsyncConnection, *, since: datetime) -> Findings:
    """The shows whose moments do not fit the rules in force.

    Python compares them, because the server's own rules are of another release.
    """
    rows = await connection.stream(sa.select(shows).where(shows.c.end_time > since).order_by(shows.c.id))
    count, examples = 0, []
    async for row in rows.mappings():
        for each in outdated([show_of(row)]):
            count += 1
            if count <= EXAMPLES:
                examples.append(Finding(each.stored.id, each.words))
    return Findings(count, tuple(examples))
