"""Bringing an order in line with what the payment provider says of its session.

Every road to completion or release ends here: the success redirect, webhooks, the sweeper, the buyer's cancel. The
order's row is locked, so callers in parallel, or twice, do nothing the second time (P1-010).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.handover import HandOver
from application.outbox import OutboxTask, TaskKind
from application.ports.payment import PaymentSession, SessionStatus
from application.ports.storage import UnitOfWork, UnitOfWorkFactory
from application.ports.system import Clock, Ids
from application.ports.watching import OrderObserver
from application.reminders import reminder_of
from domain.catalog import Show
from domain.errors import NotFound, PaymentMismatch
from domain.orders import PAID, RELEASED, IssueTicket, Order, OrderEvent, OrderStatus, Receipt
from domain.refunds import Refund
from domain.stock import Stock

log = logging.getLogger(__name__)

#: What must happen after an order got into a status by its payment.
_FOLLOW_UPS = {
    OrderStatus.COMPLETED: (TaskKind.CONFIRMATION_MAIL, TaskKind.DESCRIBE_TRANSFER),
    OrderStatus.REFUNDED: (TaskKind.SUBMIT_REFUNDS, TaskKind.LATE_PAYMENT_MAIL),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is decided by, as the transaction sees it; ``stock`` may be changed."""

    show: Show
    stock: Stock
    now: datetime


Decision = Callable[[Order, Scene], Order]


class Settlement:
    """Changes one order under lock, and writes down what must follow from the change."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        ids: Ids,
        issue: IssueTicket,
        hand_over: HandOver,
        observer: OrderObserver,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._issue = issue
        self._hand_over = hand_over
        self._observer = observer

    async def settle(
        self, order_id: UUID, session: PaymentSession, *, release_as: OrderEvent = OrderEvent.SESSION_EXPIRED
    ) -> Order:
        """The order as the freshly fetched ``session`` makes it; ``release_as`` says why an expired session ended.

        Money for which there is no ticket, and money that is not what the order costs, is given back. Raises
        NotFound, StorageUnavailable.
        """

        def decide(order: Order, scene: Scene) -> Order:
            if session.receipt is not None:
                return self._paid(order, session.receipt, scene)
            if session.status is SessionStatus.COMPLETE and order.status is OrderStatus.PENDING:
                return order.awaiting_delayed_payment()
            if session.status is SessionStatus.FAILED and order.holds_tickets:
                return order.released(OrderEvent.PAYMENT_FAILED, scene.stock)
            if session.status is SessionStatus.EXPIRED and order.holds_tickets:
                return order.released(release_as, scene.stock)
            return order

        return await self._change(order_id, decide)

    async def release(self, order_id: UUID, event: OrderEvent) -> Order:
        """Give back the hold of an order that has no session to be paid in.

        Its Idempotency-Key is free again: a stored failure must not block a retry. Raises NotFound.
        """

        def decide(order: Order, scene: Scene) -> Order:
            return replace(order.released(event, scene.stock), idempotency=None) if order.holds_tickets else order

        return await self._change(order_id, decide)

    def _paid(self, order: Order, receipt: Receipt, scene: Scene) -> Order:
        if order.status in PAID:
            if receipt.payment_intent_id != order.payment_intent_id:
                log.error("Order %s was paid again by %s: give it back", order.id, receipt.payment_intent_id)
            return order
        # A hold is kept even past the end of the show; nobody pays for one that was called off.
        if scene.show.cancelled or (order.status in RELEASED and not self._still_to_be_had(order, scene)):
            return self._returned(order, receipt, scene.stock)
        try:
            return order.completed(receipt, scene.stock, issue=self._issue, now=scene.now)
        except PaymentMismatch as mismatch:
            # Not what the order costs: no ticket for it, and the money goes back. An operator must find out why.
            log.error("%s; it is given back", mismatch)  # noqa: TRY400
            return self._returned(order, receipt, scene.stock)

    def _still_to_be_had(self, order: Order, scene: Scene) -> bool:
        return scene.show.takes_place_after(scene.now) and scene.stock.has(order.lines)

    def _returned(self, order: Order, receipt: Receipt, stock: Stock) -> Order:
        released = order.released(OrderEvent.PAYMENT_FAILED, stock) if order.holds_tickets else order
        return released.late_payment_returned(receipt)

    async def decline(self, order_id: UUID, reason: str) -> Order:
        """The card was refused; the order stays payable, and its page says why. Raises NotFound."""

        def decide(order: Order, scene: Scene) -> Order:  # noqa: ARG001
            return order.declined(reason) if order.status is OrderStatus.PENDING else order

        return await self._change(order_id, decide)

    async def dispute(self, order_id: UUID, event: OrderEvent) -> Order:
        """DISPUTE_OPENED flags the order, DISPUTE_WON ends that, DISPUTE_LOST voids its attendees. Raises NotFound."""

        def decide(order: Order, scene: Scene) -> Order:  # noqa: ARG001
            disputed = order.dispute(event) if order.status in PAID else order
            return order if disputed == order else disputed

        return await self._change(order_id, decide)

    async def _change(self, order_id: UUID, decide: Decision) -> Order:
        started = time.perf_counter()
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            order = (await uow.orders.lock([order_id])).get(order_id)
            if order is None:
                raise NotFound("No such order")
            stock = await uow.sales.lock_stock([order])
            show = await uow.catalog.show(order.show_id)
            if show is None:
                raise NotFound("No such show")
            changed = decide(order, Scene(show, stock, now))
            if changed is order:
                return order
            moved = changed.status is not order.status
            tasks = await self._follow_up(uow, changed, now) if moved else []
            await uow.orders.save([changed])
            await uow.sales.save(stock)
            if moved and changed.status is OrderStatus.REFUNDED:
                await uow.refunds.add(self._return_of(changed, now))
            await uow.outbox.add(tasks)
            await uow.commit()
        log.info(
            "Order %s went from %s to %s in %.2fs",
            order.id,
            order.status,
            changed.status,
            time.perf_counter() - started,
        )
        if moved:
            self._observer.settled(changed.status)
        self._hand_over(tasks)
        return changed

    def _return_of(self, order: Order, now: datetime) -> Refund:
        return Refund(
            id=self._ids.new(),
            order_id=order.id,
            sequence=1,
            amount=order.amount_paid,
            refund_fees=True,
            reason="paid when the tickets were no longer held",
            created_at=now,
        )

    async def _follow_up(self, uow: UnitOfWork, changed: Order, now: datetime) -> list[OutboxTask]:
        kinds = _FOLLOW_UPS.get(changed.status, ())
        tasks = [OutboxTask(id=self._ids.new(), kind=kind, order_id=changed.id, due_at=now) for kind in kinds]
        if changed.status is OrderStatus.COMPLETED and (show := await uow.catalog.show(changed.show_id)):
            tasks += reminder_of(changed.id, show, ids=self._ids, now=now)
        return tasks
