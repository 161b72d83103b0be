"""Sending letters: one mail a task, at the pace that the mail provider allows, the same Message-ID on every try.

Between the moment when the mail server has a mail and the moment when the outbox knows it, a worker can die, and
nobody can then ask the server: SMTP has no such question. So the outbox says beforehand that the mail is on its way.
A try that ended before that word is repeated without a doubt; one that ended after it is repeated too, since tickets
that come twice are better than none, and the log names the Message-ID by which the two are one.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from application.outbox import OutboxTask
from application.ports.letters import LetterFacts, LetterWriter
from application.ports.mail import Attachment, Mail, Mailer, MailRefused
from application.ports.pace import Pace
from application.ports.storage import UnitOfWorkFactory
from application.ports.system import Clock
from application.tasks import TaskHopeless, TaskTooEarly
from domain.customer import Customer

#: The lane in which all workers' mails take turns.
MAIL_LANE: Final = "smtp"
#: How long a worker waits for a mail's turn. When it comes later, the worker does something else meanwhile.
PATIENCE_SECONDS: Final = 10


class SendLetter:
    """Writes a letter and hands it to the mail server."""

    def __init__(
        self,
        letters: LetterWriter,
        mailer: Mailer,
        pace: Pace,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
    ) -> None:
        self._letters = letters
        self._mailer = mailer
        self._pace = pace
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(
        self,
        task: OutboxTask,
        to: Customer,
        facts: LetterFacts,
        *attachments: Attachment,
        reply_to: str = "",
    ) -> None:
        """Nothing is sent to somebody who was erased. Raises TaskHopeless when the server refuses the mail for good,
        MailUnavailable when it is away, TaskTooEarly when the mail's turn is not near.
        """
        if to.is_erased:
            return
        mail = Mail(
            to_name=to.name,
            to_address=to.email,
            letter=self._letters.write(facts),
            message_id=task.message_id,
            reply_to=reply_to,
            attachments=attachments,
        )
        await self._turn()
        async with self._unit_of_work() as uow:
            await uow.outbox.sending(task, now=self._clock.now())
            await uow.commit()
        try:
            await self._mailer.send(mail)
        except MailRefused as refusal:
            raise TaskHopeless(str(refusal)) from refusal

    async def _turn(self) -> None:
        taken, wait = await self._pace.reserve(MAIL_LANE, patience_seconds=PATIENCE_SECONDS)
        if not taken:
            raise TaskTooEarly(self._clock.now() + timedelta(seconds=wait - PATIENCE_SECONDS / 2))
        await asyncio.sleep(wait)
