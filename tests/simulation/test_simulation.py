"""The simulated world holds, tells the same story twice, and finds what is broken."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulation.loop import Group, SimulatedLoop
from tests.simulation.mutants import MUTANTS, ROOT
from tests.simulation.plan import Part, Plan, plan_of
from tests.simulation.run import Outcome, run
from tests.simulation.shrink import shrunk

pytestmark = pytest.mark.p2

#: The seeds of every change, in pieces that run in parallel.
PIECES, PIECE = 10, 20
SOME_SEEDS = (3, 14, 15, 92)


@pytest.fixture
def loop() -> Iterator[SimulatedLoop]:
    made = SimulatedLoop("a test")
    yield made
    made.close()


@pytest.fixture
def seldom_collected() -> Iterator[None]:
    """A run makes many small things, and hardly any circles: collecting them all the time takes a fifth of it."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


class TestTheWorld:
    @pytest.mark.usefixtures("seldom_collected")
    @pytest.mark.parametrize("piece", range(PIECES))
    def test_holds_with_every_seed(self, piece: int) -> None:
        outcomes = [run(plan_of(seed)) for seed in range(piece * PIECE, (piece + 1) * PIECE)]
        assert {outcome.plan.seed: outcome.failures for outcome in outcomes if outcome.failures} == {}

    def test_tells_the_same_story_twice(self) -> None:
        assert [run(plan_of(seed)).lines for seed in SOME_SEEDS] == [run(plan_of(seed)).lines for seed in SOME_SEEDS]

    def test_tells_the_same_story_in_another_process(self) -> None:
        here = [run(plan_of(seed)).hash for seed in SOME_SEEDS]
        assert [_hash_elsewhere(seed, hash_seed="1234") for seed in SOME_SEEDS[:1]] == here[:1]

    def test_tells_another_story_with_another_seed(self) -> None:
        assert len({run(plan_of(seed)).hash for seed in SOME_SEEDS}) == len(SOME_SEEDS)

    def test_meets_every_kind_of_fault_and_of_people(self) -> None:
        plans = [plan_of(seed) for seed in range(PIECES * PIECE)]
        assert {part.kind for plan in plans for part in plan.parts} == {
            "buyer", "office", "closer", "counter", "scanner", "offline", "bank", "operator",
        }  # fmt: skip
        assert len({(hazard.effect, hazard.port) for plan in plans for hazard in plan.hazards}) > 40


def _hash_elsewhere(seed: int, *, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--whole"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()[-1].split("trace ")[1].split(":")[0]


class TestTheScheduler:
    def test_time_jumps_to_the_next_timer(self, loop: SimulatedLoop) -> None:
        loop.run_until_complete(asyncio.sleep(100_000))
        assert loop.time() == 100_000

    def test_a_frozen_group_goes_on_later(self, loop: SimulatedLoop) -> None:
        group = Group("frozen", "a test")
        done = loop.spawn(group, asyncio.sleep(1))
        loop.freeze(group, 30)
        loop.run_until_complete(asyncio.wait([done], timeout=20))
        assert not done.done()
        loop.run_until_complete(done)
        assert loop.time() == 31

    def test_a_killed_group_ends_where_it_stands(self, loop: SimulatedLoop) -> None:
        group = Group("killed", "a test")
        work = loop.spawn(group, asyncio.sleep(1))
        loop.run_until_complete(asyncio.sleep(0.5))
        loop.kill(group)
        loop.run_until_complete(asyncio.wait([work]))
        assert work.cancelled()
        assert loop.time() == 0.5


class TestMutants:
    """``python -m tests.simulation --mutants`` hunts them all, in some minutes."""

    @pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
    def test_stands_in_the_sources_of_today(self, mutant: object, tmp_path: Path) -> None:
        for each in MUTANTS:
            if each is mutant:
                copy = tmp_path / each.file
                copy.parent.mkdir(parents=True)
                copy.write_text((ROOT / each.file).read_text(encoding="utf-8"), encoding="utf-8")
                each.put_into(tmp_path)


class TestShrinking:
    def test_leaves_what_the_failure_needs(self) -> None:
        whole = plan_of(7)

        def play(plan: Plan) -> Outcome:
            needs = any(part.kind == "buyer" and "pay" in part.acts for part in plan.parts)
            return Outcome(plan, ("a payment is lost",) if needs else (), (), "", ())

        part = Part(99, "buyer", 0, ("checkout", "pay"))
        small = shrunk(play(replace(whole, parts=(*whole.parts, part))), play=play)
        assert [each.acts for each in small.plan.parts] == [("pay",)]
        assert small.plan.hazards == ()
