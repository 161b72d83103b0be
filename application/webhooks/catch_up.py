"""Use case: learn from Stripe what happened since a backup was taken (docs/years.md#restore)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.payments.pending_payments import AnnouncePendingPayments
from application.payments.reconciliation import Reconcile
from application.payments.release_sweep import ReleaseOverdue
from application.ports.payment import PaymentSession
from application.webhooks.review import ReviewRefundsAndDisputes

#: A session can be paid for a day after it was made, and clocks differ.
_SESSIONS_LAST: Final = timedelta(hours=25)
#: A refund that was under way may have ended since.
_REFUNDS_TAKE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """How many orders that held tickets were asked about, how many holds were over, how many refunds and disputes were
    looked at; and the payments of orders that the database does not have.
    """

    asked: int
    released: int
    reviewed: int
    without_order: Sequence[PaymentSession]


class CatchUp:
    def __init__(
        self,
        reconcile: Reconcile,
        release_overdue: ReleaseOverdue,
        review: ReviewRefundsAndDisputes,
        announce_pending_payments: AnnouncePendingPayments,
    ) -> None:
        self._reconcile = reconcile
        self._release_overdue = release_overdue
        self._review = review
        self._announce_pending_payments = announce_pending_payments

    async def __call__(self, since: datetime) -> CaughtUp:
        """Bring the orders in line with Stripe: paid, expired, refunded or disputed since then. It may be repeated.

        Raises PaymentUnavailable, StorageUnavailable, StorageConflict.
        """
        asked = await self._reconcile.ask_about_all()
        without_order = await self._reconcile.apply_payments(since=since - _SESSIONS_LAST)
        reviewed = await self._review.made_since(since - _REFUNDS_TAKE)
        released = 0
        while count := await self._release_overdue():
            released += count
        # Buyers whose bank is still busy have heard of it: the mail is written once for each order, and held back.
        await self._announce_pending_payments()
        return CaughtUp(asked, released, reviewed, without_order)
