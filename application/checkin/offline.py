"""Use cases: scanners without a network: the list that they take along, and the scans that they report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.checkin.lookup import ReadTicket, TicketLookup
from application.checkin.passing import device_named
from application.pages import page_of
from application.ports.checkin import IssuedTicket, ListedTicket, OfflineListSigner, ScanCursor
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import (
    Direction,
    Passages,
    Scan,
    ScanResult,
    admit,
    attendee_of,
    correction,
    may_undo,
    moved,
    time_of_scan,
)
from domain.catalog import Show
from domain.code_readings import MISTAKEN
from domain.errors import InvalidRequest
from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, LETTER_KEYS
from domain.orders import Order

#: The first version of the list's format, for scanners that know no other. ``DoorLists`` gives out the present one.
LIST_VERSION: Final = 1
#: The most scans in an upload, which fit into a request's 64 KiB.
MAX_SCANS: Final = 250
#: The most scans in one transaction: it locks their orders, and a person at the door with one of their tickets has to
#: wait for it.
SCANS_AT_A_TIME: Final = 100
_MOMENT: Final = timedelta(microseconds=1)
#: The most characters that are kept of a scanned text that is not one of our codes.
MAX_CODE_LENGTH: Final = 64


#: How a scanner reads a code that a keyboard of another layout typed, or a person: see domain/code_readings.py.
READING: Final = {
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
            listing = await uow.check_ins.listing(show_id)
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
            "reading": READING,
            "attendees": [_entry(ListedTicket.of_line(line), with_name=with_names) for line in listing.lines],
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
        # Scanners that know this version know no exits: a ticket that is out may come in.
        "checked_in_at": ticket.checked_in_at.isoformat() if ticket.checked_in_at and not ticket.out_since else None,
    }


@dataclass(frozen=True, slots=True)
class OfflineScan:
    """A passage without the network. ``id`` is the scanner's own, the same each time the scan is reported.

    A ticket that was not read, but chosen among its party, has an ``attendee_id`` in place of the ``code``.
    ``undone_at`` is when the scanner took the scan back.
    """

    id: UUID
    code: str
    scanned_at: datetime
    attendee_id: UUID | None = None
    direction: Direction = Direction.IN
    undone_at: datetime | None = None


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
        self,
        actor: Actor,
        show_id: UUID,
        device_id: str,
        scans: Sequence[OfflineScan],
        *,
        sent_at: datetime | None = None,
    ) -> list[ScanReport]:
        """A report on each scan, in the given order. A scan that was reported before gets its present state.

        Scans are taken in by their times. ``sent_at`` is the scanner's time when it sent them: where its clock is
        wrong, all times are corrected by the difference. An impossible time (before the ticket was sold, or in the
        future) counts as now, in the order of the scanner's clock. An upload that breaks off is taken in up to there,
        and can be sent again whole. Raises NotFound, InvalidRequest.

        A device that was revoked may still report what it did: each of these scans is marked ``after_revocation``.
        """
        device = device_named(actor, device_id)
        if len(scans) > MAX_SCANS:
            raise InvalidRequest(f"At most {MAX_SCANS} scans at a time", field="scans")
        now = self._clock.now()
        moved_by = correction(sent_at=sent_at, received_at=now) if sent_at else timedelta()
        upload = _Upload(actor, show_id, device, now, moved_by)
        once_each: dict[UUID, OfflineScan] = {}
        for scan in sorted(scans, key=lambda scan: (scan.scanned_at, scan.id)):
            once_each.setdefault(scan.id, scan)
        # In the order of the times that count, so no scan is preceded by another one of a later transaction.
        read = _in_their_order(await self._read(upload, list(once_each.values())), upload.received_at)
        to_take = sorted(read, key=lambda read: read.place)
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
                texts = {scan.code for scan in some if scan.attendee_id is None}
                by_text = await self._door.tickets(uow, upload.actor, texts, show_id=show.id) if texts else {}
                chosen = {scan.attendee_id for scan in some if scan.attendee_id}
                by_id = await self._door.tickets_of(uow, upload.actor, chosen)
                for scan in some:
                    of_id = by_id.get(scan.attendee_id) if scan.attendee_id else None
                    ticket = ReadTicket(of_id) if of_id else by_text.get(scan.code)
                    read.append(_read_scan(scan, upload, ticket))
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
            taking = _SyncBatch(upload.device, show, here, dict(orders), dict(known), await _passages(uow, list(here)))
            for scan in scans:
                taking.take(_as_received(scan, show, upload), undone_at=scan.undone_at)
            for changed in taking.changed_scans():
                await uow.check_ins.save(changed)
            await uow.check_ins.add([taking.known[id_] for id_ in taking.taken])
            await uow.orders.save([taking.orders[order_id] for order_id in sorted(taking.changed_orders)])
            await uow.commit()
        return {scan.id: replace(taking.report(scan.id), layout=scan.layout) for scan in scans}


async def _passages(uow: UnitOfWork, attendee_ids: Sequence[UUID]) -> dict[UUID, Passages]:
    scans: dict[UUID, list[Scan]] = {attendee_id: [] for attendee_id in attendee_ids}
    for scan in await uow.check_ins.scans_of(attendee_ids) if attendee_ids else []:
        if scan.attendee_id:
            scans[scan.attendee_id].append(scan)
    return {attendee_id: Passages.of(each) for attendee_id, each in scans.items()}


@dataclass(frozen=True, slots=True)
class _Upload:
    """An upload: the actor, the show, the device, when the scans were received, and by how much the scanner's times are
    corrected.
    """

    actor: Actor
    show_id: UUID
    device: str
    received_at: datetime
    moved_by: timedelta

    def corrected(self, at: datetime) -> datetime:
        """A time of the scanner's. One beyond the calendar counts as now."""
        try:
            return at + self.moved_by
        except OverflowError:
            return self.received_at


@dataclass(frozen=True, slots=True)
class _ReadScan:
    """A scan, the time that counts for it, and the ticket of its code; ``layout`` typed the code."""

    id: UUID
    code: str
    scanned_at: datetime
    ticket: IssuedTicket | None
    layout: str | None
    direction: Direction
    undone_at: datetime | None

    @property
    def place(self) -> tuple[datetime, UUID]:
        """The scan's position among the scans of an upload."""
        return self.scanned_at, self.id


def _read_scan(scan: OfflineScan, upload: _Upload, read: ReadTicket | None) -> _ReadScan:
    ticket = read.ticket if read else None
    at = time_of_scan(
        upload.corrected(scan.scanned_at),
        received_at=upload.received_at,
        sold_at=ticket.sold_at if ticket else None,
    )
    code = ticket.code if ticket else scan.code or str(scan.attendee_id)
    undone_at = max(at, min(upload.corrected(scan.undone_at), upload.received_at)) if scan.undone_at else None
    return _ReadScan(scan.id, code, at, ticket, read.layout if read else None, scan.direction, undone_at)


def _in_their_order(scans: Sequence[_ReadScan], received_at: datetime) -> list[_ReadScan]:
    """The scans, which come in the order of the scanner's clock. Those that count as received now keep that order: a
    ticket went in before it went out, also where both times are impossible.
    """
    now = [scan.id for scan in scans if scan.scanned_at == received_at]
    moments = {id_: received_at - before_the_last * _MOMENT for before_the_last, id_ in enumerate(reversed(now))}
    return [replace(scan, scanned_at=moments.get(scan.id, scan.scanned_at)) for scan in scans]


@dataclass(slots=True)
class _SyncBatch:
    """The state while a device's scans are taken in: the show's tickets in them by attendee, their locked orders, the
    known scans, and each attendee's passages.
    """

    device: str
    show: Show
    tickets: dict[UUID, IssuedTicket]
    orders: dict[UUID, Order]
    known: dict[UUID, Scan]
    passages: dict[UUID, Passages]
    taken: dict[UUID, None] = field(default_factory=dict)
    changed_orders: set[UUID] = field(default_factory=set)
    _stored: dict[UUID, Scan] = field(default_factory=dict)

    def take(self, scan: Scan, *, undone_at: datetime | None) -> None:
        """Take a scan in, unless it is known; a known one may be taken back."""
        if scan.id not in self.known:
            self.taken[scan.id] = None
            self.known[scan.id] = self._admitted(scan, scan.attendee_id) if scan.counts and scan.attendee_id else scan
        known = self.known[scan.id]
        if undone_at and known.undone_at is None and may_undo(known, device_id=self.device, at=undone_at):
            self._undo(known, undone_at)

    def changed_scans(self) -> list[Scan]:
        """The stored scans whose result is another one now, in the order in which they can be written: no ticket has
        two admissions in between.
        """
        changed = [self.known[id_] for id_ in self._stored if id_ not in self.taken]
        return sorted(changed, key=lambda scan: scan.result is ScanResult.ADMITTED and scan.undone_at is None)

    def _admitted(self, scan: Scan, attendee_id: UUID) -> Scan:
        order = self.orders[self.tickets[attendee_id].order_id]
        admission = admit(order, scan, self.passages[attendee_id], show_cancelled=self.show.cancelled)
        if admission.passages is not self.passages[attendee_id]:
            self._have(attendee_id, admission.passages)
        return admission.scan

    def _undo(self, scan: Scan, undone_at: datetime) -> None:
        self._change(replace(scan, undone_at=undone_at, offline=True))  # its request may still be on its way
        if scan.attendee_id in self.passages:
            self._have(scan.attendee_id, self.passages[scan.attendee_id].without(scan.id))

    def _have(self, attendee_id: UUID, passages: Passages) -> None:
        """The attendee has these passages from now on."""
        for changed in passages.changed_since(self.passages[attendee_id]):
            self._change(changed)
        self.passages[attendee_id] = passages
        order = self.orders[self.tickets[attendee_id].order_id]
        after = moved(order, attendee_of(order, attendee_id), passages)
        if after is not order:
            self.orders[order.id] = after
            self.changed_orders.add(order.id)

    def _change(self, scan: Scan) -> None:
        self.known[scan.id] = scan
        self._stored[scan.id] = scan

    def report(self, scan_id: UUID) -> ScanReport:
        scan = self.known[scan_id]
        if scan.attendee_id not in self.tickets:  # not a ticket to this show, or reported with another code before
            return ScanReport(scan)
        order = self.orders[self.tickets[scan.attendee_id].order_id]
        counts = self.passages[scan.attendee_id].admission
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
        direction=scan.direction,
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
