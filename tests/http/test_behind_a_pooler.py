"""The service behind PgBouncer in transaction mode: it sells, and its time-outs hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from adapters.postgres import schema
from adapters.postgres.engine import create_engine
from adapters.postgres.inspection import facts_of
from adapters.postgres.unit_of_work import PostgresDatabase
from application.ports.unit_of_work import UnitOfWorkFactory
from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import StripeSandbox
from entrypoints.container import Container, close
from entrypoints.doctor.engines import of_engines
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice
from tests.support.database import connected, own_database
from tests.support.factories import ticket
from tests.support.pooler import needs_pgbouncer, pgbouncer
from tests.support.server import running

pytestmark = needs_pgbouncer


@pytest.fixture
def own_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with own_database(postgres) as url:
        yield url


@pytest.mark.parametrize(
    "of_pooler",
    [
        pytest.param({}, id="its defaults"),
        pytest.param({"ignore_startup_parameters": "options"}, id="options ignored"),
        pytest.param({"pool_mode": "session"}, id="sessions"),
        pytest.param({"default_pool_size": "1", "server_lifetime": "1"}, id="one session for all"),
    ],
)
async def test_a_crowd_is_sold_to_behind_a_pooler(
    settings: Settings, sandbox: StripeSandbox, own_url: str, tmp_path: Path, of_pooler: dict[str, str]
) -> None:
    async with (
        pgbouncer(own_url, tmp_path, **of_pooler) as url,
        running(msgspec.structs.replace(settings, database_url=url)) as service,
    ):
        box_office = BoxOffice(service.client, service.container.database(), sandbox)
        shows = [await box_office.put_on_sale(ticket(quantity=10, price=0)) for _ in range(3)]

        answers = await asyncio.gather(*(box_office.checkout(show.cart(1)) for show in shows for _ in range(12)))
        pages = await asyncio.gather(*(box_office.get(f"/api/v1/shows/{shows[0].show.id}") for _ in range(30)))

        assert sorted(answer.status for answer in answers) == [201] * 30 + [400] * 6
        assert {page.status for page in pages} == {200}
        assert (await box_office.get("/health/ready")).status == 200
        assert [await box_office.counters(show) for show in shows] == [[(0, 10)]] * 3


@pytest.mark.parametrize("of_pooler", [{}, {"ignore_startup_parameters": "options"}])
async def test_time_outs_hold_by_transaction_behind_a_pooler(
    own_url: str, tmp_path: Path, of_pooler: dict[str, str]
) -> None:
    asked = sa.text("SELECT current_setting('statement_timeout'), current_setting('TimeZone'), pg_backend_pid()")
    async with pgbouncer(own_url, tmp_path, **of_pooler) as url:
        engine = create_engine(url, pool_size=2)
        unit_of_work: UnitOfWorkFactory = PostgresDatabase(engine)
        async with unit_of_work() as uow:
            await uow.inventory.lock([])
            by_locking = (await uow._connection.execute(asked)).one()  # type: ignore[attr-defined]
            await uow.commit()
            by_writing = (await uow._connection.execute(asked)).one()  # type: ignore[attr-defined]
        facts = await facts_of(engine)
        await engine.dispose()

    assert tuple(by_locking)[:2] == tuple(by_writing)[:2] == ("30s", "UTC")
    assert facts.is_pooled


async def test_the_time_outs_of_a_transaction_stay_with_it(own_url: str, tmp_path: Path) -> None:
    async with pgbouncer(own_url, tmp_path, default_pool_size="1") as url:
        engine = create_engine(url, pool_size=1)
        async with PostgresDatabase(engine)() as uow:
            await uow.inventory.lock([])
            await uow.commit()
        async with connected(url) as somebody_else:
            found = await (await somebody_else.execute("SHOW statement_timeout")).fetchone()
        await engine.dispose()

    assert found == ("0",)


async def test_a_direct_connection_is_known_as_one(own_url: str) -> None:
    engine = create_engine(own_url, pool_size=1)
    facts = await facts_of(engine)
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        assert driver.prepare_threshold
    await engine.dispose()
    assert not facts.is_pooled
    assert facts.has_time_outs


@pytest.mark.parametrize(("prepared", "threshold"), [(None, None), (False, None), (True, 5)])
async def test_statements_are_prepared_behind_a_pooler_only_where_it_is_said(
    own_url: str, tmp_path: Path, prepared: bool | None, threshold: int | None
) -> None:
    async with pgbouncer(own_url, tmp_path) as url:
        engine = create_engine(url, pool_size=1, prepared_statements=prepared)
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            assert driver.prepare_threshold == threshold
        await engine.dispose()


async def test_a_database_is_migrated_through_a_pooler(own_url: str, tmp_path: Path) -> None:
    async with pgbouncer(own_url, tmp_path, default_pool_size="3") as url:
        await asyncio.to_thread(schema.downgrade, url, "0001")
        await asyncio.to_thread(schema.upgrade, url)
        assert await asyncio.to_thread(schema.current_revision, url) == schema.newest_revision()


async def test_doctor_names_a_pooler_that_lets_reads_wait(settings: Settings, own_url: str, tmp_path: Path) -> None:
    name = own_url.rpartition("/")[2]
    async with pgbouncer(own_url, tmp_path) as url, connected(own_url) as database:
        container = Container(settings=msgspec.structs.replace(settings, database_url=url))
        try:
            look = of_engines(container)[0]
            before = await look()
            await database.execute(f"ALTER DATABASE {name} SET statement_timeout = '30s'".encode())
            await database.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await container.engine().dispose()
            after = await look()
        finally:
            await close(container)

    assert "behind a pooler that lets reads wait" in before.words
    assert "statement_timeout = '30s'" in (before.fix or "")
    assert after.is_fine
    assert "behind a pooler" in after.words
