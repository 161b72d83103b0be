"""Task: request an order's refunds from Stripe."""

from __future__ import annotations

import logging
from uuid import UUID

from application.notifications.refund import refund_mail
from application.ports.payment import Payment, PaymentRefused
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from application.refunds.refund_status import refresh_refunded_amount, store_status
from application.tasks.run import PermanentTaskError
from domain.refunds import (
    Refund,
    RefundStatus,
    outstanding,
)
from domain.tasks import OutboxTask

log = logging.getLogger(__name__)


class SubmitRefunds:
    """Handler of TaskKind.SUBMIT_REFUNDS: sends an order's new refunds to Stripe."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._clock = clock
        self._ids = ids

    async def __call__(self, task: OutboxTask) -> None:
        """Send the refunds. An operator who requeues the task after Stripe refused starts another refund of what is
        owed.

        Raises PermanentTaskError if Stripe refuses one for good, PaymentUnavailable if it is away.
        """
        if task.was_requeued:
            await self._start_again(task.about_order)
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(task.about_order)
            refunds = await uow.refunds.of_order(task.about_order)
        for refund in refunds:
            if order is None or refund.status is not RefundStatus.REQUESTED:
                continue
            try:
                state = await self._payment.refund(order, refund)
            except PaymentRefused as refusal:
                await self._follow(order.id, refund.id, refund.refused(str(refusal)))
                raise PermanentTaskError(str(refusal)) from refusal
            await self._follow(
                order.id, refund.id, refund.with_status(state.status, state.provider_refund_id, state.failure_reason)
            )

    async def _start_again(self, order_id: UUID) -> None:
        async with self._unit_of_work() as uow:
            order = (await uow.orders.lock([order_id])).get(order_id)
            earlier = await uow.refunds.of_order(order_id)
            disputes = await uow.disputes.of_order(order_id)
            lost = [refund for refund in earlier if not refund.is_effective]
            if order is None or not lost:
                return
            amount = outstanding(order, earlier, refund_fees=lost[-1].refund_fees, disputes=disputes)
            if not amount:
                return
            now = self._clock.now()
            again = Refund(
                id=self._ids.new(),
                order_id=order_id,
                sequence=len(earlier) + 1,
                amount=amount,
                refund_fees=lost[-1].refund_fees,
                reason=lost[-1].reason,
                created_at=now,
            )
            await uow.refunds.add(again)
            await refresh_refunded_amount(uow, order)
            await uow.outbox.add([refund_mail(order_id, again, ids=self._ids, now=now)])
            await uow.commit()

    async def _follow(self, order_id: UUID, refund_id: UUID, followed: Refund) -> None:
        async with self._unit_of_work() as uow:
            order = (await uow.orders.lock([order_id]))[order_id]
            current = next(r for r in await uow.refunds.of_order(order_id) if r.id == refund_id)
            if current.status is RefundStatus.REQUESTED:  # else an event came first, and has the newer status
                await store_status(uow, order, current, followed, ids=self._ids, now=self._clock.now())
            await uow.commit()
        log.info("Refund %s of order %s is %s at Stripe", refund_id, order_id, followed.status)
