"""The handlers for each kind of event of the payment provider.

A handler asks the provider for the object that the event is about. The provider's answer decides, not the event. So
events may come late, twice, and in any order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from application.concurrency.group_commit import GroupCommit, decide_with
from application.notifications.payouts import FollowAccount
from application.payments.completion import CompleteOrder
from application.payments.duplicate_payments import SyncDuplicatePayment
from application.payments.order_payments import OrderPayments
from application.ports.payment import (
    DisputeState,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    PaymentRefused,
    RefundState,
)
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhooks import EventContext
from application.refunds.disputes import SyncDispute
from application.refunds.refund_status import SyncRefundStatus
from domain.errors import NotFound
from domain.orders import PAID

Handler = Callable[[EventContext], Awaitable[None]]

#: Their handler stores the event itself, with the change of the order, in one transaction. Storing it afterwards would
#: cost every completion a second transaction.
KEPT_BY_HANDLER: Final = frozenset({PaymentEventKind.SESSION_CHANGED})


class KeepEvent:
    """Stores events as handled; simultaneous ones share a transaction."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._line: GroupCommit[None, PaymentEvent, None] = GroupCommit(decide_with(self._keep_together))

    async def __call__(self, event: PaymentEvent) -> None:
        """Store the event. Raises StorageUnavailable, StorageConflict."""
        await self._line.submit(None, event)

    async def _keep_together(self, events: Sequence[PaymentEvent]) -> list[None]:
        async with self._unit_of_work() as uow:
            await uow.inbox.handled(events, now=self._clock.now())
            await uow.commit()
        return [None] * len(events)


class EventHandlers:
    """One handler for each kind of event."""

    def __init__(
        self,
        payment: Payment,
        unit_of_work: UnitOfWorkFactory,
        order_payments: OrderPayments,
        complete_order: CompleteOrder,
        sync_refund_status: SyncRefundStatus,
        sync_duplicate_payment: SyncDuplicatePayment,
        sync_dispute: SyncDispute,
        keep_event: KeepEvent,
        follow_account: FollowAccount,
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._complete_order = complete_order
        self._sync_refund_status = sync_refund_status
        self._sync_duplicate_payment = sync_duplicate_payment
        self._sync_dispute = sync_dispute
        self._keep_event = keep_event
        self._follow_account = follow_account
        self._by_kind: dict[PaymentEventKind, Handler] = {
            PaymentEventKind.SESSION_CHANGED: self._session_changed,
            PaymentEventKind.PAYMENT_DECLINED: self._payment_declined,
            PaymentEventKind.CHARGE_REFUNDED: self._charge_refunded,
            PaymentEventKind.REFUND_CHANGED: self._refund_changed,
            PaymentEventKind.DISPUTE_CHANGED: self._dispute_changed,
            PaymentEventKind.ACCOUNT_CHANGED: self._account_changed,
        }

    async def handle(self, kind: PaymentEventKind, context: EventContext) -> None:
        """Handle an event of this kind. The caller stores the event, unless the kind is in KEPT_BY_HANDLER.

        Raises DomainError, PaymentError, StorageUnavailable, StorageConflict.
        """
        await self._by_kind[kind](context)

    async def _session_changed(self, context: EventContext) -> None:
        if context.order is not None and context.order.status in PAID:
            await self._keep_event(context.event)  # the order has its money: the provider need not be asked
        else:
            await self._complete_order.complete_from_event(context.event, context.order)

    async def _payment_declined(self, context: EventContext) -> None:
        intent = await self._payment.intent(context.event.object_id)
        if intent.order_id is None:
            raise NotFound("No order belongs to this payment")
        if intent.last_error:
            await self._order_payments.decline(intent.order_id, intent.last_error)

    async def _charge_refunded(self, context: EventContext) -> None:
        for state in await self._payment.refunds_of_charge(context.event.object_id):
            await self.refund_is(state)

    async def _refund_changed(self, context: EventContext) -> None:
        await self.refund_is(await self._payment.refund_state(context.event.object_id))

    async def refund_is(self, state: RefundState) -> None:
        """Bring our record in line with a refund at the provider.

        Raises NotFound, PaymentObjectNotFound, PaymentUnavailable.
        """
        order = await self._complete_order.by_payment(state.payment_intent_id)
        if state.payment_intent_id in (None, order.payment_intent_id):
            await self._sync_refund_status(state)
        else:
            await self._sync_duplicate_payment.refunds(state.payment_intent_id)

    async def _dispute_changed(self, context: EventContext) -> None:
        await self.dispute_is(await self._payment.dispute(context.event.object_id))

    async def dispute_is(self, state: DisputeState) -> None:
        """Bring our record in line with a dispute at the provider.

        Raises NotFound, PaymentObjectNotFound, PaymentUnavailable.
        """
        order = await self._complete_order.by_payment(state.payment_intent_id)
        if state.payment_intent_id == order.payment_intent_id:
            await self._sync_dispute(order.id, state)
        else:
            await self._sync_duplicate_payment.disputes(state.payment_intent_id or "")

    async def _account_changed(self, context: EventContext) -> None:
        account_id = context.event.object_id
        try:
            enabled = await self._payment.charges_enabled(account_id)
        except PaymentRefused:  # it left the platform, or was closed
            enabled = False
        async with self._unit_of_work() as uow:
            await self._follow_account(uow, account_id, charges_enabled=enabled)
            await uow.commit()
