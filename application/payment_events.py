"""Use case: the payment provider tells that something happened (design.md §5).

Two steps: what is signed is kept, each event once; then the object it is about is asked for afresh, and that, not the
event, decides. So events may come late, twice, and in any order.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from application.completion import CompleteOrder
from application.group_commit import GroupCommit
from application.ports.payment import (
    InvalidSignature,
    Payment,
    PaymentError,
    PaymentEvent,
    PaymentEvents,
    PaymentUnavailable,
    RefundState,
)
from application.ports.storage import ReceivedEvent, StorageConflict, StorageUnavailable, UnitOfWorkFactory
from application.ports.system import Clock
from application.refunds import FollowRefund
from application.settlement import Settlement
from domain.errors import DomainError, NotFound
from domain.orders import OrderEvent

log = logging.getLogger(__name__)

Handler = Callable[[str], Awaitable[object]]


class WrongMode(InvalidSignature):
    """A test event at a live installation, or the other way round."""


class Reactions:
    """What is done about each type of event; what it is about is named by the id of its object."""

    def __init__(
        self,
        payment: Payment,
        unit_of_work: UnitOfWorkFactory,
        settlement: Settlement,
        complete_order: CompleteOrder,
        follow_refund: FollowRefund,
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._settlement = settlement
        self._complete_order = complete_order
        self._follow_refund = follow_refund
        self._by_type: dict[str, Handler] = {
            "checkout.session.completed": complete_order,
            "checkout.session.expired": complete_order,
            "checkout.session.async_payment_succeeded": complete_order,
            "checkout.session.async_payment_failed": complete_order,
            "payment_intent.payment_failed": self._payment_failed,
            "charge.refunded": self._charge_refunded,
            "refund.updated": self._refund_changed,
            "refund.failed": self._refund_changed,
            "charge.dispute.created": self._dispute_changed,
            "charge.dispute.closed": self._dispute_changed,
            "account.updated": self._account_updated,
        }

    def to(self, event_type: str) -> Handler | None:
        """What is done about this type of event, if anything."""
        return self._by_type.get(event_type)

    async def _payment_failed(self, intent_id: str) -> None:
        intent = await self._payment.intent(intent_id)
        if intent.order_id is None:
            raise NotFound("No order belongs to this payment")
        if intent.last_error:
            await self._settlement.decline(intent.order_id, intent.last_error)

    async def _charge_refunded(self, charge_id: str) -> None:
        for state in await self._payment.refunds_of_charge(charge_id):
            await self._follow(state)

    async def _refund_changed(self, stripe_refund_id: str) -> None:
        await self._follow(await self._payment.refund_state(stripe_refund_id))

    async def _follow(self, state: RefundState) -> None:
        await self._complete_order.by_payment(state.payment_intent_id)
        await self._follow_refund(state)

    async def _dispute_changed(self, dispute_id: str) -> None:
        dispute = await self._payment.dispute(dispute_id)
        order = await self._complete_order.by_payment(dispute.payment_intent_id)
        event = {None: OrderEvent.DISPUTE_OPENED, True: OrderEvent.DISPUTE_WON, False: OrderEvent.DISPUTE_LOST}
        await self._settlement.dispute(order.id, event[dispute.won])

    async def _account_updated(self, account_id: str) -> None:
        enabled = await self._payment.charges_enabled(account_id)
        async with self._unit_of_work() as uow:
            await uow.catalog.account_changed(account_id, charges_enabled=enabled)
            await uow.commit()


class HandlePaymentEvent:
    """``livemode`` is this installation's: whether real money moves."""

    def __init__(
        self,
        events: PaymentEvents,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        reactions: Reactions,
        *,
        livemode: bool,
    ) -> None:
        self._events = events
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._reactions = reactions
        self._livemode = livemode
        self._receiving: GroupCommit[None, PaymentEvent, ReceivedEvent] = GroupCommit(self._receive)
        self._marking: GroupCommit[None, str, None] = GroupCommit(self._mark_handled)

    async def __call__(self, payload: bytes, signature: str) -> None:
        """Keep the event in the raw body, and do what it asks for, unless that was done before.

        Raises InvalidSignature, WrongMode, and where sending it again can help PaymentUnavailable, StorageUnavailable
        or StorageConflict.
        """
        event = self._events.verify(payload, signature)
        if event.livemode != self._livemode:
            raise WrongMode(f"event {event.id} is of the {'live' if event.livemode else 'test'} mode")
        if self._reactions.to(event.type) is None:
            return
        received = await self._receiving.submit(None, event)
        if received.handled_at is None:
            await self._handle(event)

    async def replay(self, event_id: str) -> ReceivedEvent:
        """Handle a kept event once more. Raises NotFound, PaymentUnavailable, StorageUnavailable."""
        async with self._unit_of_work() as uow:
            received = await uow.inbox.get(event_id)
        if received is None:
            raise NotFound(f"No event {event_id} was received")
        await self._handle(received.event)
        async with self._unit_of_work() as uow:
            return await uow.inbox.get(event_id) or received

    async def _handle(self, event: PaymentEvent) -> None:
        react = self._reactions.to(event.type)
        try:
            if react is not None:
                await react(event.object_id)
        except (PaymentUnavailable, StorageUnavailable, StorageConflict) as failure:
            await self._note(event, failure)
            raise
        except (DomainError, PaymentError) as refusal:
            log.error("Event %s (%s of %s) changed nothing: %s", event.id, event.type, event.object_id, refusal)  # noqa: TRY400
            await self._note(event, refusal)
        else:
            await self._marking.submit(None, event.id)

    async def _receive(self, events: Sequence[PaymentEvent]) -> list[ReceivedEvent]:
        async with self._unit_of_work() as uow:
            received = await uow.inbox.receive(events, now=self._clock.now())
            await uow.commit()
        return [received[event.id] for event in events]

    async def _mark_handled(self, event_ids: Sequence[str]) -> list[None]:
        async with self._unit_of_work() as uow:
            await uow.inbox.handled(event_ids, now=self._clock.now())
            await uow.commit()
        return [None] * len(event_ids)

    async def _note(self, event: PaymentEvent, error: Exception) -> None:
        try:
            async with self._unit_of_work() as uow:
                await uow.inbox.failed(event.id, error=f"{type(error).__name__}: {error}")
                await uow.commit()
        except (StorageUnavailable, StorageConflict) as failure:
            log.warning("The failure of event %s is not kept: %s", event.id, failure)
