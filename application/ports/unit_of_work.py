"""One transaction over all repositories. Only ``commit`` makes changes last."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.ports.access import AuditLogRepo, TokenRepo
from application.ports.capacities import AllocationRepo, CapacityRepo
from application.ports.catalog import ProducerRepo, ProductionRepo, PromoCodeRepo, ShowReader, ShowRepo, TicketRepo
from application.ports.checkin import CheckInRepo
from application.ports.devices import DeviceRepo, PairingRepo
from application.ports.digests import DigestRepo
from application.ports.disputes import DisputeRepo
from application.ports.duplicate_payments import DuplicatePaymentRepo
from application.ports.inventory import InventoryRepo
from application.ports.jobs import JobRepo
from application.ports.order_lists import OrderListRepo
from application.ports.orders import LookupRepo, OrderRepo, OrderWatchlist
from application.ports.people import InvitationRepo, OfficeSessionRepo, PasskeyRepo, PeopleRepo, SignInLinkRepo
from application.ports.personal_data import NoteRepo, PersonalDataRepo
from application.ports.pictures import PictureRepo
from application.ports.printing import PrintJobRepo
from application.ports.refunds import RefundRepo
from application.ports.shifts import ShiftRepo
from application.ports.show_overviews import ShowOverviewReader
from application.ports.show_refunds import ShowRefundRepo
from application.ports.tasks import Outbox, TaskAdmin, TaskClaims, TaskQueue
from application.ports.today import TodayReader
from application.ports.webhooks import EventInbox


class StorageUnavailable(Exception):
    """The database is down, its connections are used up, or the connection was lost. Nothing was committed, or it is
    unknown whether the commit succeeded.
    """


class RowsInUse(StorageUnavailable):
    """Another transaction locks a row for longer than this one would wait. Nothing was done."""


class StorageConflict(Exception):
    """Another transaction got in the way (deadlock, or the same unique key at once). Safe to repeat at once."""


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without ``commit`` rolls everything back.

    Any call may raise StorageUnavailable or StorageConflict.
    """

    @property
    def inventory(self) -> InventoryRepo: ...

    @property
    def producers(self) -> ProducerRepo: ...

    @property
    def productions(self) -> ProductionRepo: ...

    @property
    def shows(self) -> ShowRepo: ...

    @property
    def show_details(self) -> ShowReader: ...

    @property
    def show_overviews(self) -> ShowOverviewReader: ...

    @property
    def tickets(self) -> TicketRepo: ...

    @property
    def capacities(self) -> CapacityRepo: ...

    @property
    def allocations(self) -> AllocationRepo: ...

    @property
    def promo_codes(self) -> PromoCodeRepo: ...

    @property
    def orders(self) -> OrderRepo: ...

    @property
    def order_watchlist(self) -> OrderWatchlist: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def task_claims(self) -> TaskClaims: ...

    @property
    def task_queue(self) -> TaskQueue: ...

    @property
    def task_admin(self) -> TaskAdmin: ...

    @property
    def lookups(self) -> LookupRepo: ...

    @property
    def refunds(self) -> RefundRepo: ...

    @property
    def duplicate_payments(self) -> DuplicatePaymentRepo: ...

    @property
    def disputes(self) -> DisputeRepo: ...

    @property
    def inbox(self) -> EventInbox: ...

    @property
    def tokens(self) -> TokenRepo: ...

    @property
    def pictures(self) -> PictureRepo: ...

    @property
    def audit_log(self) -> AuditLogRepo: ...

    @property
    def order_lists(self) -> OrderListRepo: ...

    @property
    def check_ins(self) -> CheckInRepo: ...

    @property
    def notes(self) -> NoteRepo: ...

    @property
    def personal_data(self) -> PersonalDataRepo: ...

    @property
    def show_refunds(self) -> ShowRefundRepo: ...

    @property
    def today(self) -> TodayReader: ...

    @property
    def digests(self) -> DigestRepo: ...

    @property
    def people(self) -> PeopleRepo: ...

    @property
    def office_sessions(self) -> OfficeSessionRepo: ...

    @property
    def sign_in_links(self) -> SignInLinkRepo: ...

    @property
    def invitations(self) -> InvitationRepo: ...

    @property
    def passkeys(self) -> PasskeyRepo: ...

    @property
    def devices(self) -> DeviceRepo: ...

    @property
    def pairings(self) -> PairingRepo: ...

    @property
    def jobs(self) -> JobRepo: ...

    @property
    def print_jobs(self) -> PrintJobRepo: ...

    @property
    def shifts(self) -> ShiftRepo: ...

    @property
    def is_committed(self) -> bool:
        """Whether the changes were committed."""
        ...

    async def commit(self) -> None: ...


class UnitOfWorkFactory(Protocol):
    def __call__(self, *, read_only: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        """A new unit of work. ``read_only`` is for frequent reads, without the cost of beginning and ending a
        transaction. Each read sees the latest committed data and locks nothing; writing or committing raises
        RuntimeError.
        """
        ...
