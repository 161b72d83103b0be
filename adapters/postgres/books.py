"""Books in PostgreSQL: read-only transactions that see one moment (REPEATABLE READ)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.invariants import BROKEN
from adapters.postgres.report import read_report
from adapters.postgres.unit_of_work import translated
from application.invariants import EXAMPLES, Finding, Findings, Invariant
from domain.catalog import Show
from domain.report import ShowReport

#: Everything there is, is read: that may take longer than any statement for a buyer.
TIMEOUT_SECONDS: Final = 600


class PostgresBooks:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def report(self, show: Show) -> ShowReport:
        async with self._snapshot() as connection:
            return await read_report(connection, show)

    async def findings(self, *, overdue_since: datetime, stuck_since: datetime) -> Mapping[Invariant, Findings]:
        moments = {"overdue_since": overdue_since, "stuck_since": stuck_since}
        async with self._snapshot() as connection:
            await connection.execute(sa.text(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'"))
            return {invariant: await _look(connection, query, moments) for invariant, query in BROKEN.items()}

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error


async def _look(connection: AsyncConnection, query: str, moments: Mapping[str, datetime]) -> Findings:
    limited = f"WITH broken AS MATERIALIZED ({query}) SELECT *, count(*) OVER () AS n FROM broken LIMIT {EXAMPLES}"  # noqa: S608
    asked = {name: moment for name, moment in moments.items() if f":{name}" in query}
    rows = (await connection.execute(sa.text(limited), asked)).all()
    return Findings(rows[0].n if rows else 0, tuple(Finding(row.subject_id, row.detail) for row in rows))
