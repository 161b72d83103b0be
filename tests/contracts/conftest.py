"""The adapters behind the ports: the memory fakes and the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.engine import create_engine
from adapters.postgres.tables import metadata
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.stripe.client import Client, HttpClient, create_client
from application.ports.unit_of_work import UnitOfWorkFactory
from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from tests.contracts.builders import NOW, Theatre
from tests.support.database import new_database

#: For tables of a few rows TRUNCATE takes ten times as long: it makes new files.
_EMPTY = "; ".join(str(sa.delete(table)) for table in reversed(metadata.sorted_tables))


@pytest.fixture(scope="session")
async def contracts_engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    """A separate database: lists over all shows or orders have only a test's own."""
    engine = create_engine(new_database(postgres, "contracts"), pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
async def unit_of_work(request: pytest.FixtureRequest, contracts_engine: AsyncEngine) -> UnitOfWorkFactory:
    """Empty storage."""
    if request.param == "memory":
        return MemoryDatabase()
    async with contracts_engine.begin() as connection:
        await connection.exec_driver_sql(_EMPTY)
    return PostgresDatabase(contracts_engine)


@pytest.fixture
async def theatre(unit_of_work: UnitOfWorkFactory) -> Theatre:
    """A stored theatre."""
    theatre = Theatre()
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()
    return theatre


@pytest.fixture(scope="session")
async def taxing_sandbox() -> AsyncIterator[StripeSandbox]:
    """Stripe at the tests' time, with a tax of 10 %."""
    options = SandboxOptions(tax_rate=Decimal("0.10"), clock=NOW.timestamp)
    async with StripeSandbox(options) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
async def stripe_client(taxing_sandbox: StripeSandbox) -> AsyncIterator[Client]:
    http_client = HttpClient()
    yield create_client("sk_test_contracts", http_client, api_base=taxing_sandbox.url)
    await http_client.close_async()  # type: ignore[no-untyped-call]
