"""The report of a show."""

from __future__ import annotations

from typing import Protocol

from domain.catalog import Show
from domain.report import ShowReport


class ReportReader(Protocol):
    """Waits for no lock and holds none. Raises StorageUnavailable."""

    async def report(self, show: Show) -> ShowReport:
        """The show's report, as ``domain.report`` defines it; tickets as buyers see them, cheapest first."""
        ...
