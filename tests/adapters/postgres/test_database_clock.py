"""One clock for all processes: the database's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.system import MemoryClock
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.engine import create_engine
from application.ports.unit_of_work import StorageUnavailable
from demo.embedded import EmbeddedPostgres
from tests.support.server import free_port

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=30)


@pytest.fixture
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(postgres.url, pool_size=1)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("off", [HOUR, -HOUR, timedelta(days=400)])
async def test_a_machine_whose_clock_is_off_tells_the_databases_time(engine: AsyncEngine, off: timedelta) -> None:
    own = MemoryClock(datetime.now(UTC) + off)
    clock = DatabaseClock(engine, own)
    assert clock.now() == own.now(), "until the database was asked"

    ahead = await clock.follow()

    assert abs(ahead - off) < SOON
    assert abs(clock.now() - datetime.now(UTC)) < SOON


async def test_a_machine_whose_clock_is_set_meanwhile_goes_on_telling_the_databases(engine: AsyncEngine) -> None:
    own = MemoryClock(datetime.now(UTC))
    clock = DatabaseClock(engine, own)
    await clock.follow()
    own.advance(HOUR)

    assert abs(clock.now() - datetime.now(UTC)) < SOON
    assert abs(await clock.follow() - HOUR) < SOON


async def test_without_a_database_the_machines_own_clock_is_told() -> None:
    engine = create_engine(f"postgresql://nobody@127.0.0.1:{free_port()}/none", pool_size=1)
    own = MemoryClock()
    clock = DatabaseClock(engine, own)
    with pytest.raises(StorageUnavailable):
        await clock.follow()
    assert clock.now() == own.now()
    await engine.dispose()
