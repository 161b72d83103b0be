"""Use cases: export and erase the personal data of a buyer (GDPR, articles 15 and 17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.access.audit_log import AuditLog
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.customer import ERASED_EMAIL
from domain.email_address import both_forms
from domain.errors import Conflict, NotFound
from domain.notes import OrderNote
from domain.orders import AttendeeStatus, Order
from domain.refunds import Refund
from domain.tasks import OutboxTask, TaskKind


@dataclass(frozen=True, slots=True)
class PersonalDataRecord:
    """All data that is stored about one order of a person."""

    order: Order
    refunds: Sequence[Refund]
    notes: Sequence[OrderNote]


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """The data that is stored about a person. ``emails`` are the forms of the address that were searched, ``scanners``
    the names of the scanners that read their tickets.
    """

    orders: Sequence[PersonalDataRecord]
    emails: Sequence[str]
    scanners: Sequence[str]


@dataclass(frozen=True, slots=True)
class Erasure:
    """The orders that were erased. ``emails`` as in HeldRecord; ``scanners`` keep their names."""

    order_ids: Sequence[UUID]
    emails: Sequence[str]
    scanners: Sequence[str]


class ExportBuyer:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, email: str) -> HeldRecord:
        """All data about the producer's orders under this address; empty if there are none."""
        async with self._unit_of_work() as uow:
            order_ids = await uow.personal_data.orders_of(actor.producer_id, _address(email))
            held = []
            for order_id in order_ids:
                order = await uow.orders.get(order_id)
                if order:
                    refunds, notes = await uow.refunds.of_order(order_id), await uow.notes.of_order(order_id)
                    held.append(PersonalDataRecord(order, refunds, notes))
            scanners = await uow.personal_data.scanners_of(order_ids)
            await self._audit.record(
                uow, actor, Action.BUYER_EXPORTED, actor.producer_id, after={"order_ids": order_ids}
            )
            await uow.commit()
        return HeldRecord(held, both_forms(email.strip()), scanners)


class EraseBuyer:
    """Erases the person from their orders. Figures, codes and times stay: the books must still add up."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, email: str, *, force: bool = False) -> Erasure:
        """What was erased, and what stays.

        Raises NotFound if there is no order, and Conflict, with nothing erased, while one of them is being paid, or
        (unless ``force``) still admits a person to a show that is not over: they could not be informed of a change.
        """
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            order_ids = await uow.personal_data.orders_of(actor.producer_id, _address(email))
            orders = (await uow.orders.lock(order_ids)).values()
            if not orders:
                raise NotFound("There are no orders under this address")
            for order in orders:
                await self._ensure_erasable(uow, order, now, force=force)
            scanners = await uow.personal_data.scanners_of(order_ids)
            await uow.personal_data.erase(order_ids)
            # Files of exports and lists of guests may name the person, too.
            await uow.jobs.forget_contents(now=now, producer_id=actor.producer_id)
            # The transfer at Stripe names the customer: write it again, without the name.
            tasks = [
                OutboxTask(id=self._ids.new(), kind=TaskKind.DESCRIBE_TRANSFER, order_id=order.id, due_at=now)
                for order in orders
                if order.charge_id
            ]
            await uow.outbox.add(tasks)
            await self._audit.record(
                uow, actor, Action.BUYER_ERASED, actor.producer_id, after={"order_ids": order_ids, "forced": force}
            )
            await uow.commit()
        return Erasure(order_ids, both_forms(email.strip()), scanners)

    async def _ensure_erasable(self, uow: UnitOfWork, order: Order, now: datetime, *, force: bool) -> None:
        if order.holds_tickets:
            raise Conflict(f"Order {order.number} is being paid: cancel it, or wait until its hold is over")
        show = await uow.shows.get(order.show_id)
        is_to_come = show is not None and show.end_time > now and not show.cancelled
        if is_to_come and not force and any(a.status is AttendeeStatus.VALID for a in order.attendees):
            raise Conflict(
                f"Order {order.number} has tickets to a show that is not over: refund it first, or use force"
            )


def _address(email: str) -> str:
    address = email.strip()
    if address.lower() in ("", ERASED_EMAIL):  # neither is the address of a person
        raise NotFound("There are no orders under this address")
    return address
