"""Use case: the list that scanners take along, in full or as changes (docs/door-protocol.md#the-list).

Fifty scanners refresh a list of 20,000 tickets each minute. So a process reads a show's tickets at most once in a few
seconds, finds out which lines are others than before, and hashes and sends these alone. A scanner's cursor says which
reading its list is from. Another process does not know that reading, but it knows the database's time of it: it sends
all that it saw change since then.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from application.access.ownership import owned_show
from application.checkin.offline import READING
from application.checkin.recent import Recent
from application.ports.checkin import ListedTicket, ListedType, Listing, OfflineListSigner
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.admission import PASS_BACK
from domain.catalog import Show
from domain.orders import AttendeeStatus, ReplacedCode
from domain.ticket_code import TicketCodes

#: The version of the list's format. A scanner that knows only older ones must refuse a newer one.
DOOR_LIST_VERSION: Final = 2
#: A list is as old as this at most when it is given out.
LIST_FRESH_FOR: Final = timedelta(seconds=5)
MAX_CURSOR_LENGTH: Final = 100
#: Shows whose tickets a process remembers: some 4 MB for 20,000 tickets.
_MOST_SHOWS: Final = 12
#: Tickets that are hashed before others get their turn: some milliseconds.
_AT_A_TIME: Final = 500
_HASH_BYTES: Final = 16


def short_hash(code: str) -> str:
    """The list's stand-in for a code: half of its hash is enough to tell it from all others."""
    return _base64url(hashlib.sha256(code.encode()).digest()[:_HASH_BYTES])


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A ticket on the list, as JSON without its last brace, and the name that may follow."""

    text: str
    name: str

    def shown(self, *, with_name: bool) -> str:
        name = f',"name":{json.dumps(self.name, ensure_ascii=False)}' if with_name else ""
        return f"{self.text}{name}}}"


@dataclass(slots=True)
class _Book:
    """A show's tickets as this process read them, and in which reading each changed last.

    ``ends`` are the database's times at the end of each reading, ``began_at`` the time at which the last one began.
    """

    show: Show
    types: Sequence[ListedType]
    replaced: Sequence[ReplacedCode]
    began_at: datetime
    lines: frozenset[str] = frozenset()
    entries: dict[str, _Entry] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    ends: list[datetime] = field(default_factory=list)

    @property
    def reading(self) -> int:
        return len(self.ends) - 1

    async def take(self, listing: Listing, codes: TicketCodes) -> None:
        """Take a new reading in."""
        lines = frozenset(listing.lines)
        self.ends.append(listing.read_at)
        self.began_at = listing.began_at
        gone = {_id_of(line) for line in self.lines - lines}
        for number, line in enumerate(lines - self.lines if self.lines else listing.lines):
            ticket = ListedTicket.of_line(line)
            id_ = str(ticket.attendee_id)
            self.entries[id_] = _entry(ticket, self.show, codes)
            self.changed[id_] = self.reading
            gone.discard(id_)
            if number % _AT_A_TIME == _AT_A_TIME - 1:
                await asyncio.sleep(0)
        for id_ in gone:
            del self.entries[id_]
            self.changed[id_] = self.reading
        self.lines = lines

    def changed_since(self, reading: int) -> tuple[list[_Entry], list[str]]:
        """The entries that changed after this reading, and the ids of those that are gone."""
        ids = [id_ for id_, changed in self.changed.items() if changed > reading]
        return [self.entries[id_] for id_ in ids if id_ in self.entries], [
            id_ for id_ in ids if id_ not in self.entries
        ]

    def reading_at(self, moment: datetime) -> int | None:
        """The last reading that ended by then; None if this process read nothing so early."""
        known = bisect_right(self.ends, moment)
        return known - 1 if known else None


def _id_of(line: str) -> str:
    return str(json.loads(line)[0])


def _entry(ticket: ListedTicket, show: Show, codes: TicketCodes) -> _Entry:
    values: dict[str, Any] = {
        "id": str(ticket.attendee_id),
        "code_hash": short_hash(ticket.code),
        "type": str(ticket.ticket_id),
        "party": codes.party(show.id, ticket.order_id),
        "status": ticket.status.value if ticket.status is not AttendeeStatus.VALID else None,
        "checked_in_at": ticket.checked_in_at.isoformat() if ticket.checked_in_at else None,
        "device": ticket.device_id or None,
        "out_since": ticket.out_since.isoformat() if ticket.out_since else None,
        "note": ticket.note,
    }
    shown = {name: value for name, value in values.items() if value is not None}
    return _Entry(json.dumps(shown, separators=(",", ":"), ensure_ascii=False)[:-1], ticket.name)


class DoorLists:
    """Gives out a show's list, signed: all of it, or what changed since a scanner's cursor."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        signer: OfflineListSigner,
        codes: TicketCodes,
        *,
        fresh_for: timedelta = LIST_FRESH_FOR,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._signer = signer
        self._codes = codes
        self.recent = Recent[UUID, _Book](clock, fresh_for=fresh_for, most=_MOST_SHOWS)
        #: Tells this process's readings from those of others.
        self._own = secrets.token_hex(8)

    async def __call__(self, actor: Actor, show_id: UUID, *, since: str = "", with_names: bool = False) -> str:
        """The list as a JSON Web Signature. Raises NotFound."""
        book = await self._book(actor, show_id)
        names = "n" if with_names else "-"
        reading = self._reading(book, since, names)
        content = self._head(book, f"{_micros(book.began_at)}.{self._own}.{book.reading}.{names}")
        if reading is None:
            entries = list(book.entries.values())
            content |= {"kind": "full", "reading": READING}
        else:
            entries, removed = book.changed_since(reading)
            content |= {"kind": "changes", "since": since, "removed": removed}
        head = json.dumps(content, separators=(",", ":"), ensure_ascii=False)[:-1]
        attendees = ",".join([entry.shown(with_name=with_names) for entry in entries])
        return self._signer.sign(f'{head},"attendees":[{attendees}]}}'.encode())

    async def revision(self, actor: Actor, show_id: UUID, *, with_names: bool) -> str:
        """Stands for the content of the full list: the same while nothing has changed. Raises NotFound."""
        book = await self._book(actor, show_id)
        head = {**self._head(book, ""), "issued_at": None}
        changed = max(book.changed.values(), default=0)
        digest = hashlib.sha256(json.dumps([head, changed, self._own, with_names]).encode()).digest()
        return _base64url(digest[:_HASH_BYTES])

    async def _book(self, actor: Actor, show_id: UUID) -> _Book:
        async def read(before: _Book | None) -> _Book:
            async with self._unit_of_work(read_only=True) as uow:
                show = await owned_show(uow, actor, show_id)
                listing = await uow.check_ins.listing(show_id)
                replaced = await uow.check_ins.replaced_codes(show_id)
            book = before or _Book(show, listing.types, replaced, listing.began_at)
            book.show, book.types, book.replaced = show, listing.types, replaced
            await book.take(listing, self._codes)
            return book

        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, actor, show_id)
        return await self.recent.get(show_id, read)

    def _reading(self, book: _Book, since: str, names: str) -> int | None:
        """The reading that the scanner's list is from, or an earlier one; None if it needs the full list."""
        try:
            micros, process, reading, had_names = since.split(".")
            if had_names != names:
                return None
            if process == self._own:
                return int(reading) if 0 <= int(reading) <= book.reading else None
            return book.reading_at(_moment(int(micros), like=book.began_at))
        except (ValueError, OverflowError):
            return None

    def _head(self, book: _Book, cursor: str) -> dict[str, Any]:
        show = book.show
        return {
            "version": DOOR_LIST_VERSION,
            "cursor": cursor,
            "issued_at": self._clock.now().isoformat(),
            "show": {
                "id": str(show.id),
                "title": show.title,
                "door_time": show.door_there.isoformat(),
                "start_time": show.start_there.isoformat(),
                "end_time": show.end_there.isoformat(),
                "timezone": show.timezone,
                "cancelled": show.cancelled,
                "re_entry": show.re_entry,
            },
            "pass_back_seconds": int(PASS_BACK.total_seconds()),
            "code_hash": "sha256-128",
            "types": [{"id": str(each.id), "name": each.name, "is_vip": each.is_vip} for each in book.types],
            "replaced": [{"id": str(each.attendee_id), "code_hash": short_hash(each.code)} for each in book.replaced],
            "new_codes": self._new_codes(show),
        }

    def _new_codes(self, show: Show) -> Mapping[str, list[str]] | None:
        if not show.offline_new_codes:
            return None
        return {"keys": [_base64url(key) for key in self._codes.keys_of(show.id)]}


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _moment(micros: int, *, like: datetime) -> datetime:
    return datetime.fromtimestamp(0, like.tzinfo) + timedelta(microseconds=micros)
