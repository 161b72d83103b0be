"""Reports: of a show, and of many."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol
from uuid import UUID

from domain.catalog import Show
from domain.report import ShowReport, Takings
from domain.sales_report import SalesCell, SalesFilter, SalesReport


class ReportReader(Protocol):
    """Waits for no lock and holds none. Raises StorageUnavailable."""

    async def report(self, show: Show) -> ShowReport:
        """The show's report, as ``domain.report`` defines it; tickets as buyers see them, cheapest first."""
        ...


class SalesReader(Protocol):
    """Waits for no lock and holds none. Raises StorageUnavailable."""

    async def report(self, producer_id: UUID, only: SalesFilter) -> SalesReport:
        """The producer's report, as ``domain.sales_report`` defines it."""
        ...

    def cells(self, producer_id: UUID, only: SalesFilter) -> AsyncGenerator[tuple[SalesCell, Takings], None]:
        """The rows of the report's export, as ``sales_cells_of`` makes them, while they are read: memory stays the same
        for any number of them.
        """
        ...


class TakingsKeeper(Protocol):
    """Keeps the sums that reports read. A report says the same with them and without. Raises StorageUnavailable and
    StorageConflict.
    """

    async def add_changes(self) -> int:
        """Add a piece of what happened to the sums. Returns how many changes there were; 0 also while another process
        changes the sums.
        """
        ...

    async def shows_to_count(self, *, limit: int) -> list[UUID]:
        """Shows that have no sums yet."""
        ...

    async def all_shows(self) -> list[UUID]:
        """Every show that has orders."""
        ...

    async def count(self, show_id: UUID) -> bool:
        """Make the sums of a show afresh, from its orders. False, and nothing is done, while another process changes
        the sums.
        """
        ...
