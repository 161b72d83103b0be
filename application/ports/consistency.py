"""Checking the invariants of the whole database, in one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from domain.consistency import Findings, Invariant


class ConsistencyChecker(Protocol):
    """Waits for no lock and holds none. Raises StorageUnavailable."""

    async def findings(
        self, *, now: datetime, overdue_since: datetime, behind_since: datetime
    ) -> Mapping[Invariant, Findings]:
        """The violations in the whole database. An invariant that holds may be left out.

        Holds that ended before ``overdue_since`` and tasks that are due since before ``behind_since`` are violations.
        """
        ...
