"""The Clock and Ids ports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

import pytest

from adapters.memory.system import MemoryClock, MemoryIds
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.ports.system import Clock, Ids


@pytest.fixture(params=[MemoryClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    clock: Clock = request.param()
    return clock


@pytest.fixture(params=[MemoryIds, SystemIds])
def ids(request: pytest.FixtureRequest) -> Ids:
    ids: Ids = request.param()
    return ids


def test_the_present_is_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_time_does_not_run_backwards(clock: Clock) -> None:
    assert clock.now() <= clock.now()


def test_the_system_clock_tells_the_machines_time() -> None:
    before = datetime.now(UTC)

    now = SystemClock().now()

    assert before <= now <= datetime.now(UTC)


def test_the_memory_clock_moves_when_it_is_moved() -> None:
    clock = MemoryClock()
    start = clock.now()

    clock.advance(timedelta(minutes=30))
    half_an_hour_on = clock.now()
    clock.set(start)

    assert half_an_hour_on - start == timedelta(minutes=30)
    assert clock.now() == start


def test_ids_are_uuids_of_version_7(ids: Ids) -> None:
    made = ids.new()

    assert (made.version, made.variant) == (7, RFC_4122)


def test_ids_made_later_sort_later_and_none_comes_twice(ids: Ids) -> None:
    made = [ids.new() for _ in range(2_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("count", [0, 1, 8, 32])
def test_random_bytes_have_the_length_asked_for(ids: Ids, count: int) -> None:
    assert len(ids.random_bytes(count)) == count


def test_random_bytes_differ(ids: Ids) -> None:
    assert ids.random_bytes(16) != ids.random_bytes(16)


def test_memory_ids_are_the_same_in_every_run() -> None:
    first, second = MemoryIds(seed=7), MemoryIds(seed=7)

    assert [first.new() for _ in range(3)] == [second.new() for _ in range(3)]
    assert first.random_bytes(8) == second.random_bytes(8)
