"""RedisThrottle: slots at an even pace, over all processes together, with or without Redis."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.client import TIMEOUT_SECONDS, create_redis
from adapters.redis.throttle import RedisThrottle
from demo.embedded import EmbeddedRedis

#: A slot every ten seconds: even on a slow machine, no slot passes during a test.
SLOW = 0.1
INTERVAL_SECONDS = 1 / SLOW
#: The time that a test itself may take, plus the rounding to whole milliseconds.
SLACK_SECONDS = 2.0
#: A call is made twice before it is given up, plus some time for a busy machine.
PATIENCE_SECONDS = 2 * TIMEOUT_SECONDS + 0.5


def a_key() -> str:
    return f"sessions.create {uuid4()}"


async def redis_seconds(client: Redis) -> float:
    """The clock by which slots are given."""
    seconds, microseconds = await client.time()
    return float(seconds) + float(microseconds) / 1_000_000


async def waits(throttle: RedisThrottle, key: str, turns: int) -> list[float]:
    """The seconds until each of the next slots."""
    reserved = [await throttle.reserve(key, max_wait_seconds=None) for _ in range(turns)]
    assert all(taken for taken, _ in reserved)
    return [wait for _, wait in reserved]


def assert_even(found: list[float]) -> None:
    """Check that one slot comes at once, and then one after each interval."""
    assert found[0] == 0
    for number, wait in enumerate(found):
        assert number * INTERVAL_SECONDS - SLACK_SECONDS <= wait <= number * INTERVAL_SECONDS


async def test_turns_come_evenly(client: Redis) -> None:
    assert_even(await waits(RedisThrottle(client, per_second=SLOW), a_key(), 4))


async def test_so_many_turns_come_in_a_second_as_were_allowed(client: Redis) -> None:
    started = time.monotonic()
    *_, last = await waits(RedisThrottle(client, per_second=1000), a_key(), 500)
    passed = time.monotonic() - started

    assert 0.499 - passed - 0.01 <= last <= 0.5


async def test_lanes_do_not_wait_for_each_other(client: Redis) -> None:
    throttle = RedisThrottle(client, per_second=SLOW)

    first, other = await waits(throttle, a_key(), 2), await waits(throttle, a_key(), 2)

    assert_even(first)
    assert_even(other)


async def test_lanes_of_another_pace_are_others(client: Redis) -> None:
    key = a_key()

    ours = await waits(RedisThrottle(client, per_second=SLOW), key, 2)
    buyers = await waits(RedisThrottle(client, per_second=SLOW, name="buyers"), key, 2)

    assert_even(ours)
    assert_even(buyers)


async def test_processes_share_their_turns(redis_url: str, client: Redis) -> None:
    other_client = create_redis(redis_url)
    ours, theirs, key = RedisThrottle(client, per_second=SLOW), RedisThrottle(other_client, per_second=SLOW), a_key()

    found = [wait for _ in range(2) for throttle in (ours, theirs) for wait in await waits(throttle, key, 1)]

    assert_even(found)
    await other_client.aclose()


async def test_of_many_at_once_everybody_has_a_turn_of_their_own(client: Redis) -> None:
    throttle, key = RedisThrottle(client, per_second=SLOW), a_key()

    found = await asyncio.gather(*(waits(throttle, key, 1) for _ in range(5)))

    assert_even(sorted(wait for each in found for wait in each))


async def test_a_turn_that_comes_too_late_is_not_taken_and_stays_free(client: Redis) -> None:
    throttle, key = RedisThrottle(client, per_second=SLOW), a_key()
    await waits(throttle, key, 1)

    refused = [await throttle.reserve(key, max_wait_seconds=1.0) for _ in range(3)]

    assert [taken for taken, _ in refused] == [False] * 3
    assert all(INTERVAL_SECONDS - SLACK_SECONDS <= wait <= INTERVAL_SECONDS for _, wait in refused)
    (next_turn,) = await waits(throttle, key, 1)
    assert next_turn <= INTERVAL_SECONDS


async def test_a_turn_that_comes_in_time_is_taken(client: Redis) -> None:
    throttle, key = RedisThrottle(client, per_second=SLOW), a_key()

    patience = (0, INTERVAL_SECONDS, INTERVAL_SECONDS)
    taken = [(await throttle.reserve(key, max_wait_seconds=seconds))[0] for seconds in patience]

    assert taken == [True, True, False]


async def test_who_asks_at_the_same_time_takes_turns_in_order_as_far_as_their_patience_lasts(client: Redis) -> None:
    throttle, key = RedisThrottle(client, per_second=SLOW), a_key()
    await waits(throttle, key, 1)

    patience = (None, 0, INTERVAL_SECONDS / 2, None, 10 * INTERVAL_SECONDS)
    reserved = await asyncio.gather(*(throttle.reserve(key, max_wait_seconds=seconds) for seconds in patience))

    assert [taken for taken, _ in reserved] == [True, False, False, True, True]
    assert_even([0, *(wait for taken, wait in reserved if taken)])


async def test_turns_that_nobody_took_are_not_saved_up(client: Redis) -> None:
    throttle, key = RedisThrottle(client, per_second=20), a_key()
    await waits(throttle, key, 1)

    now = await redis_seconds(client)
    async with asyncio.timeout(60):
        while await redis_seconds(client) < now + 4 * 0.05:  # four slots go by
            pass

    first, second = await waits(throttle, key, 2)
    assert first == 0
    assert second > 0


async def test_a_lane_that_nobody_uses_is_forgotten(client: Redis) -> None:
    key = a_key()
    await waits(RedisThrottle(client, per_second=SLOW), key, 3)

    milliseconds_left = await client.pttl(f"pace_{key}")

    assert 0 < milliseconds_left <= 3 * INTERVAL_SECONDS * 1000 + 1000


async def test_turns_go_on_after_redis_forgot_its_scripts(client: Redis) -> None:
    throttle, key = RedisThrottle(client, per_second=SLOW), a_key()
    first = await waits(throttle, key, 1)

    await client.script_flush()

    assert_even(first + await waits(throttle, key, 1))


async def test_without_redis_every_process_keeps_the_pace_by_itself(
    own_redis: EmbeddedRedis, own_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    throttle, key = RedisThrottle(own_client, per_second=SLOW), a_key()
    await asyncio.to_thread(own_redis.kill)

    found = await waits(throttle, key, 3)
    (other,) = await waits(throttle, a_key(), 1)
    refused, wait = await throttle.reserve(key, max_wait_seconds=1.0)

    assert_even(found)
    assert other == 0
    assert not refused
    assert 2 * INTERVAL_SECONDS < wait <= 3 * INTERVAL_SECONDS
    (next_turn,) = await waits(throttle, key, 1)
    assert next_turn <= wait
    assert "This process keeps its pace alone" in caplog.text


async def test_when_redis_is_back_turns_are_shared_again(own_redis: EmbeddedRedis, own_client: Redis) -> None:
    ours, key = RedisThrottle(own_client, per_second=SLOW), a_key()
    await asyncio.to_thread(own_redis.kill)
    await waits(ours, key, 1)

    await asyncio.to_thread(own_redis.start)

    other_client = create_redis(own_redis.url)
    theirs = RedisThrottle(other_client, per_second=SLOW)
    assert_even([*await waits(ours, key, 1), *await waits(theirs, key, 1)])
    await other_client.aclose()


async def test_a_redis_that_hangs_costs_a_time_out_and_no_turn(hanging_client: Redis) -> None:
    throttle = RedisThrottle(hanging_client, per_second=SLOW)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await throttle.reserve(a_key(), max_wait_seconds=0) == (True, 0)
