"""Sending letters about orders: one mail a task, the same Message-ID on every try."""

from __future__ import annotations

from application.outbox import OutboxTask
from application.ports.mail import Attachment, Letter, Mail, Mailer, MailRefused
from application.tasks import TaskHopeless
from domain.orders import Order


async def send_letter(mailer: Mailer, task: OutboxTask, order: Order, letter: Letter, *attachments: Attachment) -> None:
    """Mail a letter to the order's customer.

    Raises TaskHopeless when the server refuses it for good, MailUnavailable when it is away.
    """
    mail = Mail(
        to_name=order.customer.name,
        to_address=order.customer.email,
        letter=letter,
        message_id=f"{task.id}@piquetickets",
        attachments=attachments,
    )
    try:
        await mailer.send(mail)
    except MailRefused as refusal:
        raise TaskHopeless(str(refusal)) from refusal
