"""One connection in one transaction, and statements that travel together.

SQLAlchemy runs most statements one by one. The hot paths pass compiled statements: reads share one round trip, and
writes wait for the commit and share its round trip (psycopg's pipeline).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.engine import STATEMENT_TIMEOUT_SECONDS, TIME_OUTS
from adapters.postgres.patience import Patience

#: A row by the names of its columns, however it was read.
Row = sa.RowMapping | dict[str, Any]
Parameters = Mapping[str, Any]
#: A compiled statement, as ``fetch`` takes it, and its parameters.
Statement = tuple[str, Parameters]
Rows = list[dict[str, Any]]

#: The server notices a process that freezes between two statements (IDLE_IN_TRANSACTION_TIMEOUT_SECONDS), but not one
#: that freezes in the middle of a pipeline, except by this. It is shorter than the time others wait for the lock, where
#: LOCK_WAIT is its 10 s.
LOCKING_TRANSACTION_SECONDS: Final = 8
_END_SOON: Final = f"SET LOCAL transaction_timeout = '{LOCKING_TRANSACTION_SECONDS}s'"
_KNOWS_TRANSACTION_TIMEOUT: Final = 170000
_WAIT: Final = "SELECT set_config('lock_timeout', %(wait)s, true)"
# One statement for both, because each costs the hot path a little.
_END_SOON_AND_WAIT: Final = f"{_WAIT}, set_config('transaction_timeout', '{LOCKING_TRANSACTION_SECONDS}s', true)"
#: The settings that a pooler did not let us make for the whole session.
_TIME_OUTS: Final = "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in TIME_OUTS.items())
#: We hang up when the server's own time-outs should have ended a call but did not (``Patience``).
ANSWER_SECONDS: Final = STATEMENT_TIMEOUT_SECONDS + 5
LOCKING_ANSWER_SECONDS: Final = LOCKING_TRANSACTION_SECONDS + 2

_DIALECT: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def compiled(statement: sa.Executable) -> str:
    """The SQL of a statement, as psycopg takes it. Each statement is compiled once, when its module is loaded."""
    assert isinstance(statement, sa.ClauseElement)  # noqa: S101  # every executable is
    return str(statement.compile(dialect=_DIALECT))


def uuids(ids: Iterable[UUID]) -> str:
    """The ids as a parameter of statements that compare with an array of them. Several statements share it: the driver
    would write a list out for each of them, in twice the time.
    """
    return f"{{{','.join(map(str, ids))}}}"


class Connection:
    """The connection that a unit of work's repositories share."""

    def __init__(
        self,
        connection: AsyncConnection,
        driver: psycopg.AsyncConnection[Any],
        patience: Patience,
        *,
        read_only: bool = False,
        is_pooled: bool = False,
    ) -> None:
        """``is_pooled`` means that a pooler lends each transaction another session, which lacks our time-outs."""
        self._connection = connection
        self._driver = driver
        self._patience = patience
        self._read_only = read_only
        self._is_pooled = is_pooled
        self._needs_time_outs = is_pooled and not read_only  # a read that stands alone is its own transaction
        self._waiting: list[Statement] = []

    async def execute(
        self, statement: sa.Executable, parameters: Parameters | Sequence[Parameters] | None = None
    ) -> sa.CursorResult[Any]:
        self._check(statement)
        with self._patience.of(ANSWER_SECONDS):
            await self._send_waiting()
            return await self._connection.execute(statement, parameters)

    async def scalar(self, statement: sa.Executable, parameters: Parameters | None = None) -> Any:
        self._check(statement)
        with self._patience.of(ANSWER_SECONDS):
            await self._send_waiting()
            return await self._connection.scalar(statement, parameters)

    async def scalars(self, statement: sa.Executable, parameters: Parameters | None = None) -> sa.ScalarResult[Any]:
        self._check(statement)
        with self._patience.of(ANSWER_SECONDS):
            await self._send_waiting()
            return await self._connection.scalars(statement, parameters)

    async def fetch(
        self, *statements: Statement | None, lock: bool = False, rows_wait_seconds: float | None = None
    ) -> list[Rows]:
        """The rows of compiled statements, run in this order in one round trip; None among them gives no rows.

        ``lock`` says that they lock rows that others wait for: the server then ends the transaction soon, even if this
        process freezes. It waits at most ``rows_wait_seconds`` for a locked row, until a statement sets lock_timeout to
        something else.
        """
        with self._patience.of(LOCKING_ANSWER_SECONDS if lock else ANSWER_SECONDS):
            return await self._fetch(statements, lock=lock, rows_wait_seconds=rows_wait_seconds)

    async def _fetch(
        self, statements: Sequence[Statement | None], *, lock: bool, rows_wait_seconds: float | None
    ) -> list[Rows]:
        if len(statements) == 1 and statements[0] and self._travels_alone(lock=lock):
            alone = self._driver.cursor(row_factory=dict_row)
            await alone.execute(*statements[0])
            return [await alone.fetchall()]
        async with self._driver.pipeline():
            await self._queue_waiting()
            if lock and rows_wait_seconds:
                sql = _END_SOON_AND_WAIT if self._ends_soon else _WAIT
                await self._driver.execute(sql, {"wait": f"{rows_wait_seconds}s"})
            elif lock and self._ends_soon:
                await self._driver.execute(_END_SOON)
            cursors = [self._driver.cursor(row_factory=dict_row) if statement else None for statement in statements]
            for cursor, statement in zip(cursors, statements, strict=True):
                if cursor and statement:
                    await cursor.execute(*statement)
        return [await cursor.fetchall() if cursor else [] for cursor in cursors]

    def _travels_alone(self, *, lock: bool) -> bool:
        """Whether a statement is a round trip of its own. It costs half as much outside of a pipeline."""
        is_begun = self._driver.autocommit or self._driver.info.transaction_status is TransactionStatus.INTRANS
        return is_begun and not (lock or self._waiting or self._needs_time_outs)

    def write(self, sql: str, parameters: Parameters) -> None:
        """Queue a compiled statement without an answer. It runs before the next statement that could see its effect."""
        self._check()
        self._waiting.append((sql, parameters))

    def end_soon(self) -> None:
        """Queue what makes the server end this transaction soon, as ``fetch`` does it with ``lock``: for rows that are
        only written.
        """
        if self._ends_soon:
            self.write(_END_SOON, {})

    @property
    def _ends_soon(self) -> bool:
        return self._driver.info.server_version >= _KNOWS_TRANSACTION_TIMEOUT

    async def commit(self) -> None:
        self._check()
        with self._patience.of(ANSWER_SECONDS):
            if self._connection.in_transaction():  # SQLAlchemy's own statements began it
                await self._send_waiting()
                await self._connection.commit()
            else:
                async with self._driver.pipeline():
                    await self._queue_waiting()
                    await self._driver.commit()
        self._needs_time_outs = self._is_pooled and not self._read_only

    def _check(self, statement: sa.Executable | None = None) -> None:
        if self._read_only and (statement is None or not statement.is_select):
            raise RuntimeError("a read-only unit of work does not write")  # it would be committed at once

    async def _send_waiting(self) -> None:
        if self._waiting or self._needs_time_outs:
            async with self._driver.pipeline():
                await self._queue_waiting()

    async def _queue_waiting(self) -> None:
        if self._needs_time_outs:
            await self._driver.execute(_TIME_OUTS)
            self._needs_time_outs = False
        for sql, parameters in self._waiting:
            await self._driver.execute(sql, parameters)
        self._waiting.clear()
