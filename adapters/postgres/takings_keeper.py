"""TakingsKeeper in PostgreSQL: adds what happened to the kept takings, and counts shows afresh.

One process at a time changes the sums. It works on one snapshot: what was committed before it is in the sums or among
``takings_changes``, and what was not will be among these. So a report adds up at any moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.errors import translated
from adapters.postgres.returns import returns
from adapters.postgres.tables import orders, shows, takings_shows
from adapters.postgres.takings import (
    ADMITTED,
    BACK,
    COUNTED,
    KEYS,
    KINDS,
    RETURNED,
    Changes,
    changes_of,
    quarter,
    sales,
)

#: An arbitrary number that nothing else locks.
ADVISORY_LOCK: Final = 7_498_302
#: Rows of ``takings_changes`` that are added in one transaction; a row has the orders of a batch, or a single one.
PIECE: Final = 1000
#: Counting a show of a million orders takes half a minute.
_SECONDS: Final = 600
_SETTINGS: Final = sa.text(
    f"SELECT set_config('statement_timeout', '{_SECONDS}s', true), set_config('work_mem', '64MB', true)"
)
_IS_OURS: Final = sa.text(f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})")

_KEYS: Final = ", ".join(KEYS)
_ADD: Final = ", ".join(f"{name} = takings.{name} + excluded.{name}" for name in COUNTED)


def _add_to_sums(rows: str) -> str:
    """An INSERT of groups into the sums, or onto them."""
    sums = ", ".join(f"sum({name})" for name in COUNTED)
    return f"""INSERT INTO takings ({_KEYS}, {", ".join(COUNTED)})
        SELECT show_id, {quarter("at")}, ticket_id, payment, channel, promo_code, {sums}
        FROM ({rows}) moved
        GROUP BY 1, 2, 3, 4, 5, 6
        ON CONFLICT ({_KEYS}) DO UPDATE SET {_ADD}"""  # noqa: S608  # constants of ours


def _of_returned(table: str, sign: str = "") -> str:
    columns = ", ".join(f"{sign}{name} AS {name}" if name in RETURNED else f"0 AS {name}" for name in COUNTED)
    return f"SELECT {_KEYS}, {columns} FROM {table}"  # noqa: S608


def _add_sales(condition: str) -> sa.TextClause:
    columns = f"{_KEYS}, {', '.join(COUNTED)}"
    return sa.text(f"WITH {sales(condition)} {_add_to_sums(f'SELECT {columns} FROM sales')}")  # noqa: S608


def _add_returned(condition: str) -> sa.TextClause:
    sums = ", ".join(f"sum({name}) AS {name}" for name in RETURNED)
    return sa.text(
        f"""WITH {returns(condition)}, {BACK}, noted AS (
            INSERT INTO takings_returned (order_id, {_KEYS}, {", ".join(RETURNED)})
            SELECT order_id, show_id, {quarter("at")}, ticket_id, payment, channel, promo_code, {sums}
            FROM back
            GROUP BY 1, 2, 3, 4, 5, 6, 7
            RETURNING *
        )
        {_add_to_sums(_of_returned("noted"))}"""  # noqa: S608
    )


_TAKE_CHANGES: Final = sa.text(
    f"DELETE FROM takings_changes WHERE id IN (SELECT id FROM takings_changes ORDER BY id LIMIT {PIECE}) "  # noqa: S608
    f"RETURNING {', '.join(KINDS)}"
)
_ADD_SOLD: Final = _add_sales("o.id = ANY(:sold)")
_FORGET_RETURNED: Final = sa.text(
    f"""WITH gone AS (DELETE FROM takings_returned WHERE order_id = ANY(:changed) RETURNING *)
    {_add_to_sums(_of_returned("gone", "-"))}"""  # noqa: S608
)
_ADD_RETURNED: Final = _add_returned("o.id = ANY(:changed)")
_ADD_ADMITTED: Final = sa.text(
    f"""INSERT INTO takings_admitted (ticket_id, admitted) {ADMITTED}
    ON CONFLICT (ticket_id) DO UPDATE SET admitted = takings_admitted.admitted + excluded.admitted"""
)
_EMPTY: Final = tuple(
    sa.text(statement)
    for statement in (
        "DELETE FROM takings WHERE show_id = :show_id",
        "DELETE FROM takings_returned WHERE show_id = :show_id",
        "DELETE FROM takings_admitted WHERE ticket_id IN (SELECT id FROM tickets WHERE show_id = :show_id)",
    )
)
_COUNT: Final = (
    _add_sales("o.show_id = :show_id"),
    _add_returned("o.show_id = :show_id"),
    sa.text(
        """INSERT INTO takings_admitted (ticket_id, admitted)
        SELECT l.ticket_id, count(*)
        FROM orders o
        JOIN ticket_orders l ON l.order_id = o.id
        JOIN ticket_attendees a ON a.order_id = l.order_id AND a.line = l.line
        WHERE o.show_id = :show_id AND a.checked_in_at IS NOT NULL
        GROUP BY l.ticket_id"""
    ),
    sa.text("INSERT INTO takings_shows (show_id) VALUES (:show_id) ON CONFLICT DO NOTHING"),
)
_NOT_KEPT: Final = (
    sa.select(shows.c.id)
    .where(~sa.exists().where(takings_shows.c.show_id == shows.c.id))
    .order_by(shows.c.id)
    .limit(sa.bindparam("count"))
)
_ALL: Final = sa.select(shows.c.id).where(sa.exists().where(orders.c.show_id == shows.c.id)).order_by(shows.c.id)


class PostgresTakingsKeeper:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add_changes(self) -> int:
        async with self._alone() as connection:
            return await _add_piece(connection) if connection else 0

    async def shows_to_count(self, *, limit: int) -> list[UUID]:
        async with self._transaction() as connection:
            return list((await connection.scalars(_NOT_KEPT, {"count": limit})).all())

    async def all_shows(self) -> list[UUID]:
        async with self._transaction() as connection:
            return list((await connection.scalars(_ALL)).all())

    async def count(self, show_id: UUID) -> bool:
        async with self._alone() as connection:
            if connection is None:
                return False
            while await _add_piece(connection):  # those of this show would be counted twice
                pass
            for statement in (*_EMPTY, *_COUNT):
                await connection.execute(statement, {"show_id": show_id})
            return True

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection | None]:
        """A transaction on one snapshot, in which no other process changes the sums; None where one does."""
        async with self._transaction() as connection:
            await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            is_ours = await connection.scalar(_IS_OURS)
            await connection.execute(_SETTINGS)
            yield connection if is_ours else None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error


async def _add_piece(connection: AsyncConnection) -> int:
    """Add the oldest changes to the sums. Returns how many there were."""
    rows: list[Any] = list((await connection.execute(_TAKE_CHANGES)).all())
    changes: Changes = changes_of(rows)
    if changes["sold"]:
        await connection.execute(_ADD_SOLD, {"sold": changes["sold"]})
    if changes["changed"]:
        await connection.execute(_FORGET_RETURNED, {"changed": changes["changed"]})
        await connection.execute(_ADD_RETURNED, {"changed": changes["changed"]})
    if changes["came"] or changes["undone"]:
        await connection.execute(_ADD_ADMITTED, {"came": changes["came"], "undone": changes["undone"]})
    return len(rows)
