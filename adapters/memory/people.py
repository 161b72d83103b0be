"""People and their ways to sign in, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.unit_of_work import StorageConflict
from domain.people import (
    Invitation,
    Membership,
    OfficeSession,
    Passkey,
    PasskeyChallenge,
    Person,
    SignInLink,
    address_key,
)


class MemoryPeopleRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, person: Person) -> None:
        if await self.with_address(person.email):
            raise StorageConflict("persons_address_key")
        self._tables.persons[person.id] = person

    async def get(self, person_id: UUID) -> Person | None:
        return self._tables.persons.get(person_id)

    async def with_address(self, email: str) -> Person | None:
        key = address_key(email)
        return next((each for each in self._tables.persons.values() if address_key(each.email) == key), None)

    async def rename(self, person_id: UUID, name: str) -> None:
        self._tables.persons[person_id] = replace(self._tables.persons[person_id], name=name)

    async def put(self, membership: Membership) -> None:
        self._tables.memberships[membership.producer_id, membership.person_id] = membership

    async def leave(self, person_id: UUID, producer_id: UUID) -> None:
        self._tables.memberships.pop((producer_id, person_id), None)
        self._tables.digests.pop((producer_id, person_id), None)

    async def forget(self, person_id: UUID) -> None:
        tables = self._tables
        tables.persons.pop(person_id, None)
        for table in (
            tables.memberships,
            tables.office_sessions,
            tables.sign_in_links,
            tables.passkeys,
            tables.passkey_challenges,
        ):
            _remove_of(table, person_id)

    async def membership(self, person_id: UUID, producer_id: UUID) -> Membership | None:
        return self._tables.memberships.get((producer_id, person_id))

    async def memberships_of(self, person_id: UUID) -> list[Membership]:
        found = [each for each in self._tables.memberships.values() if each.person_id == person_id]
        return sorted(found, key=lambda each: each.producer_id)

    async def members(self, producer_id: UUID) -> list[tuple[Person, Membership]]:
        found = [
            (self._tables.persons[each.person_id], each)
            for each in self._tables.memberships.values()
            if each.producer_id == producer_id
        ]
        return sorted(found, key=lambda each: address_key(each[0].email))

    async def lock_memberships(self, producer_id: UUID) -> list[Membership]:
        found = [each for each in self._tables.memberships.values() if each.producer_id == producer_id]
        return sorted(found, key=lambda each: each.person_id)


def _remove_of(table: dict[Any, Any], person_id: UUID) -> None:
    for key in [key for key, each in table.items() if each.person_id == person_id]:
        del table[key]


class MemoryOfficeSessionRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, session: OfficeSession) -> None:
        self._tables.office_sessions[session.id] = session

    async def with_hash(self, secret_hash: bytes) -> tuple[OfficeSession, Person, Membership | None] | None:
        tables = self._tables
        session = next((each for each in tables.office_sessions.values() if each.secret_hash == secret_hash), None)
        if session is None:
            return None
        membership = session.producer_id and tables.memberships.get((session.producer_id, session.person_id))
        return session, tables.persons[session.person_id], membership or None

    async def of_person(self, person_id: UUID, *, since: datetime, created_since: datetime) -> list[OfficeSession]:
        found = [
            each
            for each in self._tables.office_sessions.values()
            if each.person_id == person_id and each.last_seen_at > since and each.created_at > created_since
        ]
        return sorted(found, key=lambda each: (each.last_seen_at, each.id), reverse=True)

    async def seen(self, session_id: UUID, *, now: datetime) -> None:
        self._change(session_id, last_seen_at=now)

    async def choose(self, session_id: UUID, producer_id: UUID) -> None:
        self._change(session_id, producer_id=producer_id)

    def _change(self, session_id: UUID, **fields: object) -> None:
        session = self._tables.office_sessions.get(session_id)
        if session:
            self._tables.office_sessions[session_id] = replace(session, **fields)  # type: ignore[arg-type]

    async def end(self, session_id: UUID, *, person_id: UUID) -> bool:
        session = self._tables.office_sessions.get(session_id)
        if session is None or session.person_id != person_id:
            return False
        del self._tables.office_sessions[session_id]
        return True

    async def end_all(self, person_id: UUID, *, but: UUID | None = None, producer_id: UUID | None = None) -> int:
        ended = [
            each.id
            for each in self._tables.office_sessions.values()
            if each.person_id == person_id and each.id != but and producer_id in (None, each.producer_id)
        ]
        for session_id in ended:
            del self._tables.office_sessions[session_id]
        return len(ended)


class MemorySignInLinkRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, link: SignInLink) -> None:
        self._tables.sign_in_links[link.id] = link

    async def get(self, link_id: UUID) -> SignInLink | None:
        return self._tables.sign_in_links.get(link_id)

    async def take(self, link_id: UUID) -> bool:
        return self._tables.sign_in_links.pop(link_id, None) is not None

    async def end_all(self, person_id: UUID) -> None:
        for link_id in [each.id for each in self._tables.sign_in_links.values() if each.person_id == person_id]:
            del self._tables.sign_in_links[link_id]


class MemoryInvitationRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, invitation: Invitation) -> None:
        key = (invitation.producer_id, address_key(invitation.email))
        for each in self._tables.invitations.values():
            if each.id != invitation.id and (each.producer_id, address_key(each.email)) == key:
                raise StorageConflict("invitations_producer_id_address_key")
        self._tables.invitations[invitation.id] = invitation

    async def get(self, invitation_id: UUID) -> Invitation | None:
        return self._tables.invitations.get(invitation_id)

    async def of_producer(self, producer_id: UUID) -> list[Invitation]:
        found = [each for each in self._tables.invitations.values() if each.producer_id == producer_id]
        return sorted(found, key=lambda each: address_key(each.email))

    async def take(self, invitation_id: UUID) -> bool:
        return self._tables.invitations.pop(invitation_id, None) is not None


class MemoryPasskeyRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, passkey: Passkey) -> None:
        if await self.lock_credential(passkey.credential_id):
            raise StorageConflict("passkeys_credential_id_key")
        self._tables.passkeys[passkey.id] = passkey

    async def get(self, passkey_id: UUID) -> Passkey | None:
        return self._tables.passkeys.get(passkey_id)

    async def lock_credential(self, credential_id: bytes) -> Passkey | None:
        return next((each for each in self._tables.passkeys.values() if each.credential_id == credential_id), None)

    async def of_person(self, person_id: UUID) -> list[Passkey]:
        found = [each for each in self._tables.passkeys.values() if each.person_id == person_id]
        return sorted(found, key=lambda each: (each.created_at, each.id))

    async def used(self, passkey_id: UUID, *, sign_count: int, now: datetime) -> None:
        passkey = self._tables.passkeys[passkey_id]
        self._tables.passkeys[passkey_id] = replace(passkey, sign_count=sign_count, last_used_at=now)

    async def rename(self, passkey_id: UUID, name: str) -> None:
        self._tables.passkeys[passkey_id] = replace(self._tables.passkeys[passkey_id], name=name)

    async def remove(self, passkey_id: UUID) -> None:
        self._tables.passkeys.pop(passkey_id, None)

    async def add_challenge(self, challenge: PasskeyChallenge) -> None:
        self._tables.passkey_challenges[challenge.id] = challenge

    async def take_challenge(self, challenge_id: UUID) -> PasskeyChallenge | None:
        return self._tables.passkey_challenges.pop(challenge_id, None)
