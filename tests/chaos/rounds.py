"""A round: a crowd, harm of one kind or several at once, and the verdict."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from tests.chaos.crowd import Crowd, gather_at
from tests.chaos.faults import KINDS
from tests.chaos.installation import Installation
from tests.chaos.verdict import judge, settle


@dataclass(frozen=True, slots=True)
class Outcome:
    """``problems`` is empty if every answer was true."""

    seed: int
    kinds: Sequence[str]
    problems: Sequence[str]
    counts: Counter[str]
    seconds_without_sale: float
    seconds_to_settle: float

    @override
    def __str__(self) -> str:
        verdict = "ok" if not self.problems else f"{len(self.problems)} WRONG"
        counted = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        return (
            f"{' + '.join(self.kinds):<28} seed {self.seed:<10} {verdict:<8} {counted}; longest wait for a sale "
            f"{self.seconds_without_sale:.1f} s, settled in {self.seconds_to_settle:.1f} s"
        )


async def play(
    place: Installation, seed: int, kinds: Sequence[str], *, seconds: float, buyers: int, hurried: bool = False
) -> Outcome:
    """One round. The seed decides the harm and the crowd's wishes, though not how processes interleave."""
    choice = random.Random(seed)  # noqa: S311  # no secret
    place.mailbox.mails.clear()
    crowd = await gather_at(place, choice)
    try:
        shopping = asyncio.create_task(crowd.shop(buyers))
        await asyncio.sleep(min(0.5, seconds / 4))  # the first buyers are inside
        harms = [KINDS[kind](place, random.Random(f"{seed} {kind}"), seconds) for kind in kinds]  # noqa: S311
        await asyncio.gather(*harms)
        crowd.stop.set()
        await shopping
        started = time.monotonic()
        undone = await settle(place, hurried=hurried)
        settled = time.monotonic() - started
        problems = [*undone, *await judge(place, crowd)]
    finally:
        crowd.stop.set()
        await crowd.close()
    return Outcome(seed, kinds, problems, _counts(crowd), crowd.seconds_without_sale, settled)


def _counts(crowd: Crowd) -> Counter[str]:
    counts: Counter[str] = Counter({"buyers": len(crowd.heard), "asked again": crowd.asked_again})
    for heard in crowd.heard:
        counts["placed"] += heard.placed is not None
        counts["refused"] += heard.refusal is not None
        counts["no answer"] += heard.placed is None and heard.refusal is None
        counts["completed"] += heard.completed is not None
        counts["cancelled"] += heard.cancelled is True
        counts["refunded"] += heard.refunded is not None
        counts["scans"] += len(heard.scans)
    return +counts
