"""Use cases: give holds back, when the buyer cancels or the time is up."""

from __future__ import annotations

import logging
from uuid import UUID

from application.links import Links
from application.payments.order_payments import OrderPayments
from application.payments.session import PATIENCE_SECONDS
from application.ports.payment import Payment, PaymentObjectNotFound, PaymentRefused
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Conflict, NotFound
from domain.orders import Order, OrderEvent, OrderStatus
from domain.tasks import TaskKind

log = logging.getLogger(__name__)


class ReleaseOrder:
    """Gives one order's hold back, but only once its session can no longer be paid.

    Money that came first completes the order instead.
    """

    def __init__(
        self, payment: Payment, unit_of_work: UnitOfWorkFactory, order_payments: OrderPayments, links: Links
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._links = links

    async def __call__(self, order_id: UUID, event: OrderEvent) -> Order:
        """The order, released as ``event`` says, or as it is if it holds nothing or was paid.

        Raises NotFound, PaymentUnavailable, StorageUnavailable.
        """
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(order_id)
        if order is None:
            raise NotFound("No such order")
        if not order.holds_tickets:
            return order
        try:
            session = await self._payment.expire_session(await self._session_id(order))
        except PaymentObjectNotFound:
            return await self._order_payments.release(order.id, event)
        return await self._order_payments.apply_session(order.id, session, release_as=event)

    async def _session_id(self, order: Order) -> str:
        if order.session_id is not None:
            return order.session_id
        # The call that should have opened a session may have reached the provider although its answer never came:
        # asking again finds that session, and only then can it be closed.
        try:
            session = await self._payment.open_session(
                order,
                success_url=self._links.payment_success(),
                cancel_url=self._links.payment_cancel(order),
                max_wait_seconds=PATIENCE_SECONDS,
            )
        except PaymentRefused as refusal:
            raise PaymentObjectNotFound(str(refusal)) from refusal
        return session.id


class CancelOrder:
    """The buyer does not want to pay after all."""

    def __init__(
        self, release: ReleaseOrder, unit_of_work: UnitOfWorkFactory, order_payments: OrderPayments, clock: Clock
    ) -> None:
        self._release = release
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._clock = clock

    async def __call__(self, order_id: UUID) -> Order:
        """The order without its hold. Money that is on its way keeps it, unless the show has changed since: then it
        goes back when it comes.

        Raises Conflict when there is nothing left to cancel, and what ReleaseOrder raises.
        """
        order = await self._release(order_id, OrderEvent.CANCELLED)
        if await self.may_be_given_up(order):
            order = await self._order_payments.give_up(order_id)
        if order.status is not OrderStatus.CANCELLED and not self._closed_early(order):
            raise Conflict(f"Order {order.number} cannot be cancelled any more: it is {order.status}")
        return order

    async def may_be_given_up(self, order: Order) -> bool:
        """Whether the buyer may cancel although the bank works on the payment: another show was ordered than there is
        now, and they were told.
        """
        if order.status is not OrderStatus.PROCESSING:
            return False
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.outbox.has(order.id, TaskKind.SHOW_MOVED_MAIL)

    def _closed_early(self, order: Order) -> bool:
        """The news that we closed the session may be quicker than we are, and call the order expired."""
        before_its_time = order.expires_at is not None and self._clock.now() < order.expires_at
        return order.status is OrderStatus.EXPIRED and before_its_time
