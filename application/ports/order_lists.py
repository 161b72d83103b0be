"""Orders and attendees of a show, or of all shows of a producer, as the producer lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.customer import Customer
from domain.money import Currency
from domain.order_search import MisspeltWord, SearchTerm, search_terms
from domain.orders import AttendeeStatus, ManualPayment, OrderStatus
from domain.tasks import TaskKind, TaskState


class DeliveryProblem(StrEnum):
    """Why a mail is undelivered.

    FAILED: given up. PERHAPS_SENT: the mail server did not say whether it accepted the mail. DELAYED: tried again.
    """

    FAILED = "failed"
    PERHAPS_SENT = "perhaps_sent"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class UndeliveredMail:
    """A mail about an order that was not delivered, and the mail server's answer."""

    kind: TaskKind
    problem: DeliveryProblem
    reason: str

    @classmethod
    def of(cls, kind: str, state: str, *, in_doubt: bool, error: str | None) -> UndeliveredMail:
        """The mail of a task that is not done.

        ``error`` begins with the name of a Python error, which is left out here.
        """
        if in_doubt:
            problem = DeliveryProblem.PERHAPS_SENT
        else:
            problem = DeliveryProblem.FAILED if state == TaskState.DEAD else DeliveryProblem.DELAYED
        return cls(TaskKind(kind), problem, re.sub(r"^\w+: ", "", error or ""))


@dataclass(frozen=True, slots=True)
class ShowsOf:
    """The shows whose orders are listed: ``show_id``, or all of the producer's (None)."""

    producer_id: UUID
    show_id: UUID | None = None


class PaidBy(StrEnum):
    """How an order is paid. ONLINE: through Stripe. FREE: a buyer's order that costs nothing. The others are those of
    manual orders.
    """

    ONLINE = "online"
    FREE = "free"
    CASH = "cash"
    COMP = "comp"
    OTHER = "other"


class Presence(StrEnum):
    """Whether an attendee is in. OUT: was in, and left for a while. VOID: the ticket does not admit any more."""

    IN = "in"
    OUT = "out"
    NOT_IN = "not_in"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order in a list: no lines, and only the number of its attendees.

    Amounts are in minor units of ``currency``.
    """

    id: UUID
    show_id: UUID
    show_title: str
    number: str
    status: OrderStatus
    customer: Customer
    currency: Currency
    subtotal: int
    promo_code: str | None
    promo_code_discount: int
    fees: int
    fees_included: bool
    total: int
    tax: int
    amount_paid: int
    refunded_amount: int
    manual_payment: ManualPayment | None
    disputed: bool
    tickets: int
    valid_tickets: int
    checked_in: int
    created_at: datetime
    completed_at: datetime | None
    undelivered: tuple[UndeliveredMail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeSummary:
    """An attendee in a list, with the order they belong to. ``out_since``: when a valid ticket that is out now left."""

    id: UUID
    name: str
    ticket_name: str
    is_vip: bool
    code: str
    status: AttendeeStatus
    checked_in_at: datetime | None
    order_id: UUID
    order_number: str
    customer_email: str
    created_at: datetime
    show_id: UUID
    show_title: str
    out_since: datetime | None = None

    @property
    def presence(self) -> Presence:
        """Whether the attendee is in."""
        if self.status is AttendeeStatus.VOID:
            return Presence.VOID
        if self.out_since is not None:
            return Presence.OUT
        return Presence.NOT_IN if self.checked_in_at is None else Presence.IN


class ExportedOrder(NamedTuple):
    """An order in a file: as its summary, in plain values. A tuple, because there may be a million of them.

    ``id`` and ``show_id`` are in their text form; ``status`` and ``manual_payment`` are the values of OrderStatus and
    ManualPayment; amounts are in minor units of ``currency``, a code.
    """

    id: str
    status: str
    manual_payment: str | None
    created_at: datetime
    completed_at: datetime | None
    name: str
    email: str
    phone: str | None
    tickets: int
    valid_tickets: int
    checked_in: int
    currency: str
    subtotal: int
    promo_code: str | None
    promo_code_discount: int
    fees: int
    total: int
    tax: int
    amount_paid: int
    refunded_amount: int
    disputed: bool
    fees_included: bool
    show_id: str
    show_title: str

    @classmethod
    def of(cls, order: OrderSummary) -> ExportedOrder:
        customer, payment = order.customer, order.manual_payment
        return cls(
            id=str(order.id),
            status=order.status.value,
            manual_payment=payment.value if payment else None,
            created_at=order.created_at,
            completed_at=order.completed_at,
            name=customer.name,
            email=customer.email,
            phone=customer.phone,
            tickets=order.tickets,
            valid_tickets=order.valid_tickets,
            checked_in=order.checked_in,
            currency=order.currency.code,
            subtotal=order.subtotal,
            promo_code=order.promo_code,
            promo_code_discount=order.promo_code_discount,
            fees=order.fees,
            total=order.total,
            tax=order.tax,
            amount_paid=order.amount_paid,
            refunded_amount=order.refunded_amount,
            disputed=order.disputed,
            fees_included=order.fees_included,
            show_id=str(order.show_id),
            show_title=order.show_title,
        )


class ExportedAttendee(NamedTuple):
    """An attendee in a file, as ``ExportedOrder``; ``status`` is the value of AttendeeStatus."""

    id: str
    name: str
    ticket_name: str
    is_vip: bool
    code: str
    status: str
    checked_in_at: datetime | None
    order_id: str
    email: str
    created_at: datetime
    show_id: str
    show_title: str
    out_since: datetime | None = None

    @classmethod
    def of(cls, attendee: AttendeeSummary) -> ExportedAttendee:
        return cls(
            id=str(attendee.id),
            name=attendee.name,
            ticket_name=attendee.ticket_name,
            is_vip=attendee.is_vip,
            code=attendee.code,
            status=attendee.status.value,
            checked_in_at=attendee.checked_in_at,
            order_id=str(attendee.order_id),
            email=attendee.customer_email,
            created_at=attendee.created_at,
            show_id=str(attendee.show_id),
            show_title=attendee.show_title,
            out_since=attendee.out_since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TextFilter:
    """``text``: every word of it must be part of a name or the address (accents and apostrophes do not matter) or of
    the phone number, or be the whole order number, or the end of a ticket's code. ``meant`` are terms that are searched
    instead of these words. ``names_only``: names and numbers alone are searched.
    """

    text: str | None = None
    meant: tuple[SearchTerm, ...] = ()
    names_only: bool = False

    @property
    def terms(self) -> Sequence[SearchTerm]:
        """What is searched, all of it."""
        terms = self.meant or search_terms(self.text or "")
        return [term.of_names for term in terms] if self.names_only else terms


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter(_TextFilter):
    """Conditions that orders must meet; None means any.

    ``email`` is the whole address in any case and in either form of its domain. ``undelivered``: only orders with a
    mail that was not delivered. ``placed_from`` is inclusive, ``placed_until`` exclusive.
    """

    status: OrderStatus | None = None
    email: str | None = None
    undelivered: bool = False
    disputed: bool = False
    paid_by: PaidBy | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeFilter(_TextFilter):
    """Conditions that attendees must meet; None means any. ``text`` is searched in their orders.

    ``ticket_name`` is the name of the ticket type: the shows of a run have the same. ``promo_code`` is the code that
    the order was placed with.
    """

    presence: Presence | None = None
    ticket_name: str | None = None
    promo_code: str | None = None
    allocation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OrderCursor:
    """The last order of a page: orders are listed newest first."""

    created_at: datetime
    order_id: UUID


@dataclass(frozen=True, slots=True)
class AttendeeCursor:
    """The last attendee of a page: they are listed in the order they were created, those of one order together."""

    created_at: datetime
    order_id: UUID
    attendee_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An order that holds tickets. ``network`` is the key of the client network it came from, while that is known."""

    order_id: UUID
    status: OrderStatus
    email: str
    network: int | None
    tickets: int
    created_at: datetime
    expires_at: datetime


class OrderListRepo(Protocol):
    """Pages begin after a key, never at a number: a new order moves no other to another page."""

    async def orders(
        self, of: ShowsOf, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[OrderSummary]:
        """A page of orders, newest first."""
        ...

    async def attendees(
        self, of: ShowsOf, *, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> list[AttendeeSummary]:
        """A page of attendees, including void ones, oldest order first."""
        ...

    async def exported_orders(
        self, of: ShowsOf, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[ExportedOrder]:
        """The page of ``orders`` as a file has it."""
        ...

    async def exported_attendees(
        self, of: ShowsOf, *, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> list[ExportedAttendee]:
        """The page of ``attendees`` as a file has it."""
        ...

    async def words_like(self, of: ShowsOf, word: MisspeltWord) -> set[str]:
        """The words of these shows' orders that ``word`` may mean (``MisspeltWord.may_mean``)."""
        ...

    async def with_number(self, producer_id: UUID, number: str, *, limit: int) -> list[UUID]:
        """The producer's orders with this number, oldest first. There is nearly always one at most."""
        ...

    async def ticket_names(self, of: ShowsOf) -> list[str]:
        """The names of the shows' ticket types, each once, in alphabetical order."""
        ...

    async def holds(self, show_id: UUID, *, limit: int) -> list[Hold]:
        """Orders that hold tickets, oldest hold first."""
        ...

    async def sizes(self, show_id: UUID) -> tuple[int, int]:
        """How many orders and how many attendees a show has."""
        ...
