"""Orders and attendees of a show, as a producer looks through them."""

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
    """FAILED: given up. PERHAPS_SENT: the mail server did not say whether it took the mail. DELAYED: tried again."""

    FAILED = "failed"
    PERHAPS_SENT = "perhaps_sent"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class UndeliveredMail:
    """A mail about an order that did not get out, and what the mail server said."""

    kind: TaskKind
    problem: DeliveryProblem
    reason: str

    @classmethod
    def of(cls, kind: str, state: str, *, in_doubt: bool, error: str | None) -> UndeliveredMail:
        """From a task that is not done. ``error`` begins with the name of a Python error, which says nothing here."""
        if in_doubt:
            problem = DeliveryProblem.PERHAPS_SENT
        else:
            problem = DeliveryProblem.FAILED if state == TaskState.DEAD else DeliveryProblem.DELAYED
        return cls(TaskKind(kind), problem, re.sub(r"^\w+: ", "", error or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order in a list: no lines, and of its attendees only how many. Amounts in minor units of ``currency``."""

    id: UUID
    number: str
    status: OrderStatus
    customer: Customer
    currency: Currency
    subtotal: int
    promo_code: str | None
    promo_code_discount: int
    fees: int
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
    """Which orders of a show: those that match all of what is not None.

    ``email`` is the whole address in any case and in either form of its domain; every word of ``text`` is part of name
    or address (accents and apostrophes do not matter), of the phone number, or is the whole order number.
    ``undelivered``: only those with a mail that did not get out.
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
    """The last attendee of a page: they are listed as they came to be, those of one order together."""

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
    """Pages begin after a key, never at a number: what is placed meanwhile moves nobody to another page."""

    async def orders(
        self, show_id: UUID, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[OrderSummary]:
        """Newest first."""
        ...

    async def attendees(
        self, show_id: UUID, *, text: str | None = None, after: AttendeeCursor | None, limit: int
    ) -> list[AttendeeSummary]:
        """Oldest order first; of ``text`` as in ``OrderFilter``. Tickets that were made void are among them."""
        ...

    async def holds(self, show_id: UUID, *, limit: int) -> list[Hold]:
        """Orders that hold tickets, oldest hold first."""
        ...
