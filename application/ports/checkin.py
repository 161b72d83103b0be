"""What the door reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.admission import Scan
from domain.orders import AttendeeStatus


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """Whose ticket a code is. ``sold_at`` is when its order was completed."""

    code: str
    attendee_id: UUID
    order_id: UUID
    show_id: UUID
    producer_id: UUID
    sold_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTicket:
    """A ticket as a scanner without a network has to know it."""

    attendee_id: UUID
    code: str
    name: str
    ticket_name: str
    is_vip: bool
    status: AttendeeStatus
    checked_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScanCursor:
    """The last scan of a page: conflicts are listed as they were received."""

    received_at: datetime
    scan_id: UUID


class CheckInRepo(Protocol):
    """Tickets by their codes, and scans. Whoever writes a scan of a ticket has locked the ticket's order."""

    async def tickets(self, codes: Collection[str]) -> Mapping[str, IssuedTicket]:
        """The tickets that have these codes, of whatever show."""
        ...

    async def tickets_of_show(self, show_id: UUID) -> list[ListedTicket]:
        """Every ticket that was ever issued for the show, in the order of their ids."""
        ...

    async def shows_on(self, producer_id: UUID, *, at: datetime, until: datetime) -> set[UUID]:
        """The producer's shows whose doors open by ``until`` at the latest, and that are not over ``at`` that moment;
        none that was cancelled.
        """
        ...

    async def scans(self, show_id: UUID, scan_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        """The show's scans that are known already."""
        ...

    async def admissions(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        """The scan that let each attendee in, for those who are in."""
        ...

    async def add(self, scans: Sequence[Scan]) -> None:
        """One that is there already stays as it is."""
        ...

    async def save(self, scan: Scan) -> None:
        """Write its result, its times, its device, and whether it was undone."""
        ...

    async def undo(self, attendee_id: UUID, *, now: datetime) -> None:
        """Every scan of the attendee's ticket counts as undone."""
        ...

    async def conflicts(self, show_id: UUID, *, after: ScanCursor | None, limit: int) -> list[Scan]:
        """Scans that let somebody in who should not have gone in, as they were received."""
        ...


class OfflineListSigner(Protocol):
    """Signs lists for scanners that lose the network, so that these can tell whose list it is."""

    def sign(self, payload: bytes) -> str:
        """A JSON Web Signature (RFC 7515, compact) over the payload, by Ed25519 (RFC 8037)."""
        ...

    def public_keys(self) -> list[Mapping[str, str]]:
        """The keys to verify it with, as JSON Web Keys (RFC 7517)."""
        ...
