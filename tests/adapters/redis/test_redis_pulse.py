"""Workers are counted by their heartbeats; the queues at Stripe and at the mail server are as long as their turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.client import create_redis
from adapters.redis.heartbeat import SILENCE_SECONDS, WORKERS_KEY, RedisHeartbeat
from adapters.redis.pulse import RedisWorkforce
from adapters.redis.throttle import RedisThrottle
from application.ports.pulse import Workforce


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = create_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def keys() -> tuple[str, str]:
    """Turns that no other test takes."""
    return f"sessions_{uuid4().hex}", f"mails_{uuid4().hex}"


async def read(redis: Redis, keys: tuple[str, str]) -> Workforce:
    found = await RedisWorkforce(redis, payment_pages=keys[0], mails=keys[1])()
    assert found is not None
    return found


async def test_each_worker_counts_until_it_leaves(redis: Redis, keys: tuple[str, str]) -> None:
    one, other = RedisHeartbeat(redis), RedisHeartbeat(redis)
    before = (await read(redis, keys)).workers
    assert await one.beat() == await one.beat() == await other.beat() == 1
    assert (await read(redis, keys)).workers == before + 2
    await other.leave()
    assert (await read(redis, keys)).workers == before + 1
    await one.leave()


async def test_a_worker_that_fell_silent_does_not_count(redis: Redis, keys: tuple[str, str]) -> None:
    before = (await read(redis, keys)).workers
    now, _ = await redis.time()
    await redis.zadd(WORKERS_KEY, {f"silent {uuid4().hex}": now - SILENCE_SECONDS - 1})
    assert (await read(redis, keys)).workers == before


async def test_the_queues_are_as_long_as_the_turns_that_were_taken(redis: Redis, keys: tuple[str, str]) -> None:
    assert (await read(redis, keys)).stripe_wait_seconds == 0
    throttle = RedisThrottle(redis, per_second=0.1)
    for _ in range(3):
        await throttle.reserve(keys[0], max_wait_seconds=None)
    await throttle.reserve(keys[1], max_wait_seconds=None)
    found = await read(redis, keys)
    assert 20 < found.stripe_wait_seconds <= 30
    assert 5 < found.mail_wait_seconds <= 10


async def test_without_redis_nothing_is_known(closed_port: int, keys: tuple[str, str]) -> None:
    away = create_redis(f"redis://127.0.0.1:{closed_port}/0")
    assert await RedisWorkforce(away, payment_pages=keys[0], mails=keys[1])() is None
    await RedisHeartbeat(away).leave()
    await away.aclose()
