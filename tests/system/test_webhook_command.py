"""piquetickets webhook list: events that could not be handled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from application.ports.payment import PaymentEvent
from demo.embedded import EmbeddedPostgres
from tests.contracts.builders import NOW
from tests.support.database import own_database
from tests.support.processes import Finished, run

#: Every command is a separate process, which takes time on a busy machine.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    with own_database(postgres) as url:
        yield url


async def webhook(database_url: str, redis_url: str, *arguments: str) -> Finished:
    return await run("webhook", *arguments, environment={"DATABASE_URL": database_url, "REDIS_URL": redis_url})


async def test_failed_events_are_listed_for_people_and_programs(database_url: str, redis_url: str) -> None:
    none_yet = await webhook(database_url, redis_url, "list")
    assert (none_yet.code, none_yet.out) == (0, "0 events could not be handled.\n")
    engine = create_engine(database_url, pool_size=1)
    event = PaymentEvent(id="evt_1", type="charge.refunded", object_id="ch_1", livemode=False)
    async with PostgresDatabase(engine)() as uow:
        await uow.inbox.failed(event, error="PaymentRefused: no\nway", now=NOW)
        await uow.commit()
    await engine.dispose()

    for_people = await webhook(database_url, redis_url, "list")
    for_programs = await webhook(database_url, redis_url, "list", "--json")

    told, count = for_people.out.splitlines()
    assert told.startswith("evt_1  charge.refunded of ch_1  2026-11-23 12:00:00 UTC  PaymentRefused: no way")
    assert count == "1 event could not be handled."
    assert json.loads(for_programs.out) == {
        "id": "evt_1",
        "type": "charge.refunded",
        "object_id": "ch_1",
        "received_at": NOW.isoformat(),
        "last_error": "PaymentRefused: no\nway",
    }
