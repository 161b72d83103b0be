"""Use case: undoing a check-in (docs/door-protocol.md#undo)."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_show
from application.checkin.lookup import TicketLookup
from application.checkin.passing import ELSEWHERE, UNKNOWN, CheckInResult, is_replaced
from application.ports.checkin import IssuedTicket
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Passages, ScanResult, attendee_of, may_undo, moved
from domain.audit_log import Action
from domain.errors import InvalidRequest
from domain.orders import Order


class UndoResult(StrEnum):
    """``not_admitted``: there is nothing to undo. A paired device takes back its own last passage within the hour:
    ``other_device`` and ``too_late`` say why not.
    """

    UNDONE = "undone"
    NOT_ADMITTED = "not_admitted"
    OTHER_DEVICE = "other_device"
    TOO_LATE = "too_late"
    WRONG_SHOW = "wrong_show"
    UNKNOWN = "unknown"


_REFUSED: Final = {ScanResult.UNKNOWN: UndoResult.UNKNOWN, ScanResult.WRONG_SHOW: UndoResult.WRONG_SHOW}


class UndoCheckIn:
    """Undoes a check-in of the wrong person or ticket.

    A token takes back all scans of the ticket: the code admits again. A paired device takes back what it did last.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, door: TicketLookup, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._door = door
        self._audit = audit

    async def __call__(
        self, actor: Actor, code: str | None = None, *, attendee_id: UUID | None = None, show_id: UUID | None = None
    ) -> tuple[UndoResult, CheckInResult]:
        """Whether it was undone, and the result: UNKNOWN, WRONG_SHOW, VOID for a code that was replaced, or the
        attendee as they are now.

        Raises NotFound for a show that is not the producer's, and InvalidRequest without a code or an attendee.
        """
        if (code is None) == (attendee_id is None):
            raise InvalidRequest("Give either code or attendee_id", field="code")
        async with self._unit_of_work() as uow:
            if show_id:
                await owned_show(uow, actor, show_id)
            answer = UNKNOWN
            ticket: IssuedTicket | None = None
            if code is not None and (read := await self._door.ticket(uow, actor, code, show_id=show_id)):
                ticket, answer = read.ticket, replace(UNKNOWN, layout=read.layout)
            elif attendee_id is not None:
                ticket = (await self._door.tickets_of(uow, actor, [attendee_id])).get(attendee_id)
            if ticket is None:
                return UndoResult.UNKNOWN, UNKNOWN
            if not actor.reaches(ticket.show_id):
                return UndoResult.WRONG_SHOW, ELSEWHERE
            order = (await uow.orders.lock([ticket.order_id]))[ticket.order_id]
            answer = replace(answer, result=ScanResult.ADMITTED, order=order, attendee_id=ticket.attendee_id)
            if show_id not in (None, ticket.show_id):
                return UndoResult.WRONG_SHOW, replace(answer, result=ScanResult.WRONG_SHOW)
            if is_replaced(ticket, order):
                return UndoResult.NOT_ADMITTED, replace(answer, result=ScanResult.VOID)
            return await self._undo(uow, actor, ticket, answer, order)

    async def _undo(
        self, uow: UnitOfWork, actor: Actor, ticket: IssuedTicket, answer: CheckInResult, order: Order
    ) -> tuple[UndoResult, CheckInResult]:
        was_in_since = attendee_of(order, ticket.attendee_id).checked_in_at
        if actor.device_id is not None:
            undone, after = await self._take_back(uow, actor, ticket, order)
        elif was_in_since is None:
            undone, after = UndoResult.NOT_ADMITTED, order
        else:
            undone, after = UndoResult.UNDONE, order.checked_in(ticket.attendee_id, None)
            await uow.check_ins.undo(ticket.attendee_id, now=self._clock.now())
        if undone is not UndoResult.UNDONE:
            return undone, answer
        await uow.orders.save([after])
        await self._audit.record(
            uow,
            actor,
            Action.CHECK_IN_UNDONE,
            ticket.attendee_id,
            show_id=ticket.show_id,
            before={"checked_in_at": was_in_since},
        )
        await uow.commit()
        return undone, replace(answer, order=after)

    async def _take_back(
        self, uow: UnitOfWork, actor: Actor, ticket: IssuedTicket, order: Order
    ) -> tuple[UndoResult, Order]:
        """The ticket's last passage is undone, if it was the device's own and not long ago."""
        now = self._clock.now()
        passages = Passages.of(await uow.check_ins.scans_of([ticket.attendee_id]))
        last = passages.last
        if last is None:
            return UndoResult.NOT_ADMITTED, order
        if last.device_id != actor.name:
            return UndoResult.OTHER_DEVICE, order
        if not may_undo(last, device_id=actor.name, at=now):
            return UndoResult.TOO_LATE, order
        after = passages.without(last.id)
        await uow.check_ins.save(replace(last, undone_at=now))
        for scan in after.changed_since(passages):
            await uow.check_ins.save(scan)
        return UndoResult.UNDONE, moved(order, attendee_of(order, ticket.attendee_id), after)
