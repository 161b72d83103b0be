"""An outbox one can read, a printer that prints text, a writer of plain letters."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports.mail import (
    ConfirmationFacts,
    LatePaymentFacts,
    Letter,
    Mail,
    MailRefused,
    MailUnavailable,
    PrintableTicket,
)


class MemoryMailer:
    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.available = True
        self.refused_addresses: set[str] = set()

    async def send(self, mail: Mail) -> None:
        if not self.available:
            raise MailUnavailable("switched off")
        if mail.to_address in self.refused_addresses:
            raise MailRefused(f"550 no such user: {mail.to_address}")
        self.sent.append(mail)


class MemoryTicketRenderer:
    async def render(self, tickets: Sequence[PrintableTicket]) -> bytes:
        pages = "\f".join(f"{ticket.show_title}\n{ticket.attendee_name}\n{ticket.code}" for ticket in tickets)
        return f"%PDF-\n{pages}".encode()


class MemoryLetterWriter:
    def confirmation(self, facts: ConfirmationFacts) -> Letter:
        text = f"{facts.customer_name}, your tickets for {facts.show_title}: {facts.order_url}"
        return Letter(subject=f"Your tickets for {facts.show_title}", text=text, html=text)

    def late_payment(self, facts: LatePaymentFacts) -> Letter:
        text = f"{facts.customer_name}, we are sorry: {facts.amount} for {facts.show_title} go back to you"
        return Letter(subject=f"Your payment for {facts.show_title} came too late", text=text, html=text)
