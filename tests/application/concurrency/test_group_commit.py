"""Waiting requests are decided together, each once, and never in two batches of one show at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar

import pytest
from typing_extensions import override

from application.concurrency.group_commit import BatchDecider, GroupCommit, HandOver, Preparation, decide_with
from application.errors import Busy
from tests.application.world import HANGS_SECONDS

pytestmark = pytest.mark.p0

Line = GroupCommit[str, str, str]


class Refused(Exception):
    pass


class Decider:
    """A decider that a test controls. ``batches`` are the requests of its calls, in order."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.refused: set[str] = set()
        self.failure: Exception | None = None
        self._gates: list[asyncio.Event] = []
        self._begun = asyncio.Condition()

    async def __call__(self, requests: Sequence[str]) -> list[str | Exception]:
        gate = asyncio.Event()
        async with self._begun:
            self.batches.append(list(requests))
            self._gates.append(gate)
            self._begun.notify_all()
        await gate.wait()
        if self.failure:
            raise self.failure
        return [Refused(request) if request in self.refused else request.upper() for request in requests]

    async def decide(self, batch: int) -> None:
        """Let the batch (counted from 0) come to its decision, once it has begun."""
        await self.begun(batch + 1)
        self._gates[batch].set()

    async def begun(self, count: int) -> None:
        """Wait until ``count`` batches have begun."""
        async with asyncio.timeout(HANGS_SECONDS), self._begun:
            await self._begun.wait_for(lambda: len(self.batches) >= count)

    async def decide_everything(self, line: Line) -> None:
        """Decide all requests until nothing is left."""
        closing = asyncio.create_task(line.close())
        async with asyncio.timeout(HANGS_SECONDS):
            while not closing.done():
                for gate in self._gates:
                    gate.set()
                await asyncio.sleep(0)


async def submitted(line: Line, key: str, *requests: str) -> list[asyncio.Task[str]]:
    """The requests, waiting in line in this order."""
    tasks = [asyncio.create_task(line.submit(key, request)) for request in requests]
    await asyncio.sleep(0)
    return tasks


@pytest.fixture
def decider() -> Decider:
    return Decider()


async def test_a_request_that_finds_its_line_idle_is_decided_at_once(decider: Decider) -> None:
    line = Line(decide_with(decider))
    (ada,) = await submitted(line, "hamlet", "ada")
    await decider.begun(1)
    await decider.decide(0)
    assert await ada == "ADA"
    assert decider.batches == [["ada"]]


async def test_requests_that_wait_are_decided_together_in_their_order(decider: Decider) -> None:
    line = Line(decide_with(decider))
    (ada,) = await submitted(line, "hamlet", "ada")
    others = await submitted(line, "hamlet", "bob", "cleo", "dan")
    await decider.decide(0)
    assert await ada == "ADA"
    await decider.begun(2)
    await decider.decide(1)
    assert await asyncio.gather(*others) == ["BOB", "CLEO", "DAN"]
    assert decider.batches == [["ada"], ["bob", "cleo", "dan"]]


async def one_waits_for_another(decider: Decider, line: Line) -> None:
    """Two requests, of which the second waits for the first."""
    (ada,) = await submitted(line, "hamlet", "ada")
    await decider.begun(1)
    (bob,) = await submitted(line, "hamlet", "bob")
    for number in range(2):
        await decider.decide(number)
    assert (await ada, await bob) == ("ADA", "BOB")
    assert decider.batches == [["ada"], ["bob"]]


async def test_requests_that_come_fast_are_gathered_until_enough_wait(decider: Decider) -> None:
    line = Line(decide_with(decider), gather_seconds=HANGS_SECONDS, gather_most=3)
    await one_waits_for_another(decider, line)
    gathered = await submitted(line, "hamlet", "cleo", "dan")
    assert len(decider.batches) == 2
    gathered += await submitted(line, "macbeth", "eve")
    await decider.begun(3)
    assert sorted(decider.batches[2]) == ["cleo", "dan", "eve"]
    await decider.decide_everything(line)
    await asyncio.gather(*gathered)


async def test_gathering_ends_with_its_time(decider: Decider) -> None:
    line = Line(decide_with(decider), gather_seconds=0.001)
    await one_waits_for_another(decider, line)
    (cleo,) = await submitted(line, "hamlet", "cleo")
    await decider.decide(2)
    assert await cleo == "CLEO"


async def test_requests_that_come_one_after_another_are_never_gathered(decider: Decider) -> None:
    line = Line(decide_with(decider), gather_seconds=HANGS_SECONDS)
    for number, request in enumerate(("ada", "bob", "cleo")):
        (task,) = await submitted(line, "hamlet", request)
        await decider.decide(number)
        assert await task == request.upper()


async def test_closing_waits_for_those_that_are_gathered(decider: Decider) -> None:
    line = Line(decide_with(decider), gather_seconds=HANGS_SECONDS)
    await one_waits_for_another(decider, line)
    (cleo,) = await submitted(line, "hamlet", "cleo")
    await decider.decide_everything(line)
    assert await cleo == "CLEO"


async def test_two_batches_never_decide_for_the_same_show_at_a_time(decider: Decider) -> None:
    line = Line(decide_with(decider), max_batch=1, max_wait_seconds=0)
    tasks = await submitted(line, "hamlet", "ada", "bob")
    await submitted(line, "macbeth", "cleo")
    await decider.begun(2)
    assert decider.batches == [["ada"], ["cleo"]]
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB"]


async def test_others_gather_behind_a_quick_batch_and_begin_beside_a_slow_one(decider: Decider) -> None:
    line = Line(decide_with(decider), max_wait_seconds=0.02)
    tasks = await submitted(line, "hamlet", "ada")
    tasks += await submitted(line, "macbeth", "bob") + await submitted(line, "othello", "cleo")
    await decider.begun(1)
    assert decider.batches == [["ada"]]
    await decider.begun(2)
    assert decider.batches == [["ada"], ["bob", "cleo"]]
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO"]


async def test_different_shows_are_decided_at_the_same_time(decider: Decider) -> None:
    line = Line(decide_with(decider), max_wait_seconds=0)
    (ada,) = await submitted(line, "hamlet", "ada")
    (bob,) = await submitted(line, "macbeth", "bob")
    await decider.begun(2)
    await decider.decide(1)
    assert await bob == "BOB"
    assert not ada.done()
    await decider.decide(0)
    assert await ada == "ADA"


async def test_waiting_requests_of_several_shows_share_a_batch(decider: Decider) -> None:
    line = Line(decide_with(decider), max_in_flight=2, max_wait_seconds=0)
    tasks = await submitted(line, "hamlet", "ada") + await submitted(line, "macbeth", "bob")
    tasks += await submitted(line, "othello", "cleo") + await submitted(line, "lear", "dan")
    await decider.decide(0)
    await decider.begun(3)
    assert decider.batches[2] == ["cleo", "dan"]
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO", "DAN"]


async def test_a_batch_is_no_larger_than_its_bound(decider: Decider) -> None:
    line = Line(decide_with(decider), max_batch=2)
    tasks = await submitted(line, "hamlet", "a", "b", "c", "d", "e")
    await decider.decide_everything(line)
    assert decider.batches == [["a", "b"], ["c", "d"], ["e"]]
    assert await asyncio.gather(*tasks) == list("ABCDE")


class Held(Preparation[str]):
    """Is good for further requests that do not begin with an x. ``let_go`` is told whose it was."""

    def __init__(self, first: str, let_go: Callable[[str], None]) -> None:
        self._first = first
        self._let_go = let_go

    @override
    def covers(self, request: str) -> bool:
        return not request.startswith("x")

    @override
    def let_go(self) -> None:
        self._let_go(self._first)


class Preparing:
    """Preparation that lasts until the gate of the batch's first request is open. ``told`` has the requests that waited
    then, by the batch's first request; ``gone`` the first requests of the batches that let go.
    """

    def __init__(self) -> None:
        self.gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.told: dict[str, list[str]] = {}
        self.gone: list[str] = []
        self.failures: dict[str, Exception] = {}

    @asynccontextmanager
    async def __call__(
        self, requests: Sequence[str], waiting: Callable[[], Sequence[str]]
    ) -> AsyncIterator[Preparation[str]]:
        await self.gates[requests[0]].wait()
        if requests[0] in self.failures:
            raise self.failures[requests[0]]
        self.told[requests[0]] = list(waiting())
        yield Held(requests[0], self.gone.append)

    def open(self, *first: str) -> None:
        for request in first:
            self.gates[request].set()


class Prepared(BatchDecider[str, str]):
    """A decider that prepares for its batches, and hands over those with a quick request, twice, as if it had to try a
    second time, before it ends.
    """

    def __init__(self, preparation: Preparing, decider: Decider) -> None:
        self._preparation = preparation
        self._decider = decider

    @override
    def prepare(
        self, requests: Sequence[str], waiting: Callable[[], Sequence[str]]
    ) -> AbstractAsyncContextManager[Preparation[str]]:
        return self._preparation(requests, waiting)

    @override
    async def decide(self, requests: Sequence[str], hand_over: HandOver) -> Sequence[str | Exception]:
        if any(request.startswith("quick") for request in requests):
            hand_over()
            hand_over()
        return await self._decider(requests)


async def test_who_comes_while_a_batch_is_prepared_joins_it_if_it_is_good_for_them(decider: Decider) -> None:
    prepare = Preparing()
    line = Line(Prepared(prepare, decider), max_batch=3)
    tasks = await submitted(line, "hamlet", "ada")
    tasks += await submitted(line, "hamlet", "xavier", "bob", "xena", "cleo", "dan")
    tasks += await submitted(line, "macbeth", "eve")
    prepare.open("ada", "eve", "xavier")
    await decider.decide_everything(line)
    assert decider.batches == [["ada", "bob", "cleo"], ["eve", "dan"], ["xavier", "xena"]]
    assert prepare.told["eve"] == ["xavier", "xena"]  # in the order in which they came, and dan is one too many
    assert await asyncio.gather(*tasks) == ["ADA", "XAVIER", "BOB", "XENA", "CLEO", "DAN", "EVE"]


async def test_who_comes_for_another_show_joins_and_no_other_batch_decides_for_it(decider: Decider) -> None:
    prepare = Preparing()
    line = Line(Prepared(prepare, decider), max_wait_seconds=0.2)
    tasks = await submitted(line, "hamlet", "ada") + await submitted(line, "macbeth", "bob")
    prepare.open("ada", "fay", "gus")
    await decider.begun(1)
    tasks += await submitted(line, "macbeth", "fay") + await submitted(line, "othello", "gus")
    await decider.begun(2)
    assert decider.batches == [["ada", "bob"], ["gus"]]
    await decider.decide_everything(line)
    assert decider.batches == [["ada", "bob"], ["gus"], ["fay"]]
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "FAY", "GUS"]


async def test_nobody_joins_for_a_show_that_another_batch_decides_for(decider: Decider) -> None:
    prepare = Preparing()
    line = Line(Prepared(prepare, decider), max_wait_seconds=0)
    tasks = await submitted(line, "hamlet", "ada") + await submitted(line, "macbeth", "bob")
    tasks += await submitted(line, "macbeth", "cleo") + await submitted(line, "hamlet", "dan")
    prepare.open("ada")
    await decider.begun(1)
    assert decider.batches == [["ada", "dan"]]
    prepare.open("bob")
    await decider.decide_everything(line)
    assert decider.batches == [["ada", "dan"], ["bob", "cleo"]]
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO", "DAN"]


async def test_a_preparation_is_told_of_as_many_as_the_batch_has_room_for(decider: Decider) -> None:
    prepare = Preparing()
    line = Line(Prepared(prepare, decider), max_batch=4)
    tasks = await submitted(line, "hamlet", "ada")
    tasks += await submitted(line, "macbeth", "bob", "cleo") + await submitted(line, "hamlet", "xavier", "dan")
    tasks[1].cancel()
    await asyncio.sleep(0)
    tasks += await submitted(line, "othello", "eve")
    prepare.open("ada", "xavier")
    await decider.decide_everything(line)
    assert prepare.told == {"ada": ["cleo", "xavier", "dan"], "xavier": []}
    assert decider.batches == [["ada", "cleo", "dan", "eve"], ["xavier"]]


async def test_a_show_that_was_passed_over_stays_first_in_line(decider: Decider) -> None:
    prepare = Preparing()
    line = Line(Prepared(prepare, decider), max_batch=2)
    tasks = await submitted(line, "hamlet", "ada") + await submitted(line, "othello", "xavier")
    tasks += await submitted(line, "macbeth", "bob") + await submitted(line, "lear", "cleo", "dan")
    prepare.open("ada", "xavier", "dan")
    await decider.decide_everything(line)
    assert decider.batches == [["ada", "bob"], ["xavier", "cleo"], ["dan"]]
    await asyncio.gather(*tasks)


async def test_a_preparation_that_fails_refuses_those_who_waited_for_it_alone(decider: Decider) -> None:
    prepare = Preparing()
    line = Line(Prepared(prepare, decider))
    (ada,) = await submitted(line, "hamlet", "ada")
    (bob,) = await submitted(line, "hamlet", "bob")
    prepare.failures["ada"] = Busy()
    prepare.open("ada", "bob")
    with pytest.raises(Busy):
        await ada
    await decider.decide_everything(line)
    assert await bob == "BOB"


async def test_a_show_that_cannot_be_prepared_harms_nobody_who_waits_for_another(decider: Decider) -> None:
    prepare = Preparing()
    prepare.failures["ada"] = Busy()
    prepare.open("first", "ada", "cleo")
    line = Line(Prepared(prepare, decider))
    await submitted(line, "lear", "first")
    await decider.begun(1)
    stuck, [cleo] = await submitted(line, "hamlet", "ada", "bob"), await submitted(line, "macbeth", "cleo")
    await decider.decide_everything(line)
    assert decider.batches == [["first"], ["cleo"]]
    assert await cleo == "CLEO"
    assert [type(outcome) for outcome in await asyncio.gather(*stuck, return_exceptions=True)] == [Busy, Busy]


async def test_the_next_batch_begins_when_the_one_before_is_handed_over(decider: Decider) -> None:
    prepare = Preparing()
    prepare.open("quick", "bob")
    line = Line(Prepared(prepare, decider))
    tasks = await submitted(line, "hamlet", "quick", "ada") + await submitted(line, "hamlet", "bob", "cleo")
    await decider.begun(2)
    assert decider.batches == [["quick", "ada"], ["bob", "cleo"]]  # and neither has ended
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["QUICK", "ADA", "BOB", "CLEO"]


async def test_a_batch_that_is_handed_over_lets_go_once_before_it_ends(decider: Decider) -> None:
    prepare = Preparing()
    prepare.open("quick")
    line = Line(Prepared(prepare, decider))
    await submitted(line, "hamlet", "quick")
    await decider.begun(1)
    assert prepare.gone == ["quick"]
    await decider.decide_everything(line)
    assert prepare.gone == ["quick"]


async def test_no_more_batches_are_under_way_than_allowed_however_many_are_handed_over(decider: Decider) -> None:
    prepare = Preparing()
    prepare.open("quick", "quicker", "quickest")
    line = Line(Prepared(prepare, decider), max_batch=1, max_in_flight=2)
    tasks = await submitted(line, "hamlet", "quick", "quicker", "quickest")
    await decider.begun(2)
    assert decider.batches == [["quick"], ["quicker"]]
    await decider.decide(1)
    await decider.begun(3)
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["QUICK", "QUICKER", "QUICKEST"]


async def test_a_batch_that_ends_late_does_not_open_its_show_to_a_third_one(decider: Decider) -> None:
    prepare = Preparing()
    prepare.open("quick", "bob", "cleo")
    line = Line(Prepared(prepare, decider), max_batch=1, max_wait_seconds=0)
    tasks = await submitted(line, "hamlet", "quick", "bob", "cleo")
    await decider.begun(2)
    await decider.decide(0)
    await tasks[0]
    assert decider.batches == [["quick"], ["bob"]]  # bob's batch is not handed over
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["QUICK", "BOB", "CLEO"]


async def test_a_line_at_its_bound_refuses_the_next_request(decider: Decider) -> None:
    line = Line(decide_with(decider), max_waiting=2)
    tasks = await submitted(line, "hamlet", "ada", "bob", "cleo")  # ada is being decided, two wait
    with pytest.raises(Busy):
        await line.submit("hamlet", "dan")
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO"]


async def test_a_line_that_was_full_takes_requests_again(decider: Decider) -> None:
    line = Line(decide_with(decider), max_waiting=1)
    tasks = await submitted(line, "hamlet", "ada", "bob")
    await decider.decide_everything(line)
    tasks += await submitted(line, "hamlet", "cleo")
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO"]


async def test_no_more_batches_than_allowed_are_in_flight(decider: Decider) -> None:
    line = Line(decide_with(decider), max_in_flight=2, max_wait_seconds=0)
    tasks = [task for show in ("hamlet", "macbeth", "othello") for task in await submitted(line, show, show)]
    await decider.begun(2)
    assert decider.batches == [["hamlet"], ["macbeth"]]
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["HAMLET", "MACBETH", "OTHELLO"]


async def test_a_place_that_becomes_free_is_taken_at_once(decider: Decider) -> None:
    line = Line(decide_with(decider), max_in_flight=2, max_wait_seconds=0)
    tasks = [task for show in ("hamlet", "macbeth", "othello") for task in await submitted(line, show, show)]
    await decider.decide(0)
    await decider.begun(3)  # although macbeth is still being decided
    assert decider.batches[2] == ["othello"]
    await decider.decide_everything(line)
    await asyncio.gather(*tasks)


async def test_one_batch_in_flight_is_enough_to_decide_everything(decider: Decider) -> None:
    line = Line(decide_with(decider), max_in_flight=1)
    tasks = await submitted(line, "hamlet", "ada", "bob") + await submitted(line, "macbeth", "cleo")
    await decider.begun(1)
    await decider.decide(0)
    await decider.begun(2)
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO"]


async def test_a_hot_show_does_not_keep_the_others_waiting(decider: Decider) -> None:
    line = Line(decide_with(decider), max_batch=2, max_in_flight=2)
    hot = await submitted(line, "hamlet", "a", "b", "c", "d", "e")
    (lone,) = await submitted(line, "macbeth", "lone")
    (cold,) = await submitted(line, "othello", "cold")
    await decider.decide_everything(line)
    assert await asyncio.gather(lone, cold, *hot) == ["LONE", "COLD", *"ABCDE"]
    place = next(index for index, batch in enumerate(decider.batches) if "cold" in batch)
    assert place < next(index for index, batch in enumerate(decider.batches) if "e" in batch)


async def test_a_refusal_reaches_only_the_one_it_is_meant_for(decider: Decider) -> None:
    decider.refused = {"bob"}
    line = Line(decide_with(decider))
    await submitted(line, "hamlet", "first")
    ada, bob, cleo = await submitted(line, "hamlet", "ada", "bob", "cleo")
    await decider.decide_everything(line)
    assert (await ada, await cleo) == ("ADA", "CLEO")
    with pytest.raises(Refused, match="bob"):
        await bob


async def test_a_decision_that_fails_refuses_everybody_in_its_batch(decider: Decider) -> None:
    decider.failure = Refused("the database is away")
    line = Line(decide_with(decider))
    tasks = await submitted(line, "hamlet", "ada", "bob", "cleo")
    await decider.decide_everything(line)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Refused] * 3


async def test_after_a_failure_the_line_goes_on(decider: Decider) -> None:
    decider.failure = Refused("the database is away")
    line = Line(decide_with(decider))
    (ada,) = await submitted(line, "hamlet", "ada")
    await decider.decide(0)
    with pytest.raises(Refused):
        await ada
    decider.failure = None
    (bob,) = await submitted(line, "hamlet", "bob")
    await decider.decide_everything(line)
    assert await bob == "BOB"


async def test_whoever_left_the_line_is_not_decided(decider: Decider) -> None:
    line = Line(decide_with(decider))
    await submitted(line, "hamlet", "ada")
    bob, cleo = await submitted(line, "hamlet", "bob", "cleo")
    bob.cancel()
    await decider.decide_everything(line)
    assert decider.batches == [["ada"], ["cleo"]]
    assert await cleo == "CLEO"


async def test_a_line_that_everybody_left_starts_no_batch(decider: Decider) -> None:
    line = Line(decide_with(decider))
    await submitted(line, "hamlet", "ada")
    (bob,) = await submitted(line, "hamlet", "bob")
    bob.cancel()
    await decider.decide_everything(line)
    assert decider.batches == [["ada"]]


async def test_whoever_leaves_while_being_decided_does_not_disturb_the_others(decider: Decider) -> None:
    line = Line(decide_with(decider))
    await submitted(line, "hamlet", "first")
    ada, bob = await submitted(line, "hamlet", "ada", "bob")
    await decider.decide(0)
    await decider.begun(2)
    ada.cancel()
    await decider.decide_everything(line)
    assert await bob == "BOB"


async def test_closing_waits_until_everything_is_decided(decider: Decider) -> None:
    line = Line(decide_with(decider), max_batch=1)
    tasks = await submitted(line, "hamlet", "ada", "bob", "cleo")
    await decider.decide_everything(line)
    assert await asyncio.gather(*tasks) == ["ADA", "BOB", "CLEO"]
    assert decider.batches == [["ada"], ["bob"], ["cleo"]]


async def test_closing_an_idle_line_returns_at_once(decider: Decider) -> None:
    async with asyncio.timeout(HANGS_SECONDS):
        await Line(decide_with(decider)).close()


async def test_a_batch_belongs_to_no_single_request() -> None:
    request_id: ContextVar[str] = ContextVar("request_id", default="none")
    seen: list[str] = []

    async def decide(requests: Sequence[str]) -> list[str]:
        seen.append(request_id.get())
        return list(requests)

    request_id.set("ada's")
    async with asyncio.timeout(HANGS_SECONDS):
        await Line(decide_with(decide)).submit("hamlet", "ada")
    assert seen == ["none"]
