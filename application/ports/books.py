"""The books: questions about everything at one moment, answered from one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from domain.catalog import Show
from domain.consistency import Findings, Invariant
from domain.report import ShowReport


class Books(Protocol):
    """Nothing here waits for anybody's lock, or keeps anybody waiting. Each raises StorageUnavailable."""

    async def report(self, show: Show) -> ShowReport:
        """What the show took in, as ``domain.report`` defines it; tickets as buyers see them, cheapest first."""
        ...

    async def findings(
        self, *, now: datetime, overdue_since: datetime, behind_since: datetime
    ) -> Mapping[Invariant, Findings]:
        """What is off in the whole database. An invariant that holds may be left out.

        Holds that ended before ``overdue_since`` and tasks that are due since before ``behind_since`` are off.
        """
        ...
