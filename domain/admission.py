"""Who goes in: one admission a ticket, whichever scanners read it, online or not (api.md, POST /checkin).

A scanner without a network lets people in by its list and tells later. So it can happen that one code admitted two
people at two doors. Nothing undoes that; the earliest scan counts as the admission, and every other one is kept as the
conflict that it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.orders import AttendeeStatus, Order, TicketAttendee


class ScanResult(StrEnum):
    """What a scan comes to. An offline scan with any result but ``admitted`` let somebody in wrongly: a conflict.

    ``too_early`` is said online only: it is long before the doors of the ticket's show, and no other show is on.
    """

    ADMITTED = "admitted"
    ALREADY_ADMITTED = "already_admitted"
    VOID = "void"
    WRONG_SHOW = "wrong_show"
    UNKNOWN = "unknown"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A code read at a show's door. ``scanned_at`` is by the scanner's clock, see ``time_of_scan``.

    ``attendee_id`` is None where the code is no ticket to this show.
    """

    show_id: UUID
    id: UUID
    code: str
    device_id: str
    offline: bool
    scanned_at: datetime
    received_at: datetime
    result: ScanResult
    attendee_id: UUID | None = None
    undone_at: datetime | None = None

    @property
    def is_conflict(self) -> bool:
        """Whether somebody went in who should not have."""
        return self.offline and self.result is not ScanResult.ADMITTED and self.undone_at is None


@dataclass(frozen=True, slots=True)
class Admission:
    """What a scan did: the order as it is now, the scan with its result, and an earlier admission that this scan
    turned out to have come before (None where there was none).
    """

    order: Order
    scan: Scan
    overtaken: Scan | None = None


def time_of_scan(by_the_scanner: datetime, *, received_at: datetime, sold_at: datetime | None) -> datetime:
    """When a scan was, as far as can be believed. ``sold_at`` is None for a code that is no ticket.

    A scanner's clock that shows a time before the ticket was sold, or after the scan was received, is wrong, and
    nothing is known but when the scan was received.
    """
    if by_the_scanner > received_at or (sold_at and by_the_scanner < sold_at):
        return received_at
    return by_the_scanner


def attendee_of(order: Order, attendee_id: UUID) -> TicketAttendee:
    """The attendee of the order with this id."""
    return next(attendee for attendee in order.attendees if attendee.id == attendee_id)


def admit(order: Order, scan: Scan, *, admission: Scan | None, show_cancelled: bool) -> Admission:
    """Let the scan's attendee in. ``admission`` is the scan that counts so far, if there is one.

    The scan comes back with its result. A show that was cancelled admits nobody.
    """
    if scan.attendee_id is None:
        raise ValueError("only a scan of a ticket admits")
    attendee = attendee_of(order, scan.attendee_id)
    if attendee.status is AttendeeStatus.VOID or show_cancelled:
        return Admission(order, replace(scan, result=ScanResult.VOID))
    if attendee.checked_in_at is None:
        admitted = replace(scan, result=ScanResult.ADMITTED)
        return Admission(order.checked_in(attendee.id, scan.scanned_at), admitted)
    if admission and scan.offline and (scan.scanned_at, scan.id) < (admission.scanned_at, admission.id):
        return Admission(
            order.checked_in(attendee.id, scan.scanned_at),
            replace(scan, result=ScanResult.ADMITTED),
            overtaken=replace(admission, result=ScanResult.ALREADY_ADMITTED),
        )
    return Admission(order, replace(scan, result=ScanResult.ALREADY_ADMITTED))
