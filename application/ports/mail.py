"""Letters and tickets: what is written, how it looks, and how it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintableTicket:
    """One admission as it is printed. Times are aware; ``timezone`` is the venue's; ``price`` is as people read it."""

    show_title: str
    producer_name: str
    venue: str
    door_time: datetime
    start_time: datetime
    timezone: ZoneInfo
    attendee_name: str
    ticket_name: str
    is_vip: bool
    price: str
    order_number: str
    code: str
    terms: str = ""


class TicketRenderer(Protocol):
    async def render(self, tickets: Sequence[PrintableTicket]) -> bytes:
        """A PDF with one page for each ticket. The event loop stays free meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says, before it is addressed."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLine:
    """A row of an order's table in a letter; amounts as people read them."""

    name: str
    quantity: int
    total_price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationFacts:
    """What the confirmation letter tells: all amounts and numbers as people read them, times aware.

    ``discount`` is "" where there was none; ``fees`` and ``total`` are "" for a free order.
    """

    customer_name: str
    show_title: str
    producer_name: str
    venue: str
    door_time: datetime
    start_time: datetime
    timezone: ZoneInfo
    order_number: str
    lines: tuple[LetterLine, ...]
    discount: str
    fees: str
    tax: str
    total: str
    order_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePaymentFacts:
    """What the apology for a late payment tells; ``amount`` is what goes back, as people read it."""

    customer_name: str
    show_title: str
    producer_name: str
    order_number: str
    amount: str
    order_url: str


class LetterWriter(Protocol):
    def confirmation(self, facts: ConfirmationFacts) -> Letter:
        """The mail that brings the tickets."""
        ...

    def late_payment(self, facts: LatePaymentFacts) -> Letter:
        """The mail that says sorry: the money came when the tickets were gone, and goes back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A letter on its way. ``message_id`` (without angle brackets) is the same on every try."""

    to_name: str
    to_address: str
    letter: Letter
    message_id: str
    attachments: tuple[Attachment, ...] = ()


class MailError(Exception):
    """The mail was not sent."""


class MailRefused(MailError):
    """The server will never take this mail (a 5xx answer, an address it does not know). Trying again is no use."""


class MailUnavailable(MailError):
    """The server is away, busy or too slow. Trying again later can help; whether it took the mail may be unknown."""


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hand one mail to the mail server. Raises MailRefused or MailUnavailable."""
        ...
