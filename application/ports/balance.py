"""Whether the figures of a producer's shows add up."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.alerts import Imbalance


class BalanceReader(Protocol):
    """Waits for no lock and holds none. Raises StorageUnavailable."""

    async def imbalances(self, producer_id: UUID, *, since: datetime) -> list[Imbalance]:
        """The producer's shows that end after ``since`` and whose counters, payments or refunds do not add up, as
        ``domain.consistency`` defines it (held, sold, paid_once, refunds): one for each show, soonest first.
        """
        ...
