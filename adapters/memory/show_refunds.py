"""ShowRefundRepo in memory."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.show_refunds import NOTHING, AtStake, OrdersToRefund, RefundFailure, RefundProgress, ShowRefund
from domain.orders import HOLDING, SOLD, AttendeeStatus, Order, OrderStatus
from domain.refunds import FAILED_STATUSES, Refund, RefundStatus
from domain.report import ONLINE


class MemoryShowRefundRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def at_stake(self, show_ids: Collection[UUID]) -> AtStake:
        admitting = self._admitting(show_ids)
        untouched: dict[str, OrdersToRefund] = {}
        for order in admitting:
            if not self._is_changed(order):
                payment = (order.manual_payment or ONLINE) if order.amount_paid else NOTHING
                untouched[payment] = _with(untouched.get(payment, OrdersToRefund()), order)
        every = self._tables.orders.values()
        holds = [order for order in every if order.show_id in show_ids and order.status in HOLDING]
        return AtStake(
            untouched=untouched,
            changed=sum(map(self._is_changed, admitting)),
            holds=len(holds),
            held_tickets=sum(line.quantity for order in holds for line in order.lines),
        )

    async def changed_orders(self, show_ids: Collection[UUID], *, after: UUID | None, limit: int) -> list[UUID]:
        changed = [order.id for order in self._admitting(show_ids) if self._is_changed(order)]
        return [order_id for order_id in changed if after is None or order_id > after][:limit]

    def _admitting(self, show_ids: Collection[UUID]) -> list[Order]:
        found = [order for order in self._tables.orders.values() if order.show_id in show_ids and order.success]
        return sorted(found, key=lambda order: order.id)

    def _is_changed(self, order: Order) -> bool:
        touched = {each.order_id for each in self._tables.refunds.values()}
        touched |= {each.order_id for each in self._tables.disputes.values()}
        has_credit = order.exchange is not None and order.exchange.credit != 0
        return order.disputed or has_credit or order.refunded_amount > 0 or order.id in touched

    async def holding(self, *, now: datetime, limit: int) -> list[UUID]:
        put_off = self._tables.release_pauses
        pending = [
            (order.id in put_off, put_off.get(order.id, now), order.id)
            for order in self._tables.orders.values()
            if order.status is OrderStatus.PENDING and self._tables.shows[order.show_id].cancelled
        ]
        return [order_id for _, moment, order_id in sorted(pending) if moment <= now][:limit]

    async def ask_for_refund(self, refund: ShowRefund) -> None:
        self._tables.show_refunds[refund.show_id] = refund
        self._tables.refund_claims.pop(refund.show_id, None)
        for order in self._of_show(refund.show_id):
            self._tables.refund_refusals.pop(order.id, None)

    async def refund_of(self, show_id: UUID) -> ShowRefund | None:
        return self._tables.show_refunds.get(show_id)

    async def claim_refund(self, *, now: datetime, until: datetime, requested_since: datetime) -> ShowRefund | None:
        claims = self._tables.refund_claims
        for refund in sorted(self._tables.show_refunds.values(), key=lambda each: each.requested_at):
            claimed_until = claims.get(refund.show_id)
            if refund.requested_at >= requested_since and (claimed_until is None or claimed_until <= now):
                claims[refund.show_id] = until
                return refund
        return None

    async def keep_refund(self, show_id: UUID, *, until: datetime) -> None:
        self._tables.refund_claims[show_id] = until

    async def to_refund(self, show_id: UUID, *, limit: int) -> list[UUID]:
        refusals = self._tables.refund_refusals
        return [o.id for o in self._of_show(show_id) if o.success and o.id not in refusals][:limit]

    async def to_refund_again(self, show_id: UUID, *, asked_at: datetime, limit: int) -> list[UUID]:
        refusals = self._tables.refund_refusals
        return [
            order.id
            for order in self._of_show(show_id)
            if order.status is OrderStatus.REFUNDED
            and order.id not in refusals
            and (last := self._last_refund(order))
            and last.status in FAILED_STATUSES
            and last.created_at < asked_at
        ][:limit]

    async def refused(self, order_id: UUID, *, reason: str) -> None:
        self._tables.refund_refusals[order_id] = reason

    async def reconsider(self, order_id: UUID) -> None:
        self._tables.refund_refusals.pop(order_id, None)

    async def progress(self, show_id: UUID, *, failures: int) -> RefundProgress:
        found = self._of_show(show_id)
        failed = [RefundFailure(o.id, reason) for o in found if (reason := self._failure(o)) is not None]
        refunded = [o for o in found if o.status is OrderStatus.REFUNDED and self._has_ended(o)]
        given_up = {failure.order_id for failure in failed}
        everything = [o for o in found if o.status is OrderStatus.REFUNDED or o.success or o.id in given_up]
        returned = [o for o in refunded if o.id not in given_up]
        return RefundProgress(
            refunded=len(returned),
            failed=len(failed),
            remaining=len(everything) - len(returned) - len(failed),
            refunded_amount=sum(order.refunded_amount for order in found),
            failures=tuple(failed[:failures]),
        )

    def _of_show(self, show_id: UUID) -> list[Order]:
        found = [order for order in self._tables.orders.values() if order.show_id == show_id]
        return sorted(found, key=lambda order: order.id)

    def _last_refund(self, order: Order) -> Refund | None:
        of_order = [refund for refund in self._tables.refunds.values() if refund.order_id == order.id]
        return max(of_order, key=lambda refund: refund.sequence, default=None)

    def _failure(self, order: Order) -> str | None:
        if order.status in SOLD:
            return self._tables.refund_refusals.get(order.id)
        last = self._last_refund(order)
        if order.status is OrderStatus.REFUNDED and last and last.status in FAILED_STATUSES:
            return last.failure_reason or last.status
        return None

    def _has_ended(self, order: Order) -> bool:
        last = self._last_refund(order)
        return last is None or last.status is RefundStatus.SUCCEEDED or last.status in FAILED_STATUSES


def _with(sums: OrdersToRefund, order: Order) -> OrdersToRefund:
    return OrdersToRefund(
        orders=sums.orders + 1,
        people=sums.people + sum(attendee.status is AttendeeStatus.VALID for attendee in order.attendees),
        amount=sums.amount + order.amount_paid,
        fees=sums.fees + order.quote.fees,
        fees_on_top=sums.fees_on_top + order.quote.fees_on_top,
    )
