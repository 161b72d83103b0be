"""``python -m tests.chaos --rounds N [--seed S] [--kinds kill mail …]``: rounds of harm on real processes.

A round prints one line: its kinds and seed, what the crowd did, and what was wrong. ``--seed`` repeats the plan of a
round, though not how the processes interleaved. Exit code 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.faults import KINDS, why_not
from tests.chaos.installation import Installation, installation
from tests.chaos.rounds import Outcome, play
from tests.support.processes import forking

#: How many kinds a mixed round has at once.
MIXED = 3


def kinds_of(seed: int, wanted: Sequence[str]) -> list[str]:
    """One kind, or a few at once in every third round."""
    choice = random.Random(seed)  # noqa: S311  # no secret
    return choice.sample(wanted, min(len(wanted), MIXED if choice.random() < 1 / 3 else 1))


async def hunt(asked: argparse.Namespace) -> list[Outcome]:
    """All rounds, in one installation."""
    first = random.randrange(10**9) if asked.seed is None else asked.seed  # noqa: S311
    outcomes = []
    async with forking(), installation(hosts=asked.hosts, processes=asked.processes, workers=asked.workers) as place:
        wanted = [kind for kind in asked.kinds if not _skipped(kind, place)]
        for seed in range(first, first + asked.rounds):
            kinds = kinds_of(seed, wanted) if len(asked.kinds) > 1 else wanted
            outcome = await play(place, seed, kinds, seconds=asked.seconds, buyers=asked.buyers)
            outcomes.append(outcome)
            sys.stdout.write("".join(f"{line}\n" for line in (outcome, *(f"    {p}" for p in outcome.problems))))
            sys.stdout.flush()
            if outcome.problems and asked.logs:
                _keep_logs(place, asked.logs / str(seed))
    return outcomes


def _skipped(kind: str, place: Installation) -> bool:
    if reason := why_not(kind, place):
        sys.stdout.write(f"{kind} is left out: {reason}\n")
    return reason is not None


def _keep_logs(place: Installation, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for program in place.programs:
        (directory / f"{program.name.replace(' ', '-')}.log").write_text("\n".join(program.log))
    for engine in (place.postgres, place.redis):
        log = engine.engine.log_path
        (directory / log.name).write_bytes(log.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, help="of the first round; the others count on from it")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seconds", type=float, default=10, help="how long the harm of a round lasts")
    parser.add_argument("--buyers", type=int, default=12, help="at a time")
    parser.add_argument("--hosts", type=int, default=2, help="API hosts")
    parser.add_argument("--processes", type=int, default=1, help="server processes of each host")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--logs", type=Path, help="where the logs of rounds with problems are kept")
    outcomes = asyncio.run(hunt(parser.parse_args()))
    wrong = sum(bool(outcome.problems) for outcome in outcomes)
    buyers = sum(outcome.counts["buyers"] for outcome in outcomes)
    sys.stdout.write(f"{len(outcomes)} rounds, {buyers} buyers, {wrong} rounds with something wrong\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
