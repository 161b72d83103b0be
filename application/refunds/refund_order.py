"""Use cases: refund an order or some of its tickets, and preview a refund."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.notifications.refund import refund_mail
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import NotFound
from domain.exchanges import OrderMoney, RefundRows, payments_behind, refund_rows
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

log = logging.getLogger(__name__)


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
        not know. If an earlier refund was lost, what is owed for void tickets is given back with the rest. Of an order
        that was exchanged, its own payment goes back first, then that of the earlier order. ``by`` may refund only
        their own orders. Raises NotFound, InvalidRequest, and Conflict if ``decide_refund`` or ``refund_rows`` refuses
        it.
        """
        async with self._unit_of_work() as uow:
            refunded = await self.within(
                uow,
                order_id,
                by=by,
                attendee_ids=attendee_ids,
                restock=restock,
                refund_fees=refund_fees,
                reason=reason,
            )
            await uow.commit()
        order, refund = refunded
        log.info("Order %s is %s: %s", order.id, order.status, f"refund {refund.id}" if refund else "no refund")
        return refunded

    async def within(
        self,
        uow: UnitOfWork,
        order_id: UUID,
        *,
        by: Actor | None = None,
        attendee_ids: Collection[UUID] | None = None,
        restock: bool = True,
        refund_fees: bool = True,
        reason: str = "",
    ) -> tuple[Order, Refund | None]:
        """The same in a transaction of the caller's, who commits it."""
        check_reason(reason)
        now = self._clock.now()
        if by:
            await owned_order(uow, by, order_id)
        books = await money_of(uow, order_id, lock=True)
        order = books[0].order
        stock = await uow.inventory.lock_stock([order])
        request = _request(attendee_ids, refund_fees)
        decision = decide_refund(order, books[0].refunds, request, disputes=books[0].disputes)
        changed = decision.order
        if decision.voided:
            voided = order.refunded(decision.voided, stock, restock=restock)
            changed = replace(voided, refunded_amount=decision.order.refunded_amount)
        rows = refund_rows(
            books, decision.amount, refund_fees=refund_fees, reason=reason, now=now, new_id=self._ids.new
        )
        await uow.orders.save([changed])
        await uow.inventory.save(stock)
        await write_refunds(uow, rows)
        await uow.outbox.add(self._tasks_after(changed, rows, now))
        if by:
            facts = {"tickets": len(decision.voided), "amount": decision.amount, "restock": restock}
            await self._audit.record(uow, by, Action.ORDER_REFUNDED, order.id, show_id=order.show_id, after=facts)
        return changed, next(iter(rows.added), None)

    def _tasks_after(self, order: Order, rows: RefundRows, now: datetime) -> list[OutboxTask]:
        if order.is_manual_order:
            if not order.customer.has_address:
                return []
            return [refund_mail(order.id, ids=self._ids, now=now)]  # they know of the money from the counter
        refunds = [refund for refund in rows.added if refund.order_id == order.id]
        return [
            refund_mail(order.id, *refunds, ids=self._ids, now=now),
            *submissions(rows, ids=self._ids, now=now),
        ]


async def money_of(uow: UnitOfWork, order_id: UUID, *, lock: bool = False) -> list[OrderMoney]:
    """The order with its money, and then the orders whose payment counts as paid in it, the latest first.

    ``lock`` locks them in id order. Raises NotFound.
    """
    ids, found = [order_id], await uow.orders.get(order_id)
    while found is not None and found.exchange is not None and found.exchange.credit:
        ids.append(found.exchange.order_id)
        found = await uow.orders.get(found.exchange.order_id)
    orders = await (uow.orders.lock(ids) if lock else uow.orders.get_all(ids))
    if order_id not in orders:
        raise NotFound("No such order")
    refunds, disputes = await uow.refunds.of_orders(ids), await uow.disputes.of_orders(ids)
    return [OrderMoney(orders[id_], refunds.get(id_, []), disputes.get(id_, [])) for id_ in ids if id_ in orders]


def submissions(rows: RefundRows, *, ids: Ids, now: datetime) -> list[OutboxTask]:
    """The tasks that ask Stripe for these refunds: one for each order whose payment goes back."""
    asked = {each.order_id for each in (*rows.added, *rows.changed) if each.status is RefundStatus.REQUESTED}
    return [
        OutboxTask(id=ids.new(), kind=TaskKind.SUBMIT_REFUNDS, order_id=order_id, due_at=now)
        for order_id in sorted(asked)
    ]


async def write_refunds(uow: UnitOfWork, rows: RefundRows) -> None:
    """Add and save the refunds."""
    for refund in rows.changed:
        await uow.refunds.save(refund)
    for refund in rows.added:
        await uow.refunds.add(refund)


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
            await owned_order(uow, actor, order_id)
            books = await money_of(uow, order_id)
        order, earlier, disputes = books[0].order, books[0].refunds, books[0].disputes
        decision = decide_refund(order, earlier, _request(attendee_ids, refund_fees), disputes=disputes)
        now, amount = order.created_at, decision.amount
        refund_rows(books, amount, refund_fees=refund_fees, reason="", now=now, new_id=uuid4)  # it may refuse, too
        shares = shares_of(
            order,
            amount,
            refund_fees=refund_fees,
            earlier=earlier,
            policy=self._policy,
            disputes=disputes,
            payments=payments_behind(books, amount),
        )
        return RefundPreview(decision.order, decision.voided, shares)
