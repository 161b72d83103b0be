"""CatalogRepo in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, Rows, compiled
from adapters.postgres.rows import (
    capacity_of,
    financial_values,
    producer_of,
    producer_values,
    production_of,
    production_values,
    promo_code_of,
    promo_code_values,
    show_of,
    show_values,
    ticket_of,
    ticket_values,
)
from adapters.postgres.tables import (
    allocations,
    capacities,
    producer_financials,
    producers,
    productions,
    shows,
    ticket_promo_codes,
    tickets,
)
from application.ports.catalog import ShowCursor, ShowDetails
from domain.capacity import Capacity
from domain.catalog import Producer, Show, Ticket
from domain.production import Production
from domain.promotions import TicketPromoCode

_PRODUCERS = sa.select(producers, producer_financials.c.stripe_account_id, producer_financials.c.charges_enabled).join(
    producer_financials
)

_PROMO_CODES = sa.select(ticket_promo_codes)
_SHOW = compiled(sa.select(shows).where(shows.c.id == sa.bindparam("id", type_=sa.Uuid)))
_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))
#: What of shows is shown, by the shows' ids: all of it is read in one round trip.
_SHOWS = compiled(sa.select(shows).where(shows.c.id == sa.any_(_IDS)))
_TICKETS = compiled(
    sa.select(tickets).where(tickets.c.show_id == sa.any_(_IDS)).order_by(tickets.c.price, tickets.c.id)
)
_PRODUCERS_OF_SHOWS = compiled(
    _PRODUCERS.where(producers.c.id.in_(sa.select(shows.c.producer_id).where(shows.c.id == sa.any_(_IDS))))
)
#: What few shows have.
_CAPACITIES = compiled(sa.select(capacities).where(capacities.c.show_id == sa.any_(_IDS)).order_by(capacities.c.id))
_PRODUCTIONS = compiled(sa.select(productions).where(productions.c.id == sa.any_(_IDS)))
_by_start = sa.tuple_(shows.c.start_time, shows.c.id)
#: A condition on ticket types.
HAS_SALE_TIMES: Final = sa.or_(tickets.c.on_sale_at.is_not(None), tickets.c.off_sale_at.is_not(None))
#: By code points, as the domain compares codes, whatever the database's language.
_by_code = ticket_promo_codes.c.code.collate("C")


class PostgresProducerRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, producer: Producer) -> None:
        await self._connection.execute(sa.insert(producers).values(producer_values(producer)))
        await self._connection.execute(sa.insert(producer_financials).values(financial_values(producer)))

    async def get(self, producer_id: UUID) -> Producer | None:
        found = await _producers(self._connection, [producer_id])
        return found.get(producer_id)

    async def save(self, producer: Producer) -> None:
        await _save(self._connection, producers, producers.c.id, producer_values(producer))
        await _save(
            self._connection, producer_financials, producer_financials.c.producer_id, financial_values(producer)
        )

    async def lock(self, producer_id: UUID) -> Producer | None:
        locked = _PRODUCERS.where(producers.c.id == producer_id).with_for_update(key_share=True)
        row = (await self._connection.execute(locked)).mappings().one_or_none()
        return producer_of(row) if row else None

    async def account_changed(self, stripe_account_id: str, *, charges_enabled: bool) -> list[Producer]:
        changed = await self._connection.execute(
            sa.update(producer_financials)
            .where(
                producer_financials.c.stripe_account_id == stripe_account_id,
                producer_financials.c.charges_enabled != charges_enabled,
            )
            .values(charges_enabled=charges_enabled)
            .returning(producer_financials.c.producer_id)
        )
        ids = sorted(changed.scalars())
        found = await _producers(self._connection, ids) if ids else {}
        return [found[producer_id] for producer_id in ids]


class PostgresProductionRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, production: Production) -> None:
        await self._connection.execute(sa.insert(productions).values(production_values(production)))

    async def get(self, production_id: UUID) -> Production | None:
        return (await _productions(self._connection, [production_id])).get(production_id)

    async def lock(self, production_id: UUID) -> Production | None:
        # FOR NO KEY UPDATE: a show that is being added refers to its production, and must not wait for this lock.
        locked = sa.select(productions).where(productions.c.id == production_id).with_for_update(key_share=True)
        row = (await self._connection.execute(locked)).mappings().one_or_none()
        return production_of(row) if row else None

    async def save(self, production: Production) -> None:
        await _save(self._connection, productions, productions.c.id, production_values(production))

    async def delete(self, production_id: UUID) -> None:
        await self._connection.execute(sa.delete(productions).where(productions.c.id == production_id))

    async def of_producer(self, producer_id: UUID, *, after: UUID | None, limit: int) -> list[Production]:
        query = (
            sa.select(productions)
            .where(productions.c.producer_id == producer_id)
            .order_by(productions.c.id.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(productions.c.id < after)
        return [production_of(row) for row in (await self._connection.execute(query)).mappings()]


class PostgresShowRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *added: Show) -> None:
        await _add(self._connection, shows, [show_values(show) for show in added])

    async def get(self, show_id: UUID) -> Show | None:
        [rows] = await self._connection.fetch((_SHOW, {"id": show_id}))
        return show_of(rows[0]) if rows else None

    async def lock(self, show_id: UUID) -> Show | None:
        # FOR NO KEY UPDATE: an order that is being placed refers to its show, and must not wait for this lock.
        locked = sa.select(shows).where(shows.c.id == show_id).with_for_update(key_share=True)
        row = (await self._connection.execute(locked)).mappings().one_or_none()
        return show_of(row) if row else None

    async def lock_all(self, show_ids: Collection[UUID]) -> Mapping[UUID, Show]:
        locked = sa.select(shows).where(shows.c.id.in_(show_ids)).order_by(shows.c.id).with_for_update(key_share=True)
        rows = (await self._connection.execute(locked)).mappings()
        return {row["id"]: show_of(row) for row in rows}

    async def of_production(self, production_id: UUID, *, since: datetime | None = None) -> list[Show]:
        query = sa.select(shows).where(shows.c.production_id == production_id).order_by(shows.c.start_time, shows.c.id)
        if since is not None:
            query = query.where(shows.c.end_time > since)
        return [show_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def save(self, show: Show) -> None:
        await _save(self._connection, shows, shows.c.id, show_values(show))

    async def lock_stock(self, *show_ids: UUID) -> None:
        # In the same order as checkouts.
        for table, condition in (
            (tickets, tickets.c.show_id.in_(show_ids)),
            (capacities, capacities.c.show_id.in_(show_ids)),
            (allocations, _are_of(show_ids)),
            (ticket_promo_codes, ticket_promo_codes.c.show_id.in_(show_ids)),
        ):
            locked = sa.select(table.c.id).where(condition).order_by(table.c.id).with_for_update()
            await self._connection.execute(locked)

    async def delete(self, show_id: UUID) -> None:
        for table, condition in (
            (tickets, tickets.c.show_id == show_id),
            (allocations, _are_of([show_id])),
            (capacities, capacities.c.show_id == show_id),
            (ticket_promo_codes, ticket_promo_codes.c.show_id == show_id),
            (shows, shows.c.id == show_id),
        ):
            await self._connection.execute(sa.delete(table).where(condition))

    async def coming(self, producer_id: UUID, *, since: datetime, limit: int) -> list[Show]:
        query = (
            sa.select(shows)
            .where(shows.c.producer_id == producer_id, shows.c.end_time > since)
            .order_by(shows.c.start_time, shows.c.id)
            .limit(limit)
        )
        return [show_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def to_come(self, *, since: datetime, after: UUID | None, limit: int) -> list[Show]:
        query = sa.select(shows).where(shows.c.end_time > since).order_by(shows.c.id).limit(limit)
        if after is not None:
            query = query.where(shows.c.id > after)
        return [show_of(row) for row in (await self._connection.execute(query)).mappings()]


class PostgresShowReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_producer(
        self, producer_id: UUID, *, production_id: UUID | None = None, after: ShowCursor | None, limit: int
    ) -> list[ShowDetails]:
        query = (
            sa.select(shows)
            .where(shows.c.producer_id == producer_id)
            .order_by(shows.c.start_time.desc(), shows.c.id.desc())
            .limit(limit)
        )
        if production_id is not None:
            query = query.where(shows.c.production_id == production_id)
        if after is not None:
            query = query.where(_by_start < _position(after))
        rows = (await self._connection.execute(query)).mappings()
        return await self._on_display([show_of(row) for row in rows])

    async def details(self, show_id: UUID) -> ShowDetails | None:
        return (await self.details_of([show_id])).get(show_id)

    async def details_of(self, show_ids: Collection[UUID]) -> Mapping[UUID, ShowDetails]:
        asked = {"ids": list(show_ids)}
        found, *behind = await self._connection.fetch((_SHOWS, asked), (_TICKETS, asked), (_PRODUCERS_OF_SHOWS, asked))
        displays = await self._put_together([show_of(row) for row in found], *behind)
        return {display.show.id: display for display in displays}

    async def on_sale(
        self,
        *,
        now: datetime,
        producer_id: UUID | None,
        production_id: UUID | None = None,
        once: bool = False,
        after: ShowCursor | None,
        limit: int,
    ) -> list[ShowDetails]:
        query = (
            sa.select(shows)
            .where(shows.c.published, sa.not_(shows.c.cancelled), shows.c.end_time > now)
            .order_by(shows.c.start_time, shows.c.id)
            .limit(limit)
        )
        if producer_id is not None:
            query = query.where(shows.c.producer_id == producer_id)
        if production_id is not None:
            query = query.where(shows.c.production_id == production_id)
        if once:
            query = query.where(~_is_preceded(now))
        if after is not None:
            query = query.where(_by_start > _position(after))
        rows = (await self._connection.execute(query)).mappings()
        return await self._on_display([show_of(row) for row in rows])

    async def _on_display(self, found: Sequence[Show]) -> list[ShowDetails]:
        if not found:
            return []
        asked = {"ids": [show.id for show in found]}
        return await self._put_together(
            found, *await self._connection.fetch((_TICKETS, asked), (_PRODUCERS_OF_SHOWS, asked))
        )

    async def _put_together(self, found: Sequence[Show], on_sale: Rows, sellers: Rows) -> list[ShowDetails]:
        by_show: dict[UUID, list[Ticket]] = defaultdict(list)
        for row in on_sale:
            by_show[row["show_id"]].append(ticket_of(row))
        behind = {row["id"]: producer_of(row) for row in sellers}
        shared, runs = await self._shared_and_runs(found, by_show)
        return [
            ShowDetails(
                show,
                behind[show.producer_id],
                tuple(by_show[show.id]),
                runs[show.production_id] if show.production_id else None,
                tuple(shared[show.id]),
            )
            for show in found
            if show.producer_id in behind  # else it was deleted between the statements
        ]

    async def _shared_and_runs(
        self, found: Sequence[Show], by_show: Mapping[UUID, Sequence[Ticket]]
    ) -> tuple[Mapping[UUID, Sequence[Capacity]], Mapping[UUID, Production]]:
        """Capacities by their shows, and productions by their ids. Asks only about shows that have any: most do not."""
        sharing = {show_id for show_id, of in by_show.items() if any(ticket.capacity_id for ticket in of)}
        in_runs = {show.production_id for show in found if show.production_id}
        shared: dict[UUID, list[Capacity]] = defaultdict(list)
        if not sharing and not in_runs:
            return shared, {}
        of_shows, runs = await self._connection.fetch(
            (_CAPACITIES, {"ids": list(sharing)}) if sharing else None,
            (_PRODUCTIONS, {"ids": list(in_runs)}) if in_runs else None,
        )
        for row in of_shows:
            shared[row["show_id"]].append(capacity_of(row))
        return shared, {row["id"]: production_of(row) for row in runs}


class PostgresTicketRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *added: Ticket) -> None:
        counters = ({"held": ticket.inventory.held, "sold": ticket.inventory.sold} for ticket in added)
        rows = [ticket_values(ticket) | counted for ticket, counted in zip(added, counters, strict=True)]
        await _add(self._connection, tickets, rows)

    async def save(self, ticket: Ticket) -> None:
        await _save(self._connection, tickets, tickets.c.id, ticket_values(ticket))

    async def get(self, ticket_id: UUID) -> Ticket | None:
        return await self._ticket(sa.select(tickets).where(tickets.c.id == ticket_id))

    async def with_sale_times(self, show_ids: Collection[UUID]) -> list[Ticket]:
        found = sa.select(tickets).where(tickets.c.show_id.in_(show_ids), HAS_SALE_TIMES).order_by(tickets.c.id)
        return [ticket_of(row) for row in (await self._connection.execute(found)).mappings()]

    async def lock(self, ticket_id: UUID) -> Ticket | None:
        return await self._ticket(sa.select(tickets).where(tickets.c.id == ticket_id).with_for_update())

    async def delete(self, ticket_id: UUID) -> None:
        await self._connection.execute(sa.delete(tickets).where(tickets.c.id == ticket_id))

    async def _ticket(self, query: sa.Select[Any]) -> Ticket | None:
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return ticket_of(row) if row else None


class PostgresPromoCodeRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *added: TicketPromoCode) -> None:
        rows = [promo_code_values(promo_code) | {"uses": promo_code.uses} for promo_code in added]
        await _add(self._connection, ticket_promo_codes, rows)

    async def get(self, promo_code_id: UUID) -> TicketPromoCode | None:
        return await self._promo_code(_PROMO_CODES.where(ticket_promo_codes.c.id == promo_code_id))

    async def with_code(self, show_id: UUID, code: str) -> TicketPromoCode | None:
        written = _PROMO_CODES.where(ticket_promo_codes.c.show_id == show_id, ticket_promo_codes.c.code == code)
        return await self._promo_code(written)

    async def lock(self, promo_code_id: UUID) -> TicketPromoCode | None:
        locked = _PROMO_CODES.where(ticket_promo_codes.c.id == promo_code_id).with_for_update()
        return await self._promo_code(locked)

    async def save(self, promo_code: TicketPromoCode) -> None:
        await _save(self._connection, ticket_promo_codes, ticket_promo_codes.c.id, promo_code_values(promo_code))

    async def delete(self, promo_code_id: UUID) -> None:
        await self._connection.execute(sa.delete(ticket_promo_codes).where(ticket_promo_codes.c.id == promo_code_id))

    async def of_show(self, show_id: UUID, *, after: str | None, limit: int) -> list[TicketPromoCode]:
        query = _PROMO_CODES.where(ticket_promo_codes.c.show_id == show_id).order_by(_by_code).limit(limit)
        if after is not None:
            query = query.where(_by_code > after)
        return [promo_code_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def _promo_code(self, query: sa.Select[Any]) -> TicketPromoCode | None:
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return promo_code_of(row) if row else None


def _are_of(show_ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    of_shows = sa.select(capacities.c.id).where(capacities.c.show_id.in_(show_ids))
    return allocations.c.capacity_id.in_(of_shows)


def _is_preceded(now: datetime) -> sa.Exists:
    """Whether an earlier show of the same production is on sale."""
    earlier = shows.alias()
    return sa.exists().where(
        earlier.c.production_id == shows.c.production_id,
        earlier.c.published,
        sa.not_(earlier.c.cancelled),
        earlier.c.end_time > now,
        sa.tuple_(earlier.c.start_time, earlier.c.id) < _by_start,
    )


def _position(cursor: ShowCursor) -> sa.Tuple:
    return sa.tuple_(sa.literal(cursor.start_time, shows.c.start_time.type), sa.literal(cursor.show_id))


async def _producers(connection: Connection, producer_ids: Sequence[UUID]) -> dict[UUID, Producer]:
    rows = await connection.execute(_PRODUCERS.where(producers.c.id.in_(producer_ids)))
    return {row["id"]: producer_of(row) for row in rows.mappings()}


async def _productions(connection: Connection, production_ids: Collection[UUID]) -> dict[UUID, Production]:
    """The productions, by id."""
    [rows] = await connection.fetch((_PRODUCTIONS, {"ids": list(production_ids)}))
    return {row["id"]: production_of(row) for row in rows}


async def _add(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(sa.insert(table), rows)


async def _save(connection: Connection, table: sa.Table, key: sa.Column[Any], values: dict[str, Any]) -> None:
    await connection.execute(sa.update(table).where(key == values[key.name]).values(values))
