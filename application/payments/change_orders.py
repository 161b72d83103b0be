"""Changes orders under lock, and writes the tasks that follow. Simultaneous changes share one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from typing_extensions import override

from application.concurrency.group_commit import BatchDecider, GroupCommit, HandOver
from application.concurrency.retry import retry_on_conflict
from application.notifications.reminder_task import reminder_of
from application.payments.duplicate_payments import return_task
from application.ports.inventory import OrdersForUpdate
from application.ports.payment import PaymentEvent
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWork, UnitOfWorkFactory
from domain.catalog import Show
from domain.duplicate_payments import DuplicatePayment
from domain.errors import DomainError, NotFound
from domain.exchanges import OrderMoney, moved_payment, settled
from domain.orders import PAID, Order, OrderStatus
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
    """The data of a decision in one transaction. A decision may change ``stock``, and add to ``duplicates``.

    ``earlier`` are the orders that unpaid ones would replace, with their money; a decision may change them, too.
    ``moved`` are refunds that it adds to their books.
    """

    show: Show
    stock: Stock
    now: datetime
    duplicates: list[DuplicatePayment]
    earlier: dict[UUID, OrderMoney] = field(default_factory=dict)
    moved: list[Refund] = field(default_factory=list)
    new_id: Callable[[], UUID] = uuid4

    def exchange(self, new: Order) -> None:
        """Void the tickets that the paid order replaces, and move their payment. Raises Conflict if that cannot be."""
        if new.exchange is None:
            return
        books = self.earlier[new.exchange.order_id]
        order, record = (
            settled(new, books, self.stock),
            moved_payment(new, books.refunds, id=self.new_id(), now=self.now),
        )
        self.moved.extend([record] if record else [])
        self.earlier[order.id] = OrderMoney(order, [*books.refunds, *([record] if record else [])], books.disputes)


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


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """The order after a change; ``has_moved`` is whether the change brought it into another status."""

    order: Order
    has_moved: bool


class ChangeOrders(BatchDecider[OrderChange, ChangedOrder]):
    """Decides changes of orders together: payments of a hot show come as fast as its checkouts.

    An order changes, and its event is kept as handled, in one transaction or not at all.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    @override
    async def decide(self, requests: Sequence[OrderChange], hand_over: HandOver) -> list[ChangedOrder | Exception]:
        """The changed order or a refusal for each change. Raises StorageUnavailable, StorageConflict for all of them.

        Where the orders cannot be changed together, each is changed alone.
        """
        try:
            return await retry_on_conflict(lambda: self._transact(requests))
        except (StorageUnavailable, StorageConflict):
            raise
        except Exception:
            if len(requests) == 1:
                raise
            log.exception("%d orders could not be changed together; each is changed alone", len(requests))
            return [await self._change_alone(change) for change in requests]

    async def _change_alone(self, change: OrderChange) -> ChangedOrder | Exception:
        try:
            [outcome] = await retry_on_conflict(lambda: self._transact([change]))
        except Exception as error:  # noqa: BLE001  # its caller gets it
            return error
        return outcome

    async def _transact(
        self, changes: Sequence[OrderChange], earlier: frozenset[UUID] = frozenset()
    ) -> list[ChangedOrder | Exception]:
        """Decide the changes. ``earlier`` are the orders that some of them replace: they are locked with the others, in
        id order, once it is known which they are.
        """
        wanted = earlier.union(change.order_id for change in changes)
        async with self._unit_of_work() as uow:
            locked = await uow.inventory.lock_orders(wanted)
            unlocked = _replaced_by(locked.orders.values()) - wanted
            if not unlocked:
                return await self._change_all(uow, changes, locked)
        return await self._transact(changes, earlier | unlocked)

    async def _change_all(
        self, uow: UnitOfWork, changes: Sequence[OrderChange], locked: OrdersForUpdate
    ) -> list[ChangedOrder | Exception]:
        started = time.perf_counter()
        now = self._clock.now()
        before, shows, stock = locked.orders, locked.shows, locked.stock
        after = dict(before)
        duplicates: list[DuplicatePayment] = []
        outcomes: list[ChangedOrder | Exception] = []
        handled: list[PaymentEvent] = []
        replaced = [before[id_] for id_ in _replaced_by(before.values())]
        books = await _money_of(uow, replaced) if replaced else {}
        moves: list[Refund] = []
        for change in changes:
            order = after.get(change.order_id)
            context = (
                DecisionContext(shows[order.show_id], stock, now, duplicates, books, moves, self._ids.new)
                if order
                else None
            )
            outcome = self._decided(change, order, context)
            if isinstance(outcome, ChangedOrder):
                after[change.order_id] = outcome.order
                handled += [change.source_event] if change.source_event else []
            outcomes.append(outcome)
        changed = [order for order_id, order in after.items() if order is not before[order_id]]
        moved = [order for order in changed if order.status is not before[order.id].status]
        changed += [each.order for id_, each in books.items() if each.order is not before[id_]]
        if changed:
            await uow.orders.save(changed)
            await uow.inventory.save(stock)
            returned = [self._return_of(order, now) for order in moved if order.status is OrderStatus.REFUNDED]
            for refund in (*moves, *returned):
                await uow.refunds.add(refund)
            await uow.outbox.add(
                [task for order in moved for task in self._tasks_after(order, shows[order.show_id], now)]
            )
        if duplicates:
            await self._keep_duplicates(uow, duplicates, now)
        if handled:
            await uow.inbox.handled(handled, now=now)
        if changed or handled or duplicates:
            await uow.commit()
        seconds = time.perf_counter() - started
        for order in moved:
            log.info("Order %s went from %s to %s in %.2fs", order.id, before[order.id].status, order.status, seconds)
        return outcomes

    def _decided(
        self, change: OrderChange, order: Order | None, context: DecisionContext | None
    ) -> ChangedOrder | Exception:
        if order is None or context is None:
            return NotFound("No such order")
        try:
            with context.stock.all_or_nothing():
                after = change.decide(order, context)
        except DomainError as refusal:
            return refusal
        return ChangedOrder(after, has_moved=after.status is not order.status)

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
            reason="the payment came too late, or was not what the order costs",
            created_at=now,
        )

    def _tasks_after(self, changed: Order, show: Show, now: datetime) -> list[OutboxTask]:
        kinds = _FOLLOW_UPS.get(changed.status, ())
        tasks = [OutboxTask(id=self._ids.new(), kind=kind, order_id=changed.id, due_at=now) for kind in kinds]
        if changed.status is OrderStatus.COMPLETED:
            tasks += reminder_of(changed.id, show, ids=self._ids, now=now)
        return tasks


def _replaced_by(orders: Iterable[Order]) -> set[UUID]:
    """The orders that unpaid ones would replace."""
    return {order.exchange.order_id for order in orders if order.exchange and order.status not in PAID}


async def _money_of(uow: UnitOfWork, orders: Sequence[Order]) -> dict[UUID, OrderMoney]:
    ids = [order.id for order in orders]
    refunds, disputes = await uow.refunds.of_orders(ids), await uow.disputes.of_orders(ids)
    return {order.id: OrderMoney(order, refunds.get(order.id, []), disputes.get(order.id, [])) for order in orders}


#: The line in which changes wait until ChangeOrders decides them.
OrderChangeLine = GroupCommit[UUID, OrderChange, ChangedOrder]
