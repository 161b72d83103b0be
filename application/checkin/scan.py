"""Use cases: check-in online (docs/api.md#door)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_show
from application.errors import IdempotencyKeyReused
from application.ports.checkin import IssuedTicket
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Admission, Scan, ScanResult, admit, attendee_of
from domain.audit_log import Action
from domain.catalog import Show
from domain.code_readings import Reading, other_readings, plain_code
from domain.errors import InvalidRequest
from domain.orders import Order
from domain.ticket_code import TicketCodes

#: The longest name of a scanner.
MAX_DEVICE_LENGTH: Final = 100
#: Scanning begins before the doors open, for staff and for people who come early. Before that it is too early, unless
#: the scanner names the show.
ON_BEFORE_DOORS: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """The result that the scanner shows. ``order`` and ``attendee_id`` are None for a code that is not of this
    producer.

    ``checked_in_at`` is when the attendee went in, by whichever scan. ``layout`` is the keyboard layout that typed the
    code, None if the code came unchanged. ``admission`` is the scan that let the attendee in before this one.
    """

    result: ScanResult
    order: Order | None = None
    attendee_id: UUID | None = None
    layout: str | None = None
    admission: Scan | None = None

    @property
    def checked_in_at(self) -> datetime | None:
        if self.order is None or self.attendee_id is None:
            return None
        return attendee_of(self.order, self.attendee_id).checked_in_at


UNKNOWN: Final = CheckInResult(ScanResult.UNKNOWN)
#: The ticket is to a show that the actor's device is not for: nothing is said of it.
ELSEWHERE: Final = CheckInResult(ScanResult.WRONG_SHOW)


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """A ticket, and the keyboard layout that typed its code (None if the code came unchanged)."""

    ticket: IssuedTicket
    layout: str | None = None


class TicketLookup:
    """Finds the ticket for a code, and whether it admits at the door where it was read."""

    def __init__(self, codes: TicketCodes) -> None:
        self._codes = codes

    async def ticket(
        self, uow: UnitOfWork, actor: Actor, text: str, *, show_id: UUID | None = None
    ) -> ReadTicket | None:
        """The producer's ticket with the code."""
        return (await self.tickets(uow, actor, [text], show_id=show_id)).get(text)

    async def tickets(
        self, uow: UnitOfWork, actor: Actor, texts: Collection[str], *, show_id: UUID | None = None
    ) -> Mapping[str, ReadTicket]:
        """The producer's tickets by the scanned or typed text.

        The database is queried only for texts that can be a code and have our signature. Texts that are not a ticket as
        they stand are looked up among the replaced codes, and read in other ways: as another keyboard layout types
        them, and with characters that are mistaken for others. ``show_id`` is the show at whose door they were read;
        its key identifies the right reading at once, and what it did not sign is looked up in all ways together.
        """
        as_they_stand = {text: [Reading(code)] for text in texts if (code := plain_code(text))}
        likely = {
            text: [reading]
            for text, [reading] in as_they_stand.items()
            if show_id is None or self._codes.is_genuine(show_id, reading.code)
        }
        found = await self._issued(uow, actor, likely)
        others = {
            text: [*as_they_stand.get(text, ()), *self._other_readings(text, show_id)]
            for text in texts
            if text not in found
        }
        return found | await self._issued(uow, actor, others, replaced=True)

    def _other_readings(self, text: str, show_id: UUID | None) -> Sequence[Reading]:
        readings = other_readings(text)
        if show_id is None:
            return readings
        return [each for each in readings if self._codes.is_genuine(show_id, each.code)] or readings

    async def _issued(
        self, uow: UnitOfWork, actor: Actor, readings: Mapping[str, Sequence[Reading]], *, replaced: bool = False
    ) -> dict[str, ReadTicket]:
        """The tickets of the texts that have one by one of their readings: by the first that is a ticket's."""
        codes = {reading.code for each in readings.values() for reading in each}
        found = await uow.check_ins.tickets(codes, replaced=replaced) if codes else {}
        ours = {
            code: ticket
            for code, ticket in found.items()
            if ticket.producer_id == actor.producer_id and self._codes.is_genuine(ticket.show_id, code)
        }
        return {
            text: ReadTicket(ours[reading.code], reading.layout)
            for text, each in readings.items()
            for reading in reversed(each)  # of several the first counts
            if reading.code in ours
        }

    async def refusal(
        self, uow: UnitOfWork, actor: Actor, ticket: IssuedTicket, show: Show | None, now: datetime
    ) -> ScanResult | None:
        """Why the ticket does not admit to ``show``: WRONG_SHOW or TOO_EARLY; None if it may.

        A scanner that names no show (None) serves those of the actor's shows that are on now, from ON_BEFORE_DOORS
        before the doors to the end: a ticket to another show is for the wrong show. If none is on, the ticket's own
        show is over or not yet open. A scanner may check in to a show that it names at any hour.
        """
        if show is not None:
            return None if ticket.show_id == show.id else ScanResult.WRONG_SHOW
        all_on = await uow.check_ins.shows_on(ticket.producer_id, at=now, until=now + ON_BEFORE_DOORS)
        on_now = {show_id for show_id in all_on if actor.reaches(show_id)}
        if ticket.show_id in on_now:
            return None
        of_ticket = await uow.shows.get(ticket.show_id)
        if on_now or of_ticket is None or of_ticket.end_time <= now:
            return ScanResult.WRONG_SHOW
        is_early = now + ON_BEFORE_DOORS < of_ticket.door_time and not of_ticket.cancelled
        return ScanResult.TOO_EARLY if is_early else None


class CheckIn:
    """Admits the holder of a code: once, even if several scanners read it at the same time."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, door: TicketLookup) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._door = door

    async def __call__(
        self,
        actor: Actor,
        code: str,
        *,
        show_id: UUID | None = None,
        device_id: str = "",
        scan_id: UUID | None = None,
    ) -> CheckInResult:
        """The result of the scan. A repeated scan with the same ``scan_id``, because its answer was lost, gets the same
        result.

        Raises NotFound for a show that is not the producer's, InvalidRequest for a device's name, IdempotencyKeyReused
        for a scan_id with which another ticket was admitted.
        """
        device = device_named(actor, device_id)
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, actor, show_id) if show_id else None
            read = await self._door.ticket(uow, actor, code, show_id=show_id)
            if read is None:
                return UNKNOWN
            ticket = read.ticket
            if not actor.reaches(ticket.show_id):
                return ELSEWHERE
            # From here until the commit, every other scanner of this order waits.
            order = (await uow.orders.lock([ticket.order_id]))[ticket.order_id]
            before = (await uow.check_ins.admissions([ticket.attendee_id])).get(ticket.attendee_id)
            answer = CheckInResult(ScanResult.ADMITTED, order, ticket.attendee_id, read.layout)
            if before and before.id == scan_id:
                return answer
            if refused := await self._door.refusal(uow, actor, ticket, show, now):
                return replace(answer, result=refused)
            scan = Scan(
                show_id=ticket.show_id,
                id=scan_id or self._ids.new(),
                attendee_id=ticket.attendee_id,
                code=ticket.code,
                device_id=device,
                offline=False,
                scanned_at=now,
                received_at=now,
                result=ScanResult.ADMITTED,
            )
            at = show or await owned_show(uow, actor, ticket.show_id)
            if _is_replaced(ticket, order):
                return replace(answer, result=ScanResult.VOID)
            admission = admit(order, scan, admission=before, show_cancelled=at.cancelled)
            if admission.scan.result is not ScanResult.ADMITTED:
                return replace(answer, result=admission.scan.result, admission=before)
            await self._keep(uow, admission, scan_id)
            await uow.commit()
        return replace(answer, order=admission.order)

    async def _keep(self, uow: UnitOfWork, admission: Admission, scan_id: UUID | None) -> None:
        scan = admission.scan
        known = (await uow.check_ins.scans(scan.show_id, [scan_id])).get(scan_id) if scan_id else None
        if known is None:
            await uow.check_ins.add([scan])
        elif known.attendee_id == scan.attendee_id:  # it was undone since, and the scanner never got an answer
            await uow.check_ins.save(scan)
        else:
            raise IdempotencyKeyReused("This scan_id was used for another ticket")
        await uow.orders.save([admission.order])


def _is_replaced(ticket: IssuedTicket, order: Order) -> bool:
    """Whether the ticket got another code, also between reading the code and locking the order."""
    return ticket.replaced_at is not None or attendee_of(order, ticket.attendee_id).code != ticket.code


class UndoCheckIn:
    """Undoes a check-in of the wrong person or ticket: the code admits again."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, door: TicketLookup, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._door = door
        self._audit = audit

    async def __call__(self, actor: Actor, code: str, *, show_id: UUID | None = None) -> tuple[bool, CheckInResult]:
        """Whether there was anything to undo, and the result: UNKNOWN, WRONG_SHOW, VOID for a code that was replaced,
        or the attendee as they are now.

        Raises NotFound for a show that is not the producer's.
        """
        async with self._unit_of_work() as uow:
            if show_id:
                await owned_show(uow, actor, show_id)
            read = await self._door.ticket(uow, actor, code, show_id=show_id)
            if read is None:
                return False, UNKNOWN
            ticket = read.ticket
            if not actor.reaches(ticket.show_id):
                return False, ELSEWHERE
            order = (await uow.orders.lock([ticket.order_id]))[ticket.order_id]
            answer = CheckInResult(ScanResult.ADMITTED, order, ticket.attendee_id, read.layout)
            if show_id not in (None, ticket.show_id):
                return False, replace(answer, result=ScanResult.WRONG_SHOW)
            if _is_replaced(ticket, order):
                return False, replace(answer, result=ScanResult.VOID)
            was_in_since = attendee_of(order, ticket.attendee_id).checked_in_at
            if was_in_since is None:
                return False, answer
            outside = order.checked_in(ticket.attendee_id, None)
            await uow.orders.save([outside])
            await uow.check_ins.undo(ticket.attendee_id, now=self._clock.now())
            await self._audit.record(
                uow,
                actor,
                Action.CHECK_IN_UNDONE,
                ticket.attendee_id,
                show_id=ticket.show_id,
                before={"checked_in_at": was_in_since},
            )
            await uow.commit()
        return True, replace(answer, order=outside)


def device_named(actor: Actor, device_id: str) -> str:
    """The name of a scanner: a paired device's own, whatever it says, or what the scanner calls itself.

    Raises InvalidRequest.
    """
    if actor.device_id is not None:
        return actor.name
    name = device_id.strip()
    if len(name) > MAX_DEVICE_LENGTH or not (name.isprintable() or not name):
        raise InvalidRequest(f"device_id must have at most {MAX_DEVICE_LENGTH} printable characters", field="device_id")
    return name
