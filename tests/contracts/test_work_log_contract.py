"""The WorkLog port: the work of the last hour."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.system import MemoryClock
from adapters.memory.work_log import MemoryWorkLog
from adapters.redis.client import create_redis
from adapters.redis.work_log import RedisWorkLog
from application.ports.workload import Workload, WorkLog

WORK = Workload(3, timedelta(seconds=1.5))


@pytest.fixture
def clock() -> MemoryClock:
    """A clock at a separate time: other tests use the same Redis at other times."""
    return MemoryClock(datetime(2030, 1, 1, tzinfo=UTC) + timedelta(hours=3) * secrets.randbelow(1_000_000))


@pytest.fixture(params=["memory", "redis"])
async def work_log(request: pytest.FixtureRequest, clock: MemoryClock, redis_url: str) -> AsyncIterator[WorkLog]:
    if request.param == "memory":
        yield MemoryWorkLog(clock)
        return
    redis = create_redis(redis_url)
    yield RedisWorkLog(redis, clock)
    await redis.aclose()


async def test_where_no_worker_ran_nothing_was_done(work_log: WorkLog) -> None:
    assert await work_log.lately() == Workload()


async def test_the_work_of_all_workers_is_added_up(work_log: WorkLog) -> None:
    assert await work_log.add(WORK)
    assert await work_log.add(Workload(4, timedelta(minutes=2)))
    assert await work_log.lately() == Workload(7, timedelta(seconds=121.5))


async def test_the_last_hour_counts_and_nothing_older(work_log: WorkLog, clock: MemoryClock) -> None:
    await work_log.add(WORK)
    clock.advance(timedelta(minutes=54))
    await work_log.add(WORK)
    assert await work_log.lately() == Workload(6, timedelta(seconds=3))
    clock.advance(timedelta(minutes=7))
    assert await work_log.lately() == WORK
    clock.advance(timedelta(hours=1))
    assert await work_log.lately() == Workload()


async def test_without_redis_nothing_is_kept_and_nothing_known(clock: MemoryClock, closed_port: int) -> None:
    redis = create_redis(f"redis://127.0.0.1:{closed_port}/0")
    work_log = RedisWorkLog(redis, clock)
    assert not await work_log.add(WORK)
    assert await work_log.lately() is None
    await redis.aclose()
