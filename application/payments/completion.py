"""Use case: complete an order by its payment session, after the redirect or a webhook.

A webhook is signed, but anyone can open the redirect's address with any id. So the redirect's session is first searched
in our own orders, and the payment provider is asked only about one that exists: at most once a second, for any number
of callers, and in slots that no webhook waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.concurrency.group_commit import GroupCommit, decide_with
from application.concurrency.spaced_calls import SpacedCalls
from application.payments.order_payments import OrderPayments
from application.ports.orders import OrderRef
from application.ports.payment import SESSION_ID_PREFIX, Payment, PaymentEvent
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import InvalidRequest, NotFound
from domain.orders import PAID, Order


class CompleteOrder:
    """``payment`` serves events, ``payment_for_buyers`` serves browsers, with separate slots."""

    def __init__(
        self,
        payment: Payment,
        payment_for_buyers: Payment,
        unit_of_work: UnitOfWorkFactory,
        order_payments: OrderPayments,
    ) -> None:
        self._payment = payment
        self._payment_for_buyers = payment_for_buyers
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._finding: GroupCommit[None, str, OrderRef | None] = GroupCommit(decide_with(self._find_together))
        self._asking: SpacedCalls[Order] = SpacedCalls(self._ask_for_buyer)

    async def __call__(self, session_id: str) -> Order:
        """The order of a session that a browser came back with, in line with the session.

        Repeating it changes nothing: the provider is not asked again about an order whose money has come. Raises
        NotFound for a session without an order, and for a free order's label, which is not a session; InvalidRequest,
        PaymentObjectNotFound, PaymentUnavailable.
        """
        order_id, status = await self._found(session_id)
        if status in PAID:
            return await self._order(order_id)
        return await self._asking(session_id)

    async def complete_from_event(self, event: PaymentEvent, order: OrderRef | None) -> None:
        """Complete the order of the event's session and mark the event handled in the same transaction.

        ``order`` is the session's order, if it is known. Raises the same.
        """
        await self._apply_session(self._payment, event.object_id, order.id if order else None, source_event=event)

    async def _ask_for_buyer(self, session_id: str) -> Order:
        order_id, _ = await self._found(session_id)
        return await self._apply_session(self._payment_for_buyers, session_id, order_id)

    async def _apply_session(
        self, payment: Payment, session_id: str, order_id: UUID | None, *, source_event: PaymentEvent | None = None
    ) -> Order:
        session = await payment.session(session_id)
        order_id = order_id or session.order_id
        if order_id is None:
            raise NotFound("No order belongs to this payment")
        return await self._order_payments.apply_session(order_id, session, source_event=source_event)

    async def by_payment(self, intent_id: str | None) -> Order:
        """The order that this payment paid, or paid again: then its ``payment_intent_id`` is another.

        Refund and dispute events can arrive before the payment's own; in that case the order is first brought in line
        with the payment's session. Raises NotFound, PaymentObjectNotFound, PaymentUnavailable.
        """
        if intent_id is None:
            raise NotFound("No order belongs to this payment")
        async with self._unit_of_work(read_only=True) as uow:
            order_id = await uow.orders.id_of_intent(intent_id)
            if order_id is None and (duplicate := await uow.duplicate_payments.get(intent_id)):
                order_id = duplicate.order_id
        return await self._order(order_id) if order_id else await self._apply_payment(intent_id)

    async def _apply_payment(self, intent_id: str) -> Order:
        order_id = (await self._payment.intent(intent_id)).order_id
        if order_id is None:
            raise NotFound("No order belongs to this payment")
        order = await self._order(order_id)
        if order.session_id is not None and order.status not in PAID:
            order = await self._apply_session(self._payment, order.session_id, order.id)
        if order.payment_intent_id == intent_id:
            return order
        session = await self._payment.session_of_payment(intent_id)
        if session is None:
            raise NotFound("No order belongs to this payment")
        return await self._order_payments.apply_session(order_id, session)

    async def find(self, session_id: str) -> Order:
        """The order of the session as it is, without asking the payment provider. Raises NotFound."""
        order_id, _ = await self._found(session_id)
        return await self._order(order_id)

    async def _found(self, session_id: str) -> OrderRef:
        if "\0" in session_id:  # no database can hold it, and the same query searches for others
            raise InvalidRequest("session_id: must not contain a null character", field="session_id")
        found = await self._finding.submit(None, session_id) if session_id.startswith(SESSION_ID_PREFIX) else None
        if found is None:
            raise NotFound("No order belongs to this payment")
        return found

    async def _order(self, order_id: UUID) -> Order:
        async with self._unit_of_work(read_only=True) as uow:
            order = await uow.orders.get(order_id)
        if order is None:
            raise NotFound("No order belongs to this payment")
        return order

    async def _find_together(self, session_ids: Sequence[str]) -> list[OrderRef | None]:
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.orders.of_sessions(session_ids)
        return [found.get(session_id) for session_id in session_ids]
