"""The recent work of the workers, which shows how many workers an installation needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

#: The time that ``WorkLog.lately`` covers, up to now.
LATELY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Workload:
    """Tasks that workers did, and for how long a worker had at least one to do (the sum over several workers)."""

    tasks: int = 0
    busy: timedelta = timedelta()


class WorkLog(Protocol):
    """A log of a few hours, kept as well as possible: nothing depends on it."""

    async def add(self, work: Workload) -> bool:
        """Add what one worker did since its last report. False if it was not kept: the worker reports it again."""
        ...

    async def lately(self) -> Workload | None:
        """The work of all workers within ``LATELY``; None while that cannot be known."""
        ...
