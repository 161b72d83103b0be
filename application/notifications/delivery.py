"""Sending mails: one for each task, at the pace that the mail provider allows, with the same Message-ID on every try.

After the mail server has accepted a mail and before the outbox records it, the worker can die or the answer can get
lost, and SMTP has no way to ask the server later. So right before a mail's content leaves, the worker notes in the
outbox that it sends. The statement that writes the note checks the claim of the task again, by the database's clock: it
stops a worker that was frozen for longer than its claim. If a try ended before the note, a retry is safe. If it ended
after the note, the mail was perhaps sent: RunTask logs its Message-ID and leaves it alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
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

#: The throttle key that the mails of all workers share.
MAIL_KEY: Final = "smtp"
#: How long a worker waits for a mail's slot. If the slot comes later, the worker turns to other tasks.
PATIENCE_SECONDS: Final = 10
#: The pause before a mail is tried again for which no connection to the mail server was free.
FULL_PAUSE: Final = timedelta(seconds=10)
#: A worker that needs longer for its note was frozen; it could lose its claim before the mail leaves.
NOTE_SECONDS: Final = CLAIM.total_seconds() / 2


class SendEmail:
    """Writes a mail and sends it to the mail server."""

    def __init__(
        self,
        email_templates: EmailTemplates,
        mailer: Mailer,
        throttle: Throttle,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._email_templates = email_templates
        self._mailer = mailer
        self._throttle = throttle
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._monotonic = monotonic

    async def __call__(
        self,
        task: OutboxTask,
        to: Customer,
        facts: EmailFacts,
        *attachments: Attachment,
        reply_to: str = "",
    ) -> None:
        """Send the mail, unless the recipient was erased or has no address.

        Raises PermanentTaskError if the server refuses the mail for good, MailUnavailable if it is away, PostponeTask
        if the mail's slot is not near, TaskPerhapsDone if the server did not answer, ClaimLost if another worker may
        have the task.
        """
        if not to.has_address:
            return
        mail = Mail(
            to_name=to.name,
            to_address=to.email,
            content=self._email_templates.write(facts),
            message_id=task.message_id,
            reply_to=reply_to,
            attachments=attachments,
        )
        await self._turn()
        note = _Note(self._unit_of_work, task, self._monotonic)
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
    """The note that a task's mail is being sent, written at the last moment before."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, task: OutboxTask, monotonic: Callable[[], float]) -> None:
        self._unit_of_work = unit_of_work
        self._task = task
        self._monotonic = monotonic
        self.since: datetime | None = None

    async def write(self) -> None:
        """Write the note. Raises ClaimLost if the mail must not be sent, StorageUnavailable if that cannot be known."""
        asked_at = self._monotonic()
        async with self._unit_of_work() as uow:
            self.since = await uow.task_claims.sending(self._task)
            await uow.commit()
        if self.since is None:
            raise ClaimLost("its claim was over before its mail was sent")
        if self._monotonic() - asked_at > NOTE_SECONDS:
            await self.take_back()
            raise ClaimLost("this worker stood still before its mail was sent")

    async def take_back(self) -> None:
        """Take the note back, because the mail was not sent.

        If this fails, the outcome of the try corrects it soon after.
        """
        if self.since is not None:
            with suppress(StorageUnavailable, StorageConflict):
                async with self._unit_of_work() as uow:
                    await uow.task_claims.not_sent(self._task, since=self.since)
                    await uow.commit()
