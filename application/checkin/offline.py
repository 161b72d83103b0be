"""Use cases: scanners without a network: the list that they take along, and the scans that they report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.checkin.scan import ReadTicket, TicketLookup, device_named
from application.pages import page_of
from application.ports.checkin import IssuedTicket, ListedTicket, OfflineListSigner, ScanCursor
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Scan, ScanResult, admit, time_of_scan
from domain.catalog import Show
from domain.code_readings import MISTAKEN
from domain.errors import InvalidRequest
from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, LETTER_KEYS
from domain.orders import Order

#: The version of the list's format. A scanner that knows only older ones must refuse a newer one.
LIST_VERSION: Final = 1
#: The most scans in an upload, which fit into a request's 64 KiB.
MAX_SCANS: Final = 250
#: The most scans in one transaction: it locks their orders, and a person at the door with one of their tickets has to
#: wait for it.
SCANS_AT_A_TIME: Final = 100
#: The most characters that are kept of a scanned text that is not one of our codes.
MAX_CODE_LENGTH: Final = 64


#: How a scanner reads a code that a keyboard of another layout typed, or a person: see domain/code_readings.py.
_READING: Final = {
    "keys": CODE_KEYS + LETTER_KEYS,
    "layouts": [{"layouts": names.split(), "typed": plain + shifted} for names, plain, shifted in LAYOUTS],
    "mistaken": dict(MISTAKEN),
}


def code_hash(code: str) -> str:
    """The list's stand-in for a code. A code has 64 random bits, so it cannot be found from its hash."""
    return hashlib.sha256(code.encode()).hexdigest()


class IssueOfflineList:
    """Issues a signed list with all that a scanner needs to admit people without a network.

    A scanner may be lost. So the list has hashes of the codes, from which no ticket can be printed, and names only if
    the caller asks for them.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, signer: OfflineListSigner) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._signer = signer

    async def __call__(self, actor: Actor, show_id: UUID, *, with_names: bool = False) -> str:
        """The list as a JSON Web Signature. Raises NotFound."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, actor, show_id)
            tickets = await uow.check_ins.tickets_of_show(show_id)
            replaced = await uow.check_ins.replaced_codes(show_id)
        content = {
            "version": LIST_VERSION,
            "issued_at": now.isoformat(),
            "show": {
                "id": str(show.id),
                "title": show.title,
                "door_time": show.door_there.isoformat(),
                "end_time": show.end_there.isoformat(),
                "cancelled": show.cancelled,
            },
            "code_hash": "sha256",
            "reading": _READING,
            "attendees": [_entry(ticket, with_name=with_names) for ticket in tickets],
            # The present codes are above: a scanner that does not know this part finds these nowhere, and refuses them.
            "replaced": [{"id": str(each.attendee_id), "code_hash": code_hash(each.code)} for each in replaced],
        }
        return self._signer.sign(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())

    def public_keys(self) -> list[Mapping[str, str]]:
        """The keys to verify lists with, as JSON Web Keys."""
        return self._signer.public_keys()


def _entry(ticket: ListedTicket, *, with_name: bool) -> dict[str, object]:
    return {
        "id": str(ticket.attendee_id),
        "code_hash": code_hash(ticket.code),
        **({"name": ticket.name} if with_name else {}),
        "ticket_name": ticket.ticket_name,
        "is_vip": ticket.is_vip,
        "status": ticket.status.value,
        "checked_in_at": ticket.checked_in_at.isoformat() if ticket.checked_in_at else None,
    }


@dataclass(frozen=True, slots=True)
class OfflineScan:
    """An admission without the network. ``id`` is the scanner's own, the same each time the scan is reported."""

    id: UUID
    code: str
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The result of a scan, and whose ticket it was. ``admission`` is the scan that counts instead of it, if any.

    ``layout`` is the keyboard layout that typed the code, None if the code came unchanged.
    """

    scan: Scan
    order: Order | None = None
    admission: Scan | None = None
    layout: str | None = None


class SyncOfflineScans:
    """Takes in the scans of a scanner that was offline. It hides no mistake: every conflict is stored and reported."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, door: TicketLookup) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._door = door

    async def __call__(
        self, actor: Actor, show_id: UUID, device_id: str, scans: Sequence[OfflineScan]
    ) -> list[ScanReport]:
        """A report on each scan, in the given order. A scan that was reported before gets its present state.

        Scans are taken in by their times. An impossible time (before the ticket was sold, or in the future) counts as
        now. An upload that breaks off is taken in up to there, and can be sent again whole. Raises NotFound,
        InvalidRequest.

        A device that was revoked may still report what it did: each of these scans is marked ``after_revocation``.
        """
        device = device_named(actor, device_id)
        if len(scans) > MAX_SCANS:
            raise InvalidRequest(f"At most {MAX_SCANS} scans at a time", field="scans")
        upload = _Upload(actor, show_id, device, self._clock.now())
        once_each: dict[UUID, OfflineScan] = {}
        for scan in sorted(scans, key=lambda scan: (scan.scanned_at, scan.id)):
            once_each.setdefault(scan.id, scan)
        # In the order of the times that count, so no scan is preceded by another one of a later transaction.
        to_take = sorted(await self._read(upload, list(once_each.values())), key=lambda read: read.place)
        reports: dict[UUID, ScanReport] = {}
        for start in range(0, len(to_take), SCANS_AT_A_TIME):
            reports |= await self._take(upload, to_take[start : start + SCANS_AT_A_TIME])
        return [reports[scan.id] for scan in scans]

    async def _read(self, upload: _Upload, scans: Sequence[OfflineScan]) -> list[_ReadScan]:
        read: list[_ReadScan] = []
        async with self._unit_of_work(read_only=True) as uow:
            show = await owned_show(uow, upload.actor, upload.show_id)
            for start in range(0, len(scans), SCANS_AT_A_TIME):
                some = scans[start : start + SCANS_AT_A_TIME]
                tickets = await self._door.tickets(uow, upload.actor, {scan.code for scan in some}, show_id=show.id)
                read += [_read_scan(scan, upload, tickets.get(scan.code)) for scan in some]
        return read

    async def _take(self, upload: _Upload, scans: Sequence[_ReadScan]) -> dict[UUID, ScanReport]:
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, upload.actor, upload.show_id)
            tickets = [scan.ticket for scan in scans if scan.ticket]
            here = {ticket.attendee_id: ticket for ticket in tickets if ticket.show_id == show.id}
            orders = await uow.orders.lock({ticket.order_id for ticket in here.values()})
            # Read after the orders are locked: a transaction that brought one of these scans before has committed by
            # now.
            known = await uow.check_ins.scans(show.id, [scan.id for scan in scans])
            admissions = await uow.check_ins.admissions(list(here))
            taking = _SyncBatch(show, here, dict(orders), dict(known), dict(admissions))
            for scan in scans:
                if scan.id not in taking.known:
                    taking.take(_as_received(scan, show, upload))
            for overtaken in taking.overtaken:
                await uow.check_ins.save(overtaken)
            await uow.check_ins.add(taking.taken)
            await uow.orders.save([taking.orders[order_id] for order_id in sorted(taking.changed)])
            await uow.commit()
        return {scan.id: replace(taking.report(scan.id), layout=scan.layout) for scan in scans}


@dataclass(frozen=True, slots=True)
class _Upload:
    """An upload: the actor, the show, the device, and when the scans were received."""

    actor: Actor
    show_id: UUID
    device: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class _ReadScan:
    """A scan, the time that counts for it, and the ticket of its code; ``layout`` typed the code."""

    id: UUID
    code: str
    scanned_at: datetime
    ticket: IssuedTicket | None
    layout: str | None

    @property
    def place(self) -> tuple[datetime, UUID]:
        """The scan's position among the scans of an upload."""
        return self.scanned_at, self.id


def _read_scan(scan: OfflineScan, upload: _Upload, read: ReadTicket | None) -> _ReadScan:
    ticket = read.ticket if read else None
    at = time_of_scan(scan.scanned_at, received_at=upload.received_at, sold_at=ticket.sold_at if ticket else None)
    return _ReadScan(scan.id, ticket.code if ticket else scan.code, at, ticket, read.layout if read else None)


@dataclass(slots=True)
class _SyncBatch:
    """The state while scans are taken in: the show's tickets in them by attendee, their locked orders, the known scans,
    and the admission that counts for each attendee.
    """

    show: Show
    tickets: dict[UUID, IssuedTicket]
    orders: dict[UUID, Order]
    known: dict[UUID, Scan]
    admissions: dict[UUID, Scan]
    taken: list[Scan] = field(default_factory=list)
    overtaken: list[Scan] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)

    def take(self, scan: Scan) -> None:
        if scan.attendee_id is not None and scan.result is ScanResult.ADMITTED:
            scan = self._admit(scan, scan.attendee_id)
        self.known[scan.id] = scan
        self.taken.append(scan)

    def _admit(self, scan: Scan, attendee_id: UUID) -> Scan:
        order = self.orders[self.tickets[attendee_id].order_id]
        counts = self.admissions.get(attendee_id)
        admission = admit(order, scan, admission=counts, show_cancelled=self.show.cancelled)
        if admission.scan.result is ScanResult.ADMITTED:
            self.admissions[attendee_id] = admission.scan
            self.orders[order.id] = admission.order
            self.changed.add(order.id)
        if admission.overtaken:
            self.overtaken.append(admission.overtaken)
            if admission.overtaken.id in self.known:
                self.known[admission.overtaken.id] = admission.overtaken
        return admission.scan

    def report(self, scan_id: UUID) -> ScanReport:
        scan = self.known[scan_id]
        if scan.attendee_id not in self.tickets:  # not a ticket to this show, or reported with another code before
            return ScanReport(scan)
        order = self.orders[self.tickets[scan.attendee_id].order_id]
        counts = self.admissions.get(scan.attendee_id)
        return ScanReport(scan, order, counts if counts and counts.id != scan.id else None)


def _as_received(scan: _ReadScan, show: Show, upload: _Upload) -> Scan:
    received = Scan(
        show_id=show.id,
        id=scan.id,
        code=scan.code[:MAX_CODE_LENGTH].replace("\x00", ""),
        device_id=upload.device,
        offline=True,
        scanned_at=scan.scanned_at,
        received_at=upload.received_at,
        result=ScanResult.UNKNOWN,
        after_revocation=upload.actor.is_revoked,
    )
    if scan.ticket is None:
        return received
    if scan.ticket.show_id != show.id:
        return replace(received, result=ScanResult.WRONG_SHOW)
    # A code that was replaced admitted until then: the scanner's list was older.
    replaced_at = scan.ticket.replaced_at
    is_void = replaced_at is not None and replaced_at <= scan.scanned_at
    result = ScanResult.VOID if is_void else ScanResult.ADMITTED
    return replace(received, result=result, attendee_id=scan.ticket.attendee_id)


class ListConflicts:
    """Lists each scan that wrongly admitted a person, in the order they were received."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, after: ScanCursor | None, limit: int
    ) -> tuple[list[ScanReport], ScanCursor | None]:
        """A page, and where the next one begins, if there is one. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.check_ins.conflicts(show_id, after=after, limit=limit + 1)
            page, more = page_of(found, limit, lambda last: ScanCursor(last.received_at, last.id))
            admissions = await uow.check_ins.admissions([scan.attendee_id for scan in page if scan.attendee_id])
        reports = [
            ScanReport(scan, admission=admissions.get(scan.attendee_id) if scan.attendee_id else None) for scan in page
        ]
        return reports, more
