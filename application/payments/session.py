"""Opening the page where an order is paid, at the pace that Stripe allows (docs/domain-rules.md#how-a-hold-is-granted).

At an on-sale buyers place more orders in a second than Stripe opens sessions. The tickets are held at once; the session
opens when its slot comes, and until then the buyer waits on a page of ours.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from application.links import Links
from application.notifications.payouts import FollowAccount
from application.payments.order_payments import OrderPayments
from application.ports.payment import (
    Payment,
    PaymentBusy,
    PaymentError,
    PaymentKeyRefused,
    PaymentQueued,
    PaymentRefused,
    PaymentSession,
    PaymentUnavailable,
    TaxRefused,
)
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from domain.errors import DomainError, ProducerPaymentMissing
from domain.orders import Order, OrderEvent

log = logging.getLogger(__name__)

#: A session whose slot comes later than this is opened in the background.
PATIENCE_SECONDS = 1.0
#: Calls of one process that wait for their slot at a time. Few, because a reserved slot cannot be given back, and
#: another process may have opened the order's session until then; enough to keep the pace with calls of a second each.
MAX_CALLS = 10
#: The process that placed an order opens its session. Others take over after this time, when it must have died.
LEFT_BEHIND = timedelta(minutes=1)
#: After a call in the background failed, or was refused for its pace without a time to wait.
RETRY_SECONDS = 2.0
#: Pauses before a session is stored again, in seconds. A buyer waits for it.
ATTACH_PAUSES = (0.05, 0.2, 0.5, 1.0)


class OpenSession:
    """Opens sessions, and keeps trying in the background if necessary."""

    def __init__(
        self,
        payment: Payment,
        unit_of_work: UnitOfWorkFactory,
        order_payments: OrderPayments,
        links: Links,
        clock: Clock,
        follow_account: FollowAccount,
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._links = links
        self._clock = clock
        self._follow_account = follow_account
        self._queued: dict[UUID, asyncio.Task[None]] = {}
        self._calls = asyncio.Semaphore(MAX_CALLS)
        self._no_turn_before = datetime.min.replace(tzinfo=UTC)

    async def __call__(self, order: Order, *, max_wait_seconds: float | None = PATIENCE_SECONDS) -> Order:
        """The order with its session, or without one while its slot has not come: then it is being opened.

        Raises ProducerPaymentMissing, PaymentRefused or PaymentKeyRefused (the hold is then released), PaymentBusy,
        PaymentUnavailable.
        """
        if max_wait_seconds is None or self._clock.now() >= self._no_turn_before:
            try:
                return await self._open(order, max_wait_seconds)
            except PaymentQueued as queue:
                log.info("The session of order %s waits for its slot, as all sessions do for now: %s", order.id, queue)
                # Slots that others take in the meantime make the next one later, never sooner.
                wait = timedelta(seconds=queue.retry_after_seconds - (max_wait_seconds or 0))
                self._no_turn_before = self._clock.now() + wait
        self.in_background(order)
        return order

    def in_background(self, order: Order) -> None:
        """Keep trying until there is a session, or nothing left to pay for. Returns at once."""
        if order.id not in self._queued:
            queued = asyncio.create_task(self._keep_trying(order))
            self._queued[order.id] = queued
            queued.add_done_callback(lambda _: self._queued.pop(order.id, None))

    async def close(self) -> None:
        """Give up the queued orders. They are stored, and the reconciler opens their sessions later."""
        for queued in list(self._queued.values()):
            queued.cancel()
        await asyncio.gather(*self._queued.values(), return_exceptions=True)

    async def _open(self, order: Order, max_wait_seconds: float | None) -> Order:
        try:
            session = await self._payment.open_session(
                order,
                success_url=self._links.payment_success(),
                cancel_url=self._links.payment_cancel(order),
                max_wait_seconds=max_wait_seconds,
            )
        except (PaymentRefused, PaymentKeyRefused) as refusal:
            log.error("No payment session for order %s, its hold is released: %s", order.id, refusal)  # noqa: TRY400
            await self._order_payments.release(order.id, OrderEvent.PAYMENT_FAILED)
            if not isinstance(refusal, TaxRefused) and await self._account_is_stopped(order, refusal):
                raise ProducerPaymentMissing("Producer payment details not configured") from refusal
            raise
        await self._attach(order.id, session)
        log.info("Order %s has its payment page, session %s", order.id, session.id)
        return order.with_session(session.id, session.url)

    async def _attach(self, order_id: UUID, session: PaymentSession) -> None:
        """Store the session that the provider has made, again and again if the database is busy: another call to the
        provider would cost a slot, and bring the same session. Raises the database's error after the last pause.
        """
        for pause in (*ATTACH_PAUSES, None):
            try:
                async with self._unit_of_work() as uow:
                    await uow.orders.attach_session(order_id, session_id=session.id, checkout_url=session.url)
                    await uow.commit()
            except (StorageUnavailable, StorageConflict) as failure:
                if pause is None:
                    raise
                log.warning("The session of order %s is not stored yet: %s", order_id, failure)
                await asyncio.sleep(pause)
            else:
                return

    async def _account_is_stopped(self, order: Order, refusal: PaymentError) -> bool:
        """Whether Stripe now says that it refused the session because of the producer's account. The producer's shows
        then sell nothing until the account can take charges again.
        """
        account_id = order.stripe_account_id
        if account_id is None or isinstance(refusal, PaymentKeyRefused):
            return False
        try:
            if await self._payment.charges_enabled(account_id):
                return False
        except PaymentUnavailable:
            return False
        except PaymentRefused as gone:
            log.error("Account %s no longer belongs to the platform: %s", account_id, gone)  # noqa: TRY400
        async with self._unit_of_work() as uow:
            await self._follow_account(uow, account_id, charges_enabled=False)
            await uow.commit()
        return True

    async def _keep_trying(self, order: Order) -> None:
        while order.expires_at is not None and self._clock.now() < order.expires_at:
            pause = RETRY_SECONDS
            try:
                async with self._calls:
                    await self._open_if_waiting(order.id)
            except PaymentQueued as queue:
                pause = queue.retry_after_seconds
            except (PaymentBusy, PaymentUnavailable, StorageUnavailable, StorageConflict) as failure:
                log.warning("Session of order %s is tried again: %s", order.id, failure)
            except (PaymentRefused, DomainError):
                return
            else:
                return
            await asyncio.sleep(pause)

    async def _open_if_waiting(self, order_id: UUID) -> None:
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(order_id)
        if order is not None and order.holds_tickets and order.session_id is None:
            await self._open(order, None)


class FindPayPage:
    """Finds the payment page for a buyer who waits for it."""

    def __init__(self, clock: Clock, open_session: OpenSession) -> None:
        self._clock = clock
        self._open_session = open_session

    async def __call__(self, order: Order) -> str | None:
        """The address of the payment page; None while it is being prepared."""
        if order.holds_tickets and order.session_id is None:
            if self._clock.now() - order.created_at > LEFT_BEHIND:
                self._open_session.in_background(order)
            return None
        return order.checkout_url
