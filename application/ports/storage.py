"""Repo: a unit of work over repositories. Nothing lasts unless ``commit`` was called."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self
from uuid import UUID

from application.ports.checkin import DoorRepo
from application.ports.order_lists import OrderListRepo
from application.ports.payment import PaymentEvent
from application.ports.personal_data import BuyerRepo, NoteRepo
from application.ports.show_refunds import CancellationRepo
from domain.access import AccessToken
from domain.audit_log import AuditCursor, AuditEntry, AuditFilter
from domain.branding import Picture
from domain.cart import Cart
from domain.catalog import Producer, Show, Ticket
from domain.claims import Claim, Claimed
from domain.disputes import Dispute
from domain.duplicate_payments import DuplicatePayment
from domain.errors import NotFound
from domain.offering import Offering
from domain.orders import Order, OrderStatus
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode
from domain.refunds import Refund, RefundStatus
from domain.stock import Stock
from domain.tasks import OutboxTask, TaskKind, TaskState


class StorageUnavailable(Exception):
    """The database is down, its connections are used up, or it was lost on the way. Nothing was committed, or it is
    unknown whether the commit came through."""


class RowsInUse(StorageUnavailable):
    """Another transaction keeps a row that this one wants for longer than it would wait. Nothing was done."""


class StorageConflict(Exception):
    """Another transaction got in the way (deadlock, or the same unique key at once). Safe to repeat at once."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What carts ask about, as one transaction sees it: shows, their producers, and the stock.

    ``used_keys``: those of the Idempotency-Keys asked about that an order was placed under. ``claimed``: what each
    claimant's key that was asked about has of its show, where it has anything. ``in_use``: what was passed over,
    tickets by their ids, promo codes by their show's id and their code; it is not in the stock.
    """

    shows: Mapping[UUID, Show]
    producers: Mapping[UUID, Producer]
    stock: Stock
    used_keys: frozenset[str] = frozenset()
    claimed: Mapping[int, Claimed] = field(default_factory=dict)
    in_use: frozenset[Hashable] = frozenset()

    def offering(self, show_id: UUID, policy: CheckoutPolicy) -> Offering:
        """The show on sale. Raises NotFound."""
        show = self.shows.get(show_id)
        if show is None:
            raise NotFound("No such show", field="show_id")
        return Offering(show, self.producers[show.producer_id], self.stock, policy)


@dataclass(frozen=True, slots=True)
class SoldOrders:
    """Orders and what they are about, as one transaction sees it: their shows, and the stock that is theirs."""

    orders: Mapping[UUID, Order]
    shows: Mapping[UUID, Show]
    stock: Stock


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """Which claimants' keys are asked about; claims that ended before ``now`` do not count."""

    keys: Collection[int]
    now: datetime


class SalesRepo(Protocol):
    """The stock of shows on sale."""

    async def read(self, carts: Sequence[Cart]) -> Sale:
        """Everything the carts ask about, without locks."""
        ...

    async def lock(
        self,
        carts: Sequence[Cart],
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
        pass_over: bool = False,
    ) -> Sale:
        """The same, with the tickets and then the promo codes locked in id order until the transaction ends, and then
        the keys of claimants, in their order: another transaction that asks about one of them waits.

        Shows, producers, prices and which of the Idempotency-Keys ``keys`` are used are read after the locks were had,
        so they are as fresh as can be (P1-007). Raises RowsInUse where another transaction keeps a row for long, and
        does not wait at all with ``pass_over``: what others have is not in the stock then, but named.
        """
        ...

    async def lock_stock(self, orders: Sequence[Order]) -> Stock:
        """The tickets and promo codes of orders, locked. Lock the orders themselves first."""
        ...

    async def lock_orders(self, order_ids: Collection[UUID]) -> SoldOrders:
        """The orders that exist, then their tickets and promo codes: locked in id order until the transaction ends.

        Everything else is read after the locks were had.
        """
        ...

    async def save(self, stock: Stock) -> None:
        """Write the counters that changed."""
        ...

    async def claim(self, claims: Sequence[Claim]) -> None:
        """Remember for whom orders count that hold tickets, or took free ones."""
        ...

    async def forget_claims(self, *, now: datetime, limit: int) -> int:
        """Claims that have ended, so many at a time. How many there were."""
        ...


@dataclass(frozen=True, slots=True)
class ShowOnDisplay:
    """A show as buyers see it."""

    show: Show
    producer: Producer
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class ShowCursor:
    """The last show of a page: lists are sorted by start time, then id."""

    start_time: datetime
    show_id: UUID


class CatalogRepo(Protocol):
    """Producers, shows, tickets and promo codes. Counters of tickets are the SalesRepo's business."""

    async def add_producer(self, producer: Producer) -> None: ...

    async def producer(self, producer_id: UUID) -> Producer | None: ...

    async def save_producer(self, producer: Producer) -> None: ...

    async def lock_producer(self, producer_id: UUID) -> Producer | None:
        """The producer, whose account nobody else changes until the transaction ends."""
        ...

    async def account_changed(self, stripe_account_id: str, *, charges_enabled: bool) -> None:
        """Write down what an account can do, for everybody whose money goes to it."""
        ...

    async def add_show(self, show: Show) -> None: ...

    async def show(self, show_id: UUID) -> Show | None: ...

    async def lock_show(self, show_id: UUID) -> Show | None:
        """The show; nobody else changes it, or what it sells, until the transaction ends. Checkouts go on meanwhile.

        Whoever locks tickets and promo codes of it, too, does so afterwards.
        """
        ...

    async def save_show(self, show: Show) -> None: ...

    async def lock_stock_of(self, show_id: UUID) -> None:
        """Wait until no checkout of the show is being decided, and keep new ones waiting. Lock the show first."""
        ...

    async def delete_show(self, show_id: UUID) -> None:
        """With its tickets and promo codes. It must have no orders."""
        ...

    async def shows_of(self, producer_id: UUID, *, after: ShowCursor | None, limit: int) -> list[ShowOnDisplay]:
        """Everything of a producer's, the last to start first."""
        ...

    async def on_display(self, show_id: UUID) -> ShowOnDisplay | None:
        """The show with its producer and tickets, published or not."""
        ...

    async def all_on_display(self, show_ids: Collection[UUID]) -> Mapping[UUID, ShowOnDisplay]:
        """The same of many shows, by id, as far as they exist."""
        ...

    async def on_sale(
        self, *, now: datetime, producer_id: UUID | None, after: ShowCursor | None, limit: int
    ) -> list[ShowOnDisplay]:
        """Published shows that have not ended and were not cancelled, soonest first."""
        ...

    async def shows_to_come(self, *, since: datetime, after: UUID | None, limit: int) -> list[Show]:
        """Shows that end after ``since``, published or not, in the order of their ids, from the one after ``after``."""
        ...

    async def add_ticket(self, ticket: Ticket) -> None: ...

    async def save_ticket(self, ticket: Ticket) -> None:
        """Write name, description, price, flags and quantity; held and sold stay as they are."""
        ...

    async def ticket(self, ticket_id: UUID) -> Ticket | None: ...

    async def lock_ticket(self, ticket_id: UUID) -> Ticket | None:
        """The ticket, once no checkout of it is being decided; new ones wait until the transaction ends."""
        ...

    async def delete_ticket(self, ticket_id: UUID) -> None:
        """It must have no orders."""
        ...

    async def add_promo_code(self, promo_code: TicketPromoCode) -> None: ...

    async def promo_code(self, promo_code_id: UUID) -> TicketPromoCode | None: ...

    async def promo_code_written(self, show_id: UUID, code: str) -> TicketPromoCode | None:
        """The show's promo code that is written ``code`` (upper-case)."""
        ...

    async def lock_promo_code(self, promo_code_id: UUID) -> TicketPromoCode | None:
        """The promo code, once no checkout with it is being decided; new ones wait until the transaction ends."""
        ...

    async def save_promo_code(self, promo_code: TicketPromoCode) -> None:
        """Write everything but the count of uses."""
        ...

    async def delete_promo_code(self, promo_code_id: UUID) -> None:
        """It must have no orders."""
        ...

    async def promo_codes_of(self, show_id: UUID, *, after: str | None, limit: int) -> list[TicketPromoCode]:
        """By their code, those that come behind the code ``after``."""
        ...

    async def has_orders(
        self, *, show_id: UUID | None = None, ticket_id: UUID | None = None, promo_code_id: UUID | None = None
    ) -> bool:
        """Whether any order, of whatever status, is about the one that is named."""
        ...


#: The id of an order, and how it stands.
FoundOrder = tuple[UUID, OrderStatus]


class OrderPayment(NamedTuple):
    """How an order stands, and the payment that paid it, if one has."""

    status: OrderStatus
    payment_intent_id: str | None


class OrderRepo(Protocol):
    """Orders with their lines and attendees."""

    async def add(self, orders: Sequence[Order]) -> None:
        """Raises StorageConflict when another transaction used one of the idempotency keys at the same time."""
        ...

    async def get(self, order_id: UUID) -> Order | None: ...

    async def get_all(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        """Those of the orders that exist, read together."""
        ...

    async def lock(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        """The orders that exist, locked in id order until the transaction ends."""
        ...

    async def with_idempotency_keys(self, keys: Collection[str]) -> Mapping[str, Order]:
        """The orders that were placed under these Idempotency-Keys."""
        ...

    async def of_sessions(self, session_ids: Collection[str]) -> Mapping[str, FoundOrder]:
        """The sessions' orders."""
        ...

    async def payments(self, order_ids: Collection[UUID]) -> Mapping[UUID, OrderPayment]:
        """How the orders that exist stand and what paid them, without locking them."""
        ...

    async def id_of_intent(self, payment_intent_id: str) -> UUID | None: ...

    async def without_session(self, *, created_before: datetime, limit: int) -> list[UUID]:
        """Pending orders that nobody can pay yet, oldest first."""
        ...

    async def unconfirmed(self, *, checked_before: datetime, limit: int) -> list[UUID]:
        """Orders that hold tickets, have a session, and were not asked about since then; longest ago first.

        Locked until the transaction ends, without those that another transaction has locked.
        """
        ...

    async def checked(self, order_ids: Collection[UUID], *, now: datetime) -> None:
        """The payment provider is asked about the orders."""
        ...

    async def attach_session(self, order_id: UUID, *, session_id: str, checkout_url: str | None) -> None:
        """Remember where the order is paid, whatever else happens to it at the same time. One that was paid keeps the
        session that it was paid by.
        """
        ...

    async def save(self, orders: Sequence[Order]) -> None:
        """Write status, payment facts and attendees of locked orders, and of those that were paid the session."""
        ...

    async def save_customer(self, order: Order) -> None:
        """Write the customer of a locked order and the names of its attendees."""
        ...

    async def overdue(self, *, now: datetime, limit: int) -> list[UUID]:
        """Pending orders whose hold has run out and is not put off, locked until the transaction ends: those that were
        never put off first, then the longest overdue. What another transaction has locked is left out, and one that is
        processing waits for its bank.
        """
        ...

    async def release_after(self, order_ids: Collection[UUID], *, moment: datetime) -> None:
        """Put off the release of these orders' holds: a worker is at it, or it failed."""
        ...


@dataclass(frozen=True, slots=True)
class DueTasks:
    """How many tasks of a kind are due and wait for a worker, and since when the oldest does."""

    count: int
    oldest_due_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many tasks are to be done, and how many were given up; by kind, those that wait for a worker now.

    ``perhaps_sent`` counts those of both whose mail the mail server has perhaps taken.
    """

    pending: int
    dead: int
    perhaps_sent: int
    due: Mapping[TaskKind, DueTasks]


class OutboxRepo(Protocol):
    """Work that must happen after a commit (design.md §6)."""

    async def add(self, tasks: Iterable[OutboxTask]) -> None: ...

    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        """Tasks that are due, that nobody works on, and that were not handed over lately; longest due first."""
        ...

    async def handed_over(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        """Whoever looks for due tasks does not get these before ``again_at``. They can be claimed all the same."""
        ...

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        """How many due tasks are handed over or claimed, at the longest ``until``; not counted beyond ``limit``."""
        ...

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        """The task for the caller alone until ``until``, its attempts counted up; None when it is not to be had."""
        ...

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        """Keep the claim of a task a while longer. False when it is lost: the task is done, or somebody else's."""
        ...

    async def sending(self, task: OutboxTask) -> datetime | None:
        """Note that the content of a claimed task's mail is now given to the mail server: when, by the store's clock.

        None, and nothing is noted, when the claim is over by that clock, or somebody else's. Clock and claim are looked
        at in the statement that writes the note, so no pause between the two can let two workers send.
        """
        ...

    async def not_sent(self, task: OutboxTask, *, since: datetime) -> None:
        """Take the note of ``since`` back: that mail was not sent, says the worker that wrote the note.

        Where another worker found the note meanwhile and put the task off, it is due at once.
        """
        ...

    async def save(self, task: OutboxTask) -> None:
        """Write the outcome of a claimed task, ``sending_since`` included, and give the claim back.

        That a task is done is true whoever says it. Any other outcome counts only from whoever has the claim.
        """
        ...

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        """Give the claim of a task back that could not be begun; the try does not count."""
        ...

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        """Tasks as they stand, in the order of their ids, from the one after ``after`` on."""
        ...

    async def perhaps_sent(self, *, now: datetime, after: UUID | None, limit: int) -> list[OutboxTask]:
        """In the same order, those that are not done, whose mail was perhaps sent, and that no worker has."""
        ...

    async def revive(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        """Dead tasks, these or all of them, get all their tries again, from ``now`` on. Which ones do.

        So do those of ``task_ids`` whose mail was perhaps sent.
        """
        ...

    async def is_pending(self, order_id: UUID, kind: TaskKind, details: Mapping[str, str]) -> bool:
        """Whether such a task about the order, with at least these details, is still to be done."""
        ...

    async def settle(self, order_id: UUID, kind: TaskKind) -> None:
        """Dead tasks of this kind about the order are done: there is nothing left for them to do."""
        ...

    async def announce(
        self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime, holding: bool = False
    ) -> int:
        """A task for every order of the show that still admits somebody (``holding``: that holds tickets and is not
        paid), and has no such task waiting. How many.
        """
        ...

    async def has(self, order_id: UUID, kind: TaskKind) -> bool:
        """Whether the order ever had such a task."""
        ...

    async def announce_pending_payments(self, *, now: datetime, limit: int) -> int:
        """A PENDING_PAYMENT_MAIL for orders whose payment is being processed while the doors are open: one for each
        order, ever. How many there are new.
        """
        ...

    async def plan_reminders(self, show_id: UUID, *, due_at: datetime | None) -> None:
        """Orders of the show that still admit somebody are reminded at ``due_at`` (None: not at all).

        A reminder that somebody has begun to send stays as it is.
        """
        ...

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        """What is due, what waits ``until`` then at the latest for another try, and what was given up."""
        ...


class LookupRepo(Protocol):
    """Buyers who lost the way to their orders."""

    async def ask(self, address_hash: bytes, *, now: datetime, not_since: datetime) -> bool:
        """Remember that an address asked. False, and nothing is remembered, where it had asked after ``not_since``.

        Who asked before ``not_since`` is forgotten by and by.
        """
        ...

    async def orders_of(self, email: str, *, limit: int) -> list[UUID]:
        """Orders of an address, however it is capitalised, newest first."""
        ...


class RefundRepo(Protocol):
    """Refunds. Whoever writes one has locked its order."""

    async def add(self, refund: Refund) -> None: ...

    async def of_order(self, order_id: UUID) -> list[Refund]:
        """In the order of their sequence."""
        ...

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Refund]]:
        """Those of each order that has any, read together, in the order of their sequence."""
        ...

    async def statuses(self, stripe_refund_ids: Collection[str]) -> Mapping[str, RefundStatus]:
        """How those of Stripe's refunds that are known stand."""
        ...

    async def save(self, refund: Refund) -> None:
        """Write how it stands."""
        ...


class DuplicatePaymentRepo(Protocol):
    """Money that came a second time for an order."""

    async def add(self, payments: Sequence[DuplicatePayment]) -> list[DuplicatePayment]:
        """Remember them, whose orders are locked. Those that were not known before."""
        ...

    async def get(self, payment_intent_id: str) -> DuplicatePayment | None: ...

    async def lock(self, payment_intent_id: str) -> DuplicatePayment | None:
        """It, locked until the transaction ends."""
        ...

    async def known(self, payment_intent_ids: Collection[str]) -> frozenset[str]:
        """Which of these payments are such."""
        ...

    async def save(self, payment: DuplicatePayment) -> None:
        """Write how it stands. Lock it first."""
        ...


class DisputeRepo(Protocol):
    """Disputes of orders' payments. The caller who writes one has locked its order."""

    async def of_order(self, order_id: UUID) -> list[Dispute]:
        """Oldest first."""
        ...

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Dispute]]:
        """Those of each order that has any, read together, oldest first."""
        ...

    async def save(self, dispute: Dispute) -> None:
        """Write a new one, or how one stands that is known."""
        ...


#: How the error of an event begins that is about none of our orders.
NOT_OURS: Final = "NotFound:"


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A webhook in the inbox."""

    event: PaymentEvent
    received_at: datetime
    handled_at: datetime | None = None
    last_error: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it waits because of an error. That an order of ours has nothing to do with it is none: others may
        sell by the same Stripe account.
        """
        return self.handled_at is None and not (self.last_error or "").startswith(NOT_OURS)


@dataclass(frozen=True, slots=True)
class Background:
    """What is known when an event comes: whether it was ``handled`` before, and whose session it is about, if any."""

    handled: bool
    order: FoundOrder | None


class EventInbox(Protocol):
    """Webhooks, each kept once, with what became of it (design.md §5)."""

    async def get(self, event_id: str) -> ReceivedEvent | None: ...

    async def background(self, events: Collection[PaymentEvent]) -> Mapping[str, Background]:
        """Of every event, by its id."""
        ...

    async def handled(self, events: Collection[PaymentEvent], *, now: datetime) -> None:
        """Keep them, with nothing left to be done. In the transaction that did it, it is done once whatever happens."""
        ...

    async def failed_events(self, *, after: ReceivedEvent | None, limit: int) -> list[ReceivedEvent]:
        """Events that wait with an error, oldest first, from the one after ``after`` on. Those that are about none of
        our orders are left out.
        """
        ...

    async def failed(self, event: PaymentEvent, *, error: str, now: datetime) -> None:
        """Keep it as one that waits, with its error for an operator to see."""
        ...


class PictureRepo(Protocol):
    """Logos of producers and images of shows."""

    async def add(self, picture: Picture, content: bytes) -> None:
        """Nothing happens when it is there already."""
        ...

    async def content(self, picture: Picture) -> bytes | None: ...

    async def remove_unused(self, picture: Picture) -> None:
        """Forget it, unless a show or a producer still has it."""
        ...


class TokenRepo(Protocol):
    """Access tokens of the producer API."""

    async def add(self, token: AccessToken) -> None: ...

    async def with_hash(self, secret_hash: bytes) -> AccessToken | None: ...

    async def of_producer(self, producer_id: UUID) -> list[AccessToken]:
        """A producer's tokens, revoked ones too, oldest first."""
        ...

    async def used(self, token_id: UUID, *, now: datetime, unless_since: datetime) -> None:
        """Remember that the token was used, unless a use since then is remembered already."""
        ...

    async def get(self, token_id: UUID) -> AccessToken | None: ...

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        """False when there is no such token."""
        ...


class AuditRepo(Protocol):
    """What producers' tokens did. Entries are added, and never changed."""

    async def add(self, entry: AuditEntry) -> None: ...

    async def page(
        self, producer_id: UUID, *, only: AuditFilter, after: AuditCursor | None, limit: int
    ) -> list[AuditEntry]:
        """Newest first."""
        ...


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without ``commit`` rolls everything back.

    Any call may raise StorageUnavailable or StorageConflict.
    """

    @property
    def sales(self) -> SalesRepo: ...

    @property
    def catalog(self) -> CatalogRepo: ...

    @property
    def orders(self) -> OrderRepo: ...

    @property
    def outbox(self) -> OutboxRepo: ...

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
    def audit(self) -> AuditRepo: ...

    @property
    def order_lists(self) -> OrderListRepo: ...

    @property
    def door(self) -> DoorRepo: ...

    @property
    def notes(self) -> NoteRepo: ...

    @property
    def buyers(self) -> BuyerRepo: ...

    @property
    def cancellations(self) -> CancellationRepo: ...

    async def commit(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class UnitOfWorkFactory(Protocol):
    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        """A new one. ``read_only`` is for what many ask for at once: there is no transaction to begin and to end. Each
        read sees what was committed before it, nothing is locked, and whoever writes or commits is in the wrong.
        """
        ...
