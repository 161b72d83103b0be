"""Applying the state of a payment session to its order.

Every path to completion or release ends here: the success redirect, webhooks, the sweeper, the buyer's cancel. The
order's row is locked, so a parallel or repeated call changes nothing the second time (P1-010).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from application.payments.change_orders import Decision, DecisionContext, OrderChange, OrderChangeLine
from application.ports.payment import PaymentEvent, PaymentSession, SessionStatus
from domain.duplicate_payments import DuplicatePayment
from domain.errors import Conflict, PaymentMismatch
from domain.orders import PAID, RELEASED, IssueTicket, Order, OrderEvent, OrderStatus, Receipt
from domain.stock import Stock

log = logging.getLogger(__name__)


class OrderPayments:
    """Decides what a session, a release or a declined card makes of an order."""

    def __init__(self, line: OrderChangeLine, issue: IssueTicket) -> None:
        self._line = line
        self._issue = issue

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

        def decide(order: Order, context: DecisionContext) -> Order:
            if session.receipt is not None:
                return self._paid(order, session.id, session.receipt, context)
            if session.status is SessionStatus.COMPLETE and order.status is OrderStatus.PENDING:
                return order.awaiting_delayed_payment()
            if session.status is SessionStatus.FAILED and order.holds_tickets:
                return order.released(OrderEvent.PAYMENT_FAILED, context.stock)
            if session.status is SessionStatus.EXPIRED and order.holds_tickets:
                return order.released(release_as, context.stock)
            return order

        return await self._change(order_id, decide, source_event)

    async def release(self, order_id: UUID, event: OrderEvent) -> Order:
        """Release the hold of an order that has no session.

        Its Idempotency-Key is free again: a stored failure must not block a retry. Raises NotFound.
        """

        def decide(order: Order, context: DecisionContext) -> Order:
            return replace(order.released(event, context.stock), idempotency=None) if order.holds_tickets else order

        return await self._change(order_id, decide)

    def _paid(self, order: Order, session_id: str, receipt: Receipt, context: DecisionContext) -> Order:
        if order.status in PAID:
            if receipt.payment_intent_id not in (None, order.payment_intent_id):
                context.duplicates.append(_duplicate(order, receipt, context.now))
            return order
        # Later events of this session then find a paid order, and need no call.
        order = order.with_session(session_id, order.checkout_url)
        # A buyer must not pay for a show that was cancelled or is over: a delayed method's money may come days later.
        released_and_gone = order.status in RELEASED and not context.stock.has(order.lines)
        if order.unwanted or released_and_gone or not context.show.takes_place_after(context.now):
            return self._returned(order, receipt, context.stock)
        try:
            return self._completed(order, receipt, context)
        except PaymentMismatch as mismatch:
            # Not the order's price: no ticket for it, and the money goes back. An operator must find out why.
            log.error("%s; it is given back", mismatch)  # noqa: TRY400
            return self._returned(order, receipt, context.stock)

    def _completed(self, order: Order, receipt: Receipt, context: DecisionContext) -> Order:
        if order.exchange is None:
            return order.completed(receipt, context.stock, issue=self._issue, now=context.now)
        try:
            with context.stock.all_or_nothing():
                new = order.completed(receipt, context.stock, issue=self._issue, now=context.now)
                context.exchange(new)
        except Conflict as refusal:
            log.warning("Order %s cannot replace the earlier one any more: %s", order.id, refusal)
            return self._returned(order, receipt, context.stock)
        return new

    async def give_up(self, order_id: UUID) -> Order:
        """Cancel an order whose payment is on its way: its hold is free, and the money goes back when it comes.

        Raises NotFound.
        """

        def decide(order: Order, context: DecisionContext) -> Order:
            return order.given_up(context.stock) if order.status is OrderStatus.PROCESSING else order

        return await self._change(order_id, decide)

    def _returned(self, order: Order, receipt: Receipt, stock: Stock) -> Order:
        released = order.released(OrderEvent.PAYMENT_FAILED, stock) if order.holds_tickets else order
        return released.late_payment_returned(receipt)

    async def decline(self, order_id: UUID, reason: str) -> Order:
        """Record that the card was refused; the order stays payable, and its page says why. Raises NotFound."""

        def decide(order: Order, context: DecisionContext) -> Order:  # noqa: ARG001
            return order.declined(reason) if order.status is OrderStatus.PENDING else order

        return await self._change(order_id, decide)

    async def _change(self, order_id: UUID, decide: Decision, source_event: PaymentEvent | None = None) -> Order:
        changed = await self._line.submit(order_id, OrderChange(order_id, decide, source_event))
        return changed.order


def _duplicate(order: Order, receipt: Receipt, now: datetime) -> DuplicatePayment:
    return DuplicatePayment(
        payment_intent_id=receipt.payment_intent_id or "",
        order_id=order.id,
        amount=receipt.amount,
        currency=receipt.currency.upper(),
        received_at=now,
    )
