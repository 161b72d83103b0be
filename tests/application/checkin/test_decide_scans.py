"""Scans that are decided together: one transaction for all, and each with the answer that it would get alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from adapters.memory.system import MemoryIds
from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.access.bearer import Bearer, Holder
from application.checkin.decide_scans import DecideScans, ScanRequest
from application.checkin.passing import CheckInResult
from application.checkin.scan import CheckIn
from application.concurrency.group_commit import nothing_to_hand_over
from application.errors import Busy, IdempotencyKeyReused
from domain.access import Actor, Scope, hash_secret
from domain.admission import Direction, ScanResult
from domain.catalog import Producer, Show
from domain.errors import InvalidRequest, NotFound
from domain.orders import Order, TicketAttendee
from tests.application.world import World
from tests.support.factories import producer, show, ticket


class CountingDatabase(MemoryDatabase):
    """``begun`` is how many units of work have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0

    @override
    async def begin(self) -> Tables:
        self.begun += 1
        return await super().begin()


class BrokenIds(MemoryIds):
    """Ids of which the ``broken``th from now is none, once."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = 0

    @override
    def new(self) -> UUID:
        self.broken -= 1
        if self.broken == 0:
            raise RuntimeError("no entropy")
        return super().new()


class OpenDoor:
    """A show, and those who have tickets to it."""

    def __init__(self) -> None:
        self.database = CountingDatabase()
        self.world = World(database=self.database)
        self.producer: Producer = producer()
        self.show: Show = show(by=self.producer, re_entry=True)
        self.orders: list[Order] = []
        self.actor = Actor(self.producer.id)

    async def sell(self, *parties: int) -> None:
        kind = ticket(of=self.show, price=0, quantity=sum(parties))
        await self.world.sell(kind, by=self.producer, id=self.show.id, re_entry=self.show.re_entry)
        self.orders = [await self.world.buy((kind, size)) for size in parties]

    @property
    def guests(self) -> list[TicketAttendee]:
        return [attendee for order in self.orders for attendee in order.attendees]

    def scan(self, code: str | None = None, *, by: Actor | Bearer | None = None, **fields: object) -> ScanRequest:
        known = {"by": by or self.actor, "code": code or self.guests[0].code, "show_id": self.show.id}
        return ScanRequest(**{**known, **fields})  # type: ignore[arg-type]

    async def decide(self, *scans: ScanRequest, ids: MemoryIds | None = None) -> list[CheckInResult | Exception]:
        decider = DecideScans(self.database, self.world.clock, ids or self.world.ids, self.world.door)
        return list(await decider.decide(scans, nothing_to_hand_over))

    async def inside(self) -> set[UUID]:
        found = [await self.world.order(order.id) for order in self.orders]
        return {attendee.id for order in found for attendee in order.attendees if attendee.checked_in_at}

    async def scans(self) -> int:
        async with self.database() as uow:
            return len(await uow.check_ins.scans_of([guest.id for guest in self.guests]))


@pytest.fixture
async def door() -> AsyncIterator[OpenDoor]:
    door = OpenDoor()
    await door.sell(2, 1, 3)
    yield door
    await door.world.close()


def results(outcomes: list[CheckInResult | Exception]) -> list[ScanResult | type[Exception]]:
    return [each.result if isinstance(each, CheckInResult) else type(each) for each in outcomes]


async def test_scans_of_a_batch_share_a_transaction(door: OpenDoor) -> None:
    begun = door.database.begun
    outcomes = await door.decide(*(door.scan(guest.code) for guest in door.guests))
    assert results(outcomes) == [ScanResult.ADMITTED] * len(door.guests)
    assert door.database.begun == begun + 1
    assert await door.inside() == {guest.id for guest in door.guests}


async def test_each_scan_sees_what_those_before_it_did(door: OpenDoor) -> None:
    first, second = door.orders[0].attendees
    outcomes = await door.decide(
        door.scan(first.code, device_id="north"),
        door.scan(first.code, device_id="south"),
        door.scan(second.code),
        door.scan(first.code, direction=Direction.OUT),
        door.scan(first.code),
    )
    assert results(outcomes) == ["admitted", "already_admitted", "admitted", "left", "just_left"]
    _, again, other, left, _ = [each for each in outcomes if isinstance(each, CheckInResult)]
    assert again.admission
    assert again.admission.device_id == "north"
    assert other.order
    assert [attendee.checked_in_at is not None for attendee in other.order.attendees] == [True, True]
    assert left.out_since
    assert await door.scans() == 3


async def test_scan_that_is_refused_harms_no_other(door: OpenDoor) -> None:
    first, second, third = door.guests[:3]
    scan_id = uuid4()
    outcomes = await door.decide(
        door.scan(first.code, scan_id=scan_id),
        door.scan(second.code, scan_id=scan_id),
        door.scan(second.code, device_id="\n"),
        door.scan(second.code, device_id="nor\0th"),
        door.scan(second.code, show_id=uuid4()),
        door.scan(second.code, by=Actor(uuid4())),
        door.scan("A2345672" * 3),
        door.scan(third.code, by=Actor(door.producer.id, show_ids=frozenset({uuid4()})), show_id=None),
        door.scan(third.code),
    )
    assert results(outcomes) == [
        ScanResult.ADMITTED,
        IdempotencyKeyReused,
        ScanResult.ADMITTED,
        InvalidRequest,
        NotFound,
        NotFound,
        ScanResult.UNKNOWN,
        ScanResult.WRONG_SHOW,
        ScanResult.ADMITTED,
    ]
    assert await door.inside() == {first.id, second.id, third.id}


async def test_scan_that_comes_twice_in_a_batch_is_answered_alike_and_kept_once(door: OpenDoor) -> None:
    scan = door.scan(scan_id=uuid4())
    first, second = await door.decide(scan, scan)
    assert first == second
    assert await door.scans() == 1
    assert await door.decide(scan) == [first]


async def test_scans_that_cannot_be_decided_together_are_decided_alone(door: OpenDoor) -> None:
    ids = BrokenIds()
    ids.broken = 3
    outcomes = await door.decide(*(door.scan(guest.code) for guest in door.guests), ids=ids)
    assert results(outcomes) == [ScanResult.ADMITTED] * len(door.guests)
    assert await door.scans() == len(door.guests)


async def test_defect_of_one_scan_is_that_scans_own(door: OpenDoor) -> None:
    ids = BrokenIds()
    ids.broken = 1
    with pytest.raises(RuntimeError):
        await door.decide(door.scan(), ids=ids)
    assert await door.inside() == set()


async def test_scan_of_an_order_that_is_in_use_waits_and_the_others_do_not(door: OpenDoor) -> None:
    in_use, other = door.orders[0], door.orders[1]
    door.database.in_use.add(in_use.id)
    begun = door.database.begun
    waiting = asyncio.create_task(door.world.check_in(door.scan(in_use.attendees[0].code)))
    assert (await door.world.check_in(door.scan(other.attendees[0].code))).result is ScanResult.ADMITTED
    async with asyncio.timeout(20):
        while door.database.begun < begun + 3:  # it has looked again
            await asyncio.sleep(0.001)
    assert not waiting.done()
    door.database.in_use.clear()
    assert (await waiting).result is ScanResult.ADMITTED


async def test_scan_does_not_wait_for_ever(door: OpenDoor) -> None:
    door.database.in_use.add(door.orders[0].id)
    with pytest.raises(Busy):
        await CheckIn(door.world.scan_line, wait_seconds=0)(door.scan())
    assert await door.inside() == set()


def bearer(secret: str, actor_of: Callable[[Holder | None], Actor]) -> Bearer:
    return Bearer(hash_secret(secret), is_device=False, actor_of=actor_of)


async def test_bearers_are_read_with_their_scans(door: OpenDoor) -> None:
    issued = await door.world.issue_token(producer_id=door.producer.id, name="door", scopes=[Scope.CHECKIN])
    asked: list[Holder | None] = []

    def actor_of(holder: Holder | None) -> Actor:
        asked.append(holder)
        if holder is None:
            raise PermissionError
        return door.actor

    async def scan() -> list[ScanResult | type[Exception]]:
        by = [bearer(issued.secret, actor_of), bearer("pqt_of_no_one", actor_of)]
        return results(await door.decide(*(door.scan(by=each) for each in by)))

    begun = door.database.begun
    assert await scan() == [ScanResult.ADMITTED, PermissionError]
    assert asked == [issued.token, None]
    assert door.database.begun == begun + 2  # the second notes the use
    assert await scan() == [ScanResult.ALREADY_ADMITTED, PermissionError]
    assert door.database.begun == begun + 3
    door.world.clock.advance(timedelta(minutes=2))
    await scan()
    assert door.database.begun == begun + 5

    await door.world.revoke_token(issued.token.id)
    asked.clear()
    assert await scan() == [PermissionError, PermissionError]
    assert asked == [None, None]
