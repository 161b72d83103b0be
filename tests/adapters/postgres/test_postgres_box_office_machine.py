"""The box office machine over PostgreSQL: SQL counts as the domain does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.address import DatabaseAddress
from adapters.postgres.consistency import PostgresConsistencyChecker
from adapters.postgres.report import PostgresReportReader
from adapters.postgres.tables import metadata
from adapters.postgres.unit_of_work import PostgresDatabase
from application.operations.consistency import CheckConsistency
from demo.embedded import EmbeddedPostgres
from tests.application.world import World
from tests.support.box_office_machine import POLICY, BoxOfficeMachine
from tests.support.database import own_database
from tests.support.examples import examples

pytestmark = [pytest.mark.p0, pytest.mark.timeout(600)]
_TRUNCATE = sa.text(f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)}")


@pytest.fixture
def machine_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with own_database(postgres) as url:
        yield url


def test_in_postgresql(machine_database_url: str) -> None:
    async def world_in_postgresql() -> World:
        arguments = DatabaseAddress.parse(machine_database_url).connecting({}, {})
        # Each example has a separate event loop, and no connection outlives its transaction.
        engine = create_async_engine("postgresql+psycopg://", poolclass=NullPool, connect_args=arguments)
        async with engine.begin() as connection:
            await connection.execute(_TRUNCATE)
        world = World(database=cast("MemoryDatabase", PostgresDatabase(engine)), policy=POLICY)
        world.reports = PostgresReportReader(engine)
        world.check_consistency = CheckConsistency(PostgresConsistencyChecker(engine), world.clock)
        return world

    class InPostgresql(BoxOfficeMachine):
        make_world = staticmethod(world_in_postgresql)

    run_state_machine_as_test(
        InPostgresql,
        settings=settings(
            max_examples=examples(4),
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
