"""Remaining work on cancelled shows: holds to release, orders to refund."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRefund:
    """A producer's request to refund every order of a show, including those completed later."""

    show_id: UUID
    refund_fees: bool
    reason: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class RefundFailure:
    """An order whose money did not go back, and why."""

    order_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundProgress:
    """The progress: each order of the show that was ever sold is refunded (its money is recorded as returned, or there
    was none), failed, or remaining. ``refunded_amount`` is in minor units, and includes money on its way.
    """

    refunded: int
    failed: int
    remaining: int
    refunded_amount: int
    failures: tuple[RefundFailure, ...]

    @property
    def total(self) -> int:
        return self.refunded + self.failed + self.remaining


#: The payment of orders of which no money can go back.
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersToRefund:
    """Sums over orders that were paid alike. ``people`` have valid tickets; amounts are minor units.

    ``fees`` is the part of ``amount`` that the platform got, ``fees_on_top`` the part of that which was not within the
    prices.
    """

    orders: int = 0
    people: int = 0
    amount: int = 0
    fees: int = 0
    fees_on_top: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AtStake:
    """What buyers have of some shows. ``untouched`` are the orders that still admit a person and are as they were paid,
    by payment: "online", that of manual orders, or NOTHING for those that cost nothing.

    The other orders that admit had a refund, a dispute or an exchange: there are ``changed`` of them. ``holds`` are
    orders that hold ``held_tickets`` and are not paid.
    """

    untouched: Mapping[str, OrdersToRefund] = field(default_factory=dict)
    changed: int = 0
    holds: int = 0
    held_tickets: int = 0


class ShowRefundRepo(Protocol):
    async def at_stake(self, show_ids: Collection[UUID]) -> AtStake:
        """What buyers have of these shows."""
        ...

    async def changed_orders(self, show_ids: Collection[UUID], *, after: UUID | None, limit: int) -> list[UUID]:
        """The orders that ``AtStake.changed`` counts, in the order of their ids, from the one after ``after``."""
        ...

    async def holding(self, *, now: datetime, limit: int) -> list[UUID]:
        """Pending orders of cancelled shows whose release is not put off, locked until the transaction ends: those that
        were never put off first, then the oldest. Orders that another transaction has locked are left out.
        """
        ...

    async def ask_for_refund(self, refund: ShowRefund) -> None:
        """Begin to refund a show, or begin again with the orders that failed. The terms of the latest request apply."""
        ...

    async def refund_of(self, show_id: UUID) -> ShowRefund | None: ...

    async def claim_refund(self, *, now: datetime, until: datetime, requested_since: datetime) -> ShowRefund | None:
        """A show requested since then that no worker has; it is the caller's alone until ``until``."""
        ...

    async def keep_refund(self, show_id: UUID, *, until: datetime) -> None:
        """Extend the claim."""
        ...

    async def to_refund(self, show_id: UUID, *, limit: int) -> list[UUID]:
        """Orders that still admit a person and were not refused a refund, oldest first."""
        ...

    async def to_refund_again(self, show_id: UUID, *, asked_at: datetime, limit: int) -> list[UUID]:
        """Refunded orders whose latest refund was begun before ``asked_at`` and lost, oldest first.

        Orders that were refused another refund are left out.
        """
        ...

    async def refused(self, order_id: UUID, *, reason: str) -> None:
        """Record that this order cannot be refunded as it is."""
        ...

    async def reconsider(self, order_id: UUID) -> None:
        """Remove the order's refusal: if it still admits, the refund of its show includes it again."""
        ...

    async def progress(self, show_id: UUID, *, failures: int) -> RefundProgress:
        """The progress, with at most ``failures`` of the failures, oldest orders first."""
        ...
