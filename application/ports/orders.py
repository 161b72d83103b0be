"""Orders with their lines and attendees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.orders import Order, OrderStatus


class OrderRef(NamedTuple):
    """The id of an order, and how it stands."""

    id: UUID
    status: OrderStatus


class OrderPayment(NamedTuple):
    """How an order stands, and the payment that paid it, if one has."""

    status: OrderStatus
    payment_intent_id: str | None


class OrderRepo(Protocol):
    """Orders with their lines and attendees."""

    async def add(self, orders: Sequence[Order]) -> None:
        """Raises StorageConflict when another transaction used one of the idempotency keys at the same time."""
        ...

    async def get(self, order_id: UUID) -> Order | None: ...

    async def get_all(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        """Those of the orders that exist, read together."""
        ...

    async def lock(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        """The orders that exist, locked in id order until the transaction ends."""
        ...

    async def with_idempotency_keys(self, keys: Collection[str]) -> Mapping[str, Order]:
        """The orders that were placed under these Idempotency-Keys."""
        ...

    async def of_sessions(self, session_ids: Collection[str]) -> Mapping[str, OrderRef]:
        """The sessions' orders."""
        ...

    async def payments(self, order_ids: Collection[UUID]) -> Mapping[UUID, OrderPayment]:
        """How the orders that exist stand and what paid them, without locking them."""
        ...

    async def id_of_intent(self, payment_intent_id: str) -> UUID | None: ...

    async def attach_session(self, order_id: UUID, *, session_id: str, checkout_url: str | None) -> None:
        """Remember where the order is paid, whatever else happens to it at the same time. One that was paid keeps the
        session that it was paid by.
        """
        ...

    async def save(self, orders: Sequence[Order]) -> None:
        """Write status, payment facts and attendees of locked orders, and of those that were paid the session."""
        ...

    async def save_customer(self, order: Order) -> None:
        """Write the customer of a locked order and the names of its attendees."""
        ...

    async def exist(
        self, *, show_id: UUID | None = None, ticket_id: UUID | None = None, promo_code_id: UUID | None = None
    ) -> bool:
        """Whether any order, of whatever status, is about the one that is named."""
        ...


class OrderWatchlist(Protocol):
    """Orders that wait for a payment, for those who look after them."""

    async def without_session(self, *, created_before: datetime, limit: int) -> list[UUID]:
        """Pending orders that nobody can pay yet, oldest first."""
        ...

    async def unconfirmed(self, *, checked_before: datetime, limit: int) -> list[UUID]:
        """Orders that hold tickets, have a session, and were not asked about since then; longest ago first.

        Locked until the transaction ends, without those that another transaction has locked.
        """
        ...

    async def checked(self, order_ids: Collection[UUID], *, now: datetime) -> None:
        """The payment provider is asked about the orders."""
        ...

    async def overdue(self, *, now: datetime, limit: int) -> list[UUID]:
        """Pending orders whose hold has run out and is not put off, locked until the transaction ends: those that were
        never put off first, then the longest overdue. What another transaction has locked is left out, and one that is
        processing waits for its bank.
        """
        ...

    async def release_after(self, order_ids: Collection[UUID], *, moment: datetime) -> None:
        """Put off the release of these orders' holds: a worker is at it, or it failed."""
        ...


class LookupRepo(Protocol):
    """Buyers who lost the way to their orders."""

    async def ask(self, address_hash: bytes, *, now: datetime, not_since: datetime) -> bool:
        """Remember that an address asked. False, and nothing is remembered, where it had asked after ``not_since``.

        Who asked before ``not_since`` is forgotten by and by.
        """
        ...

    async def orders_of(self, email: str, *, limit: int) -> list[UUID]:
        """Orders of an address, however it is capitalised, newest first."""
        ...
