"""WholeShowReader in PostgreSQL: one transaction that sees one moment, and could not write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.capacities import PostgresAllocationRepo, PostgresCapacityRepo
from adapters.postgres.catalog import PostgresPromoCodeRepo, PostgresShowReader
from adapters.postgres.connection import Connection
from adapters.postgres.patience import PATIENCE, Patience
from adapters.postgres.snapshot import snapshot
from application.ports.catalog import WholeShow
from domain.capacity import MAX_ALLOCATIONS, MAX_CAPACITIES
from domain.promotions import TicketPromoCode

#: Promo codes that are read in one statement.
_PAGE = 1000


class PostgresWholeShowReader:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, show_id: UUID) -> WholeShow | None:
        async with snapshot(self._engine) as pooled:
            raw = await pooled.get_raw_connection()
            driver = cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
            patience: Patience = raw.info.setdefault(PATIENCE, Patience(driver))
            connection = Connection(pooled, driver, patience, read_only=True)
            found = await PostgresShowReader(connection).details(show_id)
            if found is None:
                return None
            return WholeShow(
                producer=found.producer,
                show=found.show,
                production=found.production,
                tickets=tuple(sorted(found.tickets, key=lambda ticket: ticket.id)),
                capacities=tuple(
                    await PostgresCapacityRepo(connection).of_show(show_id, after=None, limit=MAX_CAPACITIES)
                ),
                allocations=tuple(
                    await PostgresAllocationRepo(connection).of_show(show_id, after=None, limit=MAX_ALLOCATIONS)
                ),
                promo_codes=tuple(await _all_codes(PostgresPromoCodeRepo(connection), show_id)),
            )


async def _all_codes(promo_codes: PostgresPromoCodeRepo, show_id: UUID) -> Sequence[TicketPromoCode]:
    found: list[TicketPromoCode] = []
    while True:
        page = await promo_codes.of_show(show_id, after=found[-1].code if found else None, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found
