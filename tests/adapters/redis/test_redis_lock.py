"""RedisLock on a Redis that dies, hangs, is slow, and that several processes share (P1-004, P1-005)."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from adapters.embedded import EmbeddedRedis
from adapters.redis.client import TIMEOUT_SECONDS, create_redis
from adapters.redis.lock import RedisLock
from application.ports.lock import Lease, LockTimeout, LockUnavailable

#: A call is made twice before it is given up, and a busy machine gets something on top.
PATIENCE_SECONDS = 2 * TIMEOUT_SECONDS + 0.5


def a_lock(client: Redis, *, ttl_seconds: float = 120, wait_seconds: float = 10) -> RedisLock:
    return RedisLock(client, ttl_seconds=ttl_seconds, wait_seconds=wait_seconds)


def a_name() -> str:
    return f"ticket_lock_{uuid4()}"


async def test_every_name_is_a_key_with_the_leases_value_that_expires(client: Redis) -> None:
    first, second = a_name(), a_name()

    lease = await a_lock(client, ttl_seconds=120).acquire([first, second])

    for name in (first, second):
        value = await client.get(name)
        assert isinstance(value, bytes)
        assert UUID(value.decode()) == UUID(lease.value)
        assert 119_000 < await client.pttl(name) <= 120_000


async def test_releasing_deletes_the_keys(client: Redis) -> None:
    lock, name = a_lock(client), a_name()

    await lock.release(await lock.acquire([name]))

    assert not await client.exists(name)


async def test_a_lease_of_which_one_lock_is_lost_gives_back_the_others(client: Redis) -> None:
    lock, lost, kept = a_lock(client), a_name(), a_name()
    lease = await lock.acquire([lost, kept])
    await client.set(lost, "somebody else's")

    assert await lock.release(lease) is False

    assert await client.get(lost) == b"somebody else's"
    assert not await client.exists(kept)


async def test_processes_exclude_one_another(redis_url: str, client: Redis) -> None:
    other_client = create_redis(redis_url)
    ours, theirs, name = a_lock(client), a_lock(other_client, wait_seconds=0), a_name()
    lease = await ours.acquire([name])

    with pytest.raises(LockTimeout):
        await theirs.acquire([name])
    await ours.release(lease)

    assert await theirs.release(await theirs.acquire([name]))
    await other_client.aclose()


async def test_a_lock_works_after_redis_forgot_its_scripts(client: Redis) -> None:
    lock, name = a_lock(client), a_name()
    await lock.release(await lock.acquire([name]))

    await client.script_flush()

    assert await lock.release(await lock.acquire([name]))


async def test_a_redis_that_dies_is_unavailable_and_serves_again_after_its_restart(
    own_redis: EmbeddedRedis, own_client: Redis
) -> None:
    lock, name = a_lock(own_client), a_name()
    lease = await lock.acquire([name])

    await asyncio.to_thread(own_redis.kill)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(LockUnavailable):
            await lock.release(lease)
        with pytest.raises(LockUnavailable):
            await lock.acquire([a_name()])

    await asyncio.to_thread(own_redis.start)
    other = await lock.acquire([a_name()])
    assert await lock.release(other)


async def test_who_waits_for_a_lock_when_redis_dies_waits_no_longer(
    own_redis: EmbeddedRedis, own_client: Redis
) -> None:
    lock, name = a_lock(own_client, wait_seconds=60), a_name()
    await lock.acquire([name])
    waiter = asyncio.create_task(lock.acquire([name]))
    await asyncio.wait({waiter}, timeout=0.05)

    await asyncio.to_thread(own_redis.kill)

    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(LockUnavailable):
            await waiter


async def test_a_redis_that_hangs_is_unavailable_within_the_time_out(hanging_client: Redis) -> None:
    lock, name = a_lock(hanging_client), a_name()

    async with asyncio.timeout(PATIENCE_SECONDS):
        acquired, released = await asyncio.gather(
            lock.acquire([name]), lock.release(Lease((name,), str(uuid4()))), return_exceptions=True
        )

    assert isinstance(acquired, LockUnavailable)
    assert isinstance(released, LockUnavailable)


async def test_a_lock_whose_answer_came_too_late_does_not_stay_locked(
    own_redis: EmbeddedRedis, own_client: Redis
) -> None:
    lock, name = a_lock(own_client, wait_seconds=5), a_name()
    pause_milliseconds = int(2 * TIMEOUT_SECONDS * 1000) + 300
    async with create_redis(own_redis.url) as operator:
        await operator.client_pause(pause_milliseconds)

        with pytest.raises(LockUnavailable):
            await lock.acquire([name])

    async with asyncio.timeout(pause_milliseconds / 1000):
        assert await _until_lockable(lock, name)


async def _until_lockable(lock: RedisLock, name: str) -> bool:
    while True:
        try:
            return await lock.release(await lock.acquire([name]))
        except LockUnavailable:
            continue
