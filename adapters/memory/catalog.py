"""CatalogRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.catalog import ShowCursor, ShowDetails
from domain.catalog import Producer, Show, Ticket
from domain.production import Production
from domain.promotions import TicketPromoCode


class MemoryProducerRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, producer: Producer) -> None:
        self._tables.producers[producer.id] = producer

    async def get(self, producer_id: UUID) -> Producer | None:
        return self._tables.producers.get(producer_id)

    async def save(self, producer: Producer) -> None:
        self._tables.producers[producer.id] = producer

    async def lock(self, producer_id: UUID) -> Producer | None:
        return await self.get(producer_id)

    async def account_changed(self, stripe_account_id: str, *, charges_enabled: bool) -> list[Producer]:
        changed = [
            replace(producer, financial=replace(producer.financial, charges_enabled=charges_enabled))
            for producer in self._tables.producers.values()
            if producer.financial.stripe_account_id == stripe_account_id
            and producer.financial.charges_enabled is not charges_enabled
        ]
        for producer in changed:
            await self.save(producer)
        return sorted(changed, key=lambda producer: producer.id)


class MemoryProductionRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, production: Production) -> None:
        self._tables.productions[production.id] = production

    async def get(self, production_id: UUID) -> Production | None:
        return self._tables.productions.get(production_id)

    async def lock(self, production_id: UUID) -> Production | None:
        return await self.get(production_id)

    async def save(self, production: Production) -> None:
        self._tables.productions[production.id] = production

    async def delete(self, production_id: UUID) -> None:
        del self._tables.productions[production_id]

    async def of_producer(self, producer_id: UUID, *, after: UUID | None, limit: int) -> list[Production]:
        theirs = [each for each in self._tables.productions.values() if each.producer_id == producer_id]
        found = [production for production in theirs if after is None or production.id < after]
        return sorted(found, key=lambda production: production.id, reverse=True)[:limit]


class MemoryShowRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, *shows: Show) -> None:
        self._tables.shows.update({show.id: show for show in shows})

    async def get(self, show_id: UUID) -> Show | None:
        return self._tables.shows.get(show_id)

    async def lock(self, show_id: UUID) -> Show | None:
        return await self.get(show_id)

    async def lock_all(self, show_ids: Collection[UUID]) -> Mapping[UUID, Show]:
        return {show_id: show for show_id in show_ids if (show := await self.get(show_id))}

    async def of_production(self, production_id: UUID, *, since: datetime | None = None) -> list[Show]:
        shows = [show for show in self._tables.shows.values() if show.production_id == production_id]
        found = [show for show in shows if since is None or show.end_time > since]
        return sorted(found, key=lambda show: (show.start_time, show.id))

    async def save(self, show: Show) -> None:
        self._tables.shows[show.id] = show

    async def lock_stock(self, *show_ids: UUID) -> None:
        """Do nothing: there are no other transactions."""

    async def delete(self, show_id: UUID) -> None:
        for things in (self._tables.tickets, self._tables.promo_codes, self._tables.capacities):
            for id_ in [thing.id for thing in things.values() if thing.show_id == show_id]:
                del things[id_]
        for allocation in list(self._tables.allocations.values()):
            if allocation.capacity_id not in self._tables.capacities:
                del self._tables.allocations[allocation.id]
        del self._tables.shows[show_id]

    async def coming(self, producer_id: UUID, *, since: datetime, limit: int) -> list[Show]:
        shows = [each for each in self._tables.shows.values() if each.producer_id == producer_id]
        return sorted((show for show in shows if show.end_time > since), key=lambda show: (show.start_time, show.id))[
            :limit
        ]

    async def to_come(self, *, since: datetime, after: UUID | None, limit: int) -> list[Show]:
        shows = [show for show in self._tables.shows.values() if show.end_time > since]
        shows.sort(key=lambda show: show.id)
        return [show for show in shows if after is None or show.id > after][:limit]


class MemoryShowReader:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def of_producer(
        self, producer_id: UUID, *, production_id: UUID | None = None, after: ShowCursor | None, limit: int
    ) -> list[ShowDetails]:
        found = [
            show
            for show in self._tables.shows.values()
            if show.producer_id == producer_id
            and production_id in (None, show.production_id)
            and (after is None or (show.start_time, show.id) < (after.start_time, after.show_id))
        ]
        found.sort(key=lambda show: (show.start_time, show.id), reverse=True)
        displays = [await self.details(show.id) for show in found[:limit]]
        return [display for display in displays if display]

    async def details(self, show_id: UUID) -> ShowDetails | None:
        show = self._tables.shows.get(show_id)
        if show is None:
            return None
        tickets = [ticket for ticket in self._tables.tickets.values() if ticket.show_id == show_id]
        tickets.sort(key=lambda ticket: (ticket.price, ticket.id))
        production = self._tables.productions[show.production_id] if show.production_id else None
        shared = any(ticket.capacity_id for ticket in tickets)
        capacities = [
            capacity for capacity in self._tables.capacities.values() if shared and capacity.show_id == show_id
        ]
        capacities.sort(key=lambda capacity: capacity.id)
        producer = self._tables.producers[show.producer_id]
        return ShowDetails(show, producer, tuple(tickets), production, tuple(capacities))

    async def details_of(self, show_ids: Collection[UUID]) -> Mapping[UUID, ShowDetails]:
        return {show_id: display for show_id in show_ids if (display := await self.details(show_id))}

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
        every = [
            show
            for show in self._tables.shows.values()
            if show.published
            and not show.cancelled
            and show.end_time > now
            and producer_id in (None, show.producer_id)
            and production_id in (None, show.production_id)
        ]
        every.sort(key=lambda show: (show.start_time, show.id))
        if once:
            first = {show.production_id or show.id: show for show in reversed(every)}
            every = [show for show in every if first[show.production_id or show.id] is show]
        position = (after.start_time, after.show_id) if after else None
        found = [show for show in every if position is None or (show.start_time, show.id) > position]
        displays = [await self.details(show.id) for show in found[:limit]]
        return [display for display in displays if display]


class MemoryTicketRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, *tickets: Ticket) -> None:
        self._tables.tickets.update({ticket.id: ticket for ticket in tickets})

    async def save(self, ticket: Ticket) -> None:
        inventory = self._tables.tickets[ticket.id].inventory.resize(ticket.inventory.quantity)
        self._tables.tickets[ticket.id] = replace(ticket, inventory=inventory)

    async def get(self, ticket_id: UUID) -> Ticket | None:
        return self._tables.tickets.get(ticket_id)

    async def with_sale_times(self, show_ids: Collection[UUID]) -> list[Ticket]:
        tickets = (ticket for ticket in self._tables.tickets.values() if ticket.has_sale_times)
        return sorted((ticket for ticket in tickets if ticket.show_id in show_ids), key=lambda ticket: ticket.id)

    async def lock(self, ticket_id: UUID) -> Ticket | None:
        return await self.get(ticket_id)

    async def delete(self, ticket_id: UUID) -> None:
        del self._tables.tickets[ticket_id]


class MemoryPromoCodeRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, *promo_codes: TicketPromoCode) -> None:
        self._tables.promo_codes.update({promo_code.id: promo_code for promo_code in promo_codes})

    async def get(self, promo_code_id: UUID) -> TicketPromoCode | None:
        return self._tables.promo_codes.get(promo_code_id)

    async def with_code(self, show_id: UUID, code: str) -> TicketPromoCode | None:
        promo_codes = self._tables.promo_codes.values()
        return next((promo for promo in promo_codes if (promo.show_id, promo.code) == (show_id, code)), None)

    async def lock(self, promo_code_id: UUID) -> TicketPromoCode | None:
        return await self.get(promo_code_id)

    async def save(self, promo_code: TicketPromoCode) -> None:
        uses = self._tables.promo_codes[promo_code.id].uses
        self._tables.promo_codes[promo_code.id] = replace(promo_code, uses=uses)

    async def delete(self, promo_code_id: UUID) -> None:
        del self._tables.promo_codes[promo_code_id]

    async def of_show(self, show_id: UUID, *, after: str | None, limit: int) -> list[TicketPromoCode]:
        of_show = [promo for promo in self._tables.promo_codes.values() if promo.show_id == show_id]
        found = [promo for promo in of_show if after is None or promo.code > after]
        return sorted(found, key=lambda promo: promo.code)[:limit]
