"""BalanceReader in memory."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from adapters.memory.consistency import counters_off, orders_off
from adapters.memory.unit_of_work import MemoryDatabase
from domain.alerts import Imbalance
from domain.consistency import Invariant

_CHECKED = {Invariant.HELD, Invariant.SOLD, Invariant.PAID_ONCE, Invariant.REFUNDS}


class MemoryBalanceReader:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def imbalances(self, producer_id: UUID, *, since: datetime) -> list[Imbalance]:
        tables = self._database.snapshot()
        found: dict[UUID, str] = {}
        for invariant, subject_id in (*counters_off(tables), *orders_off(tables)):
            if invariant in _CHECKED:
                ticket, order = tables.tickets.get(subject_id), tables.orders.get(subject_id)
                show_id = ticket.show_id if ticket else order.show_id if order else None
                if show_id:
                    found.setdefault(show_id, f"{invariant} does not add up")
        shows = [tables.shows[show_id] for show_id in found]
        return [
            Imbalance(show_id=show.id, show_title=show.title, detail=found[show.id])
            for show in sorted(shows, key=lambda show: (show.start_time, show.id))
            if show.producer_id == producer_id and show.end_time > since
        ]
