"""Task: the mail to a person of the office who has one more passkey.

Who sits down at a browser that is signed in can make a way in that outlasts the session. So the person hears of it. The
task carries what the mail says: whether the passkey was removed since does not matter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from application.links import OfficeLinks
from application.notifications.delivery import SendEmail
from application.ports.emails import PasskeyAddedFacts
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.customer import Customer
from domain.people import Passkey
from domain.tasks import OutboxTask, TaskKind

# Keys of the task's details.
PERSON_ID: Final = "person_id"
PASSKEY_NAME: Final = "passkey_name"
ADDED_AT: Final = "added_at"


def passkey_mail(passkey: Passkey, producer_id: UUID, *, ids: Ids) -> OutboxTask:
    """The mail about the new passkey. ``producer_id`` is for whom its person works now."""
    return OutboxTask(
        id=ids.new(),
        kind=TaskKind.PASSKEY_MAIL,
        producer_id=producer_id,
        due_at=passkey.created_at,
        details={
            PERSON_ID: str(passkey.person_id),
            PASSKEY_NAME: passkey.name,
            ADDED_AT: passkey.created_at.astimezone(UTC).isoformat(),
        },
    )


class SendPasskeyAddedEmail:
    """Handler of TaskKind.PASSKEY_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, links: OfficeLinks) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Write to the person. Raises what SendEmail raises."""
        async with self._unit_of_work(read_only=True) as uow:
            person = await uow.people.get(UUID(task.details[PERSON_ID]))
        if person is None:
            return
        facts = PasskeyAddedFacts(
            name=task.details[PASSKEY_NAME],
            added_at=datetime.fromisoformat(task.details[ADDED_AT]),
            url=self._links.own_page(),
        )
        await self._send_email(task, Customer(person.name, person.email), facts)
