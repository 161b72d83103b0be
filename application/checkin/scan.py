"""Use cases: check-in online (docs/api.md#door)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.errors import IdempotencyKeyReused
from application.ports.checkin import IssuedTicket
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import (
    PASSED,
    Admission,
    Direction,
    Passages,
    Scan,
    ScanResult,
    admit,
    attendee_of,
)
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

    ``checked_in_at`` is when the attendee went in, by whichever scan, ``out_since`` since when they are out again.
    ``layout`` is the keyboard layout that typed the code, None if the code came unchanged. ``admission`` is the scan
    that let the attendee in before this one. ``party`` stands for the order (``TicketCodes.party``).
    """

    result: ScanResult
    order: Order | None = None
    attendee_id: UUID | None = None
    layout: str | None = None
    admission: Scan | None = None
    out_since: datetime | None = None
    party: str = ""

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

    async def tickets_of(
        self, uow: UnitOfWork, actor: Actor, attendee_ids: Collection[UUID]
    ) -> dict[UUID, IssuedTicket]:
        """The producer's tickets of these attendees."""
        found = await uow.check_ins.tickets_of(attendee_ids) if attendee_ids else {}
        return {id_: ticket for id_, ticket in found.items() if ticket.producer_id == actor.producer_id}

    def party(self, order: Order) -> str:
        """What stands for the order at the door."""
        return self._codes.party(order.show_id, order.id)

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
    """Admits the holder of a code: once, even if several scanners read it at the same time. Where the show allows it,
    lets them out and in again.
    """

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
        direction: Direction = Direction.IN,
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
            party = self._door.party(order)
            answer = CheckInResult(ScanResult.ADMITTED, order, ticket.attendee_id, read.layout, party=party)
            if before and before.id == scan_id:
                return answer
            if refused := await self._door.refusal(uow, actor, ticket, show, now):
                return replace(answer, result=refused)
            at = show or await owned_show(uow, actor, ticket.show_id)
            if is_replaced(ticket, order):
                return replace(answer, result=ScanResult.VOID)
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
                direction=direction,
            )
            passing = Passing(uow, at, _first_passage(before))
            if at.re_entry and (before or direction is Direction.OUT):
                passing = await Passing.of_tickets(uow, at, [ticket.attendee_id])
            answer = await passing.decide(order, scan, answer)
            if passing.has_changed:
                await passing.save(ids_of_scanner=[scan_id] if scan_id else [])
                await uow.commit()
        return answer


def _first_passage(admission: Scan | None) -> list[Scan]:
    """All that matters of a ticket's scans where no one comes in again."""
    return [admission] if admission else []


class Passing:
    """Scans at the network that are decided in one transaction, whose orders are locked: their tickets' scans so far,
    and what they change.
    """

    def __init__(self, uow: UnitOfWork, show: Show, known: Sequence[Scan]) -> None:
        """``known`` are the scans of the tickets."""
        self._uow = uow
        self._show = show
        self._known = known
        self._new: dict[UUID, Scan] = {}
        self._changed: dict[UUID, Scan] = {}
        self._orders: dict[UUID, Order] = {}

    @classmethod
    async def of_tickets(cls, uow: UnitOfWork, show: Show, attendee_ids: Sequence[UUID]) -> Passing:
        return cls(uow, show, await uow.check_ins.scans_of(attendee_ids))

    @property
    def has_changed(self) -> bool:
        return bool(self._new)

    async def decide(self, order: Order, scan: Scan, answer: CheckInResult) -> CheckInResult:
        """The answer to the scan. One that was decided before gets the same answer. Raises IdempotencyKeyReused."""
        order = self._orders.get(order.id, order)
        passages = Passages.of(each for each in self._scans() if each.attendee_id == scan.attendee_id)
        if told := next((each for each in passages.scans if each.id == scan.id), None):
            return _answer(answer, Admission(order, told, passages))
        if scan.direction is Direction.OUT and not self._show.re_entry:
            return replace(answer, result=ScanResult.NO_RE_ENTRY)
        admission = admit(order, scan, passages, show_cancelled=self._show.cancelled)
        if admission.scan.result in PASSED:
            self._new[scan.id] = admission.scan
            self._orders[order.id] = admission.order
        return _answer(answer, admission)

    def _scans(self) -> list[Scan]:
        return [*(each for each in self._known if each.id not in self._new), *self._new.values()]

    async def save(self, *, ids_of_scanner: Collection[UUID]) -> None:
        """Write what was decided. The scanner, which made these ids, may have used one before.

        Raises IdempotencyKeyReused.
        """
        known = await self._uow.check_ins.scans(self._show.id, ids_of_scanner) if ids_of_scanner else {}
        for scan in self._new.values():
            if scan.id not in known:
                continue
            if known[scan.id].attendee_id != scan.attendee_id:
                raise IdempotencyKeyReused("This scan_id was used for another ticket")
            if known[scan.id].offline:
                raise IdempotencyKeyReused("The scanner took this scan back")
            await self._uow.check_ins.save(scan)  # it was undone since, and the scanner never got an answer
        await self._uow.check_ins.add([scan for scan in self._new.values() if scan.id not in known])
        await self._uow.orders.save(list(self._orders.values()))


def _answer(answer: CheckInResult, admission: Admission) -> CheckInResult:
    result, passages = admission.scan.result, admission.passages
    before = None if result in PASSED else passages.admission
    return replace(answer, result=result, order=admission.order, admission=before, out_since=passages.out_since)


def is_replaced(ticket: IssuedTicket, order: Order) -> bool:
    """Whether the ticket got another code, also between reading the code and locking the order."""
    return ticket.replaced_at is not None or attendee_of(order, ticket.attendee_id).code != ticket.code


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
