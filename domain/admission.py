"""Admission: each ticket admits once, online or offline (docs/domain-rules.md#tickets-and-the-door).

An offline scanner admits people from its list and reports the scans later, so one code may admit two people at two
doors. That cannot be undone. The earliest scan counts as the admission; the others are kept as conflicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.orders import AttendeeStatus, Order, TicketAttendee


class ScanResult(StrEnum):
    """The result of a scan. An offline scan with any result but ``admitted`` let a person in wrongly: a conflict.

    ``too_early`` occurs online only: the doors of the ticket's show open much later, and no other show is on.
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

    ``attendee_id`` is None where the code is not a ticket to this show. ``after_revocation``: it came from a device
    that was revoked by then.
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
    after_revocation: bool = False

    @property
    def is_conflict(self) -> bool:
        """Whether this scan let a person in who should not have been admitted."""
        return self.offline and self.result is not ScanResult.ADMITTED and self.undone_at is None


@dataclass(frozen=True, slots=True)
class Admission:
    """The outcome of a scan: the order after it, and the scan with its result. ``overtaken`` is the earlier admission
    that this scan preceded (None if there was none).
    """

    order: Order
    scan: Scan
    overtaken: Scan | None = None


def time_of_scan(by_the_scanner: datetime, *, received_at: datetime, sold_at: datetime | None) -> datetime:
    """The most credible time of a scan. ``sold_at`` is None for a code that is not a ticket.

    A scanner's clock is wrong if it shows a time before the ticket was sold or after the scan was received. Then the
    time of receipt counts.
    """
    if by_the_scanner > received_at or (sold_at and by_the_scanner < sold_at):
        return received_at
    return by_the_scanner


def admit_when_sold(
    order: Order, *, device_id: str, now: datetime, new_id: Callable[[], UUID]
) -> tuple[Order, tuple[Scan, ...]]:
    """The order with all its attendees checked in at the moment of the sale, and a scan of each, as the door makes."""
    scans: list[Scan] = []
    for attendee in order.attendees:
        scan = Scan(
            show_id=order.show_id,
            id=new_id(),
            code=attendee.code,
            device_id=device_id,
            offline=False,
            scanned_at=now,
            received_at=now,
            result=ScanResult.ADMITTED,
            attendee_id=attendee.id,
        )
        admission = admit(order, scan, admission=None, show_cancelled=False)
        order = admission.order
        scans.append(admission.scan)
    return order, tuple(scans)


def attendee_of(order: Order, attendee_id: UUID) -> TicketAttendee:
    """The attendee of the order with this id."""
    return next(attendee for attendee in order.attendees if attendee.id == attendee_id)


def admit(order: Order, scan: Scan, *, admission: Scan | None, show_cancelled: bool) -> Admission:
    """Admit the scan's attendee. ``admission`` is the scan that has counted until now, if there is one.

    The scan comes back with its result. A cancelled show admits no one.
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
