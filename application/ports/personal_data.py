"""What is remembered about buyers: notes on their orders, and everything under one address."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from domain.notes import OrderNote


class NoteRepo(Protocol):
    """Notes on orders."""

    async def add(self, note: OrderNote) -> None: ...

    async def of_order(self, order_id: UUID) -> list[OrderNote]:
        """Oldest first."""
        ...


class PersonalDataRepo(Protocol):
    """Persons, who are known by an e-mail address alone."""

    async def orders_of(self, producer_id: UUID, email: str) -> list[UUID]:
        """The producer's orders under the address, in any case and in either form of its domain, in the order of their
        ids.
        """
        ...

    async def scanners_of(self, order_ids: Collection[UUID]) -> list[str]:
        """The names that scanners gave themselves as they read tickets of these orders, sorted; no empty one."""
        ...

    async def has_tickets(self, show_id: UUID, email: str) -> bool:
        """Whether any order of the show under the address, in any case, still admits somebody."""
        ...

    async def erase(self, order_ids: Collection[UUID]) -> None:
        """Make these locked orders nobody's: customers, attendees, notes, refund reasons, tasks' errors and
        PERSONAL_DETAILS, and the Idempotency-Key, which a hash of the request belongs to. Figures, codes and times
        stay.
        """
        ...
