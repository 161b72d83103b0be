"""Use case: apply Stripe's status of a refund."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from application.notifications.refund import refund_failed_mail, refund_mail
from application.ports.payment import RefundState
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.disputes import is_contested
from domain.errors import NotFound
from domain.orders import Order
from domain.refunds import (
    FAILED_STATUSES,
    Refund,
    RefundStatus,
    left_to_refund,
    outstanding,
)
from domain.tasks import TaskKind

log = logging.getLogger(__name__)


class SyncRefundStatus:
    """Applies Stripe's status of a refund: one of ours, or one made in Stripe's dashboard. If that was the last of the
    money, the order is refunded (domain/refunds.py).
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(self, state: RefundState) -> None:
        """Apply the status. Raises NotFound if the refund's payment is not of one of our orders."""
        async with self._unit_of_work() as uow:
            order_id = await uow.orders.id_of_intent(state.payment_intent_id) if state.payment_intent_id else None
            if order_id is None:
                raise NotFound("No order belongs to this refund")
            order = (await uow.orders.lock([order_id]))[order_id]
            known = await uow.refunds.of_order(order_id)
            refund = next((r for r in known if state.provider_refund_id == r.provider_refund_id), None) or next(
                (r for r in known if state.refund_id == r.id), None
            )
            if refund is None:
                refund = self._made_by_hand(order, state, sequence=len(known) + 1)
                await uow.refunds.add(refund)
            followed = refund.with_status(state.status, state.provider_refund_id, state.failure_reason)
            order = await store_status(uow, order, refund, followed, ids=self._ids, now=self._clock.now())
            if followed.made_by_provider and order.success:
                disputes = await uow.disputes.of_order(order_id)
                if not left_to_refund(order, disputes):
                    await self._void(uow, order, followed)
            await uow.commit()
        if state.status in FAILED_STATUSES:
            log.error("Refund %s of order %s %s: %s", refund.id, order_id, state.status, state.failure_reason)
        else:
            log.info("Refund %s of order %s is %s at Stripe", refund.id, order_id, state.status)

    def _made_by_hand(self, order: Order, state: RefundState, *, sequence: int) -> Refund:
        return Refund(
            id=self._ids.new(),
            order_id=order.id,
            sequence=sequence,
            amount=state.amount,
            refund_fees=False,
            reason="made at Stripe",
            created_at=self._clock.now(),
            made_by_provider=True,
        )

    async def _void(self, uow: UnitOfWork, order: Order, refund: Refund) -> None:
        """Void the order, whose tickets are no longer paid for.

        The buyer gets a mail; the order's other waiting tasks find that and do nothing.
        """
        stock = await uow.inventory.lock_stock([order])
        await uow.orders.save([order.refunded(None, stock, restock=True)])
        await uow.inventory.save(stock)
        await uow.outbox.add([refund_mail(order.id, refund, ids=self._ids, now=self._clock.now())])


async def store_status(
    uow: UnitOfWork, order: Order, before: Refund, after: Refund, *, ids: Ids, now: datetime
) -> Order:
    """Store the refund's present status for the locked order, with what follows from it. Returns the order after that.

    The buyer gets a mail about a refund that counted as refused but was made after all, unless a mail about it is
    already waiting, and about one that their bank did not accept.
    """
    if after.status is not before.status:
        after = replace(after, changed_at=now)
    await uow.refunds.save(after)
    order = await refresh_refunded_amount(uow, order)
    if after.is_effective and not before.is_effective and order.attendees:
        mail = refund_mail(order.id, after, ids=ids, now=now)
        if not await uow.outbox.is_pending(order.id, mail.kind, mail.details):
            await uow.outbox.add([mail])
    if before.is_effective and not after.is_effective and after.provider_refund_id is not None:
        refunds, disputes = await uow.refunds.of_order(order.id), await uow.disputes.of_order(order.id)
        if outstanding(order, refunds, refund_fees=after.refund_fees, disputes=disputes):
            await uow.outbox.add([refund_failed_mail(order.id, after, ids=ids, now=now)])
    await drop_settled_submissions(uow, order)
    return order


async def drop_settled_submissions(uow: UnitOfWork, order: Order) -> None:
    """Discard dead tasks that would give back money that is no longer owed."""
    refunds, disputes = await uow.refunds.of_order(order.id), await uow.disputes.of_order(order.id)
    waiting = any(refund.status is RefundStatus.REQUESTED for refund in refunds)
    if waiting or is_contested(order, disputes) or outstanding(order, refunds, refund_fees=False, disputes=disputes):
        return
    await uow.outbox.discard_dead(order.id, TaskKind.SUBMIT_REFUNDS)


async def refresh_refunded_amount(uow: UnitOfWork, order: Order) -> Order:
    """Store how much of the locked order's money has gone back or is on its way. Returns the order with it."""
    returned = sum(refund.amount for refund in await uow.refunds.of_order(order.id) if refund.is_effective)
    recounted = replace(order, refunded_amount=min(returned, order.amount_paid))
    if recounted != order:
        await uow.orders.save([recounted])
    return recounted
