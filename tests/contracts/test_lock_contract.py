"""The Lock port: what MemoryLock and RedisLock both promise (docs/domain-rules.md#how-a-hold-is-granted)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from adapters.memory.lock import MemoryLock
from adapters.redis.client import create_redis
from adapters.redis.lock import RedisLock
from application.ports.lock import Lease, Lock, LockTimeout, LockUnavailable
from tests.support.redis_server import PROGRAM, system_redis

#: Long enough to be still held after a few calls on a busy machine, short enough for a test to wait for.
SHORT_TTL_SECONDS = 0.3
A_MOMENT_SECONDS = 0.05

LockFactory = Callable[..., Lock]
UntilQueued = Callable[[Lock, int], Awaitable[None]]


@pytest.fixture(scope="session")
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = create_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
async def system_redis_client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Redis]:
    """A Redis from before Valkey: its scripts are the same."""
    if PROGRAM is None:
        pytest.skip("the lock is tried on Redis 7, too, where Debian's package redis-server is installed")
    with system_redis(tmp_path_factory.mktemp("system_redis")) as url:
        client = create_redis(url)
        yield client
        await client.aclose()


@pytest.fixture(params=["memory", "redis", "system_redis_client"])
def client(request: pytest.FixtureRequest) -> Redis | None:
    return None if request.param == "memory" else request.getfixturevalue(request.param)


@pytest.fixture
async def make_lock(client: Redis | None) -> AsyncIterator[LockFactory]:
    """Builds locks: ``make_lock(ttl_seconds=…, wait_seconds=…)``."""
    to_close: list[RedisLock] = []

    def make(*, ttl_seconds: float = 30, wait_seconds: float = 5) -> Lock:
        if client is None:
            return MemoryLock(ttl_seconds=ttl_seconds, wait_seconds=wait_seconds)
        lock = RedisLock(client, ttl_seconds=ttl_seconds, wait_seconds=wait_seconds)
        to_close.append(lock)
        return lock

    yield make
    for lock in to_close:
        await lock.close()


@pytest.fixture(params=["memory", "redis"])
async def unreachable_lock(request: pytest.FixtureRequest, closed_port: int) -> AsyncIterator[Lock]:
    if request.param == "memory":
        lock = MemoryLock()
        lock.available = False
        yield lock
        return
    client = create_redis(f"redis://127.0.0.1:{closed_port}/0")
    yield RedisLock(client, ttl_seconds=30, wait_seconds=5)
    await client.aclose()


@pytest.fixture
async def until_queued(client: Redis | None) -> UntilQueued:
    """Waits until ``count`` acquires of the test's lock stand in line."""
    others = await client.zcard("lock_queue") if client else 0

    async def wait(lock: Lock, count: int) -> None:
        async with asyncio.timeout(60):
            while (await _queued(lock, client)) < others + count:
                await asyncio.sleep(0)

    return wait


async def _queued(lock: Lock, client: Redis | None) -> int:
    if isinstance(lock, MemoryLock):
        return len(lock._waiting)
    assert client
    return int(await client.zcard("lock_queue"))


def names(count: int) -> list[str]:
    """Names that no other test locks."""
    return [f"ticket_lock_{uuid4()}" for _ in range(count)]


async def is_waiting(task: asyncio.Task[Lease]) -> bool:
    """Whether the task has not got its lease after a moment."""
    _, pending = await asyncio.wait({task}, timeout=A_MOMENT_SECONDS)
    return bool(pending)


async def test_a_lease_names_its_locks_in_order_and_has_a_unique_value(make_lock: LockFactory) -> None:
    lock = make_lock()
    first, second = names(2)

    leases = [await lock.acquire({first}), await lock.acquire({second})]

    assert [lease.names for lease in leases] == [(first,), (second,)]
    assert UUID(leases[0].value) != UUID(leases[1].value)


async def test_the_names_of_a_lease_are_sorted(make_lock: LockFactory) -> None:
    wanted = names(5)

    lease = await make_lock().acquire(wanted)

    assert lease.names == tuple(sorted(wanted))


async def test_a_held_lock_is_refused_when_the_wait_is_over(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=A_MOMENT_SECONDS)
    (name,) = names(1)
    await lock.acquire([name])

    with pytest.raises(LockTimeout, match=name):
        await lock.acquire([name])


async def test_who_waits_gets_the_lock_as_soon_as_it_is_released(make_lock: LockFactory) -> None:
    lock = make_lock()
    (name,) = names(1)
    first = await lock.acquire([name])
    waiter = asyncio.create_task(lock.acquire([name]))
    assert await is_waiting(waiter)

    assert await lock.release(first)

    async with asyncio.timeout(1):
        second = await waiter
    assert second.value != first.value


async def test_several_locks_are_had_all_or_none(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=A_MOMENT_SECONDS)
    free, taken, also_free = sorted(names(3))
    await lock.acquire([taken])

    with pytest.raises(LockTimeout):
        await lock.acquire([free, taken, also_free])

    assert await lock.release(await lock.acquire([free, also_free]))


async def test_nothing_is_held_while_waiting_for_the_rest(make_lock: LockFactory) -> None:
    lock = make_lock()
    free, taken = sorted(names(2))
    holder = await lock.acquire([taken])
    waiter = asyncio.create_task(lock.acquire([free, taken]))
    assert await is_waiting(waiter)

    assert await lock.release(await lock.acquire([free]))

    await lock.release(holder)
    assert await lock.release(await waiter)


async def test_locks_of_other_names_do_not_wait(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=0)
    first, second = names(2)

    await lock.acquire([first])

    assert (await lock.acquire([second])).names == (second,)


async def test_all_locks_of_a_lease_are_given_back_together(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=0)
    wanted = names(3)

    assert await lock.release(await lock.acquire(wanted))

    for name in wanted:
        assert (await lock.acquire([name])).names == (name,)


async def test_a_name_given_twice_counts_once(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=0)
    (name,) = names(1)

    lease = await lock.acquire([name, name])

    assert lease.names == (name,)
    assert await lock.release(lease)
    assert (await lock.acquire([name])).names == (name,)


async def test_no_names_need_no_lock(make_lock: LockFactory) -> None:
    lock = make_lock()

    assert await lock.release(await lock.acquire([]))


async def test_more_names_are_had_if_they_are_free(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=0)
    first, free, also_free, taken = names(4)
    theirs = await lock.acquire([taken])

    lease = await lock.acquire([first], lambda: [free, taken, first, also_free])

    assert lease.names == tuple(sorted([first, free, also_free]))
    with pytest.raises(LockTimeout, match=free):
        await lock.acquire([free])
    assert await lock.release(lease)
    assert await lock.release(await lock.acquire([first, free, also_free]))
    assert await lock.release(theirs)


async def test_more_names_are_those_of_the_moment_when_the_turn_comes(make_lock: LockFactory) -> None:
    lock, [taken, early, late] = make_lock(), names(3)
    holder, more = await lock.acquire([taken]), [early]
    waiter = asyncio.create_task(lock.acquire([taken], lambda: more))
    assert await is_waiting(waiter)

    assert await lock.release(await lock.acquire([early]))  # nothing is kept for a waiter
    more.append(late)
    await lock.release(holder)

    assert (await waiter).names == tuple(sorted([taken, early, late]))


async def test_more_names_are_left_to_somebody_who_waited_for_them(make_lock: LockFactory) -> None:
    lock, [first, second] = make_lock(), names(2)
    holder = await lock.acquire([first, second])
    greedy = asyncio.create_task(lock.acquire([first], lambda: [second]))
    assert await is_waiting(greedy)
    modest = asyncio.create_task(lock.acquire([second]))
    assert await is_waiting(modest)

    await lock.release(holder)

    async with asyncio.timeout(1):
        assert (await greedy).names == (first,)
        assert (await modest).names == (second,)


async def test_a_lock_that_nobody_releases_falls_free(make_lock: LockFactory) -> None:
    lock = make_lock(ttl_seconds=SHORT_TTL_SECONDS)
    (name,) = names(1)
    forgotten = await lock.acquire([name])

    async with asyncio.timeout(SHORT_TTL_SECONDS + 1):
        lease = await lock.acquire([name])

    assert lease.value != forgotten.value


async def test_an_expired_lease_leaves_the_next_owner_alone(make_lock: LockFactory) -> None:
    lock = make_lock(ttl_seconds=SHORT_TTL_SECONDS)
    (name,) = names(1)
    expired = await lock.acquire([name])
    taken_over = await lock.acquire([name])

    assert await lock.release(expired) is False

    assert await lock.release(taken_over) is True


async def test_a_lease_can_be_given_back_only_once(make_lock: LockFactory) -> None:
    lock = make_lock()
    lease = await lock.acquire(names(2))

    assert await lock.release(lease) is True
    assert await lock.release(lease) is False


async def test_a_lease_of_somebody_elses_making_frees_nothing(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=0)
    (name,) = names(1)
    lease = await lock.acquire([name])

    assert await lock.release(Lease((name,), str(uuid4()))) is False

    with pytest.raises(LockTimeout):
        await lock.acquire([name])
    assert await lock.release(lease)


async def test_who_gives_up_waiting_leaves_nothing_locked(make_lock: LockFactory) -> None:
    lock = make_lock()
    free, taken = names(2)
    holder = await lock.acquire([taken])
    impatient = asyncio.create_task(lock.acquire([free, taken]))
    assert await is_waiting(impatient)

    impatient.cancel()
    await asyncio.wait({impatient})
    await lock.release(holder)

    async with asyncio.timeout(1):
        assert await lock.release(await lock.acquire([free, taken]))


async def test_a_caller_who_is_cancelled_on_the_way_leaves_nothing_locked(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=0.5)
    name, more = names(2)
    for steps in range(40):
        hasty = asyncio.create_task(lock.acquire([name], lambda: [more]))
        for _ in range(steps % 8):
            await asyncio.sleep(0)
        if hasty.done():
            await lock.release(hasty.result())
        hasty.cancel()
        await asyncio.wait({hasty})

        assert await lock.release(await lock.acquire([name, more])), f"cancelled after {steps % 8} steps"


async def test_twenty_at_once_are_never_in_together(make_lock: LockFactory) -> None:
    lock = make_lock()
    (name,) = names(1)
    inside = 0
    most_inside = 0

    async def work() -> None:
        nonlocal inside, most_inside
        lease = await lock.acquire([name])
        inside += 1
        most_inside = max(most_inside, inside)
        await asyncio.sleep(0)
        inside -= 1
        assert await lock.release(lease)

    await asyncio.gather(*(work() for _ in range(20)))

    assert most_inside == 1


async def test_first_come_first_served(make_lock: LockFactory, until_queued: UntilQueued) -> None:
    """No waiter starves: a caller that releases a lock and wants it again at once queues behind all waiters."""
    lock, [name] = make_lock(), names(1)
    served: list[str] = []

    async def want(who: str) -> None:
        lease = await lock.acquire([name])
        served.append(who)
        await lock.release(lease)

    lease = await lock.acquire([name])
    waiting = []
    for who in "abc":
        waiting.append(asyncio.create_task(want(who)))
        await until_queued(lock, len(waiting))
    await lock.release(lease)
    await want("the greedy one")
    await asyncio.gather(*waiting)
    assert served == ["a", "b", "c", "the greedy one"]


async def test_who_wants_other_names_passes_those_who_wait(make_lock: LockFactory, until_queued: UntilQueued) -> None:
    lock, [first, second] = make_lock(), names(2)
    lease = await lock.acquire([first])
    waiting = asyncio.create_task(lock.acquire([first]))
    await until_queued(lock, 1)
    await lock.release(await lock.acquire([second]))
    await lock.release(lease)
    await lock.release(await waiting)


async def test_who_gave_up_or_was_cancelled_keeps_nobody_waiting(
    make_lock: LockFactory, until_queued: UntilQueued
) -> None:
    lock, [name] = make_lock(wait_seconds=2 * A_MOMENT_SECONDS), names(1)
    lease = await lock.acquire([name])
    cancelled = asyncio.create_task(lock.acquire([name]))
    await until_queued(lock, 1)
    cancelled.cancel()
    with pytest.raises(LockTimeout):
        await lock.acquire([name])
    await lock.release(lease)
    async with asyncio.timeout(60):
        await lock.release(await lock.acquire([name]))


async def test_overlapping_sets_in_any_order_do_not_deadlock(make_lock: LockFactory) -> None:
    lock = make_lock(wait_seconds=10)
    wanted = names(5)
    choose = random.Random(20261123)  # noqa: S311  # the same sets on every run

    async def work(some: list[str]) -> None:
        lease = await lock.acquire(some)
        await asyncio.sleep(0)
        assert await lock.release(lease)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(choose.sample(wanted, choose.randint(2, 4))) for _ in range(30)))


async def test_a_lock_service_that_is_away_says_so(unreachable_lock: Lock) -> None:
    wanted = names(1)

    with pytest.raises(LockUnavailable):
        await unreachable_lock.acquire(wanted)
    with pytest.raises(LockUnavailable):
        await unreachable_lock.release(Lease(tuple(wanted), str(uuid4())))
