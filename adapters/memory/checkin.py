"""CheckInRepo in memory, and a signer whose signatures can be forged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.checkin import (
    DoorFigures,
    IssuedTicket,
    ListedTicket,
    ListedType,
    Listing,
    LockedParties,
    ScanCursor,
    ScanFacts,
    Tally,
    TypeAtDoor,
)
from application.ports.unit_of_work import RowsInUse
from domain.admission import PartyAtDoor, Passages, Scan, ScanResult
from domain.catalog import Ticket
from domain.orders import ReplacedCode, TicketAttendee

_PASSED: Final = frozenset({ScanResult.ADMITTED, ScanResult.READMITTED, ScanResult.LEFT})


class MemoryCheckInRepo:
    def __init__(self, tables: Tables, in_use: Collection[Hashable] = ()) -> None:
        self._tables = tables
        self._in_use = in_use

    async def tickets(self, codes: Collection[str], *, replaced: bool = False) -> Mapping[str, IssuedTicket]:
        before = [each for code, each in self._tables.replaced_codes.items() if replaced and code in codes]
        moments = {(each.attendee_id, each.code): each.replaced_at for each in before}
        return {
            code: IssuedTicket(
                code,
                attendee.id,
                order.id,
                order.show_id,
                self._tables.shows[order.show_id].producer_id,
                order.completed_at or order.created_at,
                moments.get((attendee.id, code)),
            )
            for order in self._tables.orders.values()
            for attendee in order.attendees
            for code in (attendee.code, *(each.code for each in before if each.attendee_id == attendee.id))
            if code in codes
        }

    async def tickets_of(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, IssuedTicket]:
        orders = self._tables.orders.values()
        codes = {each.code: each.id for order in orders for each in order.attendees if each.id in attendee_ids}
        found = await self.tickets(codes)
        return {codes[code]: ticket for code, ticket in found.items()}

    async def facts(
        self,
        *,
        token_hashes: Collection[bytes],
        device_hashes: Collection[bytes],
        show_ids: Collection[UUID],
        codes: Collection[str],
    ) -> ScanFacts:
        tables = self._tables
        return ScanFacts(
            tokens={each.secret_hash: each for each in tables.tokens.values() if each.secret_hash in token_hashes},
            devices={each.secret_hash: each for each in tables.devices.values() if each.secret_hash in device_hashes},
            shows={id_: tables.shows[id_] for id_ in show_ids if id_ in tables.shows},
            tickets=await self.tickets(codes),
        )

    async def lock(
        self,
        order_ids: Collection[UUID],
        attendee_ids: Collection[UUID],
        scan_ids: Collection[tuple[UUID, UUID]] = (),
        *,
        pass_over: bool = False,
    ) -> LockedParties:
        orders = [self._tables.orders[id_] for id_ in order_ids if id_ in self._tables.orders]
        free = [order for order in orders if order.id not in self._in_use]
        if len(free) < len(orders) and not pass_over:
            raise RowsInUse("a row is in use")
        return LockedParties(
            {order.id: PartyAtDoor(order.id, order.show_id, order.attendees) for order in free},
            await self.scans_of(attendee_ids),
            [self._tables.scans[key] for key in scan_ids if key in self._tables.scans],
        )

    async def listing(self, show_id: UUID, order_ids: Collection[UUID] | None = None) -> Listing:
        now = datetime.now(UTC)
        listed = [
            ListedTicket(
                attendee_id=attendee.id,
                code=attendee.code,
                name=attendee.name,
                ticket_name=attendee.ticket_name,
                is_vip=attendee.is_vip,
                status=attendee.status,
                checked_in_at=attendee.checked_in_at,
                ticket_id=attendee.ticket_id,
                order_id=order.id,
                device_id=admission.device_id if (admission := self._passages(attendee.id).admission) else None,
                out_since=self._passages(attendee.id).out_since,
                note=self._note(order.id),
            )
            for order in self._tables.orders.values()
            if order.show_id == show_id and (order_ids is None or order.id in order_ids)
            for attendee in order.attendees
        ]
        lines = [ticket.as_line() for ticket in sorted(listed, key=lambda ticket: ticket.attendee_id)]
        types = [ListedType(ticket.id, ticket.name, ticket.is_vip) for ticket in self._types(show_id)]
        return Listing(types, lines, now, now)

    def _types(self, show_id: UUID) -> list[Ticket]:
        tickets = [ticket for ticket in self._tables.tickets.values() if ticket.show_id == show_id]
        return sorted(tickets, key=lambda ticket: (ticket.price, ticket.id))

    def _passages(self, attendee_id: UUID) -> Passages:
        return Passages.of(scan for scan in self._tables.scans.values() if scan.attendee_id == attendee_id)

    def _note(self, order_id: UUID) -> str | None:
        notes = [note for note in self._tables.notes.values() if note.order_id == order_id and note.for_door]
        return "\n".join(note.text for note in sorted(notes, key=lambda note: (note.written_at, note.id))) or None

    async def figures(self, show_id: UUID) -> DoorFigures:
        scans = [scan for scan in self._tables.scans.values() if scan.show_id == show_id]
        counted = Counter[tuple[datetime, str, ScanResult]]()
        last: dict[tuple[datetime, str, ScanResult], datetime] = {}
        for scan in scans:
            if scan.undone_at is None and scan.result in _PASSED:
                key = (scan.scanned_at.replace(second=0, microsecond=0), scan.device_id, scan.result)
                counted[key] += 1
                last[key] = max(scan.scanned_at, last.get(key, scan.scanned_at))
        return DoorFigures(
            [TypeAtDoor(ticket.id, ticket.name, *self._at_door(ticket.id)) for ticket in self._types(show_id)],
            [Tally(*key, counted[key], last[key]) for key in sorted(counted)],
            sum(scan.is_conflict for scan in scans),
        )

    def _at_door(self, ticket_id: UUID) -> tuple[int, int, int]:
        valid = [
            attendee
            for order in self._tables.orders.values()
            for attendee in order.attendees
            if attendee.ticket_id == ticket_id and attendee.is_valid
        ]
        admitted = sum(attendee.checked_in_at is not None for attendee in valid)
        return len(valid), admitted, sum(self._passages(attendee.id).out_since is not None for attendee in valid)

    async def replaced_codes(self, show_id: UUID) -> list[ReplacedCode]:
        orders = [order for order in self._tables.orders.values() if order.show_id == show_id]
        attendees = {attendee.id for order in orders for attendee in order.attendees}
        found = [each for each in self._tables.replaced_codes.values() if each.attendee_id in attendees]
        return sorted(found, key=lambda each: (each.replaced_at, each.code))

    async def shows_on(self, producer_id: UUID, *, at: datetime, until: datetime) -> set[UUID]:
        return {
            show.id
            for show in self._tables.shows.values()
            if show.producer_id == producer_id and show.door_time <= until and show.end_time > at and not show.cancelled
        }

    async def scans(self, show_id: UUID, scan_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        known = self._tables.scans
        return {id_: known[show_id, id_] for id_ in scan_ids if (show_id, id_) in known}

    async def scans_of(self, attendee_ids: Collection[UUID]) -> list[Scan]:
        found = [scan for scan in self._tables.scans.values() if scan.attendee_id in attendee_ids]
        return sorted(found, key=lambda scan: (scan.received_at, scan.id))

    async def admissions(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        return {s.attendee_id: s for s in self._admissions() if s.attendee_id and s.attendee_id in attendee_ids}

    async def add(self, scans: Sequence[Scan]) -> None:
        for scan in scans:
            self._tables.scans.setdefault((scan.show_id, scan.id), scan)
        self._ensure_one_admission_each()

    async def save(self, scan: Scan) -> None:
        stored = self._tables.scans[scan.show_id, scan.id]
        kept = replace(scan, code=stored.code, attendee_id=stored.attendee_id, after_revocation=stored.after_revocation)
        self._tables.scans[scan.show_id, scan.id] = kept
        self._ensure_one_admission_each()

    async def move(self, attendees: Sequence[TicketAttendee]) -> None:
        since = {each.id: each.checked_in_at for each in attendees}
        for order in self._tables.orders.values():
            for each in order.attendees:
                if each.id in since:
                    order = order.checked_in(each.id, since[each.id])  # noqa: PLW2901
            self._tables.orders[order.id] = order

    async def undo(self, attendee_id: UUID, *, now: datetime) -> None:
        for key, scan in self._tables.scans.items():
            if scan.attendee_id == attendee_id and scan.undone_at is None:
                self._tables.scans[key] = replace(scan, undone_at=now)

    async def conflicts(self, show_id: UUID, *, after: ScanCursor | None, limit: int) -> list[Scan]:
        found = [
            scan
            for scan in self._tables.scans.values()
            if scan.show_id == show_id
            and scan.is_conflict
            and (after is None or (scan.received_at, scan.id) > (after.received_at, after.scan_id))
        ]
        return sorted(found, key=lambda scan: (scan.received_at, scan.id))[:limit]

    def _admissions(self) -> list[Scan]:
        scans = self._tables.scans.values()
        return [scan for scan in scans if scan.result is ScanResult.ADMITTED and scan.undone_at is None]

    def _ensure_one_admission_each(self) -> None:
        admitted = [scan.attendee_id for scan in self._admissions()]
        if len(admitted) != len(set(admitted)):
            raise AssertionError("scans_admission_key: two scans let the same attendee in")


class MemoryListSigner:
    def sign(self, payload: bytes) -> str:
        return f"signed by memory: {payload.decode()}"

    def public_keys(self) -> list[Mapping[str, str]]:
        return []
