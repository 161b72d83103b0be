"""Engines that answer but accept no writes, as right after a failover: reported as such, and used again at once."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.postgres import schema
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.stripe_sandbox import StripeSandbox
from entrypoints.container import Container, close
from entrypoints.doctor.engines import of_engines
from entrypoints.doctor.findings import Finding
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice
from tests.support.database import connected, own_database
from tests.support.factories import ticket
from tests.support.server import running

READY = {"status": "ok", "database": "ok", "redis": "ok"}
NOT_READY = {"status": "unavailable", "database": "unavailable", "redis": "ok"}


@asynccontextmanager
async def selling(settings: Settings, sandbox: StripeSandbox) -> AsyncIterator[BoxOffice]:
    async with running(settings) as service:
        yield BoxOffice(service.client, service.container.database(), sandbox)


async def doctor_says(settings: Settings) -> dict[str, Finding]:
    container = Container(settings=settings)
    try:
        return {finding.what: finding for finding in [await look() for look in of_engines(container)]}
    finally:
        await close(container)


@pytest.fixture
def standby_url(tmp_path: Path) -> Iterator[str]:
    """A server that replays the log of a primary that is gone: it answers queries."""
    with EmbeddedPostgres(tmp_path / "primary") as primary:
        schema.upgrade(primary.url)
    subprocess.run(["cp", "-a", tmp_path / "primary", tmp_path / "standby"], check=True)  # noqa: S607
    shutil.rmtree(tmp_path / "standby" / "run")
    (tmp_path / "standby" / "postgres" / "standby.signal").touch()
    with EmbeddedPostgres(tmp_path / "standby") as standby:
        yield standby.url


@pytest.fixture(params=["replica", "replica without its primary", "without its replicas"])
def unwritable_redis_url(request: pytest.FixtureRequest, tmp_path: Path, closed_port: int) -> Iterator[str]:
    """A server that answers, and accepts no key."""
    of_nobody = [("replicaof", f"127.0.0.1 {closed_port}")]
    settings = {
        "replica": of_nobody,
        "replica without its primary": [("replica-serve-stale-data", "no"), *of_nobody],
        "without its replicas": [("min-replicas-to-write", "1")],
    }
    with EmbeddedRedis(tmp_path, durable=False) as engine:
        with SyncRedis.from_url(engine.url) as redis:
            for name, value in settings[request.param]:
                redis.config_set(name, value) if name != "replicaof" else redis.replicaof(*value.split())
        yield engine.url


async def test_a_standby_is_not_ready_and_no_checkout_fails_as_a_mistake(
    settings: Settings, sandbox: StripeSandbox, standby_url: str
) -> None:
    at_standby = msgspec.structs.replace(settings, database_url=standby_url)
    async with selling(at_standby, sandbox) as box_office:
        ready = await box_office.get("/health/ready")
        listed = await box_office.get("/api/v1/shows")
    findings = await doctor_says(at_standby)

    assert (ready.status, ready.body) == (503, NOT_READY)
    assert listed.status == 200  # reading still works
    assert "standby" in findings["database"].words
    assert "primary" in (findings["database"].fix or "")


async def test_a_database_that_becomes_read_only_is_unavailable_until_it_can_be_written(
    settings: Settings, sandbox: StripeSandbox, postgres: EmbeddedPostgres
) -> None:
    with own_database(postgres) as url:
        name = url.rpartition("/")[2]
        async with selling(msgspec.structs.replace(settings, database_url=url), sandbox) as box_office:
            on_sale = await box_office.put_on_sale(ticket(quantity=10, price=0))
            (await box_office.checkout(on_sale.cart(1))).created()

            async with connected(url) as connection:
                await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
                await connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1)) for _ in range(8)))
                ready = await box_office.get("/health/ready")
                readable = await box_office.get(f"/api/v1/shows/{on_sale.show.id}")
                await connection.execute("SET default_transaction_read_only = off")
                await connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())

            for answer in answers:
                answer.refused(503, "unavailable")
                assert int(answer.headers["Retry-After"]) > 0
            assert (ready.status, ready.body) == (503, NOT_READY)
            assert readable.status == 200

            async with asyncio.timeout(30):
                while (again := await box_office.checkout(on_sale.cart(1))).status != 201:
                    again.refused(503, "unavailable")
            assert (await box_office.get("/health/ready")).body == READY
            assert await box_office.counters(on_sale) == [(0, 2)]


async def test_a_redis_that_takes_no_key_is_as_good_as_none(
    settings: Settings, sandbox: StripeSandbox, unwritable_redis_url: str
) -> None:
    async with Redis.from_url(unwritable_redis_url) as redis:
        with pytest.raises(RedisError):
            await redis.set("key", "value")
    at_replica = msgspec.structs.replace(settings, redis_url=unwritable_redis_url, checkout_rate_limit="100/minute")
    async with selling(at_replica, sandbox) as box_office:
        on_sale = await box_office.put_on_sale(ticket(quantity=5, price=0))

        answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1)) for _ in range(8)))
        ready = await box_office.get("/health/ready")
        counters = await box_office.counters(on_sale)
    findings = await doctor_says(at_replica)

    assert sorted(answer.status for answer in answers) == [201] * 5 + [400] * 3
    assert counters == [(0, 5)]
    assert (ready.status, ready.body) == (200, {**READY, "redis": "unavailable"})
    assert not findings["redis"].is_fine
    assert "REDIS_URL" in (findings["redis"].fix or "")
