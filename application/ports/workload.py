"""How much the workers did lately, so that an installation knows how many it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

#: ``WorkLog.lately`` covers this time, up to now.
LATELY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Workload:
    """Tasks that workers did, and for how long a worker had at least one to do (of several workers: the sum)."""

    tasks: int = 0
    busy: timedelta = timedelta()


class WorkLog(Protocol):
    """Kept for a few hours, as well as it can be: nothing depends on it."""

    async def add(self, work: Workload) -> bool:
        """Add what one worker did since its last report. False if it was not kept: the worker reports it again."""
        ...

    async def lately(self) -> Workload | None:
        """What all workers did within ``LATELY``; None while that cannot be known."""
        ...
