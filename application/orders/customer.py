"""Use case: the producer corrects an order's customer.

The tickets go to the new address, and a warning to the old one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.customer import Customer
from domain.email_address import is_same_address
from domain.errors import NotFound
from domain.orders import Order
from domain.tasks import BUYER_EMAIL, BUYER_NAME, OutboxTask, TaskKind

_FIELDS: Final = ("name", "email", "phone")


class CustomerChanges(TypedDict, total=False):
    """The fields to change, checked and normalised. A ``phone`` of None removes the number, "" a name or address."""

    name: str
    email: str
    phone: str | None


class ChangeCustomer:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, order_id: UUID, changes: CustomerChanges) -> Order:
        """The order after the change. If nothing differs, nothing is written and no mail is sent.

        Raises NotFound, and Conflict if the order's customer cannot be changed (Order.with_customer).
        """
        async with self._unit_of_work() as uow:
            await owned_order(uow, actor, order_id)
            before = (await uow.orders.lock([order_id])).get(order_id)
            if before is None:
                raise NotFound("No such order")
            after = before.with_customer(replace(before.customer, **changes))
            changed = _changed_fields(before.customer, after.customer)
            if not changed:
                return before
            tasks = self._tasks(before.customer, after)
            await uow.orders.save_customer(after)
            await uow.outbox.add(tasks)
            await self._audit.record(
                uow,
                actor,
                Action.ORDER_CUSTOMER_CHANGED,
                order_id,
                show_id=after.show_id,
                after={"changed_fields": changed},
            )
            await uow.commit()
        return after

    def _tasks(self, before: Customer, order: Order) -> list[OutboxTask]:
        now, after = self._clock.now(), order.customer
        if (before.name, before.email) == (after.name, after.email):
            return []
        tasks = []
        if before.has_address and not is_same_address(before.email, after.email):
            tasks.append(self._address_changed_mail(order.id, before, now))
        if order.success and after.has_address:  # an order that is not paid yet gets its tickets when it is
            tasks.append(self._task(TaskKind.CONFIRMATION_MAIL, order.id, now))
        if order.charge_id:  # Stripe's transfer names the customer
            tasks.append(self._task(TaskKind.DESCRIBE_TRANSFER, order.id, now))
        return tasks

    def _address_changed_mail(self, order_id: UUID, before: Customer, now: datetime) -> OutboxTask:
        task = self._task(TaskKind.ADDRESS_CHANGED_MAIL, order_id, now)
        return replace(task, details={BUYER_NAME: before.name, BUYER_EMAIL: before.email})

    def _task(self, kind: TaskKind, order_id: UUID, now: datetime) -> OutboxTask:
        return OutboxTask(id=self._ids.new(), kind=kind, order_id=order_id, due_at=now)


def _changed_fields(before: Customer, after: Customer) -> list[str]:
    return [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
