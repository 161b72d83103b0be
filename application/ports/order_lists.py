"""Orders and attendees of a show, as a producer lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.customer import Customer
from domain.money import Currency
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order in a list: no lines, and only the number of its attendees.

    Amounts are in minor units of ``currency``.
    """

    id: UUID
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
    """An attendee in a list, with the order they belong to."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Conditions that a show's orders must meet; None means any.

    ``email`` is the whole address in any case and in either form of its domain. Every word of ``text`` must be part of
    the name or address (accents and apostrophes do not matter) or of the phone number, or be the whole order number.
    ``undelivered``: only orders with a mail that was not delivered.
    """

    status: OrderStatus | None = None
    email: str | None = None
    text: str | None = None
    undelivered: bool = False


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
        self, show_id: UUID, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[OrderSummary]:
        """A page of orders, newest first."""
        ...

    async def attendees(
        self, show_id: UUID, *, text: str | None = None, after: AttendeeCursor | None, limit: int
    ) -> list[AttendeeSummary]:
        """A page of attendees, including void ones, oldest order first; ``text`` as in ``OrderFilter``."""
        ...

    async def holds(self, show_id: UUID, *, limit: int) -> list[Hold]:
        """Orders that hold tickets, oldest hold first."""
        ...
