"""UnitOfWork in PostgreSQL: one connection, one transaction."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

import psycopg
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit_log import PostgresAuditLogRepo
from adapters.postgres.capacities import PostgresAllocationRepo, PostgresCapacityRepo
from adapters.postgres.catalog import (
    PostgresProducerRepo,
    PostgresProductionRepo,
    PostgresPromoCodeRepo,
    PostgresShowReader,
    PostgresShowRepo,
    PostgresTicketRepo,
)
from adapters.postgres.checkin import PostgresCheckInRepo
from adapters.postgres.connection import ANSWER_SECONDS, Connection
from adapters.postgres.devices import PostgresDeviceRepo, PostgresPairingRepo
from adapters.postgres.digests import PostgresDigestRepo
from adapters.postgres.disputes import PostgresDisputeRepo
from adapters.postgres.duplicate_payments import PostgresDuplicatePaymentRepo
from adapters.postgres.engine import IS_POOLED, Guard, guard_of
from adapters.postgres.errors import SERVER_LEFT, STATEMENT_LOST, sqlstate_of, translated
from adapters.postgres.inbox import PostgresEventInbox
from adapters.postgres.inventory import PostgresInventoryRepo
from adapters.postgres.jobs import PostgresJobRepo
from adapters.postgres.lookups import PostgresLookupRepo
from adapters.postgres.order_lists import PostgresOrderListRepo
from adapters.postgres.orders import PostgresOrderRepo, PostgresOrderWatchlist
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.patience import PATIENCE, Patience
from adapters.postgres.people import (
    PostgresInvitationRepo,
    PostgresOfficeSessionRepo,
    PostgresPasskeyRepo,
    PostgresPeopleRepo,
    PostgresSignInLinkRepo,
)
from adapters.postgres.personal_data import PostgresNoteRepo, PostgresPersonalDataRepo
from adapters.postgres.pictures import PostgresPictureRepo
from adapters.postgres.printing import PostgresPrintJobRepo
from adapters.postgres.refunds import PostgresRefundRepo
from adapters.postgres.shifts import PostgresShiftRepo
from adapters.postgres.show_overviews import PostgresShowOverviewReader
from adapters.postgres.show_refunds import PostgresShowRefundRepo
from adapters.postgres.task_admin import PostgresTaskAdmin
from adapters.postgres.task_claims import PostgresTaskClaims
from adapters.postgres.task_queue import PostgresTaskQueue
from adapters.postgres.today import PostgresTodayReader
from adapters.postgres.tokens import PostgresTokenRepo
from application.ports.unit_of_work import StorageUnavailable


class PostgresDatabase:
    """A UnitOfWorkFactory: a call returns a unit of work on one of the engine's connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def __call__(self, *, read_only: bool = False) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(self._engine, read_only=read_only)


class PostgresUnitOfWork:
    """A transaction (READ COMMITTED).

    Lock rows that must not change during it; read rows that must be fresh after locking.
    """

    def __init__(self, engine: AsyncEngine, *, read_only: bool = False) -> None:
        self._engine = engine
        self._read_only = read_only
        self._is_committed = False
        self._pooled: AsyncConnection
        self._driver: psycopg.AsyncConnection[Any]
        self._connection: Connection
        self._guard: Guard | None
        self._patience: Patience

    async def __aenter__(self) -> Self:
        try:
            self._pooled = await self._engine.connect()
            raw = await self._pooled.get_raw_connection()
        except InvalidRequestError as error:  # the server ended the connection, and the one made in its place, at once
            raise StorageUnavailable(str(error)) from error
        except (SQLAlchemyError, OSError) as error:
            raise translated(error) from error
        self._driver = cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
        if self._read_only:
            await self._driver.set_autocommit(True)
        self._guard = guard_of(raw.info)
        is_pooled = bool(raw.info.get(IS_POOLED))
        self._patience = raw.info.setdefault(PATIENCE, Patience(self._driver))
        self._connection = Connection(
            self._pooled, self._driver, self._patience, read_only=self._read_only, is_pooled=is_pooled
        )
        self.inventory = PostgresInventoryRepo(self._connection)
        self.producers = PostgresProducerRepo(self._connection)
        self.productions = PostgresProductionRepo(self._connection)
        self.shows = PostgresShowRepo(self._connection)
        self.show_details = PostgresShowReader(self._connection)
        self.show_overviews = PostgresShowOverviewReader(self._connection)
        self.tickets = PostgresTicketRepo(self._connection)
        self.capacities = PostgresCapacityRepo(self._connection)
        self.allocations = PostgresAllocationRepo(self._connection)
        self.promo_codes = PostgresPromoCodeRepo(self._connection)
        self.orders = PostgresOrderRepo(self._connection)
        self.order_watchlist = PostgresOrderWatchlist(self._connection)
        self.outbox = PostgresOutbox(self._connection)
        self.task_claims = PostgresTaskClaims(self._connection)
        self.task_queue = PostgresTaskQueue(self._connection)
        self.task_admin = PostgresTaskAdmin(self._connection)
        self.lookups = PostgresLookupRepo(self._connection)
        self.refunds = PostgresRefundRepo(self._connection)
        self.duplicate_payments = PostgresDuplicatePaymentRepo(self._connection)
        self.disputes = PostgresDisputeRepo(self._connection)
        self.inbox = PostgresEventInbox(self._connection)
        self.tokens = PostgresTokenRepo(self._connection)
        self.pictures = PostgresPictureRepo(self._connection)
        self.audit_log = PostgresAuditLogRepo(self._connection)
        self.order_lists = PostgresOrderListRepo(self._connection)
        self.check_ins = PostgresCheckInRepo(self._connection)
        self.notes = PostgresNoteRepo(self._connection)
        self.personal_data = PostgresPersonalDataRepo(self._connection)
        self.show_refunds = PostgresShowRefundRepo(self._connection)
        self.today = PostgresTodayReader(self._connection)
        self.digests = PostgresDigestRepo(self._connection)
        self.people = PostgresPeopleRepo(self._connection)
        self.office_sessions = PostgresOfficeSessionRepo(self._connection)
        self.sign_in_links = PostgresSignInLinkRepo(self._connection)
        self.invitations = PostgresInvitationRepo(self._connection)
        self.passkeys = PostgresPasskeyRepo(self._connection)
        self.devices = PostgresDeviceRepo(self._connection)
        self.pairings = PostgresPairingRepo(self._connection)
        self.jobs = PostgresJobRepo(self._connection)
        self.print_jobs = PostgresPrintJobRepo(self._connection)
        self.shifts = PostgresShiftRepo(self._connection)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = sqlstate_of(error)
        if self._guard and (code in SERVER_LEFT or self._driver.closed):
            self._guard.distrust()
        # Closing rolls back uncommitted changes and returns the connection to the pool. If the connection was cut, the
        # server has already rolled back, and a second error must not hide the one that reported it.
        with suppress(DBAPIError), self._patience.of(ANSWER_SECONDS):
            if code in SERVER_LEFT | STATEMENT_LOST or not await self._is_sound():
                await self._pooled.invalidate()
            await self._pooled.close()
        if isinstance(error, SQLAlchemyError | psycopg.Error):
            raise translated(error) from error

    async def _is_sound(self) -> bool:
        """Whether the connection can be used again."""
        if self._read_only:
            with suppress(psycopg.Error):
                await self._driver.set_autocommit(False)
        return not self._driver.closed and not self._driver.autocommit

    async def commit(self) -> None:
        await self._connection.commit()
        self._is_committed = True

    @property
    def is_committed(self) -> bool:
        return self._is_committed
