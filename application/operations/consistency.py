"""Use case: look whether everything that must be true is (``piquetickets audit``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from application.ports.consistency import ConsistencyChecker
from application.ports.system import Clock
from domain.consistency import Findings, Invariant

#: The sweeper looks every few seconds; a hold that is over for longer is left behind.
OVERDUE_AFTER: Final = timedelta(minutes=5)
#: A task that failed is due again later. One that is due for so long waits for a worker: they are too few, or away.
BEHIND_AFTER: Final = timedelta(minutes=5)


class CheckConsistency:
    def __init__(self, checker: ConsistencyChecker, clock: Clock) -> None:
        self._checker = checker
        self._clock = clock

    async def __call__(self) -> Mapping[Invariant, Findings]:
        """Every invariant with what is off about it, all as of one moment. Raises StorageUnavailable."""
        now = self._clock.now()
        found = await self._checker.findings(
            now=now, overdue_since=now - OVERDUE_AFTER, behind_since=now - BEHIND_AFTER
        )
        return {each: found.get(each, Findings(0, ())) for each in Invariant}
