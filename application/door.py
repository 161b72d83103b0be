"""Use cases: who goes in (api.md, POST /checkin)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.access import Actor
from application.audit import Action
from application.audit_trail import AuditTrail
from application.ownership import own_show
from application.ports.door import IssuedTicket
from application.ports.storage import UnitOfWork, UnitOfWorkFactory
from application.ports.system import Clock, Ids
from domain.admission import Scan, ScanResult, admit, attendee_of
from domain.catalog import Show
from domain.errors import InvalidRequest
from domain.orders import Order
from domain.ticket_code import TicketCodes, plain_code

#: What a scanner may call itself.
MAX_DEVICE_LENGTH: Final = 100
#: Scanning begins before the doors open: for staff, and for those who come early.
ON_BEFORE_DOORS: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class DoorAnswer:
    """What the scanner shows. ``order`` and ``attendee_id`` are None for a code that is none of this producer's.

    ``checked_in_at`` is when the attendee went in, by whichever scan.
    """

    result: ScanResult
    order: Order | None = None
    attendee_id: UUID | None = None

    @property
    def checked_in_at(self) -> datetime | None:
        if self.order is None or self.attendee_id is None:
            return None
        return attendee_of(self.order, self.attendee_id).checked_in_at


UNKNOWN: Final = DoorAnswer(ScanResult.UNKNOWN)


class Door:
    """Which ticket a code is, and whether it is one to the show at whose door it was read."""

    def __init__(self, codes: TicketCodes) -> None:
        self._codes = codes

    async def ticket(self, uow: UnitOfWork, actor: Actor, text: str) -> IssuedTicket | None:
        """The producer's ticket with the code."""
        return (await self.tickets(uow, actor, [text])).get(text)

    async def tickets(self, uow: UnitOfWork, actor: Actor, texts: Collection[str]) -> Mapping[str, IssuedTicket]:
        """The producer's tickets by what was scanned or typed. The database is asked only about what can be a code, and
        a code that was not signed by us is none, wherever it comes from.
        """
        codes = {text: code for text in texts if (code := plain_code(text))}
        found = await uow.door.tickets(set(codes.values())) if codes else {}
        return {
            text: found[code]
            for text, code in codes.items()
            if code in found
            and found[code].producer_id == actor.producer_id
            and self._codes.is_genuine(found[code].show_id, code)
        }

    async def is_of(
        self, uow: UnitOfWork, actor: Actor, ticket: IssuedTicket, show: Show | None, now: datetime
    ) -> bool:
        """Whether the ticket is one to ``show``.

        Where nobody said at which show the scanner is (None), it is at the producer's shows that are on now, from
        ON_BEFORE_DOORS to the end. When none is on, any will do that is not over.
        """
        if show is not None:
            return ticket.show_id == show.id
        on_now = await uow.door.shows_on(actor.producer_id, at=now, until=now + ON_BEFORE_DOORS)
        if on_now:
            return ticket.show_id in on_now
        of_ticket = await uow.catalog.show(ticket.show_id)
        return of_ticket is not None and of_ticket.end_time > now


class CheckIn:
    """Let in whoever has the code: once, however many scanners read it at the same time."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, door: Door) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._door = door

    async def __call__(
        self, actor: Actor, code: str, *, show_id: UUID | None = None, device_id: str = ""
    ) -> DoorAnswer:
        """Raises NotFound for a show that is not the producer's, InvalidRequest for a device's name."""
        device = checked_device(device_id)
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            show = await own_show(uow, actor, show_id) if show_id else None
            ticket = await self._door.ticket(uow, actor, code)
            if ticket is None:
                return UNKNOWN
            # From here on until the commit, every other scanner of this order waits.
            order = (await uow.orders.lock([ticket.order_id]))[ticket.order_id]
            if not await self._door.is_of(uow, actor, ticket, show, now):
                return DoorAnswer(ScanResult.WRONG_SHOW, order, ticket.attendee_id)
            scan = Scan(
                show_id=ticket.show_id,
                id=self._ids.new(),
                attendee_id=ticket.attendee_id,
                code=ticket.code,
                device_id=device,
                offline=False,
                scanned_at=now,
                received_at=now,
                result=ScanResult.ADMITTED,
            )
            at = show or await own_show(uow, actor, ticket.show_id)
            admissions = await uow.door.admissions([ticket.attendee_id])
            admission = admit(order, scan, admission=admissions.get(ticket.attendee_id), show_cancelled=at.cancelled)
            if admission.scan.result is ScanResult.ADMITTED:
                await uow.orders.save([admission.order])
                await uow.door.add([admission.scan])
                await uow.commit()
        return DoorAnswer(admission.scan.result, admission.order, ticket.attendee_id)


class UndoCheckIn:
    """It was the wrong person, or somebody else's ticket: the code admits again."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, door: Door) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._door = door
        self._audit = AuditTrail(clock, ids)

    async def __call__(self, actor: Actor, code: str, *, show_id: UUID | None = None) -> tuple[bool, DoorAnswer]:
        """Whether there was anything to undo; the answer is UNKNOWN, WRONG_SHOW, or about the attendee as they are now.

        Raises NotFound for a show that is not the producer's.
        """
        async with self._unit_of_work() as uow:
            if show_id:
                await own_show(uow, actor, show_id)
            ticket = await self._door.ticket(uow, actor, code)
            if ticket is None:
                return False, UNKNOWN
            order = (await uow.orders.lock([ticket.order_id]))[ticket.order_id]
            if show_id not in (None, ticket.show_id):
                return False, DoorAnswer(ScanResult.WRONG_SHOW, order, ticket.attendee_id)
            was_in_since = attendee_of(order, ticket.attendee_id).checked_in_at
            if was_in_since is None:
                return False, DoorAnswer(ScanResult.ADMITTED, order, ticket.attendee_id)
            outside = order.checked_in(ticket.attendee_id, None)
            await uow.orders.save([outside])
            await uow.door.undo(ticket.attendee_id, now=self._clock.now())
            await self._audit.record(
                uow,
                actor,
                Action.CHECK_IN_UNDONE,
                ticket.attendee_id,
                show_id=ticket.show_id,
                before={"checked_in_at": was_in_since},
            )
            await uow.commit()
        return True, DoorAnswer(ScanResult.ADMITTED, outside, ticket.attendee_id)


def checked_device(device_id: str) -> str:
    """A scanner's name for itself. Raises InvalidRequest."""
    name = device_id.strip()
    if len(name) > MAX_DEVICE_LENGTH or not (name.isprintable() or not name):
        raise InvalidRequest(f"device_id must have at most {MAX_DEVICE_LENGTH} printable characters", field="device_id")
    return name
