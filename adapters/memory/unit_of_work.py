"""UnitOfWork in memory: it works on a copy of all tables, and commit puts the copy in place.

Only one unit of work exists at a time, so it gets every lock at once. It also checks the constraints that the real
schema has and the domain does not check.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from adapters.memory.audit_log import MemoryAuditLogRepo
from adapters.memory.capacities import MemoryAllocationRepo, MemoryCapacityRepo
from adapters.memory.catalog import (
    MemoryProducerRepo,
    MemoryProductionRepo,
    MemoryPromoCodeRepo,
    MemoryShowReader,
    MemoryShowRepo,
    MemoryTicketRepo,
)
from adapters.memory.checkin import MemoryCheckInRepo
from adapters.memory.devices import MemoryDeviceRepo, MemoryPairingRepo
from adapters.memory.digests import MemoryDigestRepo
from adapters.memory.disputes import MemoryDisputeRepo
from adapters.memory.duplicate_payments import MemoryDuplicatePaymentRepo
from adapters.memory.inbox import MemoryEventInbox
from adapters.memory.inventory import MemoryInventoryRepo
from adapters.memory.jobs import MemoryJobRepo
from adapters.memory.lookups import MemoryLookupRepo
from adapters.memory.order_lists import MemoryOrderListRepo
from adapters.memory.orders import MemoryOrderRepo, MemoryOrderWatchlist
from adapters.memory.people import (
    MemoryInvitationRepo,
    MemoryOfficeSessionRepo,
    MemoryPasskeyRepo,
    MemoryPeopleRepo,
    MemorySignInLinkRepo,
)
from adapters.memory.personal_data import MemoryNoteRepo, MemoryPersonalDataRepo
from adapters.memory.pictures import MemoryPictureRepo
from adapters.memory.printing import MemoryPrintJobRepo
from adapters.memory.refunds import MemoryRefundRepo
from adapters.memory.shifts import MemoryShiftRepo
from adapters.memory.show_overviews import MemoryShowOverviewReader
from adapters.memory.show_refunds import MemoryShowRefundRepo
from adapters.memory.system import RunningClock
from adapters.memory.tables import Tables
from adapters.memory.tasks import MemoryOutbox, MemoryTaskAdmin, MemoryTaskClaims, MemoryTaskQueue
from adapters.memory.today import MemoryTodayReader
from adapters.memory.tokens import MemoryTokenRepo
from application.ports.system import Clock
from application.ports.unit_of_work import StorageUnavailable


class MemoryDatabase:
    """Callable as a UnitOfWorkFactory. ``available`` False makes every unit of work fail to begin."""

    def __init__(self, clock: Clock | None = None) -> None:
        """``clock`` is the database's clock, which decides when claims expire."""
        self.available = True
        #: Rows that another user has locked, by their names in ``CheckoutData.in_use``.
        self.in_use: set[Hashable] = set()
        self.clock: Clock = clock or RunningClock()
        #: Makes the ids of tasks that are written for a whole show at once.
        self.new_id: Callable[[], UUID] = uuid4
        self._tables = Tables()
        self._one_at_a_time = asyncio.Lock()

    def __call__(self, *, read_only: bool = False) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self, read_only=read_only)

    async def begin(self) -> Tables:
        """A copy to work on."""
        if not self.available:
            raise StorageUnavailable("switched off")
        await self._one_at_a_time.acquire()
        return self._tables.snapshot()

    def snapshot(self) -> Tables:
        """The committed tables. Raises StorageUnavailable."""
        if not self.available:
            raise StorageUnavailable("switched off")
        return self._tables.snapshot()

    def replace(self, tables: Tables) -> None:
        """Commit the tables of a unit of work."""
        self._tables = tables.snapshot()

    def end(self) -> None:
        """Let the next unit of work begin."""
        self._one_at_a_time.release()


class MemoryUnitOfWork:
    def __init__(self, database: MemoryDatabase, *, read_only: bool = False) -> None:
        self._database = database
        self._read_only = read_only
        self._is_committed = False
        self._tables: Tables

    async def __aenter__(self) -> Self:
        self._tables = await self._database.begin()
        self.inventory = MemoryInventoryRepo(self._tables, self._database.in_use)
        self.producers = MemoryProducerRepo(self._tables)
        self.productions = MemoryProductionRepo(self._tables)
        self.shows = MemoryShowRepo(self._tables)
        self.show_details = MemoryShowReader(self._tables)
        self.show_overviews = MemoryShowOverviewReader(self._tables)
        self.tickets = MemoryTicketRepo(self._tables)
        self.capacities = MemoryCapacityRepo(self._tables)
        self.allocations = MemoryAllocationRepo(self._tables)
        self.promo_codes = MemoryPromoCodeRepo(self._tables)
        self.orders = MemoryOrderRepo(self._tables)
        self.order_watchlist = MemoryOrderWatchlist(self._tables)
        self.outbox = MemoryOutbox(self._tables, self._database.clock, self._database.new_id)
        self.task_claims = MemoryTaskClaims(self._tables, self._database.clock)
        self.task_queue = MemoryTaskQueue(self._tables, self._database.clock)
        self.task_admin = MemoryTaskAdmin(self._tables, self._database.clock)
        self.lookups = MemoryLookupRepo(self._tables)
        self.refunds = MemoryRefundRepo(self._tables)
        self.duplicate_payments = MemoryDuplicatePaymentRepo(self._tables)
        self.disputes = MemoryDisputeRepo(self._tables)
        self.inbox = MemoryEventInbox(self._tables)
        self.tokens = MemoryTokenRepo(self._tables)
        self.pictures = MemoryPictureRepo(self._tables)
        self.audit_log = MemoryAuditLogRepo(self._tables)
        self.order_lists = MemoryOrderListRepo(self._tables)
        self.check_ins = MemoryCheckInRepo(self._tables, self._database.in_use)
        self.notes = MemoryNoteRepo(self._tables)
        self.personal_data = MemoryPersonalDataRepo(self._tables)
        self.show_refunds = MemoryShowRefundRepo(self._tables)
        self.today = MemoryTodayReader(self._tables)
        self.digests = MemoryDigestRepo(self._tables)
        self.people = MemoryPeopleRepo(self._tables)
        self.office_sessions = MemoryOfficeSessionRepo(self._tables)
        self.sign_in_links = MemorySignInLinkRepo(self._tables)
        self.invitations = MemoryInvitationRepo(self._tables)
        self.passkeys = MemoryPasskeyRepo(self._tables)
        self.devices = MemoryDeviceRepo(self._tables)
        self.pairings = MemoryPairingRepo(self._tables)
        self.jobs = MemoryJobRepo(self._tables)
        self.print_jobs = MemoryPrintJobRepo(self._tables)
        self.shifts = MemoryShiftRepo(self._tables)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.end()

    @property
    def tables(self) -> Tables:
        """The tables that this unit of work reads and changes."""
        return self._tables

    async def commit(self) -> None:
        if self._read_only:
            raise RuntimeError("a read-only unit of work does not write")
        self._database.replace(self._tables)
        self._is_committed = True

    @property
    def is_committed(self) -> bool:
        return self._is_committed
