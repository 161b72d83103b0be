"""Sending letters: one mail a task, at the pace that the mail provider allows, the same Message-ID on every try.

Between the moment when the mail server has a mail and the moment when the outbox knows it, a worker can die or the
answer can get lost, and nobody can then ask the server: SMTP has no such question. So the outbox notes, right before a
mail's content leaves, that it does. The statement that writes the note looks at the claim of the task again, by the
database's clock: a worker that was frozen for longer than its claim stops there. A try that ended before the note is
repeated without a doubt. One that ended after it was perhaps sent: RunTask names its Message-ID and lets it rest.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from application.ports.emails import EmailFacts, EmailTemplates
from application.ports.mail import Attachment, Mail, Mailer, MailError, MailPerhapsSent, MailQueued, MailRefused
from application.ports.system import Clock
from application.ports.throttle import Throttle
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from application.tasks.run import CLAIM, ClaimLost, PermanentTaskError, PostponeTask, TaskPerhapsDone
from domain.customer import Customer
from domain.tasks import OutboxTask

#: The lane in which all workers' mails take turns.
MAIL_KEY: Final = "smtp"
#: How long a worker waits for a mail's turn. When it comes later, the worker does something else meanwhile.
PATIENCE_SECONDS: Final = 10
#: When a mail is tried again for which no connection to the mail server was free.
FULL_PAUSE: Final = timedelta(seconds=10)
#: A worker that needed longer for its note stood still meanwhile; it could lose its claim before the mail leaves.
NOTE_SECONDS: Final = CLAIM.total_seconds() / 2


class SendEmail:
    """Writes a letter and hands it to the mail server."""

    def __init__(
        self,
        letters: EmailTemplates,
        mailer: Mailer,
        throttle: Throttle,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
    ) -> None:
        self._letters = letters
        self._mailer = mailer
        self._throttle = throttle
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(
        self,
        task: OutboxTask,
        to: Customer,
        facts: EmailFacts,
        *attachments: Attachment,
        reply_to: str = "",
    ) -> None:
        """Nothing is sent to somebody who was erased. Raises PermanentTaskError when the server refuses the mail for
        good, MailUnavailable when it is away, PostponeTask when the mail's turn is not near, TaskPerhapsDone when
        the server's answer did not come, ClaimLost when another worker may have the task.
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
        note = _Note(self._unit_of_work, task)
        try:
            await self._mailer.send(mail, may_send=note.write)
        except MailPerhapsSent as doubt:
            raise TaskPerhapsDone(str(doubt), note.since or self._clock.now()) from doubt
        except MailQueued as queue:
            raise PostponeTask(self._clock.now() + FULL_PAUSE) from queue
        except MailError as error:
            await note.take_back()
            if isinstance(error, MailRefused):
                raise PermanentTaskError(str(error)) from error
            raise

    async def _turn(self) -> None:
        taken, wait = await self._throttle.reserve(MAIL_KEY, max_wait_seconds=PATIENCE_SECONDS)
        if not taken:
            raise PostponeTask(self._clock.now() + timedelta(seconds=wait - PATIENCE_SECONDS / 2))
        await asyncio.sleep(wait)


class _Note:
    """That a task's mail is on its way, written down in the last moment before it is."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, task: OutboxTask) -> None:
        self._unit_of_work = unit_of_work
        self._task = task
        self.since: datetime | None = None

    async def write(self) -> None:
        """Raises ClaimLost when the mail must not be sent, StorageUnavailable when that cannot be known."""
        asked_at = time.monotonic()
        async with self._unit_of_work() as uow:
            self.since = await uow.outbox.sending(self._task)
            await uow.commit()
        if self.since is None:
            raise ClaimLost("its claim was over before its mail was sent")
        if time.monotonic() - asked_at > NOTE_SECONDS:
            await self.take_back()
            raise ClaimLost("this worker stood still before its mail was sent")

    async def take_back(self) -> None:
        """The mail was not sent. Where that cannot be written down now, the outcome of the try says it soon after."""
        if self.since is not None:
            with suppress(StorageUnavailable, StorageConflict):
                async with self._unit_of_work() as uow:
                    await uow.outbox.not_sent(self._task, since=self.since)
                    await uow.commit()
