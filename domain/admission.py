"""Admission: each ticket admits once, online or offline (docs/domain-rules.md#tickets-and-the-door).

An offline scanner admits people from its list and reports the scans later, so one code may admit two people at two
doors. That cannot be undone. The earliest scan counts as the admission; the others are kept as conflicts.

Where the show allows it, a ticket goes out and comes in again. What became of a ticket is derived from its scans alone,
in the order of their times: ``Passages``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, Protocol, Self, TypeVar
from uuid import UUID

from domain.orders import AttendeeStatus, Order, TicketAttendee, number_of

#: How long a ticket that went out is not let in again: whoever just left would pass it to a friend in the queue.
PASS_BACK: Final = timedelta(minutes=1)
#: A scanner takes back what it did a moment ago; for anything older a person in the office decides.
UNDO_WITHIN: Final = timedelta(hours=1)
#: Clocks of a scanner and a server that differ by less agree: an upload may take as long on a bad network.
CLOCKS_AGREE_WITHIN: Final = timedelta(seconds=30)
_NEXT: Final = timedelta(microseconds=1)


class Direction(StrEnum):
    """Which way a person went."""

    IN = "in"
    OUT = "out"


class ScanResult(StrEnum):
    """The result of a scan. ``admitted`` and ``readmitted`` let a person in, ``left`` and ``not_in`` let one out. An
    offline scan inwards with any other result let a person in wrongly: a conflict.

    ``readmitted`` is a ticket that was out, ``just_left`` one that went out less than PASS_BACK ago, ``not_in`` the
    exit of one that was not in. Online only: ``too_early`` (the doors of the ticket's show open much later, and no
    other show is on) and ``no_re_entry`` (the show knows no exits).
    """

    ADMITTED = "admitted"
    READMITTED = "readmitted"
    ALREADY_ADMITTED = "already_admitted"
    JUST_LEFT = "just_left"
    LEFT = "left"
    NOT_IN = "not_in"
    VOID = "void"
    WRONG_SHOW = "wrong_show"
    UNKNOWN = "unknown"
    TOO_EARLY = "too_early"
    NO_RE_ENTRY = "no_re_entry"


#: The results of scans by which people went in or out as they should.
PASSED: Final = frozenset({ScanResult.ADMITTED, ScanResult.READMITTED, ScanResult.LEFT, ScanResult.NOT_IN})
#: Results that no stored scan has: the scanner let no one pass.
NEVER_STORED: Final = frozenset({ScanResult.TOO_EARLY, ScanResult.NO_RE_ENTRY})
#: Results of a ticket's scans that stand, whatever other scans of it say.
_STANDING: Final = frozenset({ScanResult.VOID, ScanResult.WRONG_SHOW, ScanResult.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A code read at a show's door, by which a person passed. ``scanned_at`` is by the scanner's clock, see
    ``time_of_scan``.

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
    direction: Direction = Direction.IN

    @property
    def is_conflict(self) -> bool:
        """Whether this scan let a person in who should not have been admitted."""
        return self.direction is Direction.IN and self.result not in PASSED and self.undone_at is None

    @property
    def counts(self) -> bool:
        """Whether it says where its ticket is: it was not undone, and the ticket was good."""
        return self.undone_at is None and self.result not in _STANDING

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Its position among the scans of its ticket."""
        return self.scanned_at, self.id


@dataclass(frozen=True, slots=True)
class Passages:
    """The scans of one ticket that count, in the order of their times, each with the result that follows from those
    before it. It is the same in whatever order the scans came.
    """

    scans: tuple[Scan, ...] = ()
    _last_passed: Scan | None = field(default=None, repr=False)

    @classmethod
    def of(cls, scans: Iterable[Scan]) -> Passages:
        """The passages that a ticket's scans make. Those that do not count are left out."""
        passages = cls()
        for scan in sorted((scan for scan in scans if scan.counts), key=lambda scan: scan.place):
            passages = passages._followed_by(scan)
        return passages

    def _followed_by(self, scan: Scan) -> Passages:
        scan = replace(scan, result=self.result_of(scan.direction, scan.scanned_at))
        moves = scan.result in PASSED and scan.result is not ScanResult.NOT_IN
        return Passages((*self.scans, scan), scan if moves else self._last_passed)

    def result_of(self, direction: Direction, at: datetime) -> ScanResult:
        """The result of a scan that follows these."""
        if direction is Direction.OUT:
            return ScanResult.LEFT if self.is_inside else ScanResult.NOT_IN
        if self._last_passed is None:
            return ScanResult.ADMITTED
        if self.is_inside:
            return ScanResult.ALREADY_ADMITTED
        is_pass_back = at - self._last_passed.scanned_at < PASS_BACK
        return ScanResult.JUST_LEFT if is_pass_back else ScanResult.READMITTED

    @property
    def is_inside(self) -> bool:
        return self._last_passed is not None and self._last_passed.direction is Direction.IN

    @property
    def out_since(self) -> datetime | None:
        """Since when the ticket is out; None if it is in, or never was."""
        last = self._last_passed
        return last.scanned_at if last is not None and last.direction is Direction.OUT else None

    @property
    def admission(self) -> Scan | None:
        """The scan that let the ticket in for the first time."""
        return next((scan for scan in self.scans if scan.result is ScanResult.ADMITTED), None)

    @property
    def last(self) -> Scan | None:
        """The last passage: the one that an undo takes back."""
        return next((scan for scan in reversed(self.scans) if scan.result in PASSED), None)

    def with_scan(self, scan: Scan) -> Passages:
        """These and another one, anywhere among them."""
        return Passages.of((*self.scans, scan))

    def without(self, scan_id: UUID) -> Passages:
        """These without the one that was undone."""
        return Passages.of(scan for scan in self.scans if scan.id != scan_id)

    def changed_since(self, before: Passages) -> tuple[Scan, ...]:
        """The scans that were there before and have another result now, those first that do not admit any more."""
        known = {scan.id: scan for scan in before.scans}
        changed = [scan for scan in self.scans if scan.id in known and known[scan.id].result is not scan.result]
        return tuple(sorted(changed, key=lambda scan: scan.result is ScanResult.ADMITTED))


class Party(Protocol):
    """The tickets of one order, as the door sees them."""

    @property
    def id(self) -> UUID:
        """The order's id."""
        ...

    @property
    def show_id(self) -> UUID: ...

    @property
    def number(self) -> str: ...

    @property
    def attendees(self) -> tuple[TicketAttendee, ...]: ...

    def checked_in(self, attendee_id: UUID, at: datetime | None) -> Self:
        """The party with the attendee checked in at that moment, or (None) not checked in any more."""
        ...


@dataclass(frozen=True, slots=True)
class PartyAtDoor:
    """A party without the rest of its order, which a scan does not need. ``id`` is the order's."""

    id: UUID
    show_id: UUID
    attendees: tuple[TicketAttendee, ...]

    @property
    def number(self) -> str:
        """The order's number."""
        return number_of(self.id)

    def checked_in(self, attendee_id: UUID, at: datetime | None) -> PartyAtDoor:
        """The party with the attendee checked in at that moment, or (None) not checked in any more."""
        return replace(
            self,
            attendees=tuple(replace(a, checked_in_at=at) if a.id == attendee_id else a for a in self.attendees),
        )


SomeParty = TypeVar("SomeParty", bound=Party)


@dataclass(frozen=True, slots=True)
class Admission(Generic[SomeParty]):
    """The outcome of a scan: the order after it, the scan with its result, and the ticket's passages with it.
    ``changed`` are earlier scans that have another result now: this one preceded them.
    """

    order: SomeParty
    scan: Scan
    passages: Passages = Passages()
    changed: tuple[Scan, ...] = ()


def time_of_scan(by_the_scanner: datetime, *, received_at: datetime, sold_at: datetime | None) -> datetime:
    """The most credible time of a scan. ``sold_at`` is None for a code that is not a ticket.

    A scanner's clock is wrong if it shows a time before the ticket was sold or after the scan was received. Then the
    time of receipt counts.
    """
    if by_the_scanner > received_at or (sold_at and by_the_scanner < sold_at):
        return received_at
    return by_the_scanner


def correction(*, sent_at: datetime, received_at: datetime) -> timedelta:
    """What to add to a scanner's times: nothing while its clock agrees with ours."""
    difference = received_at - sent_at
    return difference if abs(difference) > CLOCKS_AGREE_WITHIN else timedelta()


def may_undo(scan: Scan, *, device_id: str, at: datetime) -> bool:
    """Whether a scanner may take this scan back: its own, within the hour."""
    return scan.device_id == device_id and at - scan.scanned_at <= UNDO_WITHIN


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
        admission = admit(order, scan, show_cancelled=False)
        order = admission.order
        scans.append(admission.scan)
    return order, tuple(scans)


def attendee_of(order: Party, attendee_id: UUID) -> TicketAttendee:
    """The attendee of the order with this id."""
    return next(attendee for attendee in order.attendees if attendee.id == attendee_id)


def admit(
    order: SomeParty, scan: Scan, passages: Passages = Passages(), *, show_cancelled: bool
) -> Admission[SomeParty]:
    """Let the scan's attendee in, or out. ``passages`` are the ticket's until now.

    The scan comes back with its result. A void ticket and a cancelled show admit no one, and keep no one inside. A scan
    at the network follows all others: it never overtakes one that was told later.
    """
    if scan.attendee_id is None:
        raise ValueError("only a scan of a ticket admits")
    attendee = attendee_of(order, scan.attendee_id)
    inwards = scan.direction is Direction.IN
    if inwards and (attendee.status is AttendeeStatus.VOID or show_cancelled):
        return Admission(order, replace(scan, result=ScanResult.VOID), passages)
    if inwards and attendee.checked_in_at is not None and passages.admission is None:  # by a scan that is not kept
        return Admission(order, replace(scan, result=ScanResult.ALREADY_ADMITTED), passages)
    if not scan.offline and passages.scans:
        scan = replace(scan, scanned_at=max(scan.scanned_at, passages.scans[-1].scanned_at + _NEXT))
    if scan.undone_at is not None:
        return Admission(order, replace(scan, result=passages.result_of(scan.direction, scan.scanned_at)), passages)
    after = passages.with_scan(scan)
    placed = next(each for each in after.scans if each.id == scan.id)
    order = moved(order, attendee, after) if inwards else order
    return Admission(order, placed, after, after.changed_since(passages))


def moved(order: SomeParty, attendee: TicketAttendee, passages: Passages) -> SomeParty:
    """The order with its attendee where the passages say."""
    admission = passages.admission
    since = admission.scanned_at if admission else None
    return order if attendee.checked_in_at == since else order.checked_in(attendee.id, since)
