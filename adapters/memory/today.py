"""TodayReader in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.memory.money_back import is_owed
from adapters.memory.tables import Tables, disputes_by_order, refunds_by_order
from application.ports.today import MAX_EVENINGS, MAX_PLANNED, MAX_TROUBLES, MISSED_FOR, NOWHERE, PAID_WITHIN, Place
from domain.alerts import LostTask, OpenDispute, OrderTrouble, PlannedShow, Troubles, UnpaidShow
from domain.catalog import Show
from domain.disputes import Dispute, DisputeStatus, is_contested
from domain.evening import Evening, head_line
from domain.money import Currency
from domain.orders import AttendeeStatus, Order
from domain.refunds import FAILED_STATUSES, left_to_refund
from domain.returns import given_back
from domain.sales_figures import Sales, Slice
from domain.tasks import OutboxTask, TaskState

_OVER = {DisputeStatus.LOST, DisputeStatus.WON, DisputeStatus.PREVENTED, DisputeStatus.WARNING_CLOSED}


class MemoryTodayReader:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def place(self, producer_id: UUID, *, now: datetime) -> Place:
        def nearness(show: Show) -> tuple[bool, float, UUID]:
            is_over = show.end_time <= now
            return is_over, -show.start_time.timestamp() if is_over else show.end_time.timestamp(), show.id

        shows = sorted(self._shows(producer_id), key=nearness)
        return Place(shows[0].timezone, shows[0].locale) if shows else NOWHERE

    async def evenings(self, producer_id: UUID, *, begins: datetime, ends: datetime, now: datetime) -> list[Evening]:
        found = [
            show
            for show in self._shows(producer_id)
            if begins <= show.start_time < ends or show.door_time <= now < show.end_time
        ]
        found.sort(key=lambda show: (show.start_time, show.id))
        return [self._evening(show) for show in found[:MAX_EVENINGS]]

    def _evening(self, show: Show) -> Evening:
        attendees = [a for order in self._tables.orders.values() if order.show_id == show.id for a in order.attendees]
        valid = [a for a in attendees if a.status is AttendeeStatus.VALID]
        return Evening(
            show=show,
            head_line=head_line(
                [ticket for ticket in self._tables.tickets.values() if ticket.show_id == show.id],
                [capacity for capacity in self._tables.capacities.values() if capacity.show_id == show.id],
                checked_in=sum(attendee.checked_in_at is not None for attendee in attendees),
                coming=sum(attendee.checked_in_at is None for attendee in valid),
            ),
        )

    async def sales(self, producer_id: UUID, *, marks: Sequence[datetime], now: datetime) -> list[Slice]:
        found: dict[tuple[int, Currency], Sales] = defaultdict(Sales)
        refunds = refunds_by_order(self._tables)
        for order in self._orders(producer_id):
            done = order.completed_at
            if done is None:
                continue
            if marks[0] <= done <= now and order.created_at >= marks[0] - PAID_WITHIN:
                sold = Sales(orders=1, tickets=sum(line.quantity for line in order.lines), paid=order.own_payment)
                found[bisect_right(marks, done) - 1, order.quote.currency] += sold
            for refund in refunds[order.id]:
                for at, amount in given_back(refund):
                    if marks[0] <= at <= now:
                        found[bisect_right(marks, at) - 1, order.quote.currency] += Sales(refunded=amount)
        in_order = sorted(found.items(), key=lambda pair: (pair[0][0], pair[0][1].code))
        return [Slice(marks[index], currency, sales) for (index, currency), sales in in_order]

    async def planned(self, producer_id: UUID, *, now: datetime) -> list[PlannedShow]:
        tables = self._tables
        shows = [show for show in self._shows(producer_id) if show.end_time > now and not show.cancelled]
        planned = []
        for show in sorted(shows, key=lambda show: (show.start_time, show.id))[:MAX_PLANNED]:
            capacities = sorted((c for c in tables.capacities.values() if c.show_id == show.id), key=lambda c: c.id)
            ids = {capacity.id for capacity in capacities}
            tickets = [ticket for ticket in tables.tickets.values() if ticket.show_id == show.id]
            allocations = [each for each in tables.allocations.values() if each.capacity_id in ids]
            planned.append(
                PlannedShow(
                    show=show,
                    tickets=tuple(sorted(tickets, key=lambda ticket: (ticket.price, ticket.id))),
                    capacities=tuple(capacities),
                    allocations=tuple(sorted(allocations, key=lambda each: each.id)),
                )
            )
        return planned

    async def troubles(self, producer_id: UUID, *, now: datetime) -> Troubles:
        tables = self._tables
        orders = {order.id: order for order in self._orders(producer_id)}
        return Troubles(
            refunds=tuple(self._lost_refunds(orders.values()))[:MAX_TROUBLES],
            duplicates=tuple(
                OrderTrouble(**self._of_order(orders[each.order_id]), reason=each.failure_reason or "")
                for each in sorted(tables.duplicate_payments.values(), key=lambda each: each.order_id)
                if each.order_id in orders and each.status in FAILED_STATUSES
            )[:MAX_TROUBLES],
            disputes=tuple(
                OpenDispute(
                    **self._of_order(orders[each.order_id]),
                    reason=each.reason,
                    dispute_id=each.id,
                    status=each.status,
                    amount=each.amount,
                    currency=orders[each.order_id].quote.currency,
                    evidence_due_by=each.evidence_due_by,
                )
                for each in sorted(tables.disputes.values(), key=lambda each: each.order_id)
                if each.order_id in orders and each.status not in _OVER
            )[:MAX_TROUBLES],
            tasks=tuple(
                LostTask(**self._of_order(orders[task.about_order]), reason=task.last_error or "", kind=task.kind)
                for task in sorted(tables.outbox.values(), key=lambda task: (str(task.order_id), task.kind))
                if task.order_id in orders and task.state is TaskState.DEAD and not self._was_done_later(task)
                if task.due_at > now - MISSED_FOR or not task.kind.endswith("_mail")
            )[:MAX_TROUBLES],
            unpaid_shows=tuple(self._unpaid_shows(producer_id))[:MAX_TROUBLES],
        )

    def _lost_refunds(self, orders: Any) -> Iterator[OrderTrouble]:
        refunds, disputes = refunds_by_order(self._tables), disputes_by_order(self._tables)
        for order in sorted(orders, key=lambda order: order.id):
            of_order, disputed = refunds[order.id], disputes[order.id]
            if not is_contested(order, disputed) and is_owed(order, of_order, disputed):
                last = [refund for refund in of_order if not refund.is_effective][-1]
                yield OrderTrouble(**self._of_order(order), reason=last.failure_reason or "")

    def _unpaid_shows(self, producer_id: UUID) -> Iterator[UnpaidShow]:
        disputes = disputes_by_order(self._tables)
        shows = [show for show in self._shows(producer_id) if show.cancelled]
        for show in sorted(shows, key=lambda show: (show.start_time, show.id)):
            orders = [order for order in self._tables.orders.values() if order.show_id == show.id]
            count = sum(_is_unpaid(order, disputes[order.id]) for order in orders)
            if count:
                yield UnpaidShow(show_id=show.id, show_title=show.title, orders=count)

    def _was_done_later(self, task: OutboxTask) -> bool:
        return any(
            (later.order_id, later.kind, later.state) == (task.order_id, task.kind, TaskState.DONE)
            and later.due_at > task.due_at
            for later in self._tables.outbox.values()
        )

    def _shows(self, producer_id: UUID) -> list[Show]:
        return [show for show in self._tables.shows.values() if show.producer_id == producer_id]

    def _orders(self, producer_id: UUID) -> list[Order]:
        shows = {show.id for show in self._shows(producer_id)}
        return [order for order in self._tables.orders.values() if order.show_id in shows]

    def _of_order(self, order: Order) -> dict[str, Any]:
        starts_at = self._tables.shows[order.show_id].start_time
        return {"order_id": order.id, "show_title": order.show_title, "starts_at": starts_at}


def _is_unpaid(order: Order, disputes: Sequence[Dispute]) -> bool:
    return not is_contested(order, disputes) and order.success and left_to_refund(order, disputes) > 0
