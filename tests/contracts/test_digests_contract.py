"""The DigestRepo port: who wants the daily digest, and which are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.digest import Digest
from domain.people import Membership, Person, Role
from tests.contracts.builders import NOW, Theatre, new_id

HOUR = timedelta(hours=1)


async def a_member(unit_of_work: UnitOfWorkFactory, producer_id: UUID, name: str) -> UUID:
    person = Person(new_id(), f"{name}@globe.example", name)
    async with unit_of_work() as uow:
        await uow.people.add(person)
        await uow.people.put(Membership(person.id, producer_id, Role.OWNER))
        await uow.commit()
    return person.id


@pytest.fixture
async def wish(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Digest:
    person_id = await a_member(unit_of_work, theatre.producer.id, "ada")
    return Digest(person_id=person_id, producer_id=theatre.producer.id, hour=8, day=NOW.date(), due_at=NOW + HOUR)


async def put(unit_of_work: UnitOfWorkFactory, *digests: Digest) -> None:
    async with unit_of_work() as uow:
        for digest in digests:
            await uow.digests.put(digest)
        await uow.commit()


async def of(unit_of_work: UnitOfWorkFactory, digest: Digest) -> Digest | None:
    async with unit_of_work(read_only=True) as uow:
        return await uow.digests.of(digest.person_id, digest.producer_id)


async def test_a_wish_is_kept_changed_and_ended(unit_of_work: UnitOfWorkFactory, wish: Digest) -> None:
    assert await of(unit_of_work, wish) is None
    await put(unit_of_work, wish)
    assert await of(unit_of_work, wish) == wish
    later = replace(wish, hour=20, day=wish.day + timedelta(days=1), due_at=NOW + 9 * HOUR)
    await put(unit_of_work, later)
    assert await of(unit_of_work, wish) == later
    async with unit_of_work() as uow:
        await uow.digests.remove(wish.person_id, wish.producer_id)
        await uow.digests.remove(wish.person_id, wish.producer_id)
        await uow.commit()
    assert await of(unit_of_work, wish) is None


async def test_due_wishes_are_found_the_longest_due_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, wish: Digest
) -> None:
    others = [
        replace(wish, person_id=await a_member(unit_of_work, theatre.producer.id, name), due_at=NOW + hours * HOUR)
        for name, hours in (("bea", -2), ("cy", 2), ("dan", 0))
    ]
    await put(unit_of_work, wish, *others)
    async with unit_of_work() as uow:
        assert await uow.digests.lock_due(now=NOW, limit=9) == [others[0], others[2]]
        assert await uow.digests.lock_due(now=NOW, limit=1) == [others[0]]


async def test_a_wish_ends_with_the_membership(unit_of_work: UnitOfWorkFactory, theatre: Theatre, wish: Digest) -> None:
    await put(unit_of_work, wish)
    async with unit_of_work() as uow:
        await uow.people.leave(wish.person_id, theatre.producer.id)
        await uow.commit()
    assert await of(unit_of_work, wish) is None
