"""``python -m tests.simulation --seeds N``: runs of the simulated world (docs/simulation.md)."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.plan import plan_of
from tests.simulation.run import Outcome, run
from tests.simulation.shrink import shrunk

#: Seeds that each mutant is looked for in.
MUTANT_SEEDS = 400


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 where something is wrong, and 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds (300)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them (0)")
    parser.add_argument("--seed", type=int, help="this seed alone, with its story")
    parser.add_argument("--whole", action="store_true", help="do not shrink the stories of failures")
    parser.add_argument("--until-failure", action="store_true", help="end with the first failure")
    parser.add_argument("--mutants", action="store_true", help="put each known fault into a copy, and look for it")
    asked = parser.parse_args(arguments)
    logging.getLogger().addHandler(logging.NullHandler())
    if asked.mutants:
        return _mutants(asked.seeds if asked.seeds != parser.get_default("seeds") else MUTANT_SEEDS)
    if asked.seed is not None:
        return _one(asked.seed, whole=asked.whole)
    return _many(range(asked.first, asked.first + asked.seeds), asked)


def _one(seed: int, *, whole: bool) -> int:
    outcome = run(plan_of(seed))
    _tell(outcome, whole=whole)
    return bool(outcome.failures)


def _many(seeds: range, asked: argparse.Namespace) -> int:
    started, bad = time.perf_counter(), []
    for seed in seeds:
        outcome = run(plan_of(seed))
        if outcome.failures:
            bad.append(seed)
            _tell(outcome, whole=asked.whole)
            if asked.until_failure:
                break
    seconds = time.perf_counter() - started
    say(f"{len(seeds)} seeds from {seeds.start} on in {seconds:.1f} s: {len(bad)} failed {bad or ''}".rstrip())
    return bool(bad)


def _tell(outcome: Outcome, *, whole: bool) -> None:
    if outcome.failures and not whole:
        say(f"seed {outcome.plan.seed} fails: {'; '.join(outcome.failures)}\nIts story, made short:")
        before, outcome = outcome, shrunk(outcome)
        say(f"({before.plan.size} acts and hazards became {outcome.plan.size})")
    for hazard in outcome.plan.hazards:
        say(f"hazard {hazard.number}: {hazard}")
    say("\n".join(outcome.lines))
    say(f"seed {outcome.plan.seed}, trace {outcome.hash}: {'; '.join(outcome.failures) or 'all is well'}")


def _mutants(seeds: int) -> int:
    missed = 0
    for mutant in MUTANTS:
        found = hunt(mutant, seeds=seeds)
        missed += found is None
        say(f"{mutant.name:<44} {'NOT FOUND' if found is None else found}")
    say(f"{len(MUTANTS) - missed} of {len(MUTANTS)} mutants found")
    return bool(missed)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
