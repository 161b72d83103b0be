"""Engines on a database without a service: these tests store orders that no checkout would place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from application.ports.unit_of_work import UnitOfWorkFactory
from demo.embedded import EmbeddedPostgres
from tests.contracts.builders import Theatre
from tests.support.database import new_database


@pytest.fixture(scope="session")
def database_url(postgres: EmbeddedPostgres) -> str:
    return new_database(postgres, "adapter")


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, pool_size=20)
    yield engine
    await engine.dispose()


@pytest.fixture
def unit_of_work(engine: AsyncEngine) -> UnitOfWorkFactory:
    return PostgresDatabase(engine)


@pytest.fixture
async def theatre(unit_of_work: UnitOfWorkFactory) -> Theatre:
    """A stored theatre, with ten of each ticket."""
    theatre = Theatre(quantity=10)
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()
    return theatre


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any table."""
    name = f"empty_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)
