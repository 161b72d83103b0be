"""Orders with their lines and attendees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.orders import Order, OrderStatus, ReplacedCode


class OrderRef(NamedTuple):
    """The id of an order, and its status."""

    id: UUID
    status: OrderStatus


class OrderPayment(NamedTuple):
    """An order's status, and the payment that paid it, if there is one."""

    status: OrderStatus
    payment_intent_id: str | None


class OrderRepo(Protocol):
    """Orders with their lines and attendees."""

    async def add(self, orders: Sequence[Order]) -> None:
        """Add orders.

        Raises StorageConflict if another transaction used one of the Idempotency-Keys at the same time.
        """
        ...

    async def get(self, order_id: UUID) -> Order | None: ...

    async def get_all(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        """Those of the orders that exist, read together."""
        ...

    async def lock(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        """The orders that exist, locked in id order until the transaction ends."""
        ...

    async def with_idempotency_keys(self, keys: Collection[str]) -> Mapping[str, Order]:
        """The orders that were placed with these Idempotency-Keys."""
        ...

    async def of_sessions(self, session_ids: Collection[str]) -> Mapping[str, OrderRef]:
        """The sessions' orders."""
        ...

    async def payments(self, order_ids: Collection[UUID]) -> Mapping[UUID, OrderPayment]:
        """The status and the payment of the orders that exist, without locking them."""
        ...

    async def exchanges_of(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[OrderRef]]:
        """The orders that tickets of these were exchanged for, or are being, oldest first."""
        ...

    async def id_of_intent(self, payment_intent_id: str) -> UUID | None: ...

    async def attach_session(self, order_id: UUID, *, session_id: str, checkout_url: str | None) -> None:
        """Store where the order is paid, whatever else happens to it at the same time.

        A paid order keeps the session that paid it.
        """
        ...

    async def save(self, orders: Sequence[Order]) -> None:
        """Write status, payment facts and attendees of locked orders, and the session of those that were paid."""
        ...

    async def save_customer(self, order: Order, *, replaced: Sequence[ReplacedCode] = ()) -> None:
        """Write the customer of a locked order, and the names and codes of its attendees, which ``replaced`` others."""
        ...

    async def exist(
        self, *, show_id: UUID | None = None, ticket_id: UUID | None = None, promo_code_id: UUID | None = None
    ) -> bool:
        """Whether there is an order, of any status, for the given object."""
        ...


class OrderWatchlist(Protocol):
    """Orders that wait for a payment, for the sweeper and the reconciler."""

    async def without_session(self, *, created_before: datetime, limit: int) -> list[UUID]:
        """Pending orders that cannot be paid yet, oldest first."""
        ...

    async def unconfirmed(self, *, checked_before: datetime, limit: int) -> list[UUID]:
        """Orders that hold tickets, have a session, and were not checked since then; longest ago first.

        They are locked until the transaction ends; orders that another transaction has locked are left out.
        """
        ...

    async def checked(self, order_ids: Collection[UUID], *, now: datetime) -> None:
        """Record that the payment provider is asked about the orders now."""
        ...

    async def overdue(self, *, now: datetime, limit: int) -> list[UUID]:
        """Pending orders whose hold has run out and is not put off, locked until the transaction ends: those that were
        never put off first, then the longest overdue. Orders that another transaction has locked are left out, and so
        are processing ones, which wait for their bank.
        """
        ...

    async def release_after(self, order_ids: Collection[UUID], *, moment: datetime) -> None:
        """Put off the release of these orders' holds: a worker is releasing them, or failed to."""
        ...


class LookupRepo(Protocol):
    """Buyers who lost the links to their orders."""

    async def ask(self, address_hash: bytes, *, now: datetime, not_since: datetime) -> bool:
        """Record that an address asked. False, and nothing is recorded, if it already asked after ``not_since``.

        Requests before ``not_since`` are deleted gradually.
        """
        ...

    async def orders_of(self, email: str, *, limit: int) -> list[UUID]:
        """Orders of an address in any capitalisation, newest first."""
        ...
