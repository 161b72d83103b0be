"""Use cases: refund an order or some of its tickets, and preview a refund."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.notifications.refund import refund_mail
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import NotFound
from domain.orders import Order
from domain.policy import CheckoutPolicy
from domain.refunds import (
    Refund,
    RefundRequest,
    RefundShares,
    RefundStatus,
    check_reason,
    decide_refund,
    shares_of,
)
from domain.tasks import OutboxTask, TaskKind


class RefundOrder:
    """Refunds an order, or some of its attendees, for its producer."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

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
        """The order with the attendees void, and the refund on its way (None if nothing was paid).

        A manual order was paid from hand to hand and goes back the same way: its refund is a record that Stripe does
        not know. If an earlier refund was lost, what is owed for void tickets is given back with the rest. ``by`` may
        refund only their own orders. Raises NotFound, InvalidRequest, and Conflict if ``decide_refund`` refuses it.
        """
        check_reason(reason)
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            if by:
                await owned_order(uow, by, order_id)
            order = (await uow.orders.lock([order_id])).get(order_id)
            if order is None:
                raise NotFound("No such order")
            stock = await uow.inventory.lock_stock([order])
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
            tasks = self._tasks_after(changed, refund, now)
            await uow.orders.save([changed])
            await uow.inventory.save(stock)
            if refund:
                await uow.refunds.add(refund)
            await uow.outbox.add(tasks)
            if by:
                facts = {"tickets": len(decision.voided), "amount": decision.amount, "restock": restock}
                await self._audit.record(uow, by, Action.ORDER_REFUNDED, order.id, show_id=order.show_id, after=facts)
            await uow.commit()
        return changed, refund

    def _tasks_after(self, order: Order, refund: Refund | None, now: datetime) -> list[OutboxTask]:
        if order.is_manual_order:
            if not order.customer.has_address:
                return []
            return [refund_mail(order.id, None, ids=self._ids, now=now)]  # they know of the money from the counter
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
    """The effect of a refund: the order after it, whose tickets it would void, and who would bear it."""

    after: Order
    attendee_ids: frozenset[UUID]
    shares: RefundShares


class PreviewRefund:
    """The effect that RefundOrder would have with the same arguments. Nothing is changed."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, policy: CheckoutPolicy) -> None:
        self._unit_of_work = unit_of_work
        self._policy = policy

    async def __call__(
        self, actor: Actor, order_id: UUID, *, attendee_ids: Collection[UUID] | None = None, refund_fees: bool = True
    ) -> RefundPreview:
        """The preview. Raises NotFound, and Conflict if the refund would be refused."""
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, actor, order_id)
            earlier = await uow.refunds.of_order(order_id)
            disputes = await uow.disputes.of_order(order_id)
        decision = decide_refund(order, earlier, _request(attendee_ids, refund_fees), disputes=disputes)
        shares = shares_of(
            order, decision.amount, refund_fees=refund_fees, earlier=earlier, policy=self._policy, disputes=disputes
        )
        return RefundPreview(decision.order, decision.voided, shares)
