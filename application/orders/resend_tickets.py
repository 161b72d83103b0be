"""Use case: a producer has an order's tickets mailed again."""

from __future__ import annotations

from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import Conflict
from domain.orders import Order
from domain.tasks import OutboxTask, TaskKind


class ResendTickets:
    """Sends the mail with the tickets again."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, order_id: UUID) -> Order:
        """The order whose mail is on its way. Raises NotFound, or Conflict for one that admits no one."""
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, actor, order_id)
            if not order.success:
                raise Conflict(f"Order {order.number} has no tickets to send: it is {order.status}")
            if order.customer.is_erased:
                raise Conflict(f"Order {order.number} has no one to send tickets to: its buyer was erased")
            if not order.customer.has_address:
                raise Conflict(f"Order {order.number} has no e-mail address to send tickets to")
            task = OutboxTask(
                id=self._ids.new(), kind=TaskKind.CONFIRMATION_MAIL, order_id=order.id, due_at=self._clock.now()
            )
            await uow.outbox.add([task])
            await self._audit.record(uow, actor, Action.ORDER_RESENT, order.id, show_id=order.show_id)
            await uow.commit()
        return order
