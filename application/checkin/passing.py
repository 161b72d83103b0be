"""Scans at the network that are decided together: what they change is known before anything of it is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from application.errors import IdempotencyKeyReused
from application.ports.checkin import IssuedTicket, LockedParties
from application.ports.unit_of_work import UnitOfWork
from domain.access import Actor
from domain.admission import (
    PASSED,
    Admission,
    Direction,
    Party,
    PartyAtDoor,
    Passages,
    Scan,
    ScanResult,
    admit,
    attendee_of,
)
from domain.catalog import Show
from domain.errors import InvalidRequest
from domain.orders import TicketAttendee

#: The longest name of a scanner.
MAX_DEVICE_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """The result that the scanner shows. ``order`` and ``attendee_id`` are None for a code that is not of this
    producer.

    ``checked_in_at`` is when the attendee went in, by whichever scan, ``out_since`` since when they are out again.
    ``layout`` is the keyboard layout that typed the code, None if the code came unchanged. ``admission`` is the scan
    that let the attendee in before this one. ``party`` stands for the order (``TicketCodes.party``).
    """

    result: ScanResult
    order: Party | None = None
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


class Passing:
    """Tickets at the door, while scans of them are decided one after another: each sees what the ones before it did."""

    def __init__(self, locked: LockedParties) -> None:
        self._parties: dict[UUID, PartyAtDoor] = dict(locked.parties)
        self._scans: defaultdict[UUID | None, dict[UUID, Scan]] = defaultdict(dict)
        for scan in locked.scans:
            self._scans[scan.attendee_id][scan.id] = scan
        self._known = {(scan.show_id, scan.id): scan for scan in locked.known}
        self._added: dict[tuple[UUID, UUID], Scan] = {}
        self._saved: dict[tuple[UUID, UUID], Scan] = {}
        self._moved: dict[UUID, TicketAttendee] = {}

    @property
    def has_changed(self) -> bool:
        return bool(self._added or self._saved)

    def party(self, order_id: UUID) -> PartyAtDoor | None:
        """The order as it is now; None if it is not locked."""
        return self._parties.get(order_id)

    def scans_of(self, attendee_id: UUID) -> Sequence[Scan]:
        """All scans of the attendee's ticket."""
        return list(self._scans[attendee_id].values())

    def admission_of(self, attendee_id: UUID) -> Scan | None:
        """The scan that admitted the attendee."""
        scans = self._scans[attendee_id].values()
        return next((s for s in scans if s.result is ScanResult.ADMITTED and s.undone_at is None), None)

    def decide(
        self, show: Show, order_id: UUID, scan: Scan, answer: CheckInResult, passed_before: Iterable[Scan]
    ) -> CheckInResult:
        """The answer to the scan of a ticket, whose scans that matter are ``passed_before``. One that was decided
        before gets the same answer.

        Raises IdempotencyKeyReused: the scanner gave this id to another scan.
        """
        order, passages = self._parties[order_id], Passages.of(passed_before)
        if told := next((each for each in passages.scans if each.id == scan.id), None):
            return _answer(answer, Admission(order, told, passages))
        if scan.direction is Direction.OUT and not show.re_entry:
            return replace(answer, result=ScanResult.NO_RE_ENTRY)
        admission = admit(order, scan, passages, show_cancelled=show.cancelled)
        if admission.scan.result in PASSED:
            self._keep(admission)
        return _answer(answer, admission)

    def _keep(self, admission: Admission[PartyAtDoor]) -> None:
        scan, order = admission.scan, admission.order
        attendee_id, key = scan.attendee_id, (scan.show_id, scan.id)
        if attendee_id is None:
            raise ValueError("only a scan of a ticket lets anyone pass")
        before = self._known.get(key)
        if before is not None and before.attendee_id != attendee_id:
            raise IdempotencyKeyReused("This scan_id was used for another ticket")
        if before is not None and before.offline:
            raise IdempotencyKeyReused("The scanner took this scan back")
        # One that is known was undone since, and the scanner never got an answer.
        (self._added if before is None else self._saved)[key] = scan
        self._known[key] = self._scans[attendee_id][scan.id] = scan
        if order is not self._parties[order.id]:
            self._parties[order.id] = order
            self._moved[attendee_id] = attendee_of(order, attendee_id)

    async def write(self, uow: UnitOfWork) -> None:
        """Write what was decided."""
        for scan in self._saved.values():
            await uow.check_ins.save(scan)
        await uow.check_ins.add([self._added[key] for key in sorted(self._added)])  # all processes in one order
        await uow.check_ins.move(list(self._moved.values()))


def _answer(answer: CheckInResult, admission: Admission[PartyAtDoor]) -> CheckInResult:
    result, passages = admission.scan.result, admission.passages
    before = None if result in PASSED else passages.admission
    return replace(answer, result=result, order=admission.order, admission=before, out_since=passages.out_since)


def scan_now(ticket: IssuedTicket, scan_id: UUID, device: str, direction: Direction, now: datetime) -> Scan:
    """A scan of the ticket at the network. Its result is yet to be decided."""
    return Scan(
        show_id=ticket.show_id,
        id=scan_id,
        attendee_id=ticket.attendee_id,
        code=ticket.code,
        device_id=device,
        offline=False,
        scanned_at=now,
        received_at=now,
        result=ScanResult.ADMITTED,
        direction=direction,
    )


def is_replaced(ticket: IssuedTicket, order: Party) -> bool:
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
