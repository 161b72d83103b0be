"""The mails with which people of the office sign in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from application.links import OfficeLinks
from application.notifications.delivery import SendEmail
from application.ports.emails import InvitationFacts, SignInFacts
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.customer import Customer
from domain.people import Invitation, Role, SignInLink
from domain.tasks import OutboxTask, TaskKind

# Keys of the task's details. They hold ids alone: the link's token is made when the mail is written.
LINK_ID: Final = "link_id"


def link_mail(link: SignInLink, producer_id: UUID, *, ids: Ids) -> OutboxTask:
    """The mail with the link, to its person, who is in the team of the producer."""
    return OutboxTask(
        id=ids.new(),
        kind=TaskKind.SIGN_IN_MAIL,
        producer_id=producer_id,
        due_at=link.created_at,
        details={LINK_ID: str(link.id)},
    )


class SendSignInEmail:
    """Handler of TaskKind.SIGN_IN_MAIL."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, send_email: SendEmail, links: OfficeLinks
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the link, unless it was used or is too old by now. Raises what SendEmail raises."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            link = await uow.sign_in_links.get(UUID(task.details[LINK_ID]))
            person = await uow.people.get(link.person_id) if link and link.person_id else None
        if link is None or person is None or now >= link.expires_at:
            return
        facts = SignInFacts(
            url=self._links.sign_in(link.id),
            good_for=_good_for(link),
            only_in_that_browser=link.browser_hash is not None,
        )
        await self._send_email(task, Customer(person.name, person.email), facts)


def _good_for(link: SignInLink) -> str:
    minutes = round((link.expires_at - link.created_at).total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 60 else f"{minutes // 60} hours"


#: A key of the details of an INVITATION_MAIL.
INVITATION_ID: Final = "invitation_id"
#: What each role is called in a sentence, and what it may do.
ROLE_WORDS: Final[Mapping[Role, tuple[str, str]]] = MappingProxyType(
    {
        Role.OWNER: ("an owner", "you can do everything, the team and the payouts included"),
        Role.MANAGER: ("a manager", "you can do everything but change the team and the payouts"),
        Role.BOX_OFFICE: ("box office", "you can look after orders, and let people in"),
        Role.DOOR: ("door staff", "you can let people in"),
        Role.VIEWER: ("a viewer", "you can see shows and figures, and change nothing"),
    }
)


def invitation_mail(invitation: Invitation, *, ids: Ids) -> OutboxTask:
    """The mail with the invitation."""
    return OutboxTask(
        id=ids.new(),
        kind=TaskKind.INVITATION_MAIL,
        producer_id=invitation.producer_id,
        due_at=invitation.sent_at,
        details={INVITATION_ID: str(invitation.id)},
    )


class SendInvitationEmail:
    """Handler of TaskKind.INVITATION_MAIL."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, send_email: SendEmail, links: OfficeLinks
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the invitation, unless it was accepted, taken back or is too old. Raises what SendEmail raises."""
        async with self._unit_of_work() as uow:
            invitation = await uow.invitations.get(UUID(task.details[INVITATION_ID]))
            producer = await uow.producers.get(task.about_producer)
        if invitation is None or producer is None or self._clock.now() >= invitation.expires_at:
            return
        role, may = ROLE_WORDS[invitation.role]
        facts = InvitationFacts(
            producer_name=producer.name,
            invited_by=invitation.invited_by,
            role=role,
            may=may,
            until=invitation.expires_at,
            url=self._links.invitation(invitation.id),
        )
        await self._send_email(task, Customer("", invitation.email), facts, reply_to=producer.email)
