"""Use cases: release a hold, when the buyer cancels or the time is up."""

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
    """Releases one order's hold, but only after its session can no longer be paid.

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
        """The order, released by ``event``, or unchanged if it holds nothing or was paid.

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
        # repeating it finds that session, and only then can it be closed.
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
    """Cancels an order that the buyer does not want to pay any more."""

    def __init__(
        self, release: ReleaseOrder, unit_of_work: UnitOfWorkFactory, order_payments: OrderPayments, clock: Clock
    ) -> None:
        self._release = release
        self._unit_of_work = unit_of_work
        self._order_payments = order_payments
        self._clock = clock

    async def __call__(self, order_id: UUID) -> Order:
        """The order without its hold. While money is on its way the order keeps its hold, unless the show has changed
        since: then the money goes back when it comes.

        Raises Conflict if there is nothing left to cancel, and what ReleaseOrder raises.
        """
        order = await self._release(order_id, OrderEvent.CANCELLED)
        if await self.may_be_given_up(order):
            order = await self._order_payments.give_up(order_id)
        if order.status is not OrderStatus.CANCELLED and not self._closed_early(order):
            raise Conflict(f"Order {order.number} cannot be cancelled any more: it is {order.status}")
        return order

    async def may_be_given_up(self, order: Order) -> bool:
        """Whether the buyer may cancel while the bank works on the payment.

        They may if the show has changed since the order, and they were informed.
        """
        if order.status is not OrderStatus.PROCESSING:
            return False
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.outbox.has(order.id, TaskKind.SHOW_MOVED_MAIL)

    def _closed_early(self, order: Order) -> bool:
        """Whether the event that we closed the session came first, and already made the order expired."""
        before_its_time = order.expires_at is not None and self._clock.now() < order.expires_at
        return order.status is OrderStatus.EXPIRED and before_its_time
