"""What scanners send and get."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from application.access.bearer import Bearer
from application.checkin.decide_scans import ScanRequest
from application.checkin.door_list import DOOR_LIST_VERSION
from application.checkin.door_state import DoorState
from application.checkin.offline import MAX_SCANS, OfflineScan, ScanReport
from application.checkin.party import MAX_PARTY, PartyScan
from application.checkin.passing import MAX_DEVICE_LENGTH, CheckInResult
from application.checkin.undo import UndoResult
from application.orders.parties import FoundParty
from application.ports.checkin import ListedTicket, TypeAtDoor
from domain.access import Actor
from domain.admission import Direction, Party, Scan, ScanResult, attendee_of
from domain.errors import InvalidRequest

#: A longer text is not a code, but other content of a QR code.
MAX_SCANNED_LENGTH = 1000

Code = Annotated[str, Meta(max_length=MAX_SCANNED_LENGTH, examples=["MFRGGZDFMZTWQ2LKNNWG23TP"])]
Layout = Annotated[
    str | None,
    Meta(description="The keyboard layout that typed the code; null if the code came unchanged.", examples=["de"]),
]
DeviceId = Annotated[str, Meta(max_length=MAX_DEVICE_LENGTH, examples=["north door 2"])]


class _In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of all request bodies."""


class CheckInIn(_In):
    """``show_id`` is the show at whose door the scanner stands. Without it, the scanner serves the producer's shows
    that are on now, from two hours before doors to the end; if none is on, a ticket to a later one is ``too_early``.

    ``scan_id`` is the scanner's own, a new one for each scan. If the answer was lost and the scan is sent again with
    the same id, it gets the same answer. An upload of offline scans recognises it by the same ``id``.
    """

    code: Code
    show_id: UUID | None = None
    device_id: DeviceId = ""
    scan_id: UUID | None = None
    direction: Direction = Direction.IN

    def to_request(self, by: Actor | Bearer) -> ScanRequest:
        return ScanRequest(
            by=by,
            code=self.code,
            show_id=self.show_id,
            device_id=self.device_id,
            scan_id=self.scan_id,
            direction=self.direction,
        )


class UndoIn(_In):
    """A ticket by its ``code``, or by its ``attendee_id``."""

    code: Code | None = None
    attendee_id: UUID | None = None
    show_id: UUID | None = None


class DoorAttendeeOut(msgspec.Struct, kw_only=True):
    """The attendee of the ticket."""

    id: UUID
    name: str
    ticket_name: str
    is_vip: bool
    status: str
    order_id: UUID
    order_number: str

    @classmethod
    def of(cls, order: Party | None, attendee_id: UUID | None) -> DoorAttendeeOut | None:
        if order is None or attendee_id is None:
            return None
        attendee = attendee_of(order, attendee_id)
        return cls(
            id=attendee.id,
            name=attendee.name,
            ticket_name=attendee.ticket_name,
            is_vip=attendee.is_vip,
            status=attendee.status.value,
            order_id=order.id,
            order_number=order.number,
        )


class OtherScanOut(msgspec.Struct, kw_only=True):
    """The scan that counts as the admission: its time and its device."""

    id: UUID
    device_id: str
    offline: bool
    scanned_at: datetime

    @classmethod
    def of(cls, scan: Scan | None) -> OtherScanOut | None:
        if scan is None:
            return None
        return cls(id=scan.id, device_id=scan.device_id, offline=scan.offline, scanned_at=scan.scanned_at)


class PartyOut(msgspec.Struct):
    """The ticket's order at the door: its valid ``tickets``, and how many of them were never let in (``coming``)."""

    id: str
    tickets: int
    coming: int

    @classmethod
    def of(cls, answer: CheckInResult) -> PartyOut | None:
        if answer.order is None:
            return None
        valid = [attendee for attendee in answer.order.attendees if attendee.is_valid]
        return cls(answer.party, len(valid), sum(attendee.checked_in_at is None for attendee in valid))


class CheckInOut(msgspec.Struct, kw_only=True):
    """Each ticket gets ``admitted`` once. ``already_admitted`` comes with the time and the device of the admission
    (``admission``), ``void`` for a ticket that was refunded, has another code now, or whose show is cancelled,
    ``too_early`` for one to a show whose doors open in more than two hours, ``unknown`` without an attendee.

    Where people may come in again, a ticket that goes out gets ``left`` (``not_in`` if it was not in), and then
    ``readmitted``, but ``just_left`` within a minute. Elsewhere an exit gets ``no_re_entry``, and is not counted.

    ``layout`` is the keyboard layout that typed the code: "de", "fr", "tr(f)" …, as X11 names them, the commonest of
    those that type it alike (German, Swiss, Hungarian and more swap Y and Z: "de"). It is null if the code came
    unchanged. Any other value means that the scanner should be set to the layout of its computer.
    """

    result: ScanResult
    attendee: DoorAttendeeOut | None
    checked_in_at: datetime | None
    out_since: datetime | None
    layout: Layout
    admission: OtherScanOut | None
    party: PartyOut | None

    @classmethod
    def of(cls, answer: CheckInResult) -> CheckInOut:
        return cls(
            result=answer.result,
            attendee=DoorAttendeeOut.of(answer.order, answer.attendee_id),
            checked_in_at=answer.checked_in_at,
            out_since=answer.out_since,
            layout=answer.layout,
            admission=OtherScanOut.of(answer.admission),
            party=PartyOut.of(answer),
        )


class PartyScanIn(_In):
    """``id`` is the scanner's own, the same each time the party is sent."""

    id: UUID
    attendee_id: UUID

    def to_scan(self) -> PartyScan:
        return PartyScan(self.id, self.attendee_id)


class CheckInPartyIn(_In, kw_only=True):
    """Tickets of one order."""

    device_id: DeviceId = ""
    direction: Direction = Direction.IN
    scans: Annotated[list[PartyScanIn], Meta(min_length=1, max_length=MAX_PARTY)]


class PartyScanOut(msgspec.Struct, kw_only=True):
    scan_id: UUID
    result: ScanResult
    attendee: DoorAttendeeOut | None
    checked_in_at: datetime | None
    out_since: datetime | None
    admission: OtherScanOut | None

    @classmethod
    def of(cls, scan_id: UUID, answer: CheckInResult) -> PartyScanOut:
        return cls(
            scan_id=scan_id,
            result=answer.result,
            attendee=DoorAttendeeOut.of(answer.order, answer.attendee_id),
            checked_in_at=answer.checked_in_at,
            out_since=answer.out_since,
            admission=OtherScanOut.of(answer.admission),
        )


class CheckInPartyOut(msgspec.Struct):
    """In the order of the request. ``passed`` went in, or out."""

    items: list[PartyScanOut]
    passed: int


class UndoOut(msgspec.Struct, kw_only=True):
    result: UndoResult
    attendee: DoorAttendeeOut | None
    checked_in_at: datetime | None
    layout: Layout

    @classmethod
    def of(cls, undone: UndoResult, answer: CheckInResult) -> UndoOut:
        return cls(
            result=undone,
            attendee=DoorAttendeeOut.of(answer.order, answer.attendee_id),
            checked_in_at=answer.checked_in_at,
            layout=answer.layout,
        )


class KeysOut(msgspec.Struct):
    """A JSON Web Key Set (RFC 7517): Ed25519 keys (RFC 8037)."""

    keys: list[dict[str, str]]


class ScanIn(_In, kw_only=True):
    """``id`` is the scanner's own, the same each time this scan is reported; ``scanned_at`` is by the scanner's clock.

    A time before the ticket was sold, or in the future, is not credible: the time of the upload counts instead.

    A ticket that was not read has an ``attendee_id`` in place of the ``code``. ``undone_at`` takes the scan back, if it
    is this device's and was made in the hour before.
    """

    id: UUID
    code: Code | None = None
    attendee_id: UUID | None = None
    scanned_at: datetime
    direction: Direction = Direction.IN
    undone_at: datetime | None = None

    def to_scan(self, position: int) -> OfflineScan:
        """The scan, with its times in UTC: the database knows no offset of 16 hours or more.

        Raises InvalidRequest for a time without an offset, or beyond the calendar, and for a scan that names no ticket,
        or two.
        """
        place = f"scans[{position}]"
        if (self.code is None) == (self.attendee_id is None):
            raise InvalidRequest(f"{place} must have either code or attendee_id", field=f"{place}.code")
        return OfflineScan(
            self.id,
            self.code or "",
            in_utc(self.scanned_at, f"{place}.scanned_at"),
            attendee_id=self.attendee_id,
            direction=self.direction,
            undone_at=in_utc(self.undone_at, f"{place}.undone_at") if self.undone_at else None,
        )


def in_utc(moment: datetime, place: str) -> datetime:
    """The moment in UTC. Raises InvalidRequest for one without an offset, or beyond the calendar."""
    if moment.tzinfo is None:
        raise InvalidRequest(f"{place} must have a UTC offset", field=place)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(f"{place} lies beyond the calendar", field=place) from None


class ScansIn(_In, kw_only=True):
    """All passages that the scanner let happen offline. ``sent_at`` is its time when it sends them: where its clock is
    wrong, all times are corrected by the difference.
    """

    device_id: DeviceId
    sent_at: datetime | None = None
    scans: Annotated[list[ScanIn], Meta(max_length=MAX_SCANS)]


class ScanOut(msgspec.Struct, kw_only=True):
    """``conflict``: a person was admitted wrongly: by a code that had already admitted (``admission`` is that scan),
    that is void or of another show, or that is not a code at all. ``after_revocation``: the device was revoked before
    it reported the scan.
    """

    id: UUID
    device_id: str
    code: str
    direction: Direction
    scanned_at: datetime
    received_at: datetime
    result: ScanResult
    conflict: bool
    after_revocation: bool
    attendee_id: UUID | None
    attendee: DoorAttendeeOut | None
    admission: OtherScanOut | None
    layout: Layout

    @classmethod
    def of(cls, report: ScanReport) -> ScanOut:
        scan = report.scan
        return cls(
            id=scan.id,
            device_id=scan.device_id,
            code=scan.code,
            direction=scan.direction,
            scanned_at=scan.scanned_at,
            received_at=scan.received_at,
            result=scan.result,
            conflict=scan.is_conflict,
            after_revocation=scan.after_revocation,
            attendee_id=scan.attendee_id,
            attendee=DoorAttendeeOut.of(report.order, scan.attendee_id),
            admission=OtherScanOut.of(report.admission),
            layout=report.layout,
        )


class ScansOut(msgspec.Struct):
    """In the order of the request."""

    items: list[ScanOut]
    conflicts: int
    next_cursor: str | None = None


class TypeCountOut(msgspec.Struct, kw_only=True):
    """``expected`` valid tickets, of which ``admitted`` were ever let in; ``out`` of these are out now."""

    id: UUID
    name: str
    expected: int
    admitted: int
    out: int
    inside: int
    coming: int

    @classmethod
    def of(cls, type_: TypeAtDoor) -> TypeCountOut:
        return cls(
            id=type_.id,
            name=type_.name,
            expected=type_.expected,
            admitted=type_.admitted,
            out=type_.out,
            inside=type_.admitted - type_.out,
            coming=type_.expected - type_.admitted,
        )


class MinuteOut(msgspec.Struct, kw_only=True):
    """By the times of the scans."""

    at: datetime
    admitted: int
    exits: int
    readmitted: int


class DeviceCountOut(msgspec.Struct, kw_only=True):
    device_id: str
    admitted: int
    exits: int
    readmitted: int
    last_scan_at: datetime


class DoorStateOut(msgspec.Struct, kw_only=True):
    """All doors of a show together. ``minutes`` are the last 60 in which anything happened. ``conflicts`` is how many
    persons went in who should not have.
    """

    as_of: datetime
    re_entry: bool
    cancelled: bool
    expected: int
    admitted: int
    out: int
    inside: int
    coming: int
    types: list[TypeCountOut]
    minutes: list[MinuteOut]
    devices: list[DeviceCountOut]
    conflicts: int
    list_version: int

    @classmethod
    def of(cls, state: DoorState, as_of: datetime) -> DoorStateOut:
        types = [TypeCountOut.of(each) for each in state.figures.types]
        return cls(
            as_of=as_of,
            re_entry=state.show.re_entry,
            cancelled=state.show.cancelled,
            expected=sum(each.expected for each in types),
            admitted=sum(each.admitted for each in types),
            out=sum(each.out for each in types),
            inside=sum(each.inside for each in types),
            coming=sum(each.coming for each in types),
            types=types,
            minutes=[
                MinuteOut(at=at, admitted=count.admitted, exits=count.exits, readmitted=count.readmitted)
                for at, count in state.minutes()
            ],
            devices=[
                DeviceCountOut(
                    device_id=device,
                    admitted=count.admitted,
                    exits=count.exits,
                    readmitted=count.readmitted,
                    last_scan_at=count.last_at,
                )
                for device, count in state.devices()
            ],
            conflicts=state.figures.conflicts,
            list_version=DOOR_LIST_VERSION,
        )


class PartyTicketOut(msgspec.Struct, kw_only=True):
    attendee_id: UUID
    name: str
    ticket_name: str
    is_vip: bool
    status: str
    checked_in_at: datetime | None
    out_since: datetime | None

    @classmethod
    def of(cls, ticket: ListedTicket) -> PartyTicketOut:
        return cls(
            attendee_id=ticket.attendee_id,
            name=ticket.name,
            ticket_name=ticket.ticket_name,
            is_vip=ticket.is_vip,
            status=ticket.status.value,
            checked_in_at=ticket.checked_in_at,
            out_since=ticket.out_since,
        )


class FoundPartyOut(msgspec.Struct, kw_only=True):
    """An order's tickets. ``note`` was written for the door."""

    party: str
    order_number: str
    name: str
    note: str | None
    tickets: list[PartyTicketOut]

    @classmethod
    def of(cls, found: FoundParty) -> FoundPartyOut:
        return cls(
            party=found.party,
            order_number=found.order.number,
            name=found.order.customer.name,
            note=found.tickets[0].note,
            tickets=[PartyTicketOut.of(ticket) for ticket in found.tickets],
        )


class FoundPartiesOut(msgspec.Struct):
    """``misspelt``: no order has the words; these have words like them."""

    items: list[FoundPartyOut]
    misspelt: bool
    next_cursor: str | None = None


class ConflictsOut(msgspec.Struct):
    items: list[ScanOut]
    next_cursor: str | None
