"""Tickets on paper, and sending mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from application.ports.emails import EmailContent, Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintableTicket:
    """One admission as it is printed; ``price`` is as people read it, with the ticket's share of the fees on top."""

    show_title: str
    producer_name: str
    occasion: Occasion
    attendee_name: str
    ticket_name: str
    is_vip: bool
    price: str
    order_number: str
    code: str
    terms: str = ""


class TicketRenderer(Protocol):
    async def render(self, tickets: Sequence[PrintableTicket]) -> bytes:
        """A PDF with one page for each ticket. The event loop stays free while it is made."""
        ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a mail. ``content_type`` may have parameters."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An addressed mail. ``message_id`` (without angle brackets) is the same on every try.

    ``reply_to`` is the address that answers go to, "" for the sender's.
    """

    to_name: str
    to_address: str
    content: EmailContent
    message_id: str
    reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()


class MailError(Exception):
    """The mail was not sent."""


class MailRefused(MailError):
    """The server will never accept this mail (a 5xx answer, an address it does not know).

    Trying again does not help.
    """


class MailUnavailable(MailError):
    """The server is away, busy or too slow, and did not accept the mail. Trying again later can help."""


class MailQueued(MailError):
    """Every connection to the server is in use. Nothing was sent."""


class MailPerhapsSent(MailError):
    """The server has all of the mail and did not answer: we cannot know whether it accepted the mail."""


#: Called at the last moment before the mail's content leaves. An exception from it stops the mail.
Ask = Callable[[], Awaitable[None]]


async def unasked() -> None:
    """Allow the mail."""


class Mailer(Protocol):
    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        """Send one mail to the mail server.

        Raises MailRefused, MailUnavailable, MailQueued, MailPerhapsSent, and what ``may_send`` raises.
        """
        ...
