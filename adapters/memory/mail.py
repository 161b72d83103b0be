"""A mail server whose mails can be read, a printer that prints text, and templates for plain emails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from application.ports.emails import EmailContent, EmailFacts
from application.ports.mail import (
    Ask,
    Mail,
    MailPerhapsSent,
    MailQueued,
    MailRefused,
    MailUnavailable,
    PrintableTicket,
    unasked,
)


class MemoryMailer:
    """A mail server. ``is_mute`` makes it take mails without an answer, ``is_full`` have no connection for them."""

    def __init__(self) -> None:
        self.is_mute = False
        self.is_full = False
        self.sent: list[Mail] = []
        self.available = True
        self.refused_addresses: set[str] = set()

    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        if self.is_full:
            raise MailQueued("every connection is in use")
        if not self.available:
            raise MailUnavailable("switched off")
        if mail.to_address in self.refused_addresses:
            raise MailRefused(f"550 no such user: {mail.to_address}")
        await may_send()
        self.sent.append(mail)
        if self.is_mute:
            raise MailPerhapsSent("the mail server did not answer")


class MemoryTicketRenderer:
    async def render(self, tickets: Sequence[PrintableTicket]) -> bytes:
        pages = "\f".join(f"{ticket.show_title}\n{ticket.attendee_name}\n{ticket.code}" for ticket in tickets)
        return f"%PDF-\n{pages}".encode()


class MemoryEmailTemplates:
    """Emails that name their kind and list their facts; ``written`` has the facts themselves."""

    def __init__(self) -> None:
        self.written: list[EmailFacts] = []

    def write(self, facts: EmailFacts) -> EmailContent:
        self.written.append(facts)
        kind = type(facts).__name__.removesuffix("Facts")
        title = f": {facts.show_title}" if hasattr(facts, "show_title") else ""
        text = "\n".join([kind, *(f"{field.name}: {getattr(facts, field.name)}" for field in fields(facts))])
        return EmailContent(subject=f"{kind}{title}", text=text, html=text)
