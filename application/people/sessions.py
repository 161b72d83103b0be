"""Use cases: a browser's session, from signing in to signing out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from application.access.secrets import new_secret
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import hash_secret
from domain.catalog import Producer
from domain.errors import Conflict, NotFound
from domain.people import (
    MAX_DEVICE_LENGTH,
    SESSION_IDLE,
    SESSION_MOST,
    USE_REMEMBERED_EVERY,
    Member,
    Membership,
    OfficeSession,
    Person,
    SignedInBy,
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that is signed in. ``member`` is None until the person has chosen a producer."""

    session: OfficeSession
    person: Person
    member: Member | None


@dataclass(frozen=True, slots=True)
class NewSession:
    """``secret`` goes to the browser, and is stored nowhere."""

    session: OfficeSession
    secret: str = field(repr=False)


class NoMembership(Conflict):
    """The person works for no producer (any more)."""


class Sessions:
    """Begins sessions, in the transaction of a use case that knows the person."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def begin(
        self,
        uow: UnitOfWork,
        person_id: UUID,
        by: SignedInBy,
        *,
        device: str,
        instead_of: str = "",
        producer_id: UUID | None = None,
    ) -> NewSession:
        """A session with a new secret. The one with the secret ``instead_of`` ends: it never becomes another person's.

        A person with one producer has chosen it, and others choose later. Raises NoMembership.
        """
        memberships = await uow.people.memberships_of(person_id)
        if not memberships:
            raise NoMembership("You are not in the team of any producer now")
        if producer_id is None and len(memberships) == 1:
            producer_id = memberships[0].producer_id
        await end_secret(uow, instead_of)
        now, secret = self._clock.now(), new_secret(self._ids)
        session = OfficeSession(
            id=self._ids.new(),
            person_id=person_id,
            producer_id=producer_id,
            secret_hash=hash_secret(secret),
            created_at=now,
            last_seen_at=now,
            device=device[:MAX_DEVICE_LENGTH],
            signed_in_by=by,
        )
        await uow.office_sessions.add(session)
        return NewSession(session, secret)


async def end_secret(uow: UnitOfWork, secret: str) -> None:
    """End the session with this secret, if there is one."""
    if secret and (found := await uow.office_sessions.with_hash(hash_secret(secret))):
        session, _, _ = found
        await uow.office_sessions.end(session.id, person_id=session.person_id)


class WhoIsInside:
    """Finds the person of a session."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, secret: str, *, is_use: bool = True) -> SignedIn | None:
        """The session with this secret, unless it is over. Its use is recorded once in USE_REMEMBERED_EVERY.

        What a page asks by itself is no use (``is_use``): a browser that was left alone is signed out.
        """
        if not secret:
            return None
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.office_sessions.with_hash(hash_secret(secret))
            if found is None or found[0].is_over(now):
                return None
            session, person, membership = found
            producer = await uow.producers.get(membership.producer_id) if membership else None
        if is_use:
            session = await self._remember(session, now)
        member = Member(person, producer, membership) if producer and membership else None
        return SignedIn(session, person, member)

    async def _remember(self, session: OfficeSession, now: datetime) -> OfficeSession:
        if now - session.last_seen_at < USE_REMEMBERED_EVERY:
            return session
        async with self._unit_of_work() as uow:
            await uow.office_sessions.seen(session.id, now=now)
            await uow.commit()
        return replace(session, last_seen_at=now)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A producer that a person works for."""

    producer: Producer
    membership: Membership


class ListWorkplaces:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID) -> list[Workplace]:
        """The producers that the person works for, by name."""
        async with self._unit_of_work(read_only=True) as uow:
            found = [
                Workplace(producer, each)
                for each in await uow.people.memberships_of(person_id)
                if (producer := await uow.producers.get(each.producer_id))
            ]
        return sorted(found, key=lambda each: (each.producer.name.casefold(), each.producer.id))


class ChooseWorkplace:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, session: OfficeSession, producer_id: UUID) -> None:
        """Work for this producer in the session from now on. Raises NotFound if the person does not."""
        async with self._unit_of_work() as uow:
            if await uow.people.membership(session.person_id, producer_id) is None:
                raise NotFound("No such producer")
            await uow.office_sessions.choose(session.id, producer_id)
            await uow.commit()


class ListSessions:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, person_id: UUID) -> list[OfficeSession]:
        """The person's sessions that go on, the last seen first."""
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.office_sessions.of_person(
                person_id, since=now - SESSION_IDLE, created_since=now - SESSION_MOST
            )


class EndSession:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID, session_id: UUID) -> None:
        """Sign one of the person's browsers out. Raises NotFound if the session is not theirs, or over."""
        async with self._unit_of_work() as uow:
            if not await uow.office_sessions.end(session_id, person_id=person_id):
                raise NotFound("No such session")
            await uow.commit()


class SignOut:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, secret: str) -> None:
        """End the session with this secret, if there is one."""
        async with self._unit_of_work() as uow:
            await end_secret(uow, secret)
            await uow.commit()


class SignOutEverywhere:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID, *, but: UUID | None = None) -> int:
        """End all of the person's sessions, but for one, and use up all links to sign in. Returns how many."""
        async with self._unit_of_work() as uow:
            ended = await uow.office_sessions.end_all(person_id, but=but)
            await uow.sign_in_links.end_all(person_id)
            await uow.commit()
        return ended
