"""Uploads of offline scans: taken in piece by piece, and again from where they stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from typing_extensions import override

from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.checkin.offline import MAX_SCANS, SCANS_AT_A_TIME, OfflineScan, ScanReport
from application.ports.checkin import ListedTicket
from application.ports.unit_of_work import StorageUnavailable
from domain.access import Actor
from domain.admission import ScanResult
from domain.catalog import Producer, Show
from domain.errors import NotFound
from domain.orders import TicketAttendee
from tests.application.world import World
from tests.support.factories import producer, show, ticket

SECOND = timedelta(seconds=1)


class FailingDatabase(MemoryDatabase):
    """A database that is lost after ``left`` more units of work; None: never."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.begun = 0

    @override
    async def begin(self) -> Tables:
        if self.left == 0:
            raise StorageUnavailable("gone")
        self.left = None if self.left is None else self.left - 1
        self.begun += 1
        return await super().begin()


class Evening:
    """A show, and all holders of its tickets."""

    def __init__(self) -> None:
        self.database = FailingDatabase()
        self.world = World(database=self.database)
        self.producer: Producer = producer()
        self.show: Show = show(by=self.producer)
        self.guests: list[TicketAttendee] = []

    async def sell(self, guests: int) -> None:
        kind = ticket(of=self.show, price=0, quantity=guests)
        await self.world.sell(kind, by=self.producer, id=self.show.id)
        while len(self.guests) < guests:
            order = await self.world.buy((kind, min(10, guests - len(self.guests))))
            self.guests += order.attendees
        self.world.clock.advance(timedelta(days=1))

    def scans(self) -> list[OfflineScan]:
        """One scan of every guest, the last guest first, by clocks that are sometimes ahead."""
        start = self.world.clock.now() - SECOND * MAX_SCANS // 2
        taken = [
            OfflineScan(self.world.ids.new(), guest.code, start + number * SECOND)
            for number, guest in enumerate(self.guests)
        ]
        return taken[::-1]

    async def upload(self, scans: Sequence[OfflineScan], *, by: Producer | None = None) -> list[ScanReport]:
        return await self.world.sync_offline_scans(Actor((by or self.producer).id), self.show.id, "north", list(scans))

    async def inside(self) -> set[UUID]:
        """The attendees that count as checked in."""
        async with self.database() as uow:
            listing = await uow.check_ins.listing(self.show.id)
        return {entry.attendee_id for entry in map(ListedTicket.of_line, listing.lines) if entry.checked_in_at}


@pytest.fixture
async def evening() -> Evening:
    evening = Evening()
    await evening.sell(guests=2 * SCANS_AT_A_TIME + 1)
    return evening


async def test_many_scans_are_taken_in_several_transactions(evening: Evening) -> None:
    scans = evening.scans()
    begun = evening.database.begun

    reports = await evening.upload(scans)

    assert evening.database.begun - begun == 1 + 3  # the first one reads only
    assert [report.scan.id for report in reports] == [scan.id for scan in scans]
    assert {report.scan.result for report in reports} == {ScanResult.ADMITTED}
    assert await evening.inside() == {guest.id for guest in evening.guests}


async def test_upload_that_stopped_in_its_middle_is_sent_again(evening: Evening) -> None:
    scans = evening.scans()
    evening.database.left = 2  # the first one reads only
    with pytest.raises(StorageUnavailable):
        await evening.upload(scans)
    evening.database.left = None
    assert len(await evening.inside()) == SCANS_AT_A_TIME

    again = await evening.upload(scans)

    assert {(report.scan.result, report.admission) for report in again} == {(ScanResult.ADMITTED, None)}
    assert await evening.inside() == {guest.id for guest in evening.guests}
    assert await evening.upload(scans) == again


async def test_codes_twice_in_an_upload_are_conflicts_across_transactions(evening: Evening) -> None:
    first = evening.scans()
    second = [
        OfflineScan(evening.world.ids.new(), scan.code, scan.scanned_at + SECOND * MAX_SCANS * 2) for scan in first
    ][:20]

    reports = await evening.upload([*second, *first])

    assert [report.scan.result for report in reports[:20]] == [ScanResult.ALREADY_ADMITTED] * 20
    assert {report.scan.result for report in reports[20:]} == {ScanResult.ADMITTED}
    assert {report.admission.id for report in reports[:20] if report.admission} == {scan.id for scan in first[:20]}


async def test_scans_told_twice_in_an_upload_are_taken_once(evening: Evening) -> None:
    scans = evening.scans()
    reports = await evening.upload([*scans, *scans[:20]])
    assert reports[-20:] == reports[:20]
    assert {report.scan.result for report in reports} == {ScanResult.ADMITTED}


async def test_clocks_ahead_are_taken_in_one_order_however_far_ahead(evening: Evening) -> None:
    """All of these count as now, in the order of the scanner's clock, whatever their ids: never before what an earlier
    transaction has taken in.
    """
    ahead = evening.world.clock.now() + SECOND
    code = evening.guests[0].code
    ids = sorted(evening.world.ids.new() for _ in range(SCANS_AT_A_TIME + 1))
    scans = [OfflineScan(id_, code, ahead - number * SECOND / 1000) for number, id_ in enumerate(ids)]

    reports = await evening.upload(scans)

    assert [r.scan.result for r in reports] == [ScanResult.ALREADY_ADMITTED] * SCANS_AT_A_TIME + [ScanResult.ADMITTED]
    assert await evening.upload(scans) == reports


async def test_show_of_another_producer_is_not_found_whatever_is_brought(evening: Evening) -> None:
    for scans in ([], evening.scans()):
        with pytest.raises(NotFound):
            await evening.upload(scans, by=producer())
