"""What a show took in."""

from __future__ import annotations

from typing import Protocol

from domain.catalog import Show
from domain.report import ShowReport


class ReportReader(Protocol):
    """Waits for no lock and holds none. Raises StorageUnavailable."""

    async def report(self, show: Show) -> ShowReport:
        """What the show took in, as ``domain.report`` defines it; tickets as buyers see them, cheapest first."""
        ...
