"""Reading and writing at the door."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.access import AccessToken
from domain.admission import PartyAtDoor, Scan, ScanResult
from domain.catalog import Show
from domain.devices import Device
from domain.orders import AttendeeStatus, ReplacedCode, TicketAttendee


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """The ticket of a code. ``sold_at`` is when its order was completed, ``replaced_at`` when the ticket got another
    code instead of this one (None: it still has it).
    """

    code: str
    attendee_id: UUID
    order_id: UUID
    show_id: UUID
    producer_id: UUID
    sold_at: datetime
    replaced_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFacts:
    """What scans are decided by before anything is locked: who scans, at which shows, and the codes' tickets.

    ``tokens`` and ``devices`` are by the hashes of their secrets, revoked ones among them.
    """

    tokens: Mapping[bytes, AccessToken]
    devices: Mapping[bytes, Device]
    shows: Mapping[UUID, Show]
    tickets: Mapping[str, IssuedTicket]


@dataclass(frozen=True, slots=True)
class LockedParties:
    """Orders that are locked, with the ``scans`` of their tickets, and the scans that are ``known`` by an id that a
    scanner gave.
    """

    parties: Mapping[UUID, PartyAtDoor]
    scans: Sequence[Scan]
    known: Sequence[Scan]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTicket:
    """A ticket as a scanner without a network needs it. ``device_id`` is the scanner that let it in, ``out_since``
    since when it is out again; ``note`` is what was written for the door about its order.
    """

    attendee_id: UUID
    code: str
    name: str
    ticket_name: str
    is_vip: bool
    status: AttendeeStatus
    checked_in_at: datetime | None
    ticket_id: UUID
    order_id: UUID
    device_id: str | None = None
    out_since: datetime | None = None
    note: str | None = None

    def as_line(self) -> str:
        """The ticket as a line of JSON. Equal tickets have equal lines in one database."""
        values = (
            str(self.attendee_id),
            self.code,
            self.name,
            self.ticket_name,
            self.is_vip,
            self.status,
            self.checked_in_at and self.checked_in_at.isoformat(),
            str(self.ticket_id),
            str(self.order_id),
            self.device_id,
            self.out_since and self.out_since.isoformat(),
            self.note,
        )
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def of_line(cls, line: str) -> ListedTicket:
        """The ticket of a line that ``as_line`` or a database wrote."""
        id_, code, name, ticket_name, is_vip, status, in_at, ticket_id, order_id, device_id, out, note = json.loads(
            line
        )
        return cls(
            attendee_id=UUID(id_),
            code=code,
            name=name,
            ticket_name=ticket_name,
            is_vip=is_vip,
            status=AttendeeStatus(status),
            checked_in_at=datetime.fromisoformat(in_at) if in_at else None,
            ticket_id=UUID(ticket_id),
            order_id=UUID(order_id),
            device_id=device_id,
            out_since=datetime.fromisoformat(out) if out else None,
            note=note,
        )


@dataclass(frozen=True, slots=True)
class ListedType:
    """A ticket type, as a scanner names it."""

    id: UUID
    name: str
    is_vip: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The types of a show, cheapest first, and all its tickets as lines (``ListedTicket.of_line``), so a process
    compares 20,000 of them at once.

    They are as the database knew them at a moment between ``began_at`` and ``read_at``, by its own clock.
    """

    types: Sequence[ListedType]
    lines: Sequence[str]
    began_at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class TypeAtDoor:
    """A ticket type with its valid tickets, those that were ever let in, and those of them that are out."""

    id: UUID
    name: str
    expected: int
    admitted: int
    out: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many scans of one device in one minute had this result."""

    minute: datetime
    device_id: str
    result: ScanResult
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DoorFigures:
    """What happened at a show's doors."""

    types: Sequence[TypeAtDoor]
    tallies: Sequence[Tally]
    conflicts: int


@dataclass(frozen=True, slots=True)
class ScanCursor:
    """The last scan of a page: conflicts are listed in the order they were received."""

    received_at: datetime
    scan_id: UUID


class CheckInRepo(Protocol):
    """Tickets by their codes, and scans. The caller who writes a ticket's scan has locked the ticket's order."""

    async def tickets(self, codes: Collection[str], *, replaced: bool = False) -> Mapping[str, IssuedTicket]:
        """The tickets that have these codes, of any show; with ``replaced`` those, too, that had them before."""
        ...

    async def tickets_of(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, IssuedTicket]:
        """The tickets of these attendees, of any show, with their present codes."""
        ...

    async def facts(
        self,
        *,
        token_hashes: Collection[bytes],
        device_hashes: Collection[bytes],
        show_ids: Collection[UUID],
        codes: Collection[str],
    ) -> ScanFacts:
        """The facts about these, as far as they exist, read together. ``codes`` are present ones, of any show."""
        ...

    async def lock(
        self,
        order_ids: Collection[UUID],
        attendee_ids: Collection[UUID],
        scan_ids: Collection[tuple[UUID, UUID]] = (),
        *,
        pass_over: bool = False,
    ) -> LockedParties:
        """Lock these orders in id order, and then read the scans of these attendees, as ``scans_of`` does, and those
        with these ids (show, scan).

        Orders that another transaction has locked are waited for, or left out (``pass_over``).
        """
        ...

    async def listing(self, show_id: UUID, order_ids: Collection[UUID] | None = None) -> Listing:
        """Every ticket that was ever issued for the show, or for these orders of it, in the order of their ids."""
        ...

    async def figures(self, show_id: UUID) -> DoorFigures:
        """The show's ticket types, cheapest first, and the passages that count."""
        ...

    async def replaced_codes(self, show_id: UUID) -> list[ReplacedCode]:
        """The codes that the show's tickets had before the present ones, in the order of their replacement."""
        ...

    async def shows_on(self, producer_id: UUID, *, at: datetime, until: datetime) -> set[UUID]:
        """The producer's shows whose doors open by ``until``, without those that are over ``at`` or cancelled."""
        ...

    async def scans(self, show_id: UUID, scan_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        """The show's scans that are already known."""
        ...

    async def scans_of(self, attendee_ids: Collection[UUID]) -> list[Scan]:
        """All scans of these attendees' tickets that are kept, also undone ones, in the order they were received."""
        ...

    async def admissions(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        """The scan that admitted each attendee, for those who are checked in."""
        ...

    async def add(self, scans: Sequence[Scan]) -> None:
        """Add scans. A scan that already exists stays unchanged."""
        ...

    async def save(self, scan: Scan) -> None:
        """Write its result, its times, its device, and whether it was undone."""
        ...

    async def move(self, attendees: Sequence[TicketAttendee]) -> None:
        """Write since when these attendees of locked orders are in."""
        ...

    async def undo(self, attendee_id: UUID, *, now: datetime) -> None:
        """Mark every scan of the attendee's ticket as undone."""
        ...

    async def conflicts(self, show_id: UUID, *, after: ScanCursor | None, limit: int) -> list[Scan]:
        """Scans that wrongly admitted a person, in the order they were received."""
        ...


class OfflineListSigner(Protocol):
    """Signs lists for scanners that lose the network, which can verify where a list is from."""

    def sign(self, payload: bytes) -> str:
        """A JSON Web Signature (RFC 7515, compact) over the payload, by Ed25519 (RFC 8037)."""
        ...

    def public_keys(self) -> list[Mapping[str, str]]:
        """The keys to verify it with, as JSON Web Keys (RFC 7517)."""
        ...
