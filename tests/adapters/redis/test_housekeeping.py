"""The daily job, done once for all workers together."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from adapters.redis.housekeeping import Daily
from demo.embedded import EmbeddedRedis


class Job:
    def __init__(self) -> None:
        self.done = 0
        self.failure: Exception | None = None

    async def __call__(self) -> None:
        if self.failure:
            raise self.failure
        self.done += 1


async def test_of_many_workers_one_does_it_and_nobody_again_that_day(own_client: Redis) -> None:
    job = Job()
    assert sum(await asyncio.gather(*(Daily(own_client, job)() for _ in range(5)))) == 1
    assert await Daily(own_client, job)() == 0
    assert job.done == 1


async def test_what_failed_is_done_by_the_next_one_who_asks(own_client: Redis) -> None:
    job = Job()
    job.failure = OSError("database away")
    with pytest.raises(OSError, match="away"):
        await Daily(own_client, job)()
    job.failure = None
    assert await Daily(own_client, job)() == 1


async def test_without_redis_it_waits(own_redis: EmbeddedRedis, own_client: Redis) -> None:
    job = Job()
    own_redis.kill()
    assert await Daily(own_client, job)() == 0
    assert job.done == 0
