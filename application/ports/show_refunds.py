"""Remaining work on cancelled shows: holds to release, orders to refund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
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


class ShowRefundRepo(Protocol):
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
