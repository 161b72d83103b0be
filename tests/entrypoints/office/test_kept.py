"""Values that are made at most once in a while, however many ask for them."""

from __future__ import annotations

import asyncio

import pytest

from entrypoints.office.kept import MAX_VALUES, Kept, Pace

SECOND = Pace(every_seconds=1, share=0.01)


class Source:
    """Counts how often it was asked, and takes as long as it says on its own clock."""

    def __init__(self, took: float = 0) -> None:
        self.now = 0.0
        self.asked = 0
        self.took = took
        self.fails = False

    async def make(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        self.now += self.took
        if self.fails:
            raise RuntimeError("away")
        return self.asked


async def test_a_crowd_makes_a_value_once() -> None:
    source = Source()
    kept = Kept[int](lambda: source.now)
    found = await asyncio.gather(*(kept.get("key", source.make, SECOND) for _ in range(50)))
    assert found == [1] * 50


async def test_a_value_is_made_again_when_its_time_is_over() -> None:
    source = Source()
    kept = Kept[int](lambda: source.now)
    assert await kept.get("key", source.make, SECOND) == 1
    source.now += 0.9
    assert await kept.get("key", source.make, SECOND) == 1
    source.now += 0.1
    assert await kept.get("key", source.make, SECOND) == 2
    assert await kept.get("other", source.make, SECOND) == 3


async def test_what_is_slow_to_make_is_made_rarely() -> None:
    source = Source(took=0.1)
    kept = Kept[int](lambda: source.now)
    await kept.get("key", source.make, SECOND)
    source.now = 9.9
    assert await kept.get("key", source.make, SECOND) == 1
    assert await kept.get("key", source.make, Pace(every_seconds=0.5, share=0.2)) == 2
    source.now = 20.1
    assert await kept.get("key", source.make, SECOND) == 3


async def test_a_failure_is_not_kept() -> None:
    source = Source()
    kept = Kept[int](lambda: source.now)
    source.fails = True
    with pytest.raises(RuntimeError):
        await kept.get("key", source.make, SECOND)
    source.fails = False
    assert await kept.get("key", source.make, SECOND) == 2


async def test_a_browser_that_leaves_does_not_take_the_value_from_others() -> None:
    source = Source()
    kept = Kept[int](lambda: source.now)
    leaving = asyncio.create_task(kept.get("key", source.make, SECOND))
    staying = asyncio.create_task(kept.get("key", source.make, SECOND))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_the_least_used_values_go_first() -> None:
    source = Source()
    kept = Kept[int](lambda: source.now)
    for key in range(MAX_VALUES):
        await kept.get(key, source.make, SECOND)
    await kept.get(0, source.make, SECOND)
    await kept.get("one more", source.make, SECOND)
    asked = source.asked
    await kept.get(0, source.make, SECOND)
    assert source.asked == asked
    await kept.get(1, source.make, SECOND)
    assert source.asked == asked + 1
