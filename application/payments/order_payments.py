"""Applying the state of a payment session to its order.

Every path to completion or release ends here: the success redirect, webhooks, the sweeper, the buyer's cancel. The
order's row is locked, so a parallel or repeated call changes nothing the second time (P1-010).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from application.concurrency.group_commit import GroupCommit, decide_with
from application.concurrency.retry import retry_on_conflict
from application.notifications.reminder_task import reminder_of
from application.payments.duplicate_payments import return_task
from application.ports.metrics import OrderMetrics
from application.ports.payment import PaymentEvent, PaymentSession, SessionStatus
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWork, UnitOfWorkFactory
from domain.catalog import Show
from domain.duplicate_payments import DuplicatePayment
from domain.errors import DomainError, NotFound, PaymentMismatch
from domain.orders import PAID, RELEASED, IssueTicket, Order, OrderEvent, OrderStatus, Receipt
from domain.refunds import Refund
from domain.stock import Stock
from domain.tasks import OutboxTask, TaskKind

log = logging.getLogger(__name__)

#: The tasks that follow when an order gets a status by its payment.
_FOLLOW_UPS = {
    OrderStatus.COMPLETED: (TaskKind.CONFIRMATION_MAIL, TaskKind.DESCRIBE_TRANSFER),
    OrderStatus.REFUNDED: (TaskKind.SUBMIT_REFUNDS, TaskKind.LATE_PAYMENT_MAIL),
}


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """The data for a decision, as the transaction sees it; a decision may change ``stock``, and add to
    ``duplicates``.
    """

    show: Show
    stock: Stock
    now: datetime
    duplicates: list[DuplicatePayment]


#: At a time in one process. Few, so changes gather; more than one, so a transaction that waits for a lock does not
#: delay all others.
MAX_TRANSACTIONS: Final = 2

Decision = Callable[[Order, DecisionContext], Order]


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A change of an order, decided when the order is locked. ``source_event`` is the event that requested it."""

    order_id: UUID
    decide: Decision
    source_event: PaymentEvent | None = None


class OrderPayments:
    """Changes orders under lock, and writes the tasks that follow. Simultaneous changes share one transaction: payments
    of a hot show come as fast as its checkouts.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        ids: Ids,
        issue: IssueTicket,
        metrics: OrderMetrics,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._issue = issue
        self._metrics = metrics
        self._line: GroupCommit[UUID, OrderChange, Order] = GroupCommit(
            decide_with(self._apply_batch), max_in_flight=MAX_TRANSACTIONS
        )

    async def apply_session(
        self,
        order_id: UUID,
        session: PaymentSession,
        *,
        release_as: OrderEvent = OrderEvent.SESSION_EXPIRED,
        source_event: PaymentEvent | None = None,
    ) -> Order:
        """The order after applying the freshly fetched ``session``; ``release_as`` is why an expired session ended.

        ``source_event`` is marked handled in the same transaction. Money without a ticket for it, or that is not the
        order's price, is given back. Raises NotFound, StorageUnavailable.
        """

        def decide(order: Order, scene: DecisionContext) -> Order:
            if session.receipt is not None:
                return self._paid(order, session.id, session.receipt, scene)
            if session.status is SessionStatus.COMPLETE and order.status is OrderStatus.PENDING:
                return order.awaiting_delayed_payment()
            if session.status is SessionStatus.FAILED and order.holds_tickets:
                return order.released(OrderEvent.PAYMENT_FAILED, scene.stock)
            if session.status is SessionStatus.EXPIRED and order.holds_tickets:
                return order.released(release_as, scene.stock)
            return order

        return await self._change(order_id, decide, source_event)

    async def release(self, order_id: UUID, event: OrderEvent) -> Order:
        """Release the hold of an order that has no session.

        Its Idempotency-Key is free again: a stored failure must not block a retry. Raises NotFound.
        """

        def decide(order: Order, scene: DecisionContext) -> Order:
            return replace(order.released(event, scene.stock), idempotency=None) if order.holds_tickets else order

        return await self._change(order_id, decide)

    def _paid(self, order: Order, session_id: str, receipt: Receipt, scene: DecisionContext) -> Order:
        if order.status in PAID:
            if receipt.payment_intent_id not in (None, order.payment_intent_id):
                scene.duplicates.append(_duplicate(order, receipt, scene.now))
            return order
        # Later events of this session then find a paid order, and need no call.
        order = order.with_session(session_id, order.checkout_url)
        # A buyer must not pay for a show that was cancelled or is over: a delayed method's money may come days later.
        released_and_gone = order.status in RELEASED and not scene.stock.has(order.lines)
        if order.unwanted or released_and_gone or not scene.show.takes_place_after(scene.now):
            return self._returned(order, receipt, scene.stock)
        try:
            return order.completed(receipt, scene.stock, issue=self._issue, now=scene.now)
        except PaymentMismatch as mismatch:
            # Not the order's price: no ticket for it, and the money goes back. An operator must find out why.
            log.error("%s; it is given back", mismatch)  # noqa: TRY400
            return self._returned(order, receipt, scene.stock)

    async def give_up(self, order_id: UUID) -> Order:
        """Cancel an order whose payment is on its way: its hold is free, and the money goes back when it comes.

        Raises NotFound.
        """

        def decide(order: Order, scene: DecisionContext) -> Order:
            return order.given_up(scene.stock) if order.status is OrderStatus.PROCESSING else order

        return await self._change(order_id, decide)

    def _returned(self, order: Order, receipt: Receipt, stock: Stock) -> Order:
        released = order.released(OrderEvent.PAYMENT_FAILED, stock) if order.holds_tickets else order
        return released.late_payment_returned(receipt)

    async def decline(self, order_id: UUID, reason: str) -> Order:
        """Record that the card was refused; the order stays payable, and its page says why. Raises NotFound."""

        def decide(order: Order, scene: DecisionContext) -> Order:  # noqa: ARG001
            return order.declined(reason) if order.status is OrderStatus.PENDING else order

        return await self._change(order_id, decide)

    async def _change(self, order_id: UUID, decide: Decision, source_event: PaymentEvent | None = None) -> Order:
        return await self._line.submit(order_id, OrderChange(order_id, decide, source_event))

    async def _apply_batch(self, changes: Sequence[OrderChange]) -> list[Order | Exception]:
        try:
            return await retry_on_conflict(lambda: self._transact(changes))
        except (StorageUnavailable, StorageConflict):
            raise
        except Exception:
            if len(changes) == 1:
                raise
            log.exception("%d orders could not be changed together; each is changed alone", len(changes))
            return [await self._change_alone(change) for change in changes]

    async def _change_alone(self, change: OrderChange) -> Order | Exception:
        try:
            [outcome] = await retry_on_conflict(lambda: self._transact([change]))
        except Exception as error:  # noqa: BLE001  # its caller gets it
            return error
        return outcome

    async def _transact(self, changes: Sequence[OrderChange]) -> list[Order | Exception]:
        started = time.perf_counter()
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            sold = await uow.inventory.lock_orders({change.order_id for change in changes})
            before, shows, stock = sold.orders, sold.shows, sold.stock
            after = dict(before)
            duplicates: list[DuplicatePayment] = []
            outcomes: list[Order | Exception] = []
            handled: list[PaymentEvent] = []
            for change in changes:
                order = after.get(change.order_id)
                scene = DecisionContext(shows[order.show_id], stock, now, duplicates) if order else None
                outcome = self._decide(change, order, scene)
                if isinstance(outcome, Order):
                    after[change.order_id] = outcome
                    handled += [change.source_event] if change.source_event else []
                outcomes.append(outcome)
            changed = [order for order_id, order in after.items() if order is not before[order_id]]
            moved = [order for order in changed if order.status is not before[order.id].status]
            if changed:
                await uow.orders.save(changed)
                await uow.inventory.save(stock)
                for order in moved:
                    if order.status is OrderStatus.REFUNDED:
                        await uow.refunds.add(self._return_of(order, now))
                await uow.outbox.add(
                    [task for order in moved for task in self._tasks_after(order, shows[order.show_id], now)]
                )
            if duplicates:
                await self._keep_duplicates(uow, duplicates, now)
            if handled:
                await uow.inbox.handled(handled, now=now)
            if changed or handled or duplicates:
                await uow.commit()
        for order in moved:
            log.info(
                "Order %s went from %s to %s in %.2fs",
                order.id,
                before[order.id].status,
                order.status,
                time.perf_counter() - started,
            )
            self._metrics.status_reached(order.status)
        return outcomes

    def _decide(self, change: OrderChange, order: Order | None, scene: DecisionContext | None) -> Order | Exception:
        if order is None or scene is None:
            return NotFound("No such order")
        try:
            with scene.stock.all_or_nothing():
                return change.decide(order, scene)
        except DomainError as refusal:
            return refusal

    async def _keep_duplicates(self, uow: UnitOfWork, duplicates: Sequence[DuplicatePayment], now: datetime) -> None:
        """Remember each payment once, and write down that it goes back."""
        new = await uow.duplicate_payments.add(duplicates)
        for duplicate in new:
            log.warning("Order %s was paid again by %s", duplicate.order_id, duplicate.payment_intent_id)
        await uow.outbox.add([return_task(duplicate, ids=self._ids, due_at=now) for duplicate in new])

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

    def _tasks_after(self, changed: Order, show: Show, now: datetime) -> list[OutboxTask]:
        kinds = _FOLLOW_UPS.get(changed.status, ())
        tasks = [OutboxTask(id=self._ids.new(), kind=kind, order_id=changed.id, due_at=now) for kind in kinds]
        if changed.status is OrderStatus.COMPLETED:
            tasks += reminder_of(changed.id, show, ids=self._ids, now=now)
        return tasks


def _duplicate(order: Order, receipt: Receipt, now: datetime) -> DuplicatePayment:
    return DuplicatePayment(
        payment_intent_id=receipt.payment_intent_id or "",
        order_id=order.id,
        amount=receipt.amount,
        currency=receipt.currency.upper(),
        received_at=now,
    )
