"""The ReadinessCheck port: an engine that answers is ready, one that is away is not, and nothing raises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.memory.readiness import MemoryReadiness
from adapters.postgres.engine import create_engine
from adapters.postgres.readiness import PostgresReadiness
from adapters.redis.client import create_redis
from adapters.redis.readiness import RedisReadiness
from application.ports.readiness import ReadinessCheck


@pytest.fixture(params=["memory", "postgres", "redis"])
async def checks(
    request: pytest.FixtureRequest, database_url: str, redis_url: str, closed_port: int
) -> AsyncIterator[tuple[ReadinessCheck, ReadinessCheck]]:
    """The check of an engine that runs, and of one that is away."""
    if request.param == "memory":
        yield MemoryReadiness(), MemoryReadiness(is_ready=False)
    elif request.param == "postgres":
        engines = [
            create_engine(url, pool_size=1)
            for url in (database_url, f"postgresql://nobody@127.0.0.1:{closed_port}/nothing")
        ]
        yield PostgresReadiness(engines[0]), PostgresReadiness(engines[1])
        for engine in engines:
            await engine.dispose()
    else:
        clients = [create_redis(url) for url in (redis_url, f"redis://127.0.0.1:{closed_port}/0")]
        yield RedisReadiness(clients[0]), RedisReadiness(clients[1])
        for client in clients:
            await client.aclose()


async def test_an_engine_that_answers_is_ready(checks: tuple[ReadinessCheck, ReadinessCheck]) -> None:
    running, _ = checks
    assert await running()


async def test_an_engine_that_is_away_is_not_ready(checks: tuple[ReadinessCheck, ReadinessCheck]) -> None:
    _, away = checks
    assert not await away()
