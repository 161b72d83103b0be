"""Personal data of buyers: notes on their orders, and all data under one address."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from domain.notes import OrderNote


class NoteRepo(Protocol):
    """Notes on orders."""

    async def add(self, note: OrderNote) -> None: ...

    async def of_order(self, order_id: UUID) -> list[OrderNote]:
        """The order's notes, oldest first."""
        ...


class PersonalDataRepo(Protocol):
    """Persons, identified only by an e-mail address."""

    async def orders_of(self, producer_id: UUID, email: str) -> list[UUID]:
        """The producer's orders under the address, in the order of their ids.

        The address may be in any case, and in either form of its domain.
        """
        ...

    async def scanners_of(self, order_ids: Collection[UUID]) -> list[str]:
        """The names of the scanners that read tickets of these orders, sorted, without empty ones."""
        ...

    async def has_tickets(self, show_id: UUID, email: str) -> bool:
        """Whether any order of the show under the address, in any case, still admits a person."""
        ...

    async def erase(self, order_ids: Collection[UUID]) -> None:
        """Erase the personal data of these locked orders: customers, attendees, notes, refund reasons, tasks' errors
        and PERSONAL_DETAILS, and the Idempotency-Key with its hash of the request. Figures, codes and times stay.
        """
        ...
