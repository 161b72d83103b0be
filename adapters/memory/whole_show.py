"""WholeShowReader in memory."""

from __future__ import annotations

from uuid import UUID

from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.catalog import WholeShow


class MemoryWholeShowReader:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def read(self, show_id: UUID) -> WholeShow | None:
        tables = self._database.snapshot()
        show = tables.shows.get(show_id)
        if show is None:
            return None
        capacities = [each for each in tables.capacities.values() if each.show_id == show_id]
        ids = {capacity.id for capacity in capacities}
        return WholeShow(
            producer=tables.producers[show.producer_id],
            show=show,
            production=tables.productions[show.production_id] if show.production_id else None,
            tickets=tuple(sorted((t for t in tables.tickets.values() if t.show_id == show_id), key=lambda t: t.id)),
            capacities=tuple(sorted(capacities, key=lambda capacity: capacity.id)),
            allocations=tuple(
                sorted((a for a in tables.allocations.values() if a.capacity_id in ids), key=lambda a: a.id)
            ),
            promo_codes=tuple(
                sorted((p for p in tables.promo_codes.values() if p.show_id == show_id), key=lambda p: p.code)
            ),
        )
