"""Use cases: apply Stripe's state of a dispute, and the cost of a lost one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.access.ownership import owned_order
from application.notifications.dispute import DISPUTE_ID, OPERATOR, RIGHTS_FOR_DISPUTES, STATUS
from application.notifications.office_people import RECIPIENT, recipients
from application.ports.payment import DisputeState, Payment, PaymentRefused
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.refunds.refund_status import drop_settled_submissions
from application.tasks.run import PermanentTaskError
from domain.access import Actor
from domain.dispute_losses import booked
from domain.disputes import Dispute, taken_by_banks
from domain.errors import NotFound
from domain.orders import PAID, Order, OrderEvent
from domain.tasks import OutboxTask, TaskKind

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Change:
    order: Order
    before: Dispute | None
    after: Dispute


class SyncDispute:
    """Keeps a dispute in Stripe's state, and its order in line with it (domain/disputes.py)."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, *, tells_operator: bool) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._tells_operator = tells_operator

    async def __call__(self, order_id: UUID, state: DisputeState) -> None:
        """Apply the state. Repeating it changes nothing. Raises NotFound."""
        async with self._unit_of_work() as uow:
            order = (await uow.orders.lock([order_id])).get(order_id)
            if order is None:
                raise NotFound("No order belongs to this dispute")
            disputes = {dispute.id: dispute for dispute in await uow.disputes.of_order(order_id)}
            before = disputes.pop(state.id, None)
            after = booked(
                _followed(order, before, state), order, await uow.refunds.of_order(order_id), [*disputes.values()]
            )
            after = _dated(before, after, self._clock.now())
            if after == before:
                return
            await uow.disputes.save(after)
            changed = _in_line(order, [*disputes.values(), after])
            if changed != order:
                await uow.orders.save([changed])
            tasks = await self._tasks_after(uow, _Change(changed, before, after))
            await uow.outbox.add(tasks)
            await drop_settled_submissions(uow, changed)
            if after.is_over:
                await uow.show_refunds.reconsider(order_id)
            await uow.commit()
        log.warning("Dispute %s of order %s is %s", after.id, order_id, after.status)
        if after.has_to_be_repaid:
            words = "Dispute %s of order %s was won after %s was taken from the producer: pay it back"
            log.error(words, after.id, order_id, after.recovered)

    async def _tasks_after(self, uow: UnitOfWork, change: _Change) -> list[OutboxTask]:
        before, after, now = change.before, change.after, self._clock.now()
        tasks = []
        if after.is_lost and not (before and before.is_lost):
            tasks.append(self._task(change, TaskKind.REVERSE_TRANSFER, {}, now))
        if before is None or _news_of(before) != _news_of(after):
            tasks += [
                self._task(change, TaskKind.DISPUTE_MAIL, {RECIPIENT: each, STATUS: after.status}, now)
                for each in await self._recipients(uow, change.order)
            ]
        return tasks

    async def _recipients(self, uow: UnitOfWork, order: Order) -> list[str]:
        show = await uow.shows.get(order.show_id)
        producer = await uow.producers.get(show.producer_id) if show else None
        people = await recipients(uow, producer, *RIGHTS_FOR_DISPUTES) if producer else []
        return [*people, OPERATOR] if self._tells_operator else people

    def _task(self, change: _Change, kind: TaskKind, details: Mapping[str, str], now: datetime) -> OutboxTask:
        return OutboxTask(
            id=self._ids.new(),
            kind=kind,
            order_id=change.order.id,
            due_at=now,
            details={DISPUTE_ID: change.after.id, **details},
        )


def _followed(order: Order, before: Dispute | None, state: DisputeState) -> Dispute:
    known = before or Dispute(
        id=state.id,
        order_id=order.id,
        amount=state.amount,
        status=state.status,
        reason=state.reason,
        opened_at=state.opened_at,
    )
    return known.with_status(state.status, amount=state.amount, lost=state.lost, evidence_due_by=state.evidence_due_by)


def _dated(before: Dispute | None, after: Dispute, now: datetime) -> Dispute:
    """The dispute with the moment at which it was lost, which is the day that a report counts it on."""
    if not after.is_lost or (before and before.is_lost):
        return after
    return replace(after, lost_at=now)


def _news_of(dispute: Dispute) -> object:
    """The part of a dispute that people are informed of: an inquiry, a dispute, and how it ended.

    Evidence that was sent is not news to them.
    """
    if dispute.is_inquiry:
        return "inquiry"
    return "dispute" if dispute.is_contested else "lost" if dispute.is_lost else dispute.status


def _in_line(order: Order, disputes: Sequence[Dispute]) -> Order:
    """The order in line with its disputes. If all of its money has gone back, it has no valid ticket."""
    if order.status not in PAID:
        return order
    if any(dispute.is_lost for dispute in disputes):
        nothing_is_left = order.refunded_amount + taken_by_banks(disputes) >= order.amount_paid
        return order.dispute(OrderEvent.DISPUTE_LOST, voids=nothing_is_left)
    if any(dispute.is_contested for dispute in disputes):
        return order.dispute(OrderEvent.DISPUTE_OPENED)
    return order.dispute(OrderEvent.DISPUTE_WON)


class ReverseTransfer:
    """Handler of TaskKind.REVERSE_TRANSFER: takes the cost of a lost dispute out of the producer's transfer."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment

    async def __call__(self, task: OutboxTask) -> None:
        """Reverse the transfer.

        Raises PermanentTaskError if Stripe refuses for good, PaymentUnavailable if it is away.
        """
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(task.about_order)
            dispute = await _dispute(uow, task)
        if order is None or dispute is None or not dispute.is_lost or dispute.reversal_id:
            return
        try:
            reversal_id = await self._payment.reverse_transfer(order, dispute)
        except PaymentRefused as refusal:
            raise PermanentTaskError(str(refusal)) from refusal
        async with self._unit_of_work() as uow:
            await uow.orders.lock([order.id])
            current = await _dispute(uow, task)
            if current is not None and reversal_id is not None:
                await uow.disputes.save(replace(current, reversal_id=reversal_id))
            await uow.commit()


async def _dispute(uow: UnitOfWork, task: OutboxTask) -> Dispute | None:
    disputes = await uow.disputes.of_order(task.about_order)
    return next((dispute for dispute in disputes if dispute.id == task.details[DISPUTE_ID]), None)


class ListDisputes:
    """The disputes of an order's payment."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, order_id: UUID) -> tuple[Order, list[Dispute]]:
        """The order, and its disputes, oldest first. Raises NotFound."""
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, actor, order_id)
            return order, await uow.disputes.of_order(order_id)
