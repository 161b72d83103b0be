"""A mail to send, the mailer that sends it, and the words of one that arrived."""

from __future__ import annotations

from typing import Any

from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.options import Sender, SmtpOptions
from adapters.system.clock import SystemClock
from application.ports.emails import EmailContent
from application.ports.mail import Mail
from demo.mail_catcher.mails import CaughtMail


def example_mail(**changes: Any) -> Mail:
    """A mail to Ada, with what a test changes."""
    content = EmailContent(
        subject=changes.pop("subject", "Your tickets"),
        text=changes.pop("text", "Two tickets."),
        html=changes.pop("html", "<!DOCTYPE html><html><head></head><body><p>Two tickets.</p></body></html>"),
    )
    facts: dict[str, Any] = {
        "to_name": "Ada Lovelace",
        "to_address": "ada@example.org",
        "message_id": "order-1@tickets.example.org",
        "content": content,
    }
    return Mail(**(facts | changes))


def example_mailer(url: str) -> SmtpMailer:
    """A mailer that is not connected yet; the caller closes it."""
    sender = Sender("Theatre Éclair", "tickets@example.org")
    return SmtpMailer(SmtpOptions.from_url(url), sender=sender, clock=SystemClock())


def unwrapped(mail: CaughtMail) -> str:
    """The text in one line. Where a line ends depends on the day that stands in it."""
    return " ".join(mail.text.split())
