"""Use case: another person comes with a ticket: it gets their name and a new code, and the old code admits no one."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import attendee_of
from domain.audit_log import Action
from domain.catalog import Show
from domain.errors import Conflict, InvalidName, NotFound
from domain.orders import IssueTicket, Order, ReplacedCode
from domain.person_name import parse_name
from domain.tasks import RENAMED, OutboxTask, TaskKind

#: The name of buyers in the audit log.
BUYER: Final = "buyer"
_DETAILS: Final = MappingProxyType({RENAMED: "true"})


class RenameAttendee:
    """Puts another name on a ticket, for the producer, or for the buyer until the show's ``renames_until``."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, issue: IssueTicket, audit: AuditLog
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._issue = issue
        self._audit = audit

    async def __call__(self, order_id: UUID, attendee_id: UUID, name: str, *, by: Actor | None = None) -> Order:
        """The order after the change; the same name changes nothing. The tickets are mailed again.

        A scan waits for the change, or the change for a scan: one of them is first, and the other is refused. ``by`` is
        the producer, None the buyer. Raises InvalidName, NotFound, and Conflict if the buyer may not change names (any
        more) or ``Order.renamed`` refuses it.
        """
        name, now = _named(name), self._clock.now()
        async with self._unit_of_work() as uow:
            if by:
                await owned_order(uow, by, order_id)
            before = (await uow.orders.lock([order_id])).get(order_id)
            show = await uow.shows.get(before.show_id) if before else None
            if before is None or show is None:
                raise NotFound("No such order")
            if by is None:
                _ensure_buyers_may(show, now)
            after = before.renamed(attendee_id, name, self._issue)
            if after is before:
                return before
            replaced = ReplacedCode(attendee_of(before, attendee_id).code, attendee_id, now)
            await uow.orders.save_customer(after, replaced=[replaced])
            await self._follow_up(uow, after, attendee_id, by or Actor(show.producer_id, None, BUYER, frozenset()), now)
            await uow.commit()
        return after

    async def _follow_up(self, uow: UnitOfWork, order: Order, attendee_id: UUID, by: Actor, now: datetime) -> None:
        kind = TaskKind.CONFIRMATION_MAIL
        if order.customer.has_address:
            mail = OutboxTask(id=self._ids.new(), kind=kind, order_id=order.id, due_at=now, details=_DETAILS)
            await uow.outbox.add([mail])
        facts = {"order_id": order.id}
        await self._audit.record(uow, by, Action.ATTENDEE_RENAMED, attendee_id, show_id=order.show_id, after=facts)


def _named(typed: str) -> str:
    try:
        return parse_name(typed)
    except InvalidName as error:
        raise InvalidName(str(error), field="name") from None


def _ensure_buyers_may(show: Show, now: datetime) -> None:
    if show.renames_until is None:
        raise Conflict("The names on tickets to this show cannot be changed")
    if show.renames_until <= now:
        raise Conflict("It is too late to change the names on tickets to this show")
