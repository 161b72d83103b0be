"""Many workers and one digest: each day is written down once, also where a worker dies in the middle."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from adapters.memory.system import MemoryClock
from adapters.system.ids import SystemIds
from application.notifications.digest import PERSON_ID, AddDueDigests
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.digest import Digest
from domain.people import Membership, Person, Role
from domain.tasks import TaskKind
from tests.contracts.builders import NOW, Theatre, new_id

PATIENCE_SECONDS = 60


async def ask_for(unit_of_work: UnitOfWorkFactory, theatre: Theatre, count: int) -> set[UUID]:
    """People whose digest is due."""
    people = [Person(new_id(), f"{number}-{new_id().hex}@globe.example", "") for number in range(count)]
    async with unit_of_work() as uow:
        for person in people:
            await uow.people.add(person)
            await uow.people.put(Membership(person.id, theatre.producer.id, Role.OWNER))
            await uow.digests.put(
                Digest(
                    person_id=person.id,
                    producer_id=theatre.producer.id,
                    hour=8,
                    day=NOW.date(),
                    due_at=NOW - timedelta(hours=1),
                )
            )
        await uow.commit()
    return {person.id for person in people}


async def written(unit_of_work: UnitOfWorkFactory, people: set[UUID]) -> Counter[UUID]:
    """How many tasks each of the people has."""
    async with unit_of_work() as uow:
        due = await uow.task_queue.due(now=NOW + timedelta(days=1), limit=1000, kinds={TaskKind.DIGEST_MAIL})
        found = [await uow.task_claims.claim(each, now=NOW + timedelta(days=1), until=NOW) for each in due]
    to = [UUID(task.details[PERSON_ID]) for task in found if task]
    return Counter(person for person in to if person in people)


async def test_workers_that_look_at_once_write_each_digest_once(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    people = await ask_for(unit_of_work, theatre, 30)
    workers = [AddDueDigests(unit_of_work, MemoryClock(NOW), SystemIds()) for _ in range(8)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        counts = await asyncio.gather(*(worker() for worker in workers))
        counts += await asyncio.gather(*(worker() for worker in workers))
    assert sum(counts) == 30
    assert await written(unit_of_work, people) == Counter(people)


async def test_what_a_dead_worker_had_locked_another_writes(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    people = await ask_for(unit_of_work, theatre, 3)
    worker = AddDueDigests(unit_of_work, MemoryClock(NOW), SystemIds())
    async with unit_of_work() as dying:
        assert len(await dying.digests.lock_due(now=NOW, limit=100)) == 3
        assert await worker() == 0  # they are another's
    assert await worker() == 3
    assert await written(unit_of_work, people) == Counter(people)
