"""Use cases: a second payment of an order goes back automatically, and its buyer is informed.

What the buyer's bank took of it comes out of the producer's transfer instead (domain/duplicate_payments.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from application.formatting import price
from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.orders.details import order_details
from application.ports.emails import DuplicatePaymentFacts
from application.ports.payment import Payment, PaymentRefused, RefundState
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tasks.run import PermanentTaskError
from domain.duplicate_payments import DuplicatePayment
from domain.money import currency
from domain.orders import Order
from domain.tasks import OutboxTask, TaskKind

log = logging.getLogger(__name__)

_PAYMENT_INTENT_ID: Final = "payment_intent_id"
#: A refund that the buyer's bank sent back is tried again after this: the account may be open again.
_AGAIN_AFTER: Final = timedelta(days=1)


def return_task(payment: DuplicatePayment, *, ids: Ids, due_at: datetime) -> OutboxTask:
    """The task to write with a duplicate payment."""
    return _task(TaskKind.RETURN_DUPLICATE_PAYMENT, payment, ids=ids, due_at=due_at)


def _task(kind: TaskKind, payment: DuplicatePayment, *, ids: Ids, due_at: datetime) -> OutboxTask:
    details = {_PAYMENT_INTENT_ID: payment.payment_intent_id}
    return OutboxTask(id=ids.new(), kind=kind, order_id=payment.order_id, due_at=due_at, details=details)


class ReturnDuplicatePayment:
    """Handler of TaskKind.RETURN_DUPLICATE_PAYMENT: gives back what is left of the payment, and takes from the producer
    what a bank took of it.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        payment: Payment,
        clock: Clock,
        ids: Ids,
        sync_duplicate_payment: SyncDuplicatePayment,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._clock = clock
        self._ids = ids
        self._sync_duplicate_payment = sync_duplicate_payment

    async def __call__(self, task: OutboxTask) -> None:
        """Give the money back. While a bank has it, there is nothing to do: its decision makes another task.

        Raises PermanentTaskError if Stripe refuses, PaymentUnavailable if it is away.
        """
        intent_id = task.details[_PAYMENT_INTENT_ID]
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(task.about_order)
            duplicate = await uow.duplicate_payments.get(intent_id)
        if order is None or duplicate is None or duplicate.contested:
            return
        try:
            if not duplicate.is_on_its_way:
                await self._return(order, duplicate)
            if duplicate.recovered < duplicate.taken:
                await self._recover(order, duplicate)
        except PaymentRefused as refusal:
            raise PermanentTaskError(str(refusal)) from refusal

    async def _return(self, order: Order, duplicate: DuplicatePayment) -> None:
        intent_id = duplicate.payment_intent_id
        try:
            refunds = await self._payment.return_payment(order, duplicate)
        except PaymentRefused as refusal:
            await self._refused(intent_id, str(refusal))
            if await self._sync_duplicate_payment.disputes(intent_id):
                return  # a bank has a part of it, or asks for it, and we had not heard of that
            raise
        async with self._unit_of_work() as uow:
            followed = await _follow(uow, intent_id, refunds)
            if followed and followed.is_on_its_way:
                mail = _task(TaskKind.DUPLICATE_PAYMENT_MAIL, followed, ids=self._ids, due_at=self._clock.now())
                await uow.outbox.add([mail])
            await uow.commit()

    async def _refused(self, intent_id: str, reason: str) -> None:
        async with self._unit_of_work() as uow:
            if duplicate := await uow.duplicate_payments.lock(intent_id):
                await uow.duplicate_payments.save(duplicate.refused(reason))
            await uow.commit()

    async def _recover(self, order: Order, duplicate: DuplicatePayment) -> None:
        recovered = await self._payment.recover_duplicate(order, duplicate)
        async with self._unit_of_work() as uow:
            if current := await uow.duplicate_payments.lock(duplicate.payment_intent_id):
                await uow.duplicate_payments.save(replace(current, recovered=recovered))
            await uow.commit()


class SyncDuplicatePayment:
    """Applies Stripe's state of a duplicate payment's refunds and disputes, whoever made them."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._clock = clock
        self._ids = ids

    async def refunds(self, intent_id: str) -> None:
        """Fetch its refunds again. A refund that the bank sent back is made again later. Raises PaymentUnavailable."""
        refunds = await self._payment.refunds_of_payment(intent_id)
        async with self._unit_of_work() as uow:
            before = await uow.duplicate_payments.lock(intent_id)
            followed = await _follow(uow, intent_id, refunds)
            if before and followed and followed.returns_lost > before.returns_lost:
                words = "A refund of order %s's duplicate payment %s failed: %s"
                log.error(words, followed.order_id, intent_id, followed.failure_reason)
                if followed.may_be_returned_again:
                    due_at = self._clock.now() + _AGAIN_AFTER
                    await uow.outbox.add([return_task(followed, ids=self._ids, due_at=due_at)])
            await uow.commit()

    async def disputes(self, intent_id: str) -> bool:
        """Fetch its disputes again. Money that the buyer's bank takes needs no refund; the rest does.

        Returns whether they brought news. Raises PaymentUnavailable.
        """
        disputes = await self._payment.disputes_of_payment(intent_id)
        refunds = await self._payment.refunds_of_payment(intent_id)
        taken = sum(dispute.lost for dispute in disputes)
        contested = any(dispute.is_contested for dispute in disputes)
        async with self._unit_of_work() as uow:
            before = await uow.duplicate_payments.lock(intent_id)
            after = before.with_disputes(taken=taken, contested=contested) if before else None
            if after is None or after == before:
                return False
            after = after.with_status(refund.made for refund in refunds)
            await uow.duplicate_payments.save(after)
            if not after.contested and not after.is_settled:
                await uow.outbox.add([return_task(after, ids=self._ids, due_at=self._clock.now())])
            await uow.commit()
            return True


async def _follow(uow: UnitOfWork, intent_id: str, refunds: Sequence[RefundState]) -> DuplicatePayment | None:
    duplicate = await uow.duplicate_payments.lock(intent_id)
    if duplicate is None:
        return None
    followed = duplicate.with_status(refund.made for refund in refunds)
    await uow.duplicate_payments.save(followed)
    return followed


class SendDuplicatePaymentEmail:
    """Handler of TaskKind.DUPLICATE_PAYMENT_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail. Raises what SendEmail raises."""
        async with self._unit_of_work() as uow:
            duplicate = await uow.duplicate_payments.get(task.details[_PAYMENT_INTENT_ID])
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None or duplicate is None or not duplicate.is_on_its_way:
            return
        amount = price(currency(duplicate.currency), duplicate.returned, found.display.show.locale)
        facts = DuplicatePaymentFacts(**order_facts(found, self._links), amount=amount)
        await self._send_email(task, found.order.customer, facts, reply_to=found.display.producer.email)
