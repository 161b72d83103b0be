"""Use case: check all invariants (``piquetickets audit``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from application.ports.consistency import ConsistencyChecker
from application.ports.system import Clock
from domain.consistency import Findings, Invariant

#: The sweeper looks every few seconds; a hold that ended longer ago is left behind.
OVERDUE_AFTER: Final = timedelta(minutes=5)
#: A failed task gets a later due time. A task that is overdue this long waits for a worker: there are too few, or none.
BEHIND_AFTER: Final = timedelta(minutes=5)


class CheckConsistency:
    def __init__(self, checker: ConsistencyChecker, clock: Clock) -> None:
        self._checker = checker
        self._clock = clock

    async def __call__(self) -> Mapping[Invariant, Findings]:
        """The violations of every invariant, all from one snapshot. Raises StorageUnavailable."""
        now = self._clock.now()
        found = await self._checker.findings(
            now=now, overdue_since=now - OVERDUE_AFTER, behind_since=now - BEHIND_AFTER
        )
        return {each: found.get(each, Findings(0, ())) for each in Invariant}
