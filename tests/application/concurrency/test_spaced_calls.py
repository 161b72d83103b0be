"""Expensive calls are shared, and spaced."""

from __future__ import annotations

import asyncio

import pytest

from application.concurrency.spaced_calls import SpacedCalls

#: Long enough that nothing here waits for its end.
LONG_SECONDS = 3600.0


class Counted:
    """A call that returns how many calls have begun, and first waits for ``gate``."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, key: str) -> str:
        self.begun += 1
        number = self.begun
        await self.gate.wait()
        if key == "broken":
            raise ValueError(key)
        return f"{key} {number}"


async def test_all_who_ask_before_a_call_begins_share_it() -> None:
    call = Counted()
    spaced = SpacedCalls(call)
    assert await asyncio.gather(*(spaced("a") for _ in range(5))) == ["a 1"] * 5


async def test_keys_do_not_wait_for_each_other() -> None:
    call = Counted()
    spaced = SpacedCalls(call, every_seconds=LONG_SECONDS)
    assert [await spaced("a"), await spaced("b")] == ["a 1", "b 2"]


async def test_who_asks_after_a_call_began_waits_for_the_next() -> None:
    call = Counted()
    call.gate.clear()
    spaced = SpacedCalls(call, every_seconds=0.05)
    first = asyncio.create_task(spaced("a"))
    while not call.begun:
        await asyncio.sleep(0)
    others = [asyncio.create_task(spaced("a")) for _ in range(3)]
    call.gate.set()
    assert await first == "a 1"
    assert await asyncio.gather(*others) == ["a 2"] * 3


async def test_no_call_begins_before_its_time() -> None:
    call = Counted()
    spaced = SpacedCalls(call, every_seconds=LONG_SECONDS)
    await spaced("a")
    next_call = asyncio.create_task(spaced("a"))
    done, _ = await asyncio.wait({next_call}, timeout=0.05)
    assert not done
    assert call.begun == 1
    spaced._next["a"].cancel()
    next_call.cancel()


async def test_a_failure_is_told_to_all_and_not_remembered() -> None:
    call = Counted()
    spaced = SpacedCalls(call, every_seconds=0)
    outcomes = await asyncio.gather(*(spaced("broken") for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError] * 3
    assert await spaced("a") == "a 2"


async def test_a_caller_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    call = Counted()
    call.gate.clear()
    spaced = SpacedCalls(call)
    gone, stays = asyncio.create_task(spaced("a")), asyncio.create_task(spaced("a"))
    while not call.begun:
        await asyncio.sleep(0)
    gone.cancel()
    call.gate.set()
    assert await stays == "a 1"
    with pytest.raises(asyncio.CancelledError):
        await gone
