"""The reconciler: asks Stripe about orders and payments whose events never came (docs/domain-rules.md#payments)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from application.payments.order_payments import OrderPayments
from application.payments.session import OpenSession
from application.ports.orders import OrderPayment
from application.ports.payment import Payment, PaymentError, PaymentSession, SessionStatus
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from domain.errors import DomainError
from domain.orders import HOLDING, RELEASED

log = logging.getLogger(__name__)

#: Webhooks come within seconds. The reconciler asks about an order again after this time.
QUIET = timedelta(minutes=5)
#: An order without a session after this time was left behind by a process that died.
ABANDONED = timedelta(minutes=1)
#: How far back payments are searched.
LOOK_BACK = timedelta(days=1)
LIMIT = 100
#: Orders that one worker asks about at a time: one without an answer from the provider delays no other.
AT_A_TIME = 20


class Reconcile:
    """One pass. Each order is handled separately; one that cannot be asked about now waits for the next pass."""

    def __init__(
        self,
        payment: Payment,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        order_payments: OrderPayments,
        open_session: OpenSession,
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._order_payments = order_payments
        self._open_session = open_session

    async def __call__(self) -> int:
        """Ask about quiet orders. Returns how many."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            abandoned = await uow.order_watchlist.without_session(created_before=now - ABANDONED, limit=LIMIT)
        for order_id in abandoned:
            async with self._unit_of_work() as uow:
                order = await uow.orders.get(order_id)
            if order and order.holds_tickets and order.session_id is None:
                self._open_session.in_background(order)
        asked = 0
        while asked < LIMIT and (quiet := await self._claim_quiet(now, checked_before=now - QUIET)):
            await asyncio.gather(*map(self._ask_about, quiet))
            asked += len(quiet)
        return len(abandoned) + asked

    async def _claim_quiet(self, now: datetime, *, checked_before: datetime) -> list[UUID]:
        """Some orders to ask about, claimed: no other worker asks about them now or soon, even if this one fails."""
        async with self._unit_of_work() as uow:
            quiet = await uow.order_watchlist.unconfirmed(checked_before=checked_before, limit=AT_A_TIME)
            await uow.order_watchlist.checked(quiet, now=now)
            await uow.commit()
        return quiet

    async def look_for_lost_payments(self) -> int:
        """Apply the payments of the last day, even without their events. Returns how many payments have no order.

        Those are logged and left alone: the Stripe account may serve other sellers, too.
        """
        return len(await self.apply_payments(since=self._clock.now() - LOOK_BACK))

    async def ask_about_all(self) -> int:
        """Ask about every order that holds tickets, whenever it was asked about last. Returns how many.

        Raises StorageUnavailable, StorageConflict.
        """
        now, asked = self._clock.now(), 0
        while quiet := await self._claim_quiet(now, checked_before=now):
            await asyncio.gather(*map(self._ask_about, quiet))
            asked += len(quiet)
        return asked

    async def apply_payments(self, *, since: datetime) -> list[PaymentSession]:
        """Apply the payments of sessions that were made since then. Returns those that have no order.

        Raises PaymentUnavailable, StorageUnavailable.
        """
        sessions = await self._payment.paid_sessions(since=since)
        paid = [
            (session.order_id, session)
            for session in sessions
            if session.order_id is not None and session.status is SessionStatus.COMPLETE
        ]
        async with self._unit_of_work() as uow:
            orders = await uow.orders.payments({order_id for order_id, _ in paid})
            duplicates = await uow.duplicate_payments.known(_intents(session for _, session in paid))
        orphans = []
        for order_id, session in paid:
            if order_id not in orders:
                log.error("Session %s was paid for order %s, which does not exist", session.id, order_id)
                orphans.append(session)
            # Nearly all of them are already applied, and must not be locked for that.
            elif _tells_news(session, orders[order_id], duplicates):
                await self._settle(order_id, session)
        return orphans

    async def _ask_about(self, order_id: UUID) -> None:
        try:
            async with self._unit_of_work(read_only=True) as uow:
                order = await uow.orders.get(order_id)
            if order and order.session_id:
                await self._settle(order_id, await self._payment.session(order.session_id))
        except (PaymentError, StorageUnavailable, StorageConflict) as error:
            log.warning("Order %s is not reconciled: %s", order_id, error)

    async def _settle(self, order_id: UUID, session: PaymentSession) -> None:
        """Apply one session. A failure is logged, and does not delay the others."""
        try:
            await self._order_payments.apply_session(order_id, session)
        except (DomainError, StorageUnavailable, StorageConflict) as error:
            log.warning("Order %s is not reconciled: %s", order_id, error)


def _intents(sessions: Iterable[PaymentSession]) -> set[str]:
    return {
        session.receipt.payment_intent_id
        for session in sessions
        if session.receipt and session.receipt.payment_intent_id
    }


def _tells_news(session: PaymentSession, order: OrderPayment, duplicates: frozenset[str]) -> bool:
    """Whether the order does not know of this session's payment, the first or another one."""
    if order.status in HOLDING | RELEASED:
        return True
    return bool(_intents([session]) - {order.payment_intent_id} - duplicates)
