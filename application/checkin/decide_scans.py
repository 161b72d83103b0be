"""Decides scans at the network together: all that come while one transaction decides are decided in the next one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from typing_extensions import override

from application.access.bearer import Bearer, Holder, in_force, note_use
from application.access.ownership import ensure_owned
from application.checkin.lookup import ReadTicket, TicketLookup
from application.checkin.passing import ELSEWHERE, UNKNOWN, CheckInResult, Passing, device_named, is_replaced, scan_now
from application.concurrency.group_commit import BatchDecider, GroupCommit, HandOver
from application.concurrency.retry import retry_on_conflict
from application.errors import ApplicationError, TicketsInUse
from application.ports.checkin import ScanFacts
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Direction, ScanResult
from domain.catalog import Show
from domain.code_readings import Reading
from domain.errors import DomainError

log = logging.getLogger(__name__)

#: Scanning begins before the doors open, for staff and for people who come early. Before that it is too early, unless
#: the scanner names the show.
ON_BEFORE_DOORS: Final = timedelta(hours=2)
#: At a time in one process: one of a show, and one of other shows where that takes long.
MAX_TRANSACTIONS: Final = 2
#: While scans come fast, a transaction begins this long after the one before at the soonest: the scans of two people
#: cost little more than one's, and the on-sale beside them needs the processor.
GATHER_SECONDS: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """A scan at the network, by an actor who is known, or by the bearer of a secret."""

    by: Actor | Bearer
    code: str
    show_id: UUID | None = None
    device_id: str = ""
    scan_id: UUID | None = None
    direction: Direction = Direction.IN


#: The lines in which scans wait until DecideScans decides them, one for each show.
ScanLine = GroupCommit[UUID | None, ScanRequest, CheckInResult]
_Outcome = CheckInResult | Exception


@dataclass(frozen=True, slots=True)
class _Asked:
    """A scan whose actor may scan, with the scanner's name and the show that the scanner named."""

    request: ScanRequest
    actor: Actor
    device: str
    show: Show | None


@dataclass(frozen=True, slots=True)
class _AtDoor:
    """A scan of a ticket. ``show`` is the show whose door it is at, ``refusal`` says why the ticket is none for it."""

    asked: _Asked
    read: ReadTicket
    show: Show
    refusal: ScanResult | None


class DecideScans(BatchDecider[ScanRequest, CheckInResult]):
    """Decides scans of one batch in one transaction, with one read, one lock and one write of all their tickets.

    A scan that is refused, or whose order another transaction has locked, harms no other.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, door: TicketLookup) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._door = door

    @override
    async def decide(self, requests: Sequence[ScanRequest], hand_over: HandOver) -> Sequence[_Outcome]:
        """A result or a refusal for each scan: TicketsInUse where its order is locked by another transaction.

        Raises StorageUnavailable, StorageConflict for all of them. Where the scans cannot be decided together, each is
        decided alone. The next batch begins when this one is committed: it would pass over the orders of this one.
        """
        try:
            return await retry_on_conflict(lambda: self._transact(requests))
        except (StorageUnavailable, StorageConflict):
            raise
        except Exception:
            if len(requests) == 1:
                raise
            log.exception("%d scans could not be decided together; each is decided alone", len(requests))
            return [await self._alone(request) for request in requests]

    async def _alone(self, request: ScanRequest) -> _Outcome:
        try:
            [outcome] = await retry_on_conflict(lambda: self._transact([request]))
        except Exception as error:  # noqa: BLE001  # its caller gets it
            return error
        return outcome

    async def _transact(self, requests: Sequence[ScanRequest]) -> list[_Outcome]:
        now = self._clock.now()
        likely = [self._door.as_it_stands(request.code, request.show_id) for request in requests]
        async with self._unit_of_work() as uow:
            facts = await _facts(uow, requests, likely)
            outcomes: dict[int, _Outcome] = {}
            asked: dict[int, _Asked] = {}
            for place, request in enumerate(requests):
                try:
                    asked[place] = _asked(request, facts)
                except Exception as refusal:  # noqa: BLE001  # its caller gets it
                    outcomes[place] = refusal
            read = await self._read(uow, asked, likely, facts)
            at_doors = await _at_doors(uow, asked, read, now)
            await self._decide(uow, at_doors, now, outcomes)
        for place in asked:
            if place not in outcomes:
                outcomes[place] = ELSEWHERE if place in read else UNKNOWN
        await note_use(self._unit_of_work, _holders(facts), now)
        return [outcomes[place] for place in range(len(requests))]

    async def _read(
        self, uow: UnitOfWork, asked: Mapping[int, _Asked], likely: Sequence[Sequence[Reading]], facts: ScanFacts
    ) -> dict[int, ReadTicket]:
        """The tickets of the scans that have one, by the scans' places in the batch."""
        read = {
            place: ticket
            for place, scan in asked.items()
            if (ticket := self._door.chosen(scan.actor, likely[place], facts.tickets, signed_for=scan.request.show_id))
        }
        others = {
            place: self._door.all_readings(scan.request.code, scan.request.show_id)
            for place, scan in asked.items()
            if place not in read
        }
        issued = await self._door.issued(uow, others.values(), replaced=True)
        for place, readings in others.items():
            if ticket := self._door.chosen(asked[place].actor, readings, issued):
                read[place] = ticket
        return read

    async def _decide(
        self,
        uow: UnitOfWork,
        at_doors: Mapping[int, _AtDoor],
        now: datetime,
        outcomes: dict[int, _Outcome],
    ) -> None:
        if not at_doors:
            return
        tickets = [scan.read.ticket for scan in at_doors.values()]
        named = [(scan.read.ticket.show_id, scan.asked.request.scan_id) for scan in at_doors.values()]
        # From here until the commit, every other scanner of these orders waits.
        locked = await uow.check_ins.lock(
            {ticket.order_id for ticket in tickets},
            {ticket.attendee_id for ticket in tickets},
            {(show_id, scan_id) for show_id, scan_id in named if scan_id},
            pass_over=True,
        )
        passing = Passing(locked)
        for place, scan in at_doors.items():
            try:
                outcomes[place] = self._decided(passing, scan, now)
            except (ApplicationError, DomainError) as refusal:
                outcomes[place] = refusal
        if passing.has_changed:
            await passing.write(uow)
            await uow.commit()

    def _decided(self, passing: Passing, at_door: _AtDoor, now: datetime) -> CheckInResult:
        """The scan's result. Raises TicketsInUse, IdempotencyKeyReused."""
        ticket, request, show = at_door.read.ticket, at_door.asked.request, at_door.show
        order = passing.party(ticket.order_id)
        if order is None:
            raise TicketsInUse
        before = passing.admission_of(ticket.attendee_id)
        answer = CheckInResult(
            ScanResult.ADMITTED,
            order,
            ticket.attendee_id,
            at_door.read.layout,
            party=self._door.party(order.show_id, order.id),
        )
        if before and before.id == request.scan_id:
            return answer
        if at_door.refusal:
            return replace(answer, result=at_door.refusal)
        if is_replaced(ticket, order):
            return replace(answer, result=ScanResult.VOID)
        scan_id = request.scan_id or self._ids.new()
        scan = scan_now(ticket, scan_id, at_door.asked.device, request.direction, now)
        # The admission is all that matters of a ticket's scans where no one comes in again.
        passed_before = [before] if before else []
        if show.re_entry and (before or request.direction is Direction.OUT):
            passed_before = list(passing.scans_of(ticket.attendee_id))
        return passing.decide(show, order.id, scan, answer, passed_before)


async def _facts(uow: UnitOfWork, requests: Sequence[ScanRequest], likely: Sequence[Sequence[Reading]]) -> ScanFacts:
    bearers = [request.by for request in requests if isinstance(request.by, Bearer)]
    return await uow.check_ins.facts(
        token_hashes={bearer.secret_hash for bearer in bearers if not bearer.is_device},
        device_hashes={bearer.secret_hash for bearer in bearers if bearer.is_device},
        show_ids={request.show_id for request in requests if request.show_id},
        codes={reading.code for each in likely for reading in each},
    )


def _holders(facts: ScanFacts) -> list[Holder]:
    """Whose secrets came, but not those that were revoked."""
    return [*filter(in_force, facts.tokens.values()), *facts.devices.values()]


def _asked(request: ScanRequest, facts: ScanFacts) -> _Asked:
    """Raises NotFound, InvalidRequest, and what refuses the bearer."""
    actor = request.by if isinstance(request.by, Actor) else _actor_of(request.by, facts)
    device = device_named(actor, request.device_id)
    show = ensure_owned(actor, facts.shows.get(request.show_id)) if request.show_id else None
    return _Asked(request, actor, device, show)


def _actor_of(bearer: Bearer, facts: ScanFacts) -> Actor:
    if bearer.is_device:
        return bearer.actor_of(facts.devices.get(bearer.secret_hash))
    return bearer.actor_of(in_force(facts.tokens.get(bearer.secret_hash)))


async def _at_doors(
    uow: UnitOfWork, asked: Mapping[int, _Asked], read: Mapping[int, ReadTicket], now: datetime
) -> dict[int, _AtDoor]:
    """The scans of tickets to shows that their scanners may know of."""
    evening = _Evening(uow, now)
    return {
        place: await evening.at_door(asked[place], ticket)
        for place, ticket in read.items()
        if asked[place].actor.reaches(ticket.ticket.show_id)
    }


class _Evening:
    """The shows that are on now, read once for all scanners that name none."""

    def __init__(self, uow: UnitOfWork, now: datetime) -> None:
        self._uow = uow
        self._now = now
        self._on: dict[UUID, set[UUID]] = {}
        self._shows: dict[UUID, Show | None] = {}

    async def at_door(self, asked: _Asked, read: ReadTicket) -> _AtDoor:
        """The scan, with why its ticket does not admit there: WRONG_SHOW or TOO_EARLY; None if it may.

        A scanner that names no show serves those of the actor's shows that are on now, from ON_BEFORE_DOORS before the
        doors to the end: a ticket to another show is for the wrong show. If none is on, the ticket's own show is over
        or not yet open. A scanner may check in to a show that it names at any hour.
        """
        if asked.show is not None:
            is_here = read.ticket.show_id == asked.show.id
            return _AtDoor(asked, read, asked.show, None if is_here else ScanResult.WRONG_SHOW)
        show = ensure_owned(asked.actor, await self._show(read.ticket.show_id))
        on_now = {show_id for show_id in await self._shows_on(show.producer_id) if asked.actor.reaches(show_id)}
        return _AtDoor(asked, read, show, self._refusal(show, on_now))

    def _refusal(self, show: Show, on_now: set[UUID]) -> ScanResult | None:
        if show.id in on_now:
            return None
        if on_now or show.end_time <= self._now:
            return ScanResult.WRONG_SHOW
        is_early = self._now + ON_BEFORE_DOORS < show.door_time and not show.cancelled
        return ScanResult.TOO_EARLY if is_early else None

    async def _shows_on(self, producer_id: UUID) -> set[UUID]:
        if producer_id not in self._on:
            until = self._now + ON_BEFORE_DOORS
            self._on[producer_id] = await self._uow.check_ins.shows_on(producer_id, at=self._now, until=until)
        return self._on[producer_id]

    async def _show(self, show_id: UUID) -> Show | None:
        if show_id not in self._shows:
            self._shows[show_id] = await self._uow.shows.get(show_id)
        return self._shows[show_id]
