"""The AuditLogRepo port: changes, newest first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit_log import Action, AuditCursor, AuditEntry, AuditFilter
from tests.contracts.builders import NOW, Theatre, a_producer, a_token, new_id

SECOND = timedelta(seconds=1)


def an_entry(theatre: Theatre, *, at: datetime = NOW, **fields: Any) -> AuditEntry:
    facts: dict[str, Any] = {
        "producer_id": theatre.producer.id,
        "token_id": None,
        "actor": "Büro",
        "action": Action.TICKET_CHANGED,
        "subject_id": theatre.stalls.id,
        "show_id": theatre.show.id,
        "before": {"price": 2500, "name": "Parkett"},
        "after": {"price": 3000, "name": None},
    }
    return AuditEntry(id=new_id(), at=at, **{**facts, **fields})


async def store(unit_of_work: UnitOfWorkFactory, *entries: AuditEntry) -> None:
    async with unit_of_work() as uow:
        for entry in entries:
            await uow.audit_log.add(entry)
        await uow.commit()


async def page(
    unit_of_work: UnitOfWorkFactory,
    theatre: Theatre,
    *,
    after: AuditCursor | None = None,
    limit: int = 100,
    **only: Any,
) -> list[AuditEntry]:
    async with unit_of_work() as uow:
        return await uow.audit_log.page(theatre.producer.id, only=AuditFilter(**only), after=after, limit=limit)


async def test_an_entry_comes_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    token = a_token(theatre.producer)
    async with unit_of_work() as uow:
        await uow.tokens.add(token)
        await uow.commit()
    entry = an_entry(theatre, token_id=token.id)
    at_the_command_line = an_entry(theatre, show_id=None, at=NOW - SECOND)

    await store(unit_of_work, entry, at_the_command_line)

    assert await page(unit_of_work, theatre) == [entry, at_the_command_line]


async def test_without_a_commit_nothing_is_remembered(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        await uow.audit_log.add(an_entry(theatre))

    assert await page(unit_of_work, theatre) == []


async def test_only_a_producers_own_entries_are_read(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    other = a_producer()
    async with unit_of_work() as uow:
        await uow.producers.add(other)
        await uow.commit()

    await store(unit_of_work, an_entry(theatre, producer_id=other.id))

    assert await page(unit_of_work, theatre) == []


@pytest.mark.parametrize("by", ["action", "subject_id", "show_id", "token_id", "person_id", "device_id"])
async def test_entries_are_found_by_what_they_say(unit_of_work: UnitOfWorkFactory, theatre: Theatre, by: str) -> None:
    token = a_token(theatre.producer)
    async with unit_of_work() as uow:
        await uow.tokens.add(token)
        await uow.commit()
    other = an_entry(theatre)
    wanted = replace(
        an_entry(theatre),
        action=Action.SHOW_DELETED,
        subject_id=new_id(),
        show_id=new_id(),
        token_id=token.id,
        person_id=new_id(),
        device_id=new_id(),
    )
    await store(unit_of_work, other, wanted)

    assert await page(unit_of_work, theatre, **{by: getattr(wanted, by)}) == [wanted]


async def test_since_is_included_and_until_is_not(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    entries = [an_entry(theatre, at=NOW + number * SECOND) for number in range(4)]
    await store(unit_of_work, *entries)

    assert await page(unit_of_work, theatre, since=NOW + SECOND, until=NOW + 3 * SECOND) == [entries[2], entries[1]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_follow_one_another_without_gap_or_repetition(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, limit: int
) -> None:
    # Three of the five were made at the same moment: only the id shows which came last.
    entries = [an_entry(theatre, at=NOW + second * SECOND) for second in (0, 1, 1, 1, 2)]
    await store(unit_of_work, *entries)

    seen: list[AuditEntry] = []
    cursor = None
    while found := await page(unit_of_work, theatre, after=cursor, limit=limit):
        assert len(found) <= limit
        seen += found
        cursor = AuditCursor(found[-1].at, found[-1].id)

    assert seen == sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)


async def test_entries_about_some_objects_are_read_oldest_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    first, second = new_id(), new_id()
    late = an_entry(theatre, at=NOW + SECOND, subject_id=first)
    early = an_entry(theatre, subject_id=second)
    await store(unit_of_work, late, early, an_entry(theatre))
    async with unit_of_work() as uow:
        assert await uow.audit_log.of_subjects(theatre.producer.id, [first, second], limit=9) == [early, late]
        assert await uow.audit_log.of_subjects(theatre.producer.id, [first, second], limit=1) == [early]
        assert await uow.audit_log.of_subjects(new_id(), [first, second], limit=9) == []
