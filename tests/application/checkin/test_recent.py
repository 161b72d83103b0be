"""What many scanners ask for at once is read once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from adapters.memory.system import MemoryClock
from application.checkin.recent import Recent

SECOND = timedelta(seconds=1)


class Reads:
    """Reads that take a second each by the clock."""

    def __init__(self, clock: MemoryClock) -> None:
        self.clock = clock
        self.count = 0

    async def __call__(self, _before: int | None) -> int:
        self.count += 1
        await asyncio.sleep(0)
        self.clock.advance(SECOND)
        return self.count


async def test_those_who_wait_for_a_read_share_it() -> None:
    clock = MemoryClock()
    recent, reads = Recent[str, int](clock, fresh_for=SECOND, most=9), Reads(clock)
    assert await asyncio.gather(*(recent.get("hamlet", reads) for _ in range(9))) == [1] * 9
    assert reads.count == 1


async def test_a_value_is_read_again_when_it_is_old_or_the_clock_was_set_back() -> None:
    clock = MemoryClock()
    recent, reads = Recent[str, int](clock, fresh_for=SECOND, most=9), Reads(clock)
    assert [await recent.get("hamlet", reads) for _ in range(2)] == [1, 1]
    clock.advance(SECOND)
    assert await recent.get("hamlet", reads) == 2
    clock.advance(-5 * SECOND)
    assert await recent.get("hamlet", reads) == 3


async def test_the_value_that_was_asked_for_longest_ago_is_forgotten() -> None:
    clock = MemoryClock()
    recent, reads = Recent[str, int](clock, fresh_for=9 * SECOND, most=1), Reads(clock)
    assert [await recent.get(show, reads) for show in ("hamlet", "macbeth", "hamlet")] == [1, 2, 3]
