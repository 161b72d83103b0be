"""The plan of a run: who acts, when, and what goes wrong. It follows from the seed alone, and can be made smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Final

from typing_extensions import override

#: The doors open, and the house has sold what it can, after this; the show begins, and ends. In seconds.
DOORS_AFTER: Final = 45 * 60
STARTS_AFTER: Final = 60 * 60
ENDS_AFTER: Final = 90 * 60
#: No fault begins after this, in seconds. Then everything may settle.
FAULTS_END: Final = 80 * 60
#: A show for which tickets can be exchanged is on this much later, in seconds.
NEXT_SHOW_AFTER: Final = 9 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part: what they do, one act after the other, from ``start`` on (in seconds)."""

    number: int
    kind: str
    start: float
    acts: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}"


class Effect(StrEnum):
    """What a fault does to a call at a port."""

    FAIL = "fails"
    LOSE = "is done, and its answer is lost"
    CONFLICT = "conflicts"
    DELAY = "waits"
    LATE = "is done, and its answer is late"
    FREEZE = "freezes its process before"
    FREEZE_AFTER = "freezes its process after"
    KILL = "kills its process before"
    KILL_AFTER = "kills its process after"
    CLOCK = "finds the clock of its process moved"
    TWICE = "is done twice"
    FLUSH = "finds the queue emptied"


@dataclass(frozen=True, slots=True)
class Hazard:
    """For ``length`` seconds from ``start``, calls at ``port`` suffer with the probability ``rate``, at most ``limit``
    of them. ``seconds`` is how long a delay, a freeze or a jump of the clock is.
    """

    number: int
    effect: Effect
    port: str
    start: float
    length: float
    rate: float
    limit: int
    seconds: float

    @override
    def __str__(self) -> str:
        return (
            f"from {self.start / 60:.0f} min on, for {self.length / 60:.0f} min, {self.rate:.0%} of the calls at "
            f"{self.port}, at most {self.limit}: {self.effect} ({self.seconds:.0f} s)"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """``muted`` are blows that are left out: the hazard's number, and which of its blows."""

    seed: int
    parts: tuple[Part, ...]
    hazards: tuple[Hazard, ...]
    muted: frozenset[tuple[int, int]] = frozenset()

    def without(self, *, parts: Sequence[Part] = (), hazards: Sequence[Hazard] = ()) -> Plan:
        """The plan without these."""
        return replace(
            self,
            parts=tuple(part for part in self.parts if part not in parts),
            hazards=tuple(hazard for hazard in self.hazards if hazard not in hazards),
        )

    @property
    def size(self) -> int:
        return sum(len(part.acts) for part in self.parts) + len(self.hazards)


#: How a buyer's visit goes on after the checkout, with weights.
_VISITS: Final[Mapping[tuple[str, ...], int]] = {
    ("pay", "come_back"): 8,
    ("pay",): 5,
    ("pay", "come_back", "exchange", "pay", "come_back"): 4,
    ("pay", "come_back", "rename", "look"): 2,
    ("decline", "pay", "come_back"): 2,
    ("pay_by_bank", "come_back"): 4,
    ("pay_by_bank", "cancel"): 2,
    ("cancel",): 3,
    ("wait", "cancel"): 1,
    ("pay", "cancel"): 2,
    ("abandon",): 3,
    ("wait", "wait", "wait", "pay", "come_back"): 3,
    ("wait", "wait", "pay_by_bank"): 1,
    ("pay_twice", "come_back"): 2,
    ("pay_twice", "claim_second_payment", "come_back"): 2,
    ("open_another_window", "outlast_hold", "pay_in_other_window"): 2,
    ("again", "pay", "come_back"): 3,
}
_OFFICE: Final[Mapping[str, int]] = {
    "comp": 3,
    "sell": 3,
    "sell_many": 2,
    "refund": 5,
    "refund_some": 5,
    "exchange": 4,
    "resize": 3,
    "reprice": 2,
    "requantify": 2,
    "reallocate": 3,
    "release_allocation": 1,
    "release_holds": 1,
    "rename": 2,
    "resend": 1,
    "readdress": 2,
    "move_show": 1,
    "undo_check_in": 1,
    "wait": 3,
}
_COUNTER: Final[Mapping[str, int]] = {
    "sale": 8,
    "again": 2,
    "undo": 3,
    "move": 3,
    "move_again": 1,
    "take_back": 2,
    "count": 1,
    "open": 1,
    "wait": 2,
}
_SCANNER: Final[Mapping[str, int]] = {"scan": 8, "again": 2, "party": 3, "undo": 2, "out": 2, "forge": 1, "wait": 2}
_OFFLINE: Final[Mapping[str, int]] = {"scan": 7, "undo": 1, "out": 1, "upload": 2, "wait": 2}
_BANK: Final[Mapping[str, int]] = {"dispute": 4, "inquire": 1, "refund_by_hand": 2, "wait": 2}
_OPERATOR: Final[Mapping[str, int]] = {"retry_tasks": 3, "replay_events": 2, "audit": 1, "wait": 2}

_CALLS: Final = ("begin", "commit", "lock", "payment", "mail", "queue")
_HAZARDS: Final[Mapping[Effect, tuple[int, tuple[str, ...]]]] = {
    Effect.FAIL: (6, (*_CALLS, "request")),
    Effect.LOSE: (8, ("commit", "commit", "payment", "payment", "mail", "request", "webhook", "lock")),
    Effect.CONFLICT: (2, ("commit",)),
    Effect.DELAY: (3, (*_CALLS, "webhook", "request", "pace")),
    Effect.LATE: (3, ("commit", "payment", "mail", "lock")),
    Effect.FREEZE: (3, ("commit", "payment", "mail", "begin")),
    Effect.FREEZE_AFTER: (4, ("begin", "commit", "payment", "mail", "note", "lock")),
    Effect.KILL: (3, ("commit", "payment", "mail", "queue")),
    Effect.KILL_AFTER: (5, ("begin", "commit", "payment", "mail", "note", "lock")),
    Effect.CLOCK: (2, ("begin",)),
    Effect.TWICE: (3, ("request", "webhook", "queue again")),
    Effect.FLUSH: (1, ("queue",)),
}


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(f"plan {seed}")  # noqa: S311  # predictable is the point
    parts = [
        *_buyers(random),
        *(_one(random, "office", number, _OFFICE, random.randint(2, 6)) for number in range(random.randint(0, 2))),
        *(_counter(random) for _ in range(random.random() < 0.5)),
        *_doors(random),
        *(_one(random, "bank", 0, _BANK, random.randint(1, 3), 600) for _ in range(random.random() < 0.5)),
        *(_one(random, "operator", 0, _OPERATOR, random.randint(1, 3), 600) for _ in range(random.random() < 0.4)),
    ]
    if random.random() < 0.12:
        parts.append(Part(0, "closer", random.uniform(300, STARTS_AFTER), ("cancel_show", "refund_show")))
    hazards = [_hazard(random, number) for number in range(random.choice([0, 1, 2, 3, 3, 4, 4, 5, 6, 8]))]
    return Plan(seed, tuple(parts), tuple(hazards))


def _buyers(random: Random) -> list[Part]:
    # Often many at once, as when the sale opens.
    crowd = random.uniform(0, 900)
    buyers = []
    for number in range(random.randint(3, 10)):
        start = crowd + random.uniform(0, 3) if random.random() < 0.5 else random.uniform(0, DOORS_AFTER)
        [visit] = random.choices(list(_VISITS), weights=list(_VISITS.values()))
        buyers.append(Part(number, "buyer", start, ("checkout", *visit)))
    return buyers


def _one(random: Random, kind: str, number: int, weights: Mapping[str, int], acts: int, earliest: float = 60) -> Part:
    chosen = random.choices(list(weights), weights=list(weights.values()), k=acts)
    return Part(number, kind, random.uniform(earliest, DOORS_AFTER), tuple(chosen))


def _counter(random: Random) -> Part:
    part = _one(random, "counter", 0, _COUNTER, random.randint(2, 8), DOORS_AFTER / 2)
    return replace(part, acts=("open", *part.acts, "count"))


def _doors(random: Random) -> list[Part]:
    online = [_one(random, "scanner", n, _SCANNER, random.randint(2, 8)) for n in range(random.randint(0, 2))]
    offline = [_one(random, "offline", n, _OFFLINE, random.randint(2, 7)) for n in range(random.randint(0, 2))]
    return [
        *(replace(part, start=random.uniform(DOORS_AFTER, STARTS_AFTER)) for part in online),
        *(
            replace(part, start=random.uniform(DOORS_AFTER, STARTS_AFTER), acts=(*part.acts, "upload"))
            for part in offline
        ),
    ]


def _hazard(random: Random, number: int) -> Hazard:
    [effect] = random.choices(list(_HAZARDS), weights=[weight for weight, _ in _HAZARDS.values()])
    is_violent = effect in {Effect.FREEZE, Effect.FREEZE_AFTER, Effect.KILL, Effect.KILL_AFTER, Effect.CLOCK}
    return Hazard(
        number=number,
        effect=effect,
        port=random.choice(_HAZARDS[effect][1]),
        start=random.uniform(0, FAULTS_END * 0.8),
        length=random.choice([30, 120, 600, 1800, 4000]),
        rate=random.choice([0.05, 0.2, 0.5]) if is_violent else random.choice([0.05, 0.2, 0.5, 1.0]),
        limit=random.choice([1, 1, 2, 3]) if is_violent else random.choice([1, 3, 10, 40]),
        seconds=random.choice([0.2, 2, 8, 15, 30, 70, 200]),
    )
