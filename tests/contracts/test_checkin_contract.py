"""The CheckInRepo port: tickets by code, and every scan once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.ports.checkin import IssuedTicket, ListedTicket, ScanCursor
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.admission import Scan, ScanResult
from domain.orders import AttendeeStatus, Order, OrderStatus, ReplacedCode
from tests.contracts.builders import NOW, Theatre, issue, new_id

HOUR = timedelta(hours=1)


@pytest.fixture
async def order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Order:
    order = replace(theatre.order(2), status=OrderStatus.COMPLETED, completed_at=NOW).with_attendees(issue)
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.commit()
    return order


def a_scan(theatre: Theatre, order: Order | None, **fields: Any) -> Scan:
    scan = Scan(
        show_id=theatre.show.id,
        id=new_id(),
        attendee_id=order.attendees[0].id if order else None,
        code=order.attendees[0].code if order else "a card",
        device_id="north",
        offline=True,
        scanned_at=NOW - HOUR,
        received_at=NOW,
        result=ScanResult.ADMITTED if order else ScanResult.UNKNOWN,
    )
    return replace(scan, **fields)


async def tickets_of_show(uow: UnitOfWork, show_id: UUID) -> list[ListedTicket]:
    return [ListedTicket.of_line(line) for line in (await uow.check_ins.listing(show_id)).lines]


async def add(unit_of_work: UnitOfWorkFactory, *scans: Scan) -> None:
    async with unit_of_work() as uow:
        await uow.check_ins.add(scans)
        await uow.commit()


async def test_tickets_are_found_by_their_codes(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first = order.attendees[0]
    async with unit_of_work() as uow:
        found = await uow.check_ins.tickets([first.code, "unknown"])
    issued = IssuedTicket(first.code, first.id, order.id, theatre.show.id, theatre.producer.id, sold_at=NOW)
    assert found == {first.code: issued}


async def test_codes_that_were_replaced_are_found_and_listed_apart(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first, second = order.attendees
    renamed = replace(first, name="Grace", code=uuid4().hex)
    replaced = ReplacedCode(first.code, first.id, NOW + HOUR)
    async with unit_of_work() as uow:
        await uow.orders.lock([order.id])
        await uow.orders.save_customer(replace(order, attendees=(renamed, second)), replaced=[replaced])
        await uow.commit()

    async with unit_of_work() as uow:
        found = await uow.check_ins.tickets([first.code, renamed.code], replaced=True)
        assert await uow.check_ins.replaced_codes(theatre.show.id) == [replaced]
        assert await uow.check_ins.replaced_codes(uuid4()) == []
        listed = await tickets_of_show(uow, theatre.show.id)
        stored = await uow.orders.get(order.id)
    assert {code: (each.attendee_id, each.replaced_at) for code, each in found.items()} == {
        first.code: (first.id, NOW + HOUR),
        renamed.code: (first.id, None),
    }
    assert [ticket.code for ticket in listed] == [renamed.code, second.code]
    assert stored
    assert stored.attendees == (renamed, second)


async def test_every_ticket_of_the_show_is_listed(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first, second = order.attendees
    changed = replace(order, attendees=(replace(first, status=AttendeeStatus.VOID, checked_in_at=NOW), second))
    async with unit_of_work() as uow:
        await uow.orders.save([changed])
        listed = await tickets_of_show(uow, theatre.show.id)
        assert await tickets_of_show(uow, uuid4()) == []
    assert [ticket.attendee_id for ticket in listed] == [first.id, second.id]
    assert (listed[0].status, listed[0].checked_in_at, listed[0].code) == (AttendeeStatus.VOID, NOW, first.code)
    assert (listed[1].name, listed[1].ticket_name, listed[1].is_vip) == (second.name, "Stalls", False)


async def test_a_scan_comes_back_to_the_last_field_and_stays_as_it_was_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    scan = a_scan(theatre, order)
    await add(unit_of_work, scan)
    await add(unit_of_work, replace(scan, device_id="south"))
    async with unit_of_work() as uow:
        assert await uow.check_ins.scans(theatre.show.id, [scan.id, uuid4()]) == {scan.id: scan}
        assert await uow.check_ins.scans(uuid4(), [scan.id]) == {}
        assert await uow.check_ins.admissions([order.attendees[0].id, order.attendees[1].id]) == {
            order.attendees[0].id: scan
        }


async def test_undone_scan_admits_nobody_and_is_no_conflict(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    admitted = a_scan(theatre, order)
    late = a_scan(theatre, order, result=ScanResult.ALREADY_ADMITTED)
    await add(unit_of_work, admitted, late)
    async with unit_of_work() as uow:
        await uow.check_ins.undo(order.attendees[0].id, now=NOW)
        assert await uow.check_ins.admissions([order.attendees[0].id]) == {}
        assert await uow.check_ins.conflicts(theatre.show.id, after=None, limit=10) == []
        await uow.check_ins.add([a_scan(theatre, order)])
        found = await uow.check_ins.scans(theatre.show.id, [admitted.id])
    assert found[admitted.id] == replace(admitted, undone_at=NOW)


async def test_result_is_saved(unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order) -> None:
    overtaken = a_scan(theatre, order)
    await add(unit_of_work, overtaken)
    async with unit_of_work() as uow:
        await uow.check_ins.save(replace(overtaken, result=ScanResult.ALREADY_ADMITTED))
        await uow.check_ins.add([winner := a_scan(theatre, order)])
        assert await uow.check_ins.admissions([order.attendees[0].id]) == {order.attendees[0].id: winner}


async def test_undone_scan_may_count_again(unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order) -> None:
    scan = a_scan(theatre, order, offline=False)
    await add(unit_of_work, scan)
    again = replace(scan, scanned_at=NOW + HOUR, received_at=NOW + HOUR, device_id="south")
    async with unit_of_work() as uow:
        await uow.check_ins.undo(order.attendees[0].id, now=NOW)
        await uow.check_ins.save(again)
        assert await uow.check_ins.admissions([order.attendees[0].id]) == {order.attendees[0].id: again}


async def test_conflicts_are_listed_as_they_came(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    scans = [a_scan(theatre, None, received_at=NOW + HOUR * at) for at in (2, 1, 1)]
    await add(unit_of_work, *scans)
    late, first, second = scans[0], *sorted(scans[1:], key=lambda scan: scan.id)
    async with unit_of_work() as uow:
        assert await uow.check_ins.conflicts(theatre.show.id, after=None, limit=2) == [first, second]
        after = ScanCursor(second.received_at, second.id)
        assert await uow.check_ins.conflicts(theatre.show.id, after=after, limit=2) == [late]


async def test_two_admissions_of_one_ticket_cannot_be(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    await add(unit_of_work, a_scan(theatre, order))
    with pytest.raises(Exception, match="scans_admission_key"):
        await add(unit_of_work, a_scan(theatre, order))


async def test_shows_that_are_on(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    show = theatre.show
    async with unit_of_work() as uow:
        for at, until, is_on in (
            (show.door_time - HOUR, show.door_time - timedelta(microseconds=1), False),
            (show.door_time - HOUR, show.door_time, True),
            (show.end_time - timedelta(microseconds=1), show.end_time, True),
            (show.end_time, show.end_time + HOUR, False),
        ):
            assert await uow.check_ins.shows_on(show.producer_id, at=at, until=until) == ({show.id} if is_on else set())
        assert await uow.check_ins.shows_on(uuid4(), at=show.door_time, until=show.door_time) == set()
        await uow.shows.save(replace(show, cancelled=True))
        assert await uow.check_ins.shows_on(show.producer_id, at=show.door_time, until=show.door_time) == set()


async def test_all_scans_of_some_attendees_are_read(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first, second = order.attendees
    late = a_scan(theatre, order, received_at=NOW + HOUR)
    undone = a_scan(theatre, order, undone_at=NOW)
    other = a_scan(theatre, order, attendee_id=second.id, code=second.code)
    await add(unit_of_work, late, undone, other, a_scan(theatre, None))
    async with unit_of_work() as uow:
        assert await uow.check_ins.scans_of([first.id]) == [undone, late]
        assert await uow.check_ins.scans_of([]) == []
