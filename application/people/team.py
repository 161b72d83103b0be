"""Use cases: a producer's team, and invitations to it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_producer
from application.links import INVITATION, OfficeLinks
from application.notifications.sign_in import invitation_mail
from application.people.sessions import NewSession, Sessions
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action, Facts
from domain.catalog import Producer
from domain.errors import Conflict, NotFound
from domain.people import (
    MAX_INVITATIONS,
    Invitation,
    Membership,
    Person,
    Role,
    SignedInBy,
    address_key,
    ensure_an_owner_stays,
    parse_person_email,
    parse_person_name,
)


class InvitationUseless(Conflict):
    """The invitation was accepted, taken back, or is too old."""


@dataclass(frozen=True, slots=True)
class Team:
    """The people of a producer, and who was invited and has not come yet."""

    members: list[tuple[Person, Membership]]
    invitations: list[Invitation]


class ListTeam:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, producer_id: UUID) -> Team:
        """The producer's team, by addresses."""
        async with self._unit_of_work(read_only=True) as uow:
            return Team(await uow.people.members(producer_id), await uow.invitations.of_producer(producer_id))


class ChangeRole:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, person_id: UUID, role: Role) -> None:
        """Give a member another role, which counts from the next page on.

        Raises NotFound, and Conflict for the last owner.
        """
        async with self._unit_of_work() as uow:
            before, members = await _locked_member(uow, actor, person_id)
            after = Membership(person_id, actor.producer_id, role)
            ensure_an_owner_stays(members, after, person_id)
            if after == before:
                return
            await uow.people.put(after)
            await self._audit.record(
                uow, actor, Action.MEMBER_CHANGED, person_id, before={"role": before.role}, after={"role": role}
            )
            await uow.commit()


class RemoveMember:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, person_id: UUID) -> None:
        """Remove a member: the person's sessions with this producer end at once. A person who is in no team any more is
        forgotten, with address and passkeys; the log keeps the name.

        Raises NotFound, and Conflict for the last owner.
        """
        async with self._unit_of_work() as uow:
            before, members = await _locked_member(uow, actor, person_id)
            ensure_an_owner_stays(members, None, person_id)
            person = await uow.people.get(person_id)
            await uow.people.leave(person_id, actor.producer_id)
            await uow.office_sessions.end_all(person_id, producer_id=actor.producer_id)
            if not await uow.people.memberships_of(person_id):
                await uow.people.forget(person_id)
            facts = {"role": before.role, "name": person.called if person else ""}
            await self._audit.record(uow, actor, Action.MEMBER_REMOVED, person_id, before=facts)
            await uow.commit()


async def _locked_member(uow: UnitOfWork, actor: Actor, person_id: UUID) -> tuple[Membership, list[Membership]]:
    """The member, and all members, locked: two owners cannot lower each other at once. Raises NotFound."""
    members = await uow.people.lock_memberships(actor.producer_id)
    found = next((each for each in members if each.person_id == person_id), None)
    if found is None:
        raise NotFound("No such member")
    return found, members


class Invite:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, email: str, role: Role) -> Invitation:
        """Mail an invitation to the team. Raises InvalidEmail, and Conflict for who is in it or is invited."""
        invitation = Invitation(
            id=self._ids.new(),
            producer_id=actor.producer_id,
            email=parse_person_email(email),
            role=role,
            invited_by=actor.name,
            sent_at=self._clock.now(),
        )
        async with self._unit_of_work() as uow:
            await locked_producer(uow, actor.producer_id)
            await _ensure_new(uow, invitation)
            await uow.invitations.put(invitation)
            await uow.outbox.add([invitation_mail(invitation, ids=self._ids)])
            await self._audit.record(uow, actor, Action.MEMBER_INVITED, invitation.id, after=_facts(invitation))
            await uow.commit()
        return invitation


async def _ensure_new(uow: UnitOfWork, invitation: Invitation) -> None:
    person = await uow.people.with_address(invitation.email)
    if person and await uow.people.membership(person.id, invitation.producer_id):
        raise Conflict("This person is in the team already", field="email")
    waiting = await uow.invitations.of_producer(invitation.producer_id)
    if any(address_key(each.email) == address_key(invitation.email) for each in waiting):
        raise Conflict("This person is invited already: you can send the invitation again", field="email")
    if len(waiting) >= MAX_INVITATIONS:
        raise Conflict(f"{MAX_INVITATIONS} invitations wait for an answer: take some back first")


class InviteAgain:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(self, actor: Actor, invitation_id: UUID) -> Invitation:
        """Mail an invitation once more: it is good for its whole time again. Raises NotFound."""
        async with self._unit_of_work() as uow:
            again = (await _own(uow, actor, invitation_id)).sent_again(self._clock.now())
            await uow.invitations.put(again)
            await uow.outbox.add([invitation_mail(again, ids=self._ids)])
            await uow.commit()
        return again


class TakeInvitationBack:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, invitation_id: UUID) -> None:
        """Take an invitation back: its link works no more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            invitation = await _own(uow, actor, invitation_id)
            await uow.invitations.take(invitation_id)
            await self._audit.record(uow, actor, Action.INVITATION_WITHDRAWN, invitation_id, before=_facts(invitation))
            await uow.commit()


async def _own(uow: UnitOfWork, actor: Actor, invitation_id: UUID) -> Invitation:
    invitation = await uow.invitations.get(invitation_id)
    if invitation is None or invitation.producer_id != actor.producer_id:
        raise NotFound("No such invitation")
    return invitation


def _facts(invitation: Invitation) -> Facts:
    return {"email": invitation.email, "role": invitation.role}


class ReadInvitation:
    """What an invitation's link would do."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, links: OfficeLinks) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._links = links

    async def __call__(self, token: str) -> tuple[Invitation, Producer, Person | None]:
        """The invitation with this token, its producer, and the person who has its address, if one has.

        Raises InvitationUseless.
        """
        async with self._unit_of_work(read_only=True) as uow:
            invitation, producer = await self.read(uow, token)
            return invitation, producer, await uow.people.with_address(invitation.email)

    async def read(self, uow: UnitOfWork, token: str) -> tuple[Invitation, Producer]:
        """The invitation and its producer, in a transaction. Raises InvitationUseless."""
        invitation_id = self._links.tokens.opened(INVITATION, token)
        invitation = await uow.invitations.get(invitation_id) if invitation_id else None
        producer = await uow.producers.get(invitation.producer_id) if invitation else None
        if invitation is None or producer is None or self._clock.now() >= invitation.expires_at:
            raise InvitationUseless("This invitation was used or taken back, or is too old")
        return invitation, producer


class AcceptInvitation:
    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        ids: Ids,
        audit: AuditLog,
        read_invitation: ReadInvitation,
        sessions: Sessions,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit
        self._read_invitation = read_invitation
        self._sessions = sessions

    async def __call__(self, token: str, *, name: str, device: str, instead_of: str) -> NewSession:
        """Join the team, and sign in. A person who is known keeps the name; others give one.

        Raises InvitationUseless, InvalidName.
        """
        async with self._unit_of_work() as uow:
            invitation, _ = await self._read_invitation.read(uow, token)
            if not await uow.invitations.take(invitation.id):
                raise InvitationUseless("This invitation was used or taken back, or is too old")
            person = await uow.people.with_address(invitation.email)
            if person is None:
                person = Person(self._ids.new(), invitation.email, parse_person_name(name))
                await uow.people.add(person)
            await self._join(uow, invitation, person)
            new = await self._sessions.begin(
                uow,
                person.id,
                SignedInBy.INVITATION,
                device=device,
                instead_of=instead_of,
                producer_id=invitation.producer_id,
            )
            await uow.commit()
        return new

    async def _join(self, uow: UnitOfWork, invitation: Invitation, person: Person) -> None:
        if await uow.people.membership(person.id, invitation.producer_id):
            return  # made a member in the meantime, with a role that someone chose later
        await uow.people.put(Membership(person.id, invitation.producer_id, invitation.role))
        actor = Actor(invitation.producer_id, name=person.called, scopes=frozenset(), person_id=person.id)
        after = {"role": invitation.role, "name": person.called, "invited_by": invitation.invited_by}
        await self._audit.record(uow, actor, Action.MEMBER_ADDED, person.id, after=after)


class RenamePerson:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID, name: str) -> None:
        """Give a person another name. Entries of the audit log keep the one of their time. Raises InvalidName."""
        name = parse_person_name(name)
        async with self._unit_of_work() as uow:
            await uow.people.rename(person_id, name)
            await uow.commit()
