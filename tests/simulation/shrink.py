"""Making a failing plan smaller: what can be left out while it still fails in the same way is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.plan import Plan
from tests.simulation.run import Outcome, run

Piece = TypeVar("Piece")


def shrunk(outcome: Outcome, *, most_runs: int = 400, play: Callable[[Plan], Outcome] = run) -> Outcome:
    """The run of the smallest plan that was found: people first, then faults, then single blows and acts."""
    runs = 0
    smallest = outcome
    is_better = True
    while is_better and runs < most_runs:
        is_better = False
        for plan in _smaller(smallest):
            runs += 1
            tried = play(plan)
            if tried.kinds & outcome.kinds:
                smallest, is_better = tried, True
                break
            if runs >= most_runs:
                break
    return smallest


def _smaller(outcome: Outcome) -> Iterator[Plan]:
    plan = outcome.plan
    for parts in _pieces(plan.parts):
        yield plan.without(parts=parts)
    for hazards in _pieces(plan.hazards):
        yield plan.without(hazards=hazards)
    for blows in _pieces(outcome.blows):
        yield replace(plan, muted=plan.muted | set(blows))
    for part in plan.parts:
        for number in range(len(part.acts)):
            acts = part.acts[:number] + part.acts[number + 1 :]
            if acts:
                shorter = replace(part, acts=acts)
                yield replace(plan, parts=tuple(shorter if each is part else each for each in plan.parts))


def _pieces(things: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """Parts of the whole to leave out, the largest first: halves, quarters, and so on to single ones."""
    size = len(things)
    while size > 0:
        for start in range(0, len(things), size):
            yield things[start : start + size]
        size //= 2
