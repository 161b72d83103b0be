"""Use case: the payment provider tells that something happened (design.md §5).

The object that an event is about is asked for afresh, and that, not the event, decides. So events may come late, twice,
and in any order. Each is kept with what became of it: one that completes an order in the transaction that does so, the
others afterwards. What is lost in between is sent again by the provider, who has had no answer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from application.concurrency.group_commit import GroupCommit
from application.payments.completion import CompleteOrder
from application.payments.duplicate_payments import SyncDuplicatePayment
from application.payments.order_payments import OrderPayments
from application.ports.orders import FoundOrder
from application.ports.payment import (
    DisputeState,
    Payment,
    PaymentError,
    PaymentEvent,
    PaymentEvents,
    PaymentRefused,
    PaymentUnavailable,
    RefundState,
)
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from application.ports.webhooks import EventContext, ReceivedEvent
from application.refunds.disputes import SyncDispute
from application.refunds.refund_status import SyncRefundStatus
from domain.errors import DomainError, NotFound

log = logging.getLogger(__name__)

#: Sending such an event again changes nothing, unless the payment provider was only away.
FINAL: Final = (DomainError, PaymentError)

#: Does what an event asks for, about the order whose session it is about, if any. True: it kept the event as handled.
Handler = Callable[[PaymentEvent, FoundOrder | None], Awaitable[bool]]


class EventHandlers:
    """What is done about each type of event; what it is about is named by the id of its object."""

    def __init__(
        self,
        payment: Payment,
        unit_of_work: UnitOfWorkFactory,
        order_payments: OrderPayments,
        complete_order: CompleteOrder,
        sync_refund_status: SyncRefundStatus,
        sync_duplicate_payment: SyncDuplicatePayment,
        sync_dispute: SyncDispute,
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._complete_order = complete_order
        self._follow_refund = sync_refund_status
        self._follow_duplicate = sync_duplicate_payment
        self._follow_dispute = sync_dispute
        self._by_type: dict[str, Handler] = {
            "checkout.session.completed": complete_order.complete_from_event,
            "checkout.session.expired": complete_order.complete_from_event,
            "checkout.session.async_payment_succeeded": complete_order.complete_from_event,
            "checkout.session.async_payment_failed": complete_order.complete_from_event,
            "payment_intent.payment_failed": _by_object(self._payment_failed),
            "charge.refunded": _by_object(self._charge_refunded),
            "refund.updated": _by_object(self._refund_changed),
            "refund.failed": _by_object(self._refund_changed),
            "charge.dispute.created": _by_object(self._dispute_changed),
            "charge.dispute.updated": _by_object(self._dispute_changed),
            "charge.dispute.funds_withdrawn": _by_object(self._dispute_changed),
            "charge.dispute.funds_reinstated": _by_object(self._dispute_changed),
            "charge.dispute.closed": _by_object(self._dispute_changed),
            "account.updated": _by_object(self._account_updated),
            "account.application.deauthorized": _by_object(self._account_updated),
        }

    def to(self, event_type: str) -> Handler | None:
        """What is done about this type of event, if anything."""
        return self._by_type.get(event_type)

    async def _payment_failed(self, intent_id: str) -> None:
        intent = await self._payment.intent(intent_id)
        if intent.order_id is None:
            raise NotFound("No order belongs to this payment")
        if intent.last_error:
            await self._order_payments.decline(intent.order_id, intent.last_error)

    async def _charge_refunded(self, charge_id: str) -> None:
        for state in await self._payment.refunds_of_charge(charge_id):
            await self.refund_is(state)

    async def _refund_changed(self, stripe_refund_id: str) -> None:
        await self.refund_is(await self._payment.refund_state(stripe_refund_id))

    async def refund_is(self, state: RefundState) -> None:
        """A refund stands so at the provider. Raises NotFound, PaymentObjectNotFound, PaymentUnavailable."""
        order = await self._complete_order.by_payment(state.payment_intent_id)
        if state.payment_intent_id in (None, order.payment_intent_id):
            await self._follow_refund(state)
        else:
            await self._follow_duplicate.refunds(state.payment_intent_id)

    async def _dispute_changed(self, dispute_id: str) -> None:
        await self.dispute_is(await self._payment.dispute(dispute_id))

    async def dispute_is(self, state: DisputeState) -> None:
        """A dispute stands so at the provider. Raises NotFound, PaymentObjectNotFound, PaymentUnavailable."""
        order = await self._complete_order.by_payment(state.payment_intent_id)
        if state.payment_intent_id == order.payment_intent_id:
            await self._follow_dispute(order.id, state)
        else:
            await self._follow_duplicate.dispute(state)

    async def _account_updated(self, account_id: str) -> None:
        try:
            enabled = await self._payment.charges_enabled(account_id)
        except PaymentRefused:  # it left the platform, or was closed
            enabled = False
        async with self._unit_of_work() as uow:
            await uow.producers.account_changed(account_id, charges_enabled=enabled)
            await uow.commit()


def _by_object(change: Callable[[str], Awaitable[None]]) -> Handler:
    """What is done about the event's object; the event is kept afterwards."""

    async def handle(event: PaymentEvent, _: FoundOrder | None) -> bool:
        await change(event.object_id)
        return False

    return handle


class HandlePaymentEvent:
    """``livemode`` is this installation's: whether real money moves."""

    def __init__(
        self,
        events: PaymentEvents,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        event_handlers: EventHandlers,
        *,
        livemode: bool,
    ) -> None:
        self._events = events
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._event_handlers = event_handlers
        self._livemode = livemode
        self._looking_up: GroupCommit[None, PaymentEvent, EventContext] = GroupCommit(self._look_up)
        self._keeping: GroupCommit[None, PaymentEvent, None] = GroupCommit(self._keep_handled)

    async def __call__(self, payload: bytes, signature: str) -> None:
        """Keep the event in the raw body, and do what it asks for, unless that was done before.

        Events that are not for us are taken and forgotten: those of types that we do nothing about, of the other mode
        (Stripe sends connected accounts' test events to live endpoints, too), and of other payments than ours. Raises
        InvalidSignature, and where sending it again can help PaymentUnavailable, StorageUnavailable or StorageConflict.
        """
        event = self._events.verify(payload, signature)
        if not self._is_for_us(event):
            return
        background = await self._looking_up.submit(None, event)
        if not background.handled:
            await self._handle(event, background.order)

    def _is_for_us(self, event: PaymentEvent) -> bool:
        if self._event_handlers.to(event.type) is None or event.of_connected_account:
            return False
        if event.livemode != self._livemode:
            mode = "live" if event.livemode else "test"
            log.info("Event %s is of the %s mode, and nothing is done about it", event.id, mode)
            return False
        if not event.object_id:
            log.warning("Event %s (%s) does not say what it is about", event.id, event.type)
        return bool(event.object_id)

    async def replay(self, event_id: str) -> ReceivedEvent:
        """Handle a kept event once more. Raises NotFound, PaymentUnavailable, StorageUnavailable."""
        async with self._unit_of_work() as uow:
            received = await uow.inbox.get(event_id)
        if received is None:
            raise NotFound(f"No event {event_id} was received")
        background = await self._looking_up.submit(None, received.event)
        await self._handle(received.event, background.order)
        async with self._unit_of_work() as uow:
            return await uow.inbox.get(event_id) or received

    async def _handle(self, event: PaymentEvent, order: FoundOrder | None) -> None:
        react = self._event_handlers.to(event.type)
        try:
            is_kept = react is not None and await react(event, order)
        except Exception as error:
            await self._note(event, error)
            if not isinstance(error, FINAL) or isinstance(error, PaymentUnavailable):
                raise
            log.error("Event %s (%s of %s) changed nothing: %s", event.id, event.type, event.object_id, error)  # noqa: TRY400
        else:
            if not is_kept:
                await self._keeping.submit(None, event)

    async def _look_up(self, events: Sequence[PaymentEvent]) -> list[EventContext]:
        async with self._unit_of_work(read_only=True) as uow:
            background = await uow.inbox.background(events)
        return [background[event.id] for event in events]

    async def _keep_handled(self, events: Sequence[PaymentEvent]) -> list[None]:
        async with self._unit_of_work() as uow:
            await uow.inbox.handled(events, now=self._clock.now())
            await uow.commit()
        return [None] * len(events)

    async def _note(self, event: PaymentEvent, error: Exception) -> None:
        try:
            async with self._unit_of_work() as uow:
                await uow.inbox.failed(event, error=f"{type(error).__name__}: {error}", now=self._clock.now())
                await uow.commit()
        except (StorageUnavailable, StorageConflict) as failure:
            log.warning("The failure of event %s is not kept: %s", event.id, failure)
