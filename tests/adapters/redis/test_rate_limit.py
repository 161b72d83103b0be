"""All processes count rates together, and each alone while Redis is away."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.client import create_redis
from adapters.redis.rate_limit import RateLimit, parse_rate


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = create_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def test_processes_count_together(redis: Redis, redis_url: str) -> None:
    other_client = create_redis(redis_url)
    one, other, key = RateLimit(redis, rate="3/hour"), RateLimit(other_client, rate="3/hour"), uuid4().hex
    assert [await limit.refused_for(key) for limit in (one, other, one)] == [None, None, None]
    for limit in (one, other):
        refused_for_seconds = await limit.refused_for(key)
        assert refused_for_seconds is not None
        assert 1 <= refused_for_seconds <= 2 * 3600
    assert await other.refused_for(uuid4().hex) is None
    await other_client.aclose()


async def test_without_redis_each_process_counts_by_itself_and_says_so_once(
    closed_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_redis(f"redis://127.0.0.1:{closed_port}/0")
    limit = RateLimit(client, rate="2/hour")
    answers = [await limit.refused_for("key") for _ in range(3)]
    assert answers[:2] == [None, None]
    assert answers[2] is not None
    assert caplog.text.count("This process counts rates alone") == 1
    await client.aclose()


async def test_off_is_no_limit(redis: Redis) -> None:
    limit = RateLimit(redis, rate="off")
    assert [await limit.refused_for("key") for _ in range(100)] == [None] * 100


@pytest.mark.parametrize("text", ["", "soon", "0/minute", "minute", "-1/minute"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="30/minute"):
        parse_rate(text)
