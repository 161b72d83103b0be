"""Locks across processes: all or nothing; the row locks remain the last line of defence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.lock import MemoryLock
from application.checkout.ticket_locks import ticket_locks
from application.errors import Busy
from application.ports.lock import Lease, MoreNames, nothing_more

stalls, circle = sorted([uuid4(), uuid4()])
NAMES = [f"ticket_lock_{stalls}", f"ticket_lock_{circle}"]


class Stopwatch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class RecordingLock(MemoryLock):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    @override
    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        self.asked.append(list(names))
        return await super().acquire(names, also)


async def is_free(lock: MemoryLock) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            return await lock.release(await lock.acquire(NAMES))
    return False


@pytest.mark.p0
async def test_every_ticket_is_locked_in_sorted_order_and_released() -> None:
    lock = RecordingLock()
    async with ticket_locks(lock, {circle, stalls}):
        pass
    assert lock.asked == [NAMES]
    assert await is_free(lock)


@pytest.mark.p0
async def test_nobody_else_gets_a_locked_ticket() -> None:
    lock = MemoryLock(wait_seconds=0)
    async with ticket_locks(lock, [stalls]):
        with pytest.raises(Busy, match="being processed, please try again"):
            async with ticket_locks(lock, [stalls, circle]):
                pytest.fail("locked twice")
        async with ticket_locks(lock, [circle]):
            pass  # all or nothing: the refused one kept nothing


@pytest.mark.p0
async def test_more_tickets_are_locked_if_they_are_free() -> None:
    lock, gallery, box = MemoryLock(), uuid4(), uuid4()
    async with ticket_locks(lock, [box]):
        async with ticket_locks(lock, [stalls], lambda: [circle, box, gallery]) as locks:
            assert locks.tickets == {stalls, circle, gallery}
            assert not await is_free(lock)
        assert await is_free(lock)


@pytest.mark.p0
async def test_locks_that_are_let_go_are_free_before_the_work_ends(caplog: pytest.LogCaptureFixture) -> None:
    lock = MemoryLock()
    async with ticket_locks(lock, [stalls, circle]) as locks:
        assert not await is_free(lock)
        locks.let_go()
        locks.let_go()
        assert await is_free(lock)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.p0
async def test_locks_are_released_after_a_failure() -> None:
    lock = MemoryLock()
    with pytest.raises(RuntimeError, match="went wrong"):
        async with ticket_locks(lock, [stalls, circle]):
            raise RuntimeError("went wrong")
    assert await is_free(lock)


async def test_locks_are_released_when_the_work_is_cancelled() -> None:
    lock = MemoryLock()
    locked = asyncio.Event()

    async def work() -> None:
        async with ticket_locks(lock, [stalls, circle]):
            locked.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await locked.wait()
    working.cancel()
    await asyncio.wait([working])
    assert await is_free(lock)


@pytest.mark.p2
async def test_the_log_tells_of_locks_and_how_long_they_took(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with ticket_locks(MemoryLock(), [stalls, circle]):
            pass
    (message,) = caplog.messages
    assert message.startswith(f"Lock acquired for tickets {NAMES} in 0.")


async def test_the_log_tells_of_locks_that_were_not_to_be_had(caplog: pytest.LogCaptureFixture) -> None:
    lock = MemoryLock(wait_seconds=0)
    await lock.acquire(NAMES)
    with pytest.raises(Busy):
        async with ticket_locks(lock, [stalls]):
            pytest.fail("locked twice")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Lock not acquired for tickets" in caplog.text


@pytest.mark.p1
async def test_without_the_lock_service_the_work_goes_on_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    lock = MemoryLock()
    lock.available = False
    async with ticket_locks(lock, [stalls], lambda: [circle]) as locks:
        assert locks.tickets == {stalls, circle}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "going on with database locks alone" in caplog.text


@pytest.mark.p1
async def test_without_the_lock_service_a_failure_is_still_told() -> None:
    lock = MemoryLock()
    lock.available = False
    with pytest.raises(RuntimeError, match="went wrong"):
        async with ticket_locks(lock, [stalls]):
            raise RuntimeError("went wrong")


@pytest.mark.p1
async def test_a_lock_service_that_leaves_meanwhile_does_not_undo_the_work(caplog: pytest.LogCaptureFixture) -> None:
    lock = MemoryLock()
    async with ticket_locks(lock, [stalls]):
        lock.available = False
    assert "Lock not released for tickets" in caplog.text


@pytest.mark.p1
async def test_a_lock_that_expires_while_held_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    stopwatch = Stopwatch()
    lock = MemoryLock(ttl_seconds=120, monotonic=stopwatch)
    async with ticket_locks(lock, [stalls]):
        stopwatch.seconds = 121
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Lock expired for tickets" in caplog.text


@pytest.mark.p1
async def test_a_lock_that_lasts_just_long_enough_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    stopwatch = Stopwatch()
    async with ticket_locks(MemoryLock(ttl_seconds=120, monotonic=stopwatch), [stalls]):
        stopwatch.seconds = 119.9
    assert [record for record in caplog.records if record.name == "application.checkout.ticket_locks"] == []


@pytest.mark.p1
async def test_an_expired_lock_that_went_to_somebody_else_stays_theirs() -> None:
    stopwatch = Stopwatch()
    lock = MemoryLock(ttl_seconds=120, wait_seconds=0, monotonic=stopwatch)
    async with ticket_locks(lock, [stalls]):
        stopwatch.seconds = 121
        theirs = await lock.acquire([NAMES[0]])
    assert await lock.release(theirs)
