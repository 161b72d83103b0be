"""Use cases: give money back, and follow it until it is there."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.access import Actor
from application.audit import Action
from application.audit_trail import AuditTrail
from application.handover import HandOver
from application.outbox import OutboxTask, TaskKind
from application.ownership import own_order
from application.ports.payment import Payment, PaymentRefused, RefundState
from application.ports.storage import UnitOfWork, UnitOfWorkFactory
from application.ports.system import Clock, Ids
from application.refund_mail import refund_failed_mail, refund_mail
from application.tasks import TaskHopeless
from domain.disputes import is_contested
from domain.errors import InvalidRequest, NotFound
from domain.orders import Order
from domain.policy import CheckoutPolicy
from domain.refunds import (
    LOST,
    Refund,
    RefundRequest,
    RefundShares,
    RefundStatus,
    decide_refund,
    left_to_refund,
    owed,
    shares_of,
)

log = logging.getLogger(__name__)

MAX_REASON_LENGTH = 500


class RefundOrder:
    """A producer gives money back: for the whole order or for some of its attendees."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, hand_over: HandOver) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._hand_over = hand_over
        self._audit = AuditTrail(clock, ids)

    async def __call__(
        self,
        order_id: UUID,
        *,
        by: Actor | None = None,
        attendee_ids: Collection[UUID] | None = None,
        restock: bool = True,
        refund_fees: bool = True,
        reason: str = "",
    ) -> tuple[Order, Refund | None]:
        """The order with the attendees void, and the refund on its way (None where nothing was paid).

        What a manual order cost was paid from hand to hand and goes back so: its refund is a record that Stripe
        knows nothing of. Where an earlier refund was lost, what is owed for tickets that are void already is given back
        with the rest. ``by`` may refund only their own orders. Raises NotFound, InvalidRequest, and Conflict where
        ``decide_refund`` refuses it.
        """
        if len(reason) > MAX_REASON_LENGTH or "\x00" in reason:
            raise InvalidRequest(f"reason must have at most {MAX_REASON_LENGTH} characters", field="reason")
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            if by:
                await own_order(uow, by, order_id)
            order = (await uow.orders.lock([order_id])).get(order_id)
            if order is None:
                raise NotFound("No such order")
            stock = await uow.sales.lock_stock([order])
            earlier = await uow.refunds.of_order(order.id)
            disputes = await uow.disputes.of_order(order.id)
            decision = decide_refund(order, earlier, _request(attendee_ids, refund_fees), disputes=disputes)
            changed = decision.order
            if decision.voided:
                voided = order.refunded(decision.voided, stock, restock=restock)
                changed = replace(voided, refunded_amount=decision.order.refunded_amount)
            refund = None
            if decision.amount:
                refund = Refund(
                    id=self._ids.new(),
                    order_id=order.id,
                    sequence=len(earlier) + 1,
                    amount=decision.amount,
                    refund_fees=refund_fees,
                    reason=reason,
                    created_at=now,
                    status=RefundStatus.SUCCEEDED if order.is_manual_order else RefundStatus.REQUESTED,
                )
            tasks = self._follow_up(changed, refund, now)
            await uow.orders.save([changed])
            await uow.sales.save(stock)
            if refund:
                await uow.refunds.add(refund)
            await uow.outbox.add(tasks)
            if by:
                facts = {"tickets": len(decision.voided), "amount": decision.amount, "restock": restock}
                await self._audit.record(uow, by, Action.ORDER_REFUNDED, order.id, show_id=order.show_id, after=facts)
            await uow.commit()
        self._hand_over(tasks)
        return changed, refund

    def _follow_up(self, order: Order, refund: Refund | None, now: datetime) -> list[OutboxTask]:
        if order.is_manual_order:
            return [refund_mail(order.id, None, ids=self._ids, now=now)]  # of the money they know from the counter
        mail = refund_mail(order.id, refund, ids=self._ids, now=now)
        if refund is None:
            return [mail]
        submit = OutboxTask(id=self._ids.new(), kind=TaskKind.SUBMIT_REFUNDS, order_id=order.id, due_at=now)
        return [mail, submit]


def _request(attendee_ids: Collection[UUID] | None, refund_fees: bool) -> RefundRequest:
    chosen = None if attendee_ids is None else frozenset(attendee_ids)
    return RefundRequest(attendee_ids=chosen, refund_fees=refund_fees)


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What a refund would do: the order as it would be, whose tickets it would make void, and who would bear what."""

    after: Order
    attendee_ids: frozenset[UUID]
    shares: RefundShares


class PreviewRefund:
    """What RefundOrder would do with the same words. Nothing is changed."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, policy: CheckoutPolicy) -> None:
        self._unit_of_work = unit_of_work
        self._policy = policy

    async def __call__(
        self, actor: Actor, order_id: UUID, *, attendee_ids: Collection[UUID] | None = None, refund_fees: bool = True
    ) -> RefundPreview:
        """Raises NotFound, and Conflict where the refund would be refused."""
        async with self._unit_of_work() as uow:
            order = await own_order(uow, actor, order_id)
            earlier = await uow.refunds.of_order(order_id)
            disputes = await uow.disputes.of_order(order_id)
        decision = decide_refund(order, earlier, _request(attendee_ids, refund_fees), disputes=disputes)
        shares = shares_of(
            order, decision.amount, refund_fees=refund_fees, earlier=earlier, policy=self._policy, disputes=disputes
        )
        return RefundPreview(decision.order, decision.voided, shares)


class SubmitRefunds:
    """Handler of TaskKind.SUBMIT_REFUNDS: tells Stripe of an order's refunds that it has not heard of."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._clock = clock
        self._ids = ids

    async def __call__(self, task: OutboxTask) -> None:
        """An operator who revives the task after Stripe refused, starts another refund of what is owed.

        Raises TaskHopeless when Stripe refuses one for good, PaymentUnavailable when it is away.
        """
        if task.was_revived:
            await self._start_again(task.order_id)
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(task.order_id)
            refunds = await uow.refunds.of_order(task.order_id)
        for refund in refunds:
            if order is None or refund.status is not RefundStatus.REQUESTED:
                continue
            try:
                state = await self._payment.refund(order, refund)
            except PaymentRefused as refusal:
                await self._follow(order.id, refund.id, refund.refused(str(refusal)))
                raise TaskHopeless(str(refusal)) from refusal
            await self._follow(
                order.id, refund.id, refund.followed(state.status, state.stripe_refund_id, state.failure_reason)
            )

    async def _start_again(self, order_id: UUID) -> None:
        async with self._unit_of_work() as uow:
            order = (await uow.orders.lock([order_id])).get(order_id)
            earlier = await uow.refunds.of_order(order_id)
            disputes = await uow.disputes.of_order(order_id)
            lost = [refund for refund in earlier if not refund.counts]
            if order is None or not lost:
                return
            amount = owed(order, earlier, refund_fees=lost[-1].refund_fees, disputes=disputes)
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
            await recount(uow, order)
            await uow.outbox.add([refund_mail(order_id, again, ids=self._ids, now=now)])
            await uow.commit()

    async def _follow(self, order_id: UUID, refund_id: UUID, followed: Refund) -> None:
        async with self._unit_of_work() as uow:
            order = (await uow.orders.lock([order_id]))[order_id]
            current = next(r for r in await uow.refunds.of_order(order_id) if r.id == refund_id)
            if current.status is RefundStatus.REQUESTED:  # else an event was quicker, and knows better
                await store_status(uow, order, current, followed, ids=self._ids, now=self._clock.now())
            await uow.commit()


class FollowRefund:
    """What Stripe says of a refund: one of ours, or one that was made by hand in Stripe's dashboard. When that was the
    last of the money, the order is refunded (domain/refunds.py).
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(self, state: RefundState) -> None:
        """Raises NotFound when no order of ours was paid by the refund's payment."""
        async with self._unit_of_work() as uow:
            order_id = await uow.orders.id_of_intent(state.payment_intent_id) if state.payment_intent_id else None
            if order_id is None:
                raise NotFound("No order belongs to this refund")
            order = (await uow.orders.lock([order_id]))[order_id]
            known = await uow.refunds.of_order(order_id)
            refund = next((r for r in known if state.stripe_refund_id == r.stripe_refund_id), None) or next(
                (r for r in known if state.refund_id == r.id), None
            )
            if refund is None:
                refund = self._made_by_hand(order, state, sequence=len(known) + 1)
                await uow.refunds.add(refund)
            followed = refund.followed(state.status, state.stripe_refund_id, state.failure_reason)
            order = await store_status(uow, order, refund, followed, ids=self._ids, now=self._clock.now())
            if followed.made_at_stripe and order.success:
                disputes = await uow.disputes.of_order(order_id)
                if not left_to_refund(order, disputes):
                    await self._void(uow, order, followed)
            await uow.commit()
        if state.status in LOST:
            log.error("Refund %s of order %s %s: %s", refund.id, order_id, state.status, state.failure_reason)

    def _made_by_hand(self, order: Order, state: RefundState, *, sequence: int) -> Refund:
        return Refund(
            id=self._ids.new(),
            order_id=order.id,
            sequence=sequence,
            amount=state.amount,
            refund_fees=False,
            reason="made at Stripe",
            created_at=self._clock.now(),
            made_at_stripe=True,
        )

    async def _void(self, uow: UnitOfWork, order: Order, refund: Refund) -> None:
        """No ticket is paid for any more. The buyer is told; what else waits for the order drops itself."""
        stock = await uow.sales.lock_stock([order])
        await uow.orders.save([order.refunded(None, stock, restock=True)])
        await uow.sales.save(stock)
        await uow.outbox.add([refund_mail(order.id, refund, ids=self._ids, now=self._clock.now())])


async def store_status(
    uow: UnitOfWork, order: Order, before: Refund, after: Refund, *, ids: Ids, now: datetime
) -> Order:
    """Write down how a refund of the locked order stands now, and what follows from that; the order as it is then.

    The buyer hears of a refund that was taken for refused and was made after all, unless a mail about it is waiting
    anyway, and of one that their bank did not take.
    """
    await uow.refunds.save(after)
    order = await recount(uow, order)
    if after.counts and not before.counts and order.attendees:
        mail = refund_mail(order.id, after, ids=ids, now=now)
        if not await uow.outbox.is_pending(order.id, mail.kind, mail.details):
            await uow.outbox.add([mail])
    if before.counts and not after.counts and after.stripe_refund_id is not None:
        refunds, disputes = await uow.refunds.of_order(order.id), await uow.disputes.of_order(order.id)
        if owed(order, refunds, refund_fees=after.refund_fees, disputes=disputes):
            await uow.outbox.add([refund_failed_mail(order.id, after, ids=ids, now=now)])
    await drop_settled_submissions(uow, order)
    return order


async def drop_settled_submissions(uow: UnitOfWork, order: Order) -> None:
    """Tasks that were given up, and would give back what is not owed any more, have nothing left to do."""
    refunds, disputes = await uow.refunds.of_order(order.id), await uow.disputes.of_order(order.id)
    waiting = any(refund.status is RefundStatus.REQUESTED for refund in refunds)
    if waiting or is_contested(order, disputes) or owed(order, refunds, refund_fees=False, disputes=disputes):
        return
    await uow.outbox.settle(order.id, TaskKind.SUBMIT_REFUNDS)


async def recount(uow: UnitOfWork, order: Order) -> Order:
    """The locked order, with how much of it is on its way back to the buyer, or there, written down."""
    returned = sum(refund.amount for refund in await uow.refunds.of_order(order.id) if refund.counts)
    recounted = replace(order, refunded_amount=min(returned, order.amount_paid))
    if recounted != order:
        await uow.orders.save([recounted])
    return recounted
