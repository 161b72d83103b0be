"""The ports of people: persons, memberships, sessions, links, invitations and passkeys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.ports.unit_of_work import StorageConflict, UnitOfWork, UnitOfWorkFactory
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
)
from tests.contracts.builders import NOW, Theatre, a_producer, new_id

SECOND = timedelta(seconds=1)


@pytest.fixture
async def uow(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> AsyncIterator[UnitOfWork]:
    """A transaction that the test works in."""
    async with unit_of_work() as began:
        yield began


async def a_person(uow: UnitOfWork, email: str = "kim@globe.example", name: str = "Kim") -> Person:
    person = Person(new_id(), email, name)
    await uow.people.add(person)
    return person


async def another_producer(uow: UnitOfWork) -> UUID:
    other = a_producer()
    await uow.producers.add(other)
    return other.id


def a_session(person: Person, **fields: Any) -> OfficeSession:
    plain: dict[str, Any] = {
        "producer_id": None,
        "secret_hash": new_id().bytes,
        "created_at": NOW,
        "last_seen_at": NOW,
        "device": "Firefox",
        "signed_in_by": SignedInBy.PASSKEY,
    }
    return OfficeSession(id=new_id(), person_id=person.id, **{**plain, **fields})


def an_invitation(theatre: Theatre, email: str = "ada@globe.example", **fields: Any) -> Invitation:
    plain: dict[str, Any] = {"role": Role.DOOR, "invited_by": "Kim", "sent_at": NOW}
    return Invitation(id=new_id(), producer_id=theatre.producer.id, email=email, **{**plain, **fields})


def a_passkey(person: Person, **fields: Any) -> Passkey:
    plain: dict[str, Any] = {
        "credential_id": new_id().bytes,
        "public_key": b"key",
        "sign_count": 0,
        "name": "Phone",
        "created_at": NOW,
    }
    return Passkey(id=new_id(), person_id=person.id, **{**plain, **fields})


async def test_what_was_committed_stays(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        person = await a_person(uow)
        await uow.people.put(Membership(person.id, theatre.producer.id, Role.OWNER))
        session = a_session(person, producer_id=theatre.producer.id)
        await uow.office_sessions.add(session)
        await uow.commit()

    async with unit_of_work(read_only=True) as uow:
        found = await uow.office_sessions.with_hash(session.secret_hash)
    assert found == (session, person, Membership(person.id, theatre.producer.id, Role.OWNER))


async def test_a_person_is_found_however_the_address_is_spelled(uow: UnitOfWork) -> None:
    person = await a_person(uow, "Kim@bücher.example")

    assert await uow.people.get(person.id) == person
    for spelling in ("Kim@bücher.example", "kim@BÜCHER.example", "KIM@xn--bcher-kva.example"):
        assert await uow.people.with_address(spelling) == person
    assert await uow.people.with_address("kim@buecher.example") is None
    assert await uow.people.get(new_id()) is None


Step = Callable[[UnitOfWork], Awaitable[object]]


async def conflicting(unit_of_work: UnitOfWorkFactory, *steps: Step) -> None:
    """Check that the last step conflicts with those before it."""

    async def all_steps() -> None:
        async with unit_of_work() as uow:
            for step in steps:
                await step(uow)

    with pytest.raises(StorageConflict):
        await all_steps()


async def test_an_address_is_one_persons(unit_of_work: UnitOfWorkFactory) -> None:
    await conflicting(
        unit_of_work, lambda uow: a_person(uow, "kim@globe.example"), lambda uow: a_person(uow, "KIM@globe.example")
    )


async def test_a_person_gets_another_name(uow: UnitOfWork) -> None:
    person = await a_person(uow)
    await uow.people.rename(person.id, "Kim Park")
    assert await uow.people.get(person.id) == replace(person, name="Kim Park")


async def test_memberships_change_and_end(uow: UnitOfWork, theatre: Theatre) -> None:
    person, other = await a_person(uow), await another_producer(uow)
    first, second = Membership(person.id, theatre.producer.id, Role.DOOR), Membership(person.id, other, Role.OWNER)
    for membership in (first, second):
        await uow.people.put(membership)
    assert sorted(await uow.people.memberships_of(person.id), key=lambda each: each.role) == [first, second]

    raised = replace(first, role=Role.MANAGER)
    await uow.people.put(raised)
    assert await uow.people.membership(person.id, theatre.producer.id) == raised

    await uow.people.leave(person.id, other)
    assert await uow.people.memberships_of(person.id) == [raised]
    assert await uow.people.membership(person.id, other) is None


async def test_a_producers_people_are_listed_by_their_addresses(uow: UnitOfWork, theatre: Theatre) -> None:
    people = {email: await a_person(uow, email) for email in ("zoe@a.example", "Ada@b.example", "kim@a.example")}
    for person in people.values():
        await uow.people.put(Membership(person.id, theatre.producer.id, Role.VIEWER))
    stranger = await a_person(uow, "sam@a.example")
    await uow.people.put(Membership(stranger.id, await another_producer(uow), Role.OWNER))

    members = await uow.people.members(theatre.producer.id)
    assert [person.email for person, _ in members] == ["Ada@b.example", "kim@a.example", "zoe@a.example"]
    assert {membership.person_id for _, membership in members} == {person.id for person in people.values()}
    locked = await uow.people.lock_memberships(theatre.producer.id)
    assert {each.person_id for each in locked} == {person.id for person in people.values()}


async def test_a_session_without_a_membership_is_found_without_one(uow: UnitOfWork, theatre: Theatre) -> None:
    person = await a_person(uow)
    unchosen, chosen = a_session(person), a_session(person, producer_id=theatre.producer.id)
    for session in (unchosen, chosen):
        await uow.office_sessions.add(session)
        assert await uow.office_sessions.with_hash(session.secret_hash) == (session, person, None)
    assert await uow.office_sessions.with_hash(b"guessed") is None


async def test_a_session_is_seen_and_gets_a_producer(uow: UnitOfWork, theatre: Theatre) -> None:
    person = await a_person(uow)
    session = a_session(person)
    await uow.office_sessions.add(session)
    await uow.office_sessions.seen(session.id, now=NOW + SECOND)
    await uow.office_sessions.choose(session.id, theatre.producer.id)

    found = await uow.office_sessions.with_hash(session.secret_hash)
    assert found
    assert found[0] == replace(session, last_seen_at=NOW + SECOND, producer_id=theatre.producer.id)


async def test_a_persons_sessions_that_are_not_over_are_listed_the_last_seen_first(uow: UnitOfWork) -> None:
    person, other = await a_person(uow), await a_person(uow, "ada@globe.example")
    early, late = a_session(person), a_session(person, last_seen_at=NOW + SECOND)
    unseen = a_session(person, last_seen_at=NOW - SECOND, created_at=NOW - SECOND)
    old = a_session(person, created_at=NOW - 2 * SECOND)
    for session in (early, late, unseen, old, a_session(other)):
        await uow.office_sessions.add(session)

    assert await uow.office_sessions.of_person(person.id, since=NOW - SECOND, created_since=NOW - 2 * SECOND) == [
        late,
        early,
    ]


async def test_a_session_is_ended_by_its_own_person(uow: UnitOfWork) -> None:
    person, other = await a_person(uow), await a_person(uow, "ada@globe.example")
    session = a_session(person)
    await uow.office_sessions.add(session)

    assert not await uow.office_sessions.end(session.id, person_id=other.id)
    assert await uow.office_sessions.end(session.id, person_id=person.id)
    assert not await uow.office_sessions.end(session.id, person_id=person.id)
    assert await uow.office_sessions.with_hash(session.secret_hash) is None


async def test_all_sessions_are_ended_but_one_or_of_one_producer(uow: UnitOfWork, theatre: Theatre) -> None:
    person, other = await a_person(uow), await a_person(uow, "ada@globe.example")
    mine = [a_session(person, producer_id=producer_id) for producer_id in (theatre.producer.id, None, None)]
    for session in (*mine, a_session(other)):
        await uow.office_sessions.add(session)

    assert await uow.office_sessions.end_all(person.id, producer_id=theatre.producer.id) == 1
    assert await uow.office_sessions.end_all(person.id, but=mine[1].id) == 1
    assert await uow.office_sessions.with_hash(mine[1].secret_hash)
    assert await uow.office_sessions.end_all(person.id) == 1
    assert await uow.office_sessions.end_all(other.id) == 1


async def test_a_link_is_used_once(uow: UnitOfWork) -> None:
    person = await a_person(uow)
    link = SignInLink(
        id=new_id(), person_id=person.id, browser_hash=b"hash", at_once=True, created_at=NOW, expires_at=NOW + SECOND
    )
    await uow.sign_in_links.add(link)

    assert await uow.sign_in_links.get(link.id) == link
    assert await uow.sign_in_links.take(link.id)
    assert not await uow.sign_in_links.take(link.id)
    assert await uow.sign_in_links.get(link.id) is None


async def test_all_links_of_a_person_are_used_up(uow: UnitOfWork) -> None:
    person, other = await a_person(uow), await a_person(uow, "ada@globe.example")
    mine, of_no_one, theirs = (
        SignInLink(id=new_id(), person_id=person_id, created_at=NOW, expires_at=NOW)
        for person_id in (person.id, None, other.id)
    )
    for link in (mine, of_no_one, theirs):
        await uow.sign_in_links.add(link)
    await uow.sign_in_links.end_all(person.id)

    assert [await uow.sign_in_links.get(link.id) for link in (mine, of_no_one, theirs)] == [None, of_no_one, theirs]


async def test_an_invitation_is_stored_sent_again_and_taken(uow: UnitOfWork, theatre: Theatre) -> None:
    invitation, other = an_invitation(theatre, "zoe@globe.example"), an_invitation(theatre)
    for each in (invitation, other):
        await uow.invitations.put(each)
    again = invitation.sent_again(NOW + SECOND)
    await uow.invitations.put(again)

    assert await uow.invitations.of_producer(theatre.producer.id) == [other, again]
    assert await uow.invitations.of_producer(new_id()) == []
    assert await uow.invitations.take(invitation.id)
    assert not await uow.invitations.take(invitation.id)
    assert await uow.invitations.get(invitation.id) is None


async def test_an_address_has_one_invitation_of_a_producer(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    one, other = an_invitation(theatre, "Ada@globe.example"), an_invitation(theatre, "ada@GLOBE.example")
    await conflicting(unit_of_work, lambda uow: uow.invitations.put(one), lambda uow: uow.invitations.put(other))


async def test_passkeys_are_kept_counted_named_and_removed(uow: UnitOfWork) -> None:
    person, other = await a_person(uow), await a_person(uow, "ada@globe.example")
    newer, older = a_passkey(person, created_at=NOW + SECOND), a_passkey(person)
    for each in (newer, older, a_passkey(other)):
        await uow.passkeys.add(each)
    assert await uow.passkeys.of_person(person.id) == [older, newer]

    await uow.passkeys.used(older.id, sign_count=7, now=NOW + SECOND)
    await uow.passkeys.rename(older.id, "Laptop")
    changed = replace(older, sign_count=7, last_used_at=NOW + SECOND, name="Laptop")
    assert await uow.passkeys.lock_credential(older.credential_id) == changed
    assert await uow.passkeys.get(older.id) == changed

    await uow.passkeys.remove(older.id)
    assert await uow.passkeys.lock_credential(older.credential_id) is None
    assert await uow.passkeys.get(older.id) is None


async def test_a_credential_is_one_persons(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async def register(uow: UnitOfWork, email: str) -> None:
        await uow.passkeys.add(a_passkey(await a_person(uow, email), credential_id=b"one"))

    await conflicting(
        unit_of_work, lambda uow: register(uow, "kim@globe.example"), lambda uow: register(uow, "ada@globe.example")
    )


async def test_a_challenge_is_answered_once(uow: UnitOfWork) -> None:
    person = await a_person(uow)
    for person_id in (person.id, None):
        challenge = PasskeyChallenge(id=new_id(), challenge=b"sign me", person_id=person_id, expires_at=NOW)
        await uow.passkeys.add_challenge(challenge)
        assert await uow.passkeys.take_challenge(challenge.id) == challenge
        assert await uow.passkeys.take_challenge(challenge.id) is None


async def test_a_person_is_forgotten_with_all_ways_in(uow: UnitOfWork, theatre: Theatre) -> None:
    person, other = await a_person(uow), await a_person(uow, "ada@globe.example")
    for each in (person, other):
        await uow.people.put(Membership(each.id, theatre.producer.id, Role.DOOR))
        await uow.office_sessions.add(a_session(each))
        await uow.passkeys.add(a_passkey(each))
    link = SignInLink(id=new_id(), person_id=person.id, created_at=NOW, expires_at=NOW)
    await uow.sign_in_links.add(link)
    await uow.people.forget(person.id)

    assert await uow.people.get(person.id) is None
    assert await uow.sign_in_links.get(link.id) is None
    assert [each for each, _ in await uow.people.members(theatre.producer.id)] == [other]
    assert [await uow.office_sessions.end_all(each.id) for each in (person, other)] == [0, 1]
    assert [len(await uow.passkeys.of_person(each.id)) for each in (person, other)] == [0, 1]
