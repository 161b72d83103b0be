"""This process gives up a server that does not answer and whose own time-outs do not work."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from adapters.postgres.engine import create_engine
from adapters.postgres.patience import Patience
from adapters.postgres.unit_of_work import PostgresDatabase


@pytest.fixture
async def driver(database_url: str) -> psycopg.AsyncConnection[object]:
    return await psycopg.AsyncConnection.connect(database_url, autocommit=True)


async def is_open(driver: psycopg.AsyncConnection[object]) -> bool:
    try:
        await driver.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


async def test_who_waits_for_too_long_hears_that_the_connection_is_closed(
    driver: psycopg.AsyncConnection[object],
) -> None:
    async with driver:
        with pytest.raises(psycopg.OperationalError), Patience(driver).of(0.05):
            await driver.execute("SELECT pg_sleep(60)")
        assert driver.closed


async def test_an_answer_in_time_costs_the_connection_nothing(driver: psycopg.AsyncConnection[object]) -> None:
    async with driver:
        patience = Patience(driver)
        with patience.of(0.05):
            await driver.execute("SELECT 1")
        while patience._timer is not None:  # it fires, and finds that nothing waits
            await asyncio.sleep(0.005)
        assert await is_open(driver)


async def test_one_timer_is_precise_for_every_call(driver: psycopg.AsyncConnection[object]) -> None:
    """A long limit before a short one does not lengthen it, and a short one before a long one does not shorten it."""
    async with driver:
        patience = Patience(driver)
        with patience.of(0.1):
            await driver.execute("SELECT 1")
        with patience.of(60):
            await driver.execute("SELECT pg_sleep(0.3)")
        with pytest.raises(psycopg.OperationalError), patience.of(0.05):
            await driver.execute("SELECT pg_sleep(60)")


async def test_a_call_that_follows_others_is_given_its_own_time(driver: psycopg.AsyncConnection[object]) -> None:
    async with driver:
        patience = Patience(driver)
        for _ in range(4):
            with patience.of(0.2):
                await driver.execute("SELECT pg_sleep(0.1)")
        assert await is_open(driver)


async def test_units_of_work_over_one_connection_share_its_patience(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    kept = []
    for _ in range(3):
        async with PostgresDatabase(engine)() as uow:
            kept.append(uow._patience)
    async with PostgresDatabase(engine)() as uow:
        await uow._pooled.invalidate()
    async with PostgresDatabase(engine)() as uow:
        kept.append(uow._patience)
    await engine.dispose()
    assert kept[0] is kept[1] is kept[2]
    assert kept[3] is not kept[0], "another connection has its own"
