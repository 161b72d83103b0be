"""People and their ways to sign in, in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection, Row, compiled
from adapters.postgres.tables import (
    invitations,
    memberships,
    office_sessions,
    passkey_challenges,
    passkeys,
    persons,
    sign_in_links,
)
from domain.people import (
    Invitation,
    Membership,
    OfficeSession,
    Passkey,
    PasskeyChallenge,
    Person,
    Role,
    SignedInBy,
    SignInLink,
    address_key,
)

#: Every request of the office runs this.
_INSIDE = compiled(
    sa.select(office_sessions, persons.c.email, persons.c.name, memberships.c.role)
    .select_from(
        office_sessions.join(persons).outerjoin(
            memberships,
            sa.and_(
                memberships.c.producer_id == office_sessions.c.producer_id,
                memberships.c.person_id == office_sessions.c.person_id,
            ),
        )
    )
    .where(office_sessions.c.secret_hash == sa.bindparam("hash", type_=sa.LargeBinary))
)


class PostgresPeopleRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, person: Person) -> None:
        values = {**asdict(person), "address": address_key(person.email)}
        await self._connection.execute(sa.insert(persons).values(values))

    async def get(self, person_id: UUID) -> Person | None:
        return await self._one(persons.c.id == person_id)

    async def with_address(self, email: str) -> Person | None:
        return await self._one(persons.c.address == address_key(email))

    async def _one(self, condition: sa.ColumnElement[bool]) -> Person | None:
        row = (await self._connection.execute(sa.select(persons).where(condition))).mappings().one_or_none()
        return _person_of(row) if row else None

    async def rename(self, person_id: UUID, name: str) -> None:
        await self._connection.execute(sa.update(persons).where(persons.c.id == person_id).values(name=name))

    async def put(self, membership: Membership) -> None:
        statement = insert(memberships).values(asdict(membership))
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["producer_id", "person_id"], set_={"role": statement.excluded.role}
            )
        )

    async def leave(self, person_id: UUID, producer_id: UUID) -> None:
        await self._connection.execute(
            sa.delete(memberships).where(memberships.c.person_id == person_id, memberships.c.producer_id == producer_id)
        )

    async def forget(self, person_id: UUID) -> None:
        await self._connection.execute(sa.delete(persons).where(persons.c.id == person_id))

    async def membership(self, person_id: UUID, producer_id: UUID) -> Membership | None:
        query = sa.select(memberships).where(
            memberships.c.person_id == person_id, memberships.c.producer_id == producer_id
        )
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return _membership_of(row) if row else None

    async def memberships_of(self, person_id: UUID) -> list[Membership]:
        query = sa.select(memberships).where(memberships.c.person_id == person_id).order_by(memberships.c.producer_id)
        return [_membership_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def members(self, producer_id: UUID) -> list[tuple[Person, Membership]]:
        query = (
            sa.select(persons, memberships.c.producer_id, memberships.c.role, memberships.c.person_id)
            .join(memberships)
            .where(memberships.c.producer_id == producer_id)
            .order_by(sa.collate(persons.c.address, "C"))
        )
        rows = (await self._connection.execute(query)).mappings()
        return [(_person_of(row), _membership_of(row)) for row in rows]

    async def lock_memberships(self, producer_id: UUID) -> list[Membership]:
        query = (
            sa.select(memberships)
            .where(memberships.c.producer_id == producer_id)
            .order_by(memberships.c.person_id)
            .with_for_update()
        )
        return [_membership_of(row) for row in (await self._connection.execute(query)).mappings()]


class PostgresOfficeSessionRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, session: OfficeSession) -> None:
        await self._connection.execute(sa.insert(office_sessions).values(asdict(session)))

    async def with_hash(self, secret_hash: bytes) -> tuple[OfficeSession, Person, Membership | None] | None:
        [rows] = await self._connection.fetch((_INSIDE, {"hash": secret_hash}))
        if not rows:
            return None
        [row] = rows
        person = Person(row["person_id"], row["email"], row["name"])
        return _session_of(row), person, _membership_of(row) if row["role"] else None

    async def of_person(self, person_id: UUID, *, since: datetime, created_since: datetime) -> list[OfficeSession]:
        table = office_sessions.c
        query = (
            sa.select(office_sessions)
            .where(table.person_id == person_id, table.last_seen_at > since, table.created_at > created_since)
            .order_by(table.last_seen_at.desc(), table.id.desc())
        )
        return [_session_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def seen(self, session_id: UUID, *, now: datetime) -> None:
        await self._connection.execute(
            sa.update(office_sessions).where(office_sessions.c.id == session_id).values(last_seen_at=now)
        )

    async def choose(self, session_id: UUID, producer_id: UUID) -> None:
        await self._connection.execute(
            sa.update(office_sessions).where(office_sessions.c.id == session_id).values(producer_id=producer_id)
        )

    async def end(self, session_id: UUID, *, person_id: UUID) -> bool:
        ended = await self._connection.execute(
            sa.delete(office_sessions).where(
                office_sessions.c.id == session_id, office_sessions.c.person_id == person_id
            )
        )
        return ended.rowcount > 0

    async def end_all(self, person_id: UUID, *, but: UUID | None = None, producer_id: UUID | None = None) -> int:
        statement = sa.delete(office_sessions).where(office_sessions.c.person_id == person_id)
        if but is not None:
            statement = statement.where(office_sessions.c.id != but)
        if producer_id is not None:
            statement = statement.where(office_sessions.c.producer_id == producer_id)
        return (await self._connection.execute(statement)).rowcount


class PostgresSignInLinkRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, link: SignInLink) -> None:
        await self._connection.execute(sa.insert(sign_in_links).values(asdict(link)))

    async def get(self, link_id: UUID) -> SignInLink | None:
        query = sa.select(sign_in_links).where(sign_in_links.c.id == link_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return SignInLink(**row) if row else None

    async def take(self, link_id: UUID) -> bool:
        taken = await self._connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.id == link_id))
        return taken.rowcount > 0

    async def end_all(self, person_id: UUID) -> None:
        await self._connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.person_id == person_id))


class PostgresInvitationRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, invitation: Invitation) -> None:
        statement = insert(invitations).values({**asdict(invitation), "address": address_key(invitation.email)})
        changed = {name: statement.excluded[name] for name in ("email", "address", "role", "invited_by", "sent_at")}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))

    async def get(self, invitation_id: UUID) -> Invitation | None:
        query = sa.select(invitations).where(invitations.c.id == invitation_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return _invitation_of(row) if row else None

    async def of_producer(self, producer_id: UUID) -> list[Invitation]:
        query = (
            sa.select(invitations)
            .where(invitations.c.producer_id == producer_id)
            .order_by(sa.collate(invitations.c.address, "C"))
        )
        return [_invitation_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def take(self, invitation_id: UUID) -> bool:
        taken = await self._connection.execute(sa.delete(invitations).where(invitations.c.id == invitation_id))
        return taken.rowcount > 0


class PostgresPasskeyRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, passkey: Passkey) -> None:
        await self._connection.execute(sa.insert(passkeys).values(asdict(passkey)))

    async def get(self, passkey_id: UUID) -> Passkey | None:
        query = sa.select(passkeys).where(passkeys.c.id == passkey_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return Passkey(**row) if row else None

    async def lock_credential(self, credential_id: bytes) -> Passkey | None:
        query = sa.select(passkeys).where(passkeys.c.credential_id == credential_id).with_for_update()
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return Passkey(**row) if row else None

    async def of_person(self, person_id: UUID) -> list[Passkey]:
        query = (
            sa.select(passkeys).where(passkeys.c.person_id == person_id).order_by(passkeys.c.created_at, passkeys.c.id)
        )
        return [Passkey(**row) for row in (await self._connection.execute(query)).mappings()]

    async def used(self, passkey_id: UUID, *, sign_count: int, now: datetime) -> None:
        await self._change(passkey_id, sign_count=sign_count, last_used_at=now)

    async def rename(self, passkey_id: UUID, name: str) -> None:
        await self._change(passkey_id, name=name)

    async def _change(self, passkey_id: UUID, **values: object) -> None:
        await self._connection.execute(sa.update(passkeys).where(passkeys.c.id == passkey_id).values(**values))

    async def remove(self, passkey_id: UUID) -> None:
        await self._connection.execute(sa.delete(passkeys).where(passkeys.c.id == passkey_id))

    async def add_challenge(self, challenge: PasskeyChallenge) -> None:
        await self._connection.execute(sa.insert(passkey_challenges).values(asdict(challenge)))

    async def take_challenge(self, challenge_id: UUID) -> PasskeyChallenge | None:
        statement = (
            sa.delete(passkey_challenges)
            .where(passkey_challenges.c.id == challenge_id)
            .returning(*passkey_challenges.c)
        )
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return PasskeyChallenge(**row) if row else None


def _person_of(row: Row) -> Person:
    return Person(row["id"], row["email"], row["name"])


def _membership_of(row: Row) -> Membership:
    return Membership(row["person_id"], row["producer_id"], Role(row["role"]))


def _session_of(row: Row) -> OfficeSession:
    return OfficeSession(
        id=row["id"],
        person_id=row["person_id"],
        producer_id=row["producer_id"],
        secret_hash=row["secret_hash"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        device=row["device"],
        signed_in_by=SignedInBy(row["signed_in_by"]),
    )


def _invitation_of(row: Row) -> Invitation:
    return Invitation(
        id=row["id"],
        producer_id=row["producer_id"],
        email=row["email"],
        role=Role(row["role"]),
        invited_by=row["invited_by"],
        sent_at=row["sent_at"],
    )
