"""Use case: complete an order by its payment session. The redirect and the webhook both come here (design.md §5)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.group_commit import GroupCommit
from application.ports.payment import Payment, PaymentEvent
from application.ports.storage import FoundOrder, UnitOfWorkFactory
from application.settlement import Settlement
from domain.errors import NotFound
from domain.orders import PAID, Order


class CompleteOrder:
    def __init__(self, payment: Payment, unit_of_work: UnitOfWorkFactory, settlement: Settlement) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._settlement = settlement
        self._finding: GroupCommit[None, str, FoundOrder | None] = GroupCommit(self._find_together)

    async def __call__(self, session_id: str) -> Order:
        """The order after it was brought in line with the session, which is asked for afresh.

        Doing it again changes nothing: an order whose money has come is not asked about twice. Raises NotFound,
        SessionNotFound, PaymentUnavailable.
        """
        order_id, status = await self._finding.submit(None, session_id) or (None, None)
        if order_id is not None and status in PAID:
            return await self._order(order_id)
        return await self._settle(session_id, order_id)

    async def because_of(self, event: PaymentEvent, found: FoundOrder | None) -> bool:
        """Do so for the session that an event is about, and keep the event as handled in the same transaction.

        ``found`` is the session's order. False where its money has come, and the event is yet to be kept. Raises the
        same.
        """
        order_id, status = found or (None, None)
        if status in PAID:
            return False
        await self._settle(event.object_id, order_id, told_by=event)
        return True

    async def _settle(self, session_id: str, order_id: UUID | None, *, told_by: PaymentEvent | None = None) -> Order:
        session = await self._payment.session(session_id)
        order_id = session.order_id or order_id
        if order_id is None:
            raise NotFound("No order belongs to this payment")
        return await self._settlement.settle(order_id, session, told_by=told_by)

    async def by_payment(self, intent_id: str | None) -> Order:
        """The order that this payment paid. What else happens to a payment may be told before that it was made: then
        the order is brought in line with its session first. Raises NotFound, SessionNotFound, PaymentUnavailable.
        """
        async with self._unit_of_work(read_only=True) as uow:
            order_id = await uow.orders.id_of_intent(intent_id) if intent_id else None
            order = await uow.orders.get(order_id) if order_id else None
        if order is not None:
            return order
        order_id = (await self._payment.intent(intent_id)).order_id if intent_id else None
        if order_id is None:
            raise NotFound("No order belongs to this payment")
        order = await self._order(order_id)
        if order.session_id is None:
            raise NotFound("No order belongs to this payment")
        return await self(order.session_id)

    async def find(self, session_id: str) -> Order:
        """The order of the session as it is, without asking the payment provider. Raises NotFound."""
        order_id, _ = await self._finding.submit(None, session_id) or (None, None)
        if order_id is None:
            raise NotFound("No order belongs to this payment")
        return await self._order(order_id)

    async def _order(self, order_id: UUID) -> Order:
        async with self._unit_of_work(read_only=True) as uow:
            order = await uow.orders.get(order_id)
        if order is None:
            raise NotFound("No order belongs to this payment")
        return order

    async def _find_together(self, session_ids: Sequence[str]) -> list[FoundOrder | None]:
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.orders.of_sessions(session_ids)
        return [found.get(session_id) for session_id in session_ids]
