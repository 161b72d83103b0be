"""CatalogRepo in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.rows import (
    financial_values,
    producer_of,
    producer_values,
    promo_code_values,
    show_of,
    show_values,
    ticket_of,
    ticket_values,
)
from adapters.postgres.tables import producer_financials, producers, shows, ticket_promo_codes, tickets
from application.ports.storage import ShowCursor, ShowOnDisplay
from domain.catalog import Producer, Show, Ticket
from domain.promotions import TicketPromoCode

_PRODUCERS = sa.select(producers, producer_financials.c.stripe_account_id, producer_financials.c.charges_enabled).join(
    producer_financials
)


class PostgresCatalogRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_producer(self, producer: Producer) -> None:
        await self._connection.execute(sa.insert(producers).values(producer_values(producer)))
        await self._connection.execute(sa.insert(producer_financials).values(financial_values(producer)))

    async def producer(self, producer_id: UUID) -> Producer | None:
        found = await self._producers([producer_id])
        return found.get(producer_id)

    async def save_producer(self, producer: Producer) -> None:
        await self._save(producers, producers.c.id, producer_values(producer))
        await self._save(producer_financials, producer_financials.c.producer_id, financial_values(producer))

    async def producers_with_account(self, stripe_account_id: str) -> list[Producer]:
        query = _PRODUCERS.where(producer_financials.c.stripe_account_id == stripe_account_id)
        return [producer_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def add_show(self, show: Show) -> None:
        await self._connection.execute(sa.insert(shows).values(show_values(show)))

    async def show(self, show_id: UUID) -> Show | None:
        row = (await self._connection.execute(sa.select(shows).where(shows.c.id == show_id))).mappings().one_or_none()
        return show_of(row) if row else None

    async def save_show(self, show: Show) -> None:
        await self._save(shows, shows.c.id, show_values(show))

    async def on_display(self, show_id: UUID) -> ShowOnDisplay | None:
        show = await self.show(show_id)
        return (await self._on_display([show]))[0] if show else None

    async def on_sale(
        self, *, now: datetime, producer_id: UUID | None, after: ShowCursor | None, limit: int
    ) -> list[ShowOnDisplay]:
        query = (
            sa.select(shows)
            .where(shows.c.published, sa.not_(shows.c.cancelled), shows.c.end_time > now)
            .order_by(shows.c.start_time, shows.c.id)
            .limit(limit)
        )
        if producer_id is not None:
            query = query.where(shows.c.producer_id == producer_id)
        if after is not None:
            query = query.where(
                sa.tuple_(shows.c.start_time, shows.c.id)
                > sa.tuple_(sa.literal(after.start_time, shows.c.start_time.type), sa.literal(after.show_id))
            )
        rows = (await self._connection.execute(query)).mappings()
        return await self._on_display([show_of(row) for row in rows])

    async def add_ticket(self, ticket: Ticket) -> None:
        inventory = ticket.inventory
        await self._connection.execute(
            sa.insert(tickets).values(ticket_values(ticket) | {"held": inventory.held, "sold": inventory.sold})
        )

    async def save_ticket(self, ticket: Ticket) -> None:
        await self._save(tickets, tickets.c.id, ticket_values(ticket))

    async def add_promo_code(self, promo_code: TicketPromoCode) -> None:
        await self._connection.execute(
            sa.insert(ticket_promo_codes).values(promo_code_values(promo_code) | {"uses": promo_code.uses})
        )

    async def _on_display(self, found: Sequence[Show]) -> list[ShowOnDisplay]:
        if not found:
            return []
        by_show: dict[UUID, list[Ticket]] = defaultdict(list)
        rows = await self._connection.execute(
            sa.select(tickets)
            .where(tickets.c.show_id.in_([show.id for show in found]))
            .order_by(tickets.c.price, tickets.c.id)
        )
        for row in rows.mappings():
            by_show[row["show_id"]].append(ticket_of(row))
        behind = await self._producers([show.producer_id for show in found])
        return [ShowOnDisplay(show, behind[show.producer_id], tuple(by_show[show.id])) for show in found]

    async def _producers(self, producer_ids: Sequence[UUID]) -> dict[UUID, Producer]:
        rows = await self._connection.execute(_PRODUCERS.where(producers.c.id.in_(producer_ids)))
        return {row["id"]: producer_of(row) for row in rows.mappings()}

    async def _save(self, table: sa.Table, key: sa.Column[Any], values: dict[str, Any]) -> None:
        await self._connection.execute(sa.update(table).where(key == values[key.name]).values(values))
