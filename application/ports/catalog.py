"""Producers, their shows, and what these sell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.catalog import Producer, Show, Ticket
from domain.promotions import TicketPromoCode


@dataclass(frozen=True, slots=True)
class ShowOnDisplay:
    """A show as buyers see it."""

    show: Show
    producer: Producer
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class ShowCursor:
    """The last show of a page: lists are sorted by start time, then id."""

    start_time: datetime
    show_id: UUID


class CatalogRepo(Protocol):
    """Producers, shows, tickets and promo codes. Counters of tickets are the SalesRepo's business."""

    async def add_producer(self, producer: Producer) -> None: ...

    async def producer(self, producer_id: UUID) -> Producer | None: ...

    async def save_producer(self, producer: Producer) -> None: ...

    async def lock_producer(self, producer_id: UUID) -> Producer | None:
        """The producer, whose account nobody else changes until the transaction ends."""
        ...

    async def account_changed(self, stripe_account_id: str, *, charges_enabled: bool) -> None:
        """Write down what an account can do, for everybody whose money goes to it."""
        ...

    async def add_show(self, show: Show) -> None: ...

    async def show(self, show_id: UUID) -> Show | None: ...

    async def lock_show(self, show_id: UUID) -> Show | None:
        """The show; nobody else changes it, or what it sells, until the transaction ends. Checkouts go on meanwhile.

        Whoever locks tickets and promo codes of it, too, does so afterwards.
        """
        ...

    async def save_show(self, show: Show) -> None: ...

    async def lock_stock_of(self, show_id: UUID) -> None:
        """Wait until no checkout of the show is being decided, and keep new ones waiting. Lock the show first."""
        ...

    async def delete_show(self, show_id: UUID) -> None:
        """With its tickets and promo codes. It must have no orders."""
        ...

    async def shows_of(self, producer_id: UUID, *, after: ShowCursor | None, limit: int) -> list[ShowOnDisplay]:
        """Everything of a producer's, the last to start first."""
        ...

    async def on_display(self, show_id: UUID) -> ShowOnDisplay | None:
        """The show with its producer and tickets, published or not."""
        ...

    async def all_on_display(self, show_ids: Collection[UUID]) -> Mapping[UUID, ShowOnDisplay]:
        """The same of many shows, by id, as far as they exist."""
        ...

    async def on_sale(
        self, *, now: datetime, producer_id: UUID | None, after: ShowCursor | None, limit: int
    ) -> list[ShowOnDisplay]:
        """Published shows that have not ended and were not cancelled, soonest first."""
        ...

    async def shows_to_come(self, *, since: datetime, after: UUID | None, limit: int) -> list[Show]:
        """Shows that end after ``since``, published or not, in the order of their ids, from the one after ``after``."""
        ...

    async def add_ticket(self, ticket: Ticket) -> None: ...

    async def save_ticket(self, ticket: Ticket) -> None:
        """Write name, description, price, flags and quantity; held and sold stay as they are."""
        ...

    async def ticket(self, ticket_id: UUID) -> Ticket | None: ...

    async def lock_ticket(self, ticket_id: UUID) -> Ticket | None:
        """The ticket, once no checkout of it is being decided; new ones wait until the transaction ends."""
        ...

    async def delete_ticket(self, ticket_id: UUID) -> None:
        """It must have no orders."""
        ...

    async def add_promo_code(self, promo_code: TicketPromoCode) -> None: ...

    async def promo_code(self, promo_code_id: UUID) -> TicketPromoCode | None: ...

    async def promo_code_written(self, show_id: UUID, code: str) -> TicketPromoCode | None:
        """The show's promo code that is written ``code`` (upper-case)."""
        ...

    async def lock_promo_code(self, promo_code_id: UUID) -> TicketPromoCode | None:
        """The promo code, once no checkout with it is being decided; new ones wait until the transaction ends."""
        ...

    async def save_promo_code(self, promo_code: TicketPromoCode) -> None:
        """Write everything but the count of uses."""
        ...

    async def delete_promo_code(self, promo_code_id: UUID) -> None:
        """It must have no orders."""
        ...

    async def promo_codes_of(self, show_id: UUID, *, after: str | None, limit: int) -> list[TicketPromoCode]:
        """By their code, those that come behind the code ``after``."""
        ...

    async def has_orders(
        self, *, show_id: UUID | None = None, ticket_id: UUID | None = None, promo_code_id: UUID | None = None
    ) -> bool:
        """Whether any order, of whatever status, is about the one that is named."""
        ...
