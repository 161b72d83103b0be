"""Use case: an order as its producer sees it, with all that happened to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from application.access.ownership import owned_order
from application.ports.order_lists import UndeliveredMail
from application.ports.orders import OrderRef
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Passages, Scan
from domain.audit_log import Action, AuditEntry, AuditFilter
from domain.catalog import Show
from domain.errors import NotFound
from domain.money_back import MoneyBack, money_back
from domain.orders import Order, number_of
from domain.tasks import ORDER_MAILS, OutboxTask, TaskState
from domain.timeline import Event, OrderFacts, timeline

#: Entries of the audit log that are read for one order: far more than a person reads.
_MOST_ENTRIES: Final = 500
#: Erasures of a producer that are looked through for the one of an order.
_MOST_ERASURES: Final = 200
#: More orders than have the same number.
_MOST_OF_A_NUMBER: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHistory:
    """An order with its show, its facts and its life. ``exchanges`` are the orders that its tickets were exchanged for,
    also those that are not paid. ``undelivered`` are mails that did not arrive and were not sent again.
    """

    order: Order
    show: Show
    facts: OrderFacts
    events: Sequence[Event]
    money_back: MoneyBack | None
    exchanges: Sequence[OrderRef]
    undelivered: Sequence[UndeliveredMail]

    @property
    def out_since(self) -> Mapping[UUID, datetime]:
        """Since when those of its attendees are out who left for a while."""
        of_attendee: dict[UUID, list[Scan]] = defaultdict(list)
        for scan in self.facts.scans:
            if scan.attendee_id is not None:
                of_attendee[scan.attendee_id].append(scan)
        found = {attendee_id: Passages.of(scans).out_since for attendee_id, scans in of_attendee.items()}
        return {attendee_id: since for attendee_id, since in found.items() if since is not None}


class FindOrder:
    """Finds a producer's order by its number or its id."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, reference: str) -> list[UUID]:
        """The ids of the orders with this number, or the id itself. There is nearly always one. Raises NotFound."""
        try:
            return [UUID(reference)]
        except ValueError:
            pass
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.order_lists.with_number(actor.producer_id, reference.upper(), limit=_MOST_OF_A_NUMBER)
        if not found:
            raise NotFound("No such order")
        return found


class ReadOrderHistory:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, order_id: UUID) -> OrderHistory:
        """The order, and all that happened to it. Raises NotFound."""
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, actor, order_id)
            show = await uow.shows.get(order.show_id)
            if show is None:
                raise NotFound("No such order")
            facts = await _facts(uow, actor, order)
            exchanges = (await uow.orders.exchanges_of([order_id])).get(order_id, [])
        return OrderHistory(
            order=order,
            show=show,
            facts=facts,
            events=timeline(facts),
            money_back=money_back(order, facts.refunds, facts.disputes),
            exchanges=exchanges,
            undelivered=undelivered(facts.tasks),
        )


async def _facts(uow: UnitOfWork, actor: Actor, order: Order) -> OrderFacts:
    attendees = [attendee.id for attendee in order.attendees]
    earlier = [order.exchange.order_id] if order.exchange else []
    subjects = [order.id, *attendees, *earlier]
    audit = await uow.audit_log.of_subjects(actor.producer_id, subjects, limit=_MOST_ENTRIES)
    return OrderFacts(
        order=order,
        tasks=await uow.task_admin.of_order(order.id),
        refunds=await uow.refunds.of_order(order.id),
        disputes=await uow.disputes.of_order(order.id),
        duplicate_payments=await uow.duplicate_payments.of_order(order.id),
        scans=await uow.check_ins.scans_of(attendees) if attendees else [],
        notes=await uow.notes.of_order(order.id),
        audit=[*audit, *await _erasures(uow, actor, order)],
    )


async def _erasures(uow: UnitOfWork, actor: Actor, order: Order) -> list[AuditEntry]:
    if not order.customer.is_erased:
        return []
    only = AuditFilter(action=Action.BUYER_ERASED)
    return await uow.audit_log.page(actor.producer_id, only=only, after=None, limit=_MOST_ERASURES)


def undelivered(tasks: Sequence[OutboxTask]) -> list[UndeliveredMail]:
    """Mails to the buyer that were not delivered, except those that were sent again later and arrived."""
    mails = [task for task in tasks if task.kind in ORDER_MAILS]
    arrived = [task for task in mails if task.state is TaskState.DONE]
    return [
        UndeliveredMail.of(task.kind, task.state, in_doubt=task.sending_since is not None, error=task.last_error)
        for task in mails
        if task.state is not TaskState.DONE and task.last_error is not None
        if not any(later.kind is task.kind and later.due_at > task.due_at for later in arrived)
    ]


def numbers_of(events: Sequence[Event]) -> Mapping[UUID, str]:
    """The numbers of the other orders that are named in the events."""
    return {event.order_id: number_of(event.order_id) for event in events if event.order_id}
