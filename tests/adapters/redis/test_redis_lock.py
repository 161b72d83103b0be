"""RedisLock on a Redis that dies, hangs, is slow, and that several processes share (P1-004, P1-005)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.client import TIMEOUT_SECONDS, create_redis
from adapters.redis.lock import ALIVE_SECONDS, RedisLock
from application.ports.lock import Lease, LockTimeout, LockUnavailable
from demo.embedded import EmbeddedRedis

#: A call is made twice before it is given up, plus some time for a busy machine.
PATIENCE_SECONDS = 2 * TIMEOUT_SECONDS + 0.5


class MakeLock(Protocol):
    def __call__(
        self, client: Redis, *, ttl_seconds: float = ..., wait_seconds: float = ..., alive_seconds: float = ...
    ) -> RedisLock: ...


@pytest.fixture
async def a_lock() -> AsyncIterator[MakeLock]:
    """Makes locks that are closed in the end."""
    made: list[RedisLock] = []

    def make(
        client: Redis, *, ttl_seconds: float = 120, wait_seconds: float = 10, alive_seconds: float = ALIVE_SECONDS
    ) -> RedisLock:
        lock = RedisLock(client, ttl_seconds=ttl_seconds, wait_seconds=wait_seconds, alive_seconds=alive_seconds)
        made.append(lock)
        return lock

    yield make
    for lock in made:
        await lock.close()


def a_name() -> str:
    return f"ticket_lock_{uuid4()}"


async def test_every_name_is_a_key_with_the_leases_value_that_expires(a_lock: MakeLock, client: Redis) -> None:
    first, second = a_name(), a_name()

    lease = await a_lock(client, ttl_seconds=120).acquire([first, second])

    for name in (first, second):
        value = await client.get(name)
        assert isinstance(value, bytes)
        assert UUID(value.decode()) == UUID(lease.value)
        assert 119_000 < await client.pttl(name) <= 120_000


async def test_releasing_deletes_the_keys(a_lock: MakeLock, client: Redis) -> None:
    lock, name = a_lock(client), a_name()

    await lock.release(await lock.acquire([name]))

    assert not await client.exists(name)


async def test_a_lease_of_which_one_lock_is_lost_gives_back_the_others(a_lock: MakeLock, client: Redis) -> None:
    lock, lost, kept = a_lock(client), a_name(), a_name()
    lease = await lock.acquire([lost, kept])
    await client.set(lost, "somebody else's")

    assert await lock.release(lease) is False

    assert await client.get(lost) == b"somebody else's"
    assert not await client.exists(kept)


async def test_processes_exclude_one_another(a_lock: MakeLock, redis_url: str, client: Redis) -> None:
    other_client = create_redis(redis_url)
    ours, theirs, name = a_lock(client), a_lock(other_client, wait_seconds=0), a_name()
    lease = await ours.acquire([name])

    with pytest.raises(LockTimeout):
        await theirs.acquire([name])
    await ours.release(lease)

    assert await theirs.release(await theirs.acquire([name]))
    await other_client.aclose()


async def test_a_lock_works_after_redis_forgot_its_scripts(a_lock: MakeLock, client: Redis) -> None:
    lock, name = a_lock(client), a_name()
    await lock.release(await lock.acquire([name]))

    await client.script_flush()

    assert await lock.release(await lock.acquire([name]))


async def test_what_somebody_is_about_to_take_is_not_had_as_well(a_lock: MakeLock, client: Redis) -> None:
    lock, name, wanted, somebody = a_lock(client), a_name(), a_name(), str(uuid4())
    await client.zadd("lock_queue", {somebody: (await client.time())[0] * 1_000_000})
    await client.sadd(f"lock_wanted_{somebody}", wanted)

    lease = await lock.acquire([name], lambda: [wanted])
    await lock.release(Lease((wanted,), somebody))
    one_more = await lock.acquire([a_name()], lambda: [wanted])

    assert lease.names == (name,)
    assert wanted in one_more.names
    await lock.release(lease)
    await lock.release(one_more)


DOOMED = """
import asyncio, sys
from adapters.redis.client import create_redis
from adapters.redis.lock import RedisLock

async def hold(url, name):
    lock = RedisLock(create_redis(url), ttl_seconds=120, wait_seconds=10, alive_seconds=1)
    print((await lock.acquire([name])).value, flush=True)
    await asyncio.sleep(3600)

asyncio.run(hold(*sys.argv[1:]))
"""


async def test_a_lock_does_not_outlive_its_process_for_long(a_lock: MakeLock, redis_url: str, client: Redis) -> None:
    name, free = a_name(), a_name()
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DOOMED, redis_url, name, stdout=asyncio.subprocess.PIPE
    )
    assert doomed.stdout
    value = (await doomed.stdout.readline()).strip()
    assert await client.get(name) == value
    lock = a_lock(client, wait_seconds=2.5)
    with pytest.raises(LockTimeout):
        await lock.acquire([name])  # it lives longer than one heartbeat lasts

    doomed.kill()
    await doomed.wait()

    lease = await lock.acquire([name, free])
    assert await client.pttl(name) > 100_000  # acquired again, not expired
    assert await lock.release(lease)


async def test_who_was_taken_for_dead_leaves_the_next_owner_alone(a_lock: MakeLock, client: Redis) -> None:
    name = a_name()
    silent, other = a_lock(client, wait_seconds=0, alive_seconds=0.1), a_lock(client)
    lease = await silent.acquire([name])
    await silent.close()  # stops its heartbeats

    taken_over = await other.acquire([name])

    assert await silent.release(lease) is False
    assert await other.release(taken_over) is True


async def test_a_value_that_never_gave_a_sign_of_life_lasts_until_it_expires(a_lock: MakeLock, client: Redis) -> None:
    name = a_name()
    await client.set(name, "somebody else's", px=400)
    with pytest.raises(LockTimeout):
        await a_lock(client, wait_seconds=0.1, alive_seconds=0.01).acquire([name])
    assert await client.get(name) == b"somebody else's"
    lock = a_lock(client)
    assert await lock.release(await lock.acquire([name]))


async def test_a_released_lease_leaves_nothing_behind(a_lock: MakeLock, client: Redis) -> None:
    lock = a_lock(client)
    lease = await lock.acquire([a_name()])
    assert await client.zscore("lock_leases", lease.value)
    await lock.release(lease)
    assert await client.zscore("lock_leases", lease.value) is None


async def test_a_redis_that_dies_is_unavailable_and_serves_again_after_its_restart(
    a_lock: MakeLock, own_redis: EmbeddedRedis, own_client: Redis
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
    a_lock: MakeLock, own_redis: EmbeddedRedis, own_client: Redis
) -> None:
    lock, name = a_lock(own_client, wait_seconds=60), a_name()
    await lock.acquire([name])
    waiter = asyncio.create_task(lock.acquire([name]))
    await asyncio.wait({waiter}, timeout=0.05)

    await asyncio.to_thread(own_redis.kill)

    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(LockUnavailable):
            await waiter


async def test_a_redis_that_hangs_is_unavailable_within_the_time_out(a_lock: MakeLock, hanging_client: Redis) -> None:
    lock, name = a_lock(hanging_client), a_name()

    async with asyncio.timeout(PATIENCE_SECONDS):
        acquired, released = await asyncio.gather(
            lock.acquire([name]), lock.release(Lease((name,), str(uuid4()))), return_exceptions=True
        )

    assert isinstance(acquired, LockUnavailable)
    assert isinstance(released, LockUnavailable)


async def test_a_lock_whose_answer_came_too_late_does_not_stay_locked(
    a_lock: MakeLock, own_redis: EmbeddedRedis, own_client: Redis
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
