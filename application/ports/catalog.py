"""Producers, their shows, and what these sell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from domain.branding import Picture
from domain.capacity import Allocation, Capacity, remaining_of
from domain.catalog import Producer, Show, Ticket
from domain.production import Production
from domain.promotions import TicketPromoCode


@dataclass(frozen=True, slots=True)
class ShowDetails:
    """A show with its producer, its ticket types and the capacities that these share."""

    show: Show
    producer: Producer
    tickets: tuple[Ticket, ...]
    production: Production | None = None
    capacities: tuple[Capacity, ...] = ()
    has_more: bool = False
    """Whether there are hidden ticket types that are not among ``tickets``."""
    opened: Allocation | None = None
    """The allocation that the buyer's promo code opens."""

    @property
    def takes_code(self) -> bool:
        """Whether a promo code may have more to sell: hidden ticket types, or an allocation's places."""
        return self.has_more or any(capacity.allocated for capacity in self.capacities)

    @property
    def description(self) -> str:
        """The show's description, or that of its production."""
        return self.show.description or (self.production.description if self.production else "")

    @property
    def image(self) -> Picture | None:
        """The show's image, or that of its production."""
        return self.show.image or (self.production.image if self.production else None)

    def places_of(self, ticket_id: UUID) -> int:
        """The places that one such ticket is good for; 1 for a type that is not among ``tickets``."""
        return next((ticket.places for ticket in self.tickets if ticket.id == ticket_id), 1)

    def remaining(self, ticket: Ticket) -> int:
        """How many tickets of this type can be bought now: by the public, and with the code out of the allocation."""
        capacity = self._capacity_of(ticket)
        if capacity is None:
            return remaining_of(ticket, None)
        # A ticket's places are of one source.
        return remaining_of(ticket, ticket.places * sum(left // ticket.places for left in self._sources(capacity)))

    def may_come_back(self, ticket: Ticket) -> bool:
        """Whether tickets of this type are left, or are held and so may be left again soon."""
        own, capacity = ticket.inventory, self._capacity_of(ticket)
        own_may = own.remaining is None or own.remaining > 0 or own.held > 0
        return own_may and (capacity is None or capacity.held + sum(self._sources(capacity)) >= ticket.places)

    def _capacity_of(self, ticket: Ticket) -> Capacity | None:
        return next((capacity for capacity in self.capacities if capacity.id == ticket.capacity_id), None)

    def _sources(self, capacity: Capacity) -> tuple[int, int]:
        """The places that are left of the capacity, and of the allocation of it that the code opens."""
        opened = self.opened if self.opened and self.opened.capacity_id == capacity.id else None
        return capacity.remaining, opened.remaining if opened else 0

    def for_buyers(self, promo_code: TicketPromoCode | None = None, opened: Allocation | None = None) -> Self:
        """The same without hidden ticket types, except those that the promo code opens, and with its allocation."""
        seen = tuple(each for each in self.tickets if not each.hidden or (promo_code and promo_code.opens(each.id)))
        has_more = len(seen) < len(self.tickets)
        return replace(self, tickets=seen, has_more=has_more, opened=opened) if has_more or opened else self


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeShow:
    """Everything that a show is sold by, as it is in one moment. Lists are in the order of ids, codes by their text."""

    producer: Producer
    show: Show
    production: Production | None
    tickets: tuple[Ticket, ...]
    capacities: tuple[Capacity, ...]
    allocations: tuple[Allocation, ...]
    promo_codes: tuple[TicketPromoCode, ...]


class WholeShowReader(Protocol):
    """Shows, to be copied. It only reads."""

    async def read(self, show_id: UUID) -> WholeShow | None:
        """The show, or None if there is none with this id. Raises StorageUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class ShowCursor:
    """The last show of a page: lists are sorted by start time, then id."""

    start_time: datetime
    show_id: UUID

    @classmethod
    def at(cls, last: ShowDetails) -> Self:
        """The cursor after this show."""
        return cls(last.show.start_time, last.show.id)


class ProducerRepo(Protocol):
    """Producers, with the accounts that receive their money."""

    async def add(self, producer: Producer) -> None: ...

    async def get(self, producer_id: UUID) -> Producer | None: ...

    async def save(self, producer: Producer) -> None: ...

    async def lock(self, producer_id: UUID) -> Producer | None:
        """The producer, locked: no other transaction changes its account until this one ends."""
        ...

    async def account_changed(self, stripe_account_id: str, *, charges_enabled: bool) -> list[Producer]:
        """Write what an account can do, for all producers whose money goes to it. Returns those for whom it is news."""
        ...


class ProductionRepo(Protocol):
    """Productions. Lock one before its shows."""

    async def add(self, production: Production) -> None: ...

    async def get(self, production_id: UUID) -> Production | None: ...

    async def lock(self, production_id: UUID) -> Production | None:
        """The production, locked: no other transaction that locks it changes it or its shows until this one ends."""
        ...

    async def save(self, production: Production) -> None: ...

    async def delete(self, production_id: UUID) -> None:
        """Delete the production. It must have no shows."""
        ...

    async def of_producer(self, producer_id: UUID, *, after: UUID | None, limit: int) -> list[Production]:
        """The producer's productions in descending order of their ids (the newest first), from the one after
        ``after``.
        """
        ...


class ShowRepo(Protocol):
    """Shows."""

    async def add(self, *shows: Show) -> None: ...

    async def get(self, show_id: UUID) -> Show | None: ...

    async def lock(self, show_id: UUID) -> Show | None:
        """The show, locked: no other transaction changes it or its tickets until this one ends. Checkouts can go on.

        A caller that also locks tickets or promo codes of the show does so afterwards.
        """
        ...

    async def lock_all(self, show_ids: Collection[UUID]) -> Mapping[UUID, Show]:
        """The shows that exist, locked one after the other in the order of their ids."""
        ...

    async def of_production(self, production_id: UUID, *, since: datetime | None = None) -> list[Show]:
        """The production's shows that end after ``since`` (None: all), published or not, soonest first."""
        ...

    async def save(self, show: Show) -> None: ...

    async def lock_stock(self, *show_ids: UUID) -> None:
        """Wait until no checkout of the shows is being decided, and block new ones. Lock the shows first.

        It locks tickets, capacities, allocations and promo codes.
        """
        ...

    async def delete(self, show_id: UUID) -> None:
        """Delete the show with all that it sells. It must have no orders."""
        ...

    async def coming(self, producer_id: UUID, *, since: datetime, limit: int) -> list[Show]:
        """The producer's shows that end after ``since``, published or not, soonest first."""
        ...

    async def to_come(self, *, since: datetime, after: UUID | None, limit: int) -> list[Show]:
        """Shows that end after ``since``, published or not, in the order of their ids, from the one after ``after``."""
        ...


class ShowReader(Protocol):
    """Shows with their producers and tickets, published or not."""

    async def of_producer(
        self, producer_id: UUID, *, production_id: UUID | None = None, after: ShowCursor | None, limit: int
    ) -> list[ShowDetails]:
        """All shows of a producer, or of one production, the latest start first."""
        ...

    async def details(self, show_id: UUID) -> ShowDetails | None:
        """The show with its producer and tickets, published or not."""
        ...

    async def details_of(self, show_ids: Collection[UUID]) -> Mapping[UUID, ShowDetails]:
        """The same for many shows, by id, as far as they exist."""
        ...

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
        """Published shows that have not ended and were not cancelled, soonest first; with ``once`` only the next one of
        each production.
        """
        ...


class TicketRepo(Protocol):
    """Tickets. Their counters belong to the InventoryRepo."""

    async def add(self, *tickets: Ticket) -> None: ...

    async def save(self, ticket: Ticket) -> None:
        """Write all fields except held and sold."""
        ...

    async def get(self, ticket_id: UUID) -> Ticket | None: ...

    async def with_sale_times(self, show_ids: Collection[UUID]) -> list[Ticket]:
        """The ticket types of these shows that go on sale or off sale at a time of their own, in the order of ids."""
        ...

    async def lock(self, ticket_id: UUID) -> Ticket | None:
        """The ticket, after its checkouts that are being decided; new ones wait until the transaction ends."""
        ...

    async def delete(self, ticket_id: UUID) -> None:
        """Delete the ticket. It must have no orders."""
        ...


class PromoCodeRepo(Protocol):
    """Promo codes. Their counters belong to the InventoryRepo."""

    async def add(self, *promo_codes: TicketPromoCode) -> None: ...

    async def get(self, promo_code_id: UUID) -> TicketPromoCode | None: ...

    async def with_code(self, show_id: UUID, code: str) -> TicketPromoCode | None:
        """The show's promo code that is written ``code`` (upper-case)."""
        ...

    async def lock(self, promo_code_id: UUID) -> TicketPromoCode | None:
        """The promo code, after its checkouts that are being decided; new ones wait until the transaction ends."""
        ...

    async def save(self, promo_code: TicketPromoCode) -> None:
        """Write all fields except the count of uses."""
        ...

    async def delete(self, promo_code_id: UUID) -> None:
        """Delete the promo code. It must have no orders."""
        ...

    async def of_show(self, show_id: UUID, *, after: str | None, limit: int) -> list[TicketPromoCode]:
        """The show's promo codes, sorted by code, from the one after ``after``."""
        ...
