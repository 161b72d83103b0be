"""UnitOfWork in PostgreSQL: one connection, one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

import psycopg
import psycopg.errors
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit import PostgresAuditRepo
from adapters.postgres.buyers import PostgresBuyerRepo, PostgresNoteRepo
from adapters.postgres.cancellation import PostgresCancellationRepo
from adapters.postgres.catalog import PostgresCatalogRepo
from adapters.postgres.connection import Connection
from adapters.postgres.door import PostgresDoorRepo
from adapters.postgres.duplicate_payments import PostgresDuplicatePaymentRepo
from adapters.postgres.inbox import PostgresEventInbox
from adapters.postgres.lookups import PostgresLookupRepo
from adapters.postgres.order_lists import PostgresOrderListRepo
from adapters.postgres.orders import PostgresOrderRepo
from adapters.postgres.outbox import PostgresOutboxRepo
from adapters.postgres.pictures import PostgresPictureRepo
from adapters.postgres.refunds import PostgresRefundRepo
from adapters.postgres.sales import PostgresSalesRepo
from adapters.postgres.tokens import PostgresTokenRepo
from application.ports.storage import StorageConflict, StorageUnavailable
from domain.errors import InvalidRequest

_ANOTHER_TRANSACTION = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
#: Two requests used one Idempotency-Key at once, on shows that share no lock.
_KEY_USED_AT_ONCE = "orders_idempotency_key_key"


class PostgresUnitOfWork:
    """Transactions are READ COMMITTED: what must not change meanwhile is locked, what must be fresh is read after."""

    def __init__(
        self, engine: AsyncEngine, ended: Callable[[str, float], None] | None = None, *, read_only: bool = False
    ) -> None:
        """``ended`` is told how each transaction ended ("commit" or "rollback"), and after how many seconds."""
        self._engine = engine
        self._ended = ended
        self._read_only = read_only
        self._end = "rollback"
        self._began_at: float
        self._pooled: AsyncConnection
        self._driver: psycopg.AsyncConnection[Any]
        self._connection: Connection

    async def __aenter__(self) -> Self:
        try:
            self._pooled = await self._engine.connect()
            raw = await self._pooled.get_raw_connection()
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error
        self._began_at = time.perf_counter()
        self._driver = cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
        if self._read_only:
            await self._driver.set_autocommit(True)
        self._connection = Connection(self._pooled, self._driver, read_only=self._read_only)
        self.sales = PostgresSalesRepo(self._connection)
        self.catalog = PostgresCatalogRepo(self._connection)
        self.orders = PostgresOrderRepo(self._connection)
        self.outbox = PostgresOutboxRepo(self._connection)
        self.lookups = PostgresLookupRepo(self._connection)
        self.refunds = PostgresRefundRepo(self._connection)
        self.duplicate_payments = PostgresDuplicatePaymentRepo(self._connection)
        self.inbox = PostgresEventInbox(self._connection)
        self.tokens = PostgresTokenRepo(self._connection)
        self.pictures = PostgresPictureRepo(self._connection)
        self.audit = PostgresAuditRepo(self._connection)
        self.order_lists = PostgresOrderListRepo(self._connection)
        self.door = PostgresDoorRepo(self._connection)
        self.notes = PostgresNoteRepo(self._connection)
        self.buyers = PostgresBuyerRepo(self._connection)
        self.cancellations = PostgresCancellationRepo(self._connection)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing rolls back whatever was not committed, and gives the connection back to the pool. Where it was cut,
        # the server has rolled back already; the error that told of it must not be hidden by a second one.
        with suppress(DBAPIError):
            if not await self._is_sound():
                await self._pooled.invalidate()
            await self._pooled.close()
        if self._ended and not self._read_only:
            self._ended(self._end, time.perf_counter() - self._began_at)
        if isinstance(error, SQLAlchemyError | psycopg.Error):
            raise translated(error) from error

    async def _is_sound(self) -> bool:
        """Whether the next one can use the connection."""
        if self._read_only:
            with suppress(psycopg.Error):
                await self._driver.set_autocommit(False)
        return not self._driver.closed and not self._driver.autocommit

    async def commit(self) -> None:
        await self._connection.commit()
        self._end = "commit"


def translated(error: Exception) -> Exception:
    """A database error as the port names it."""
    if isinstance(error, PoolTimeout):
        return StorageUnavailable("All database connections are in use")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        return StorageUnavailable(str(cause))
    if isinstance(cause, _ANOTHER_TRANSACTION):
        return StorageConflict(str(cause))
    if isinstance(cause, psycopg.IntegrityError):
        return StorageConflict(str(cause)) if cause.diag.constraint_name == _KEY_USED_AT_ONCE else error
    if isinstance(cause, psycopg.DataError) and "NUL" in str(cause):
        # The one character that text in PostgreSQL cannot have: JSON and addresses can.
        return InvalidRequest("Text must not contain NUL characters")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return StorageUnavailable(str(cause))
    return error
