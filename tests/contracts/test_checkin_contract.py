"""The CheckInRepo port: tickets by code, and every scan once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.checkin import IssuedTicket, ListedTicket, LockedParties, ScanCursor, ScanFacts
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.admission import Direction, PartyAtDoor, Scan, ScanResult
from domain.notes import OrderNote
from domain.orders import AttendeeStatus, Order, OrderStatus, ReplacedCode
from tests.contracts.builders import NOW, Theatre, a_token, issue, new_id
from tests.contracts.test_devices_contract import a_device

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


async def test_listing_says_who_is_in_and_out_and_what_the_door_should_know(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first, second = order.attendees
    left = a_scan(theatre, order, result=ScanResult.LEFT, direction=Direction.OUT, scanned_at=NOW - HOUR / 2)
    other = replace(theatre.order(1), status=OrderStatus.COMPLETED, completed_at=NOW).with_attendees(issue)
    notes = [
        OrderNote(id=new_id(), order_id=order.id, written_at=NOW, author="Bob", text="Wheelchair", for_door=True),
        OrderNote(id=new_id(), order_id=order.id, written_at=NOW, author="Bob", text="Always late"),
    ]
    async with unit_of_work() as uow:
        await uow.orders.add([other])
        await uow.check_ins.add([a_scan(theatre, order), left])
        await uow.orders.save([order.checked_in(first.id, NOW - HOUR)])
        for note in notes:
            await uow.notes.add(note)
        await uow.commit()
    async with unit_of_work() as uow:
        listing = await uow.check_ins.listing(theatre.show.id)
        some = await uow.check_ins.listing(theatre.show.id, [other.id])
    listed = {each.attendee_id: each for each in map(ListedTicket.of_line, listing.lines)}
    assert listed[first.id] == ListedTicket(
        attendee_id=first.id,
        code=first.code,
        name=first.name,
        ticket_name=first.ticket_name,
        is_vip=False,
        status=AttendeeStatus.VALID,
        checked_in_at=NOW - HOUR,
        ticket_id=first.ticket_id,
        order_id=order.id,
        device_id="north",
        out_since=NOW - HOUR / 2,
        note="Wheelchair",
    )
    assert (listed[second.id].checked_in_at, listed[second.id].out_since) == (None, None)
    assert {ListedTicket.of_line(line).order_id for line in some.lines} == {other.id}
    assert first.ticket_id in {each.id for each in listing.types}
    assert listing.began_at <= listing.read_at


async def test_ticket_that_came_back_is_not_out(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    passages = [
        a_scan(theatre, order),
        a_scan(theatre, order, result=ScanResult.LEFT, direction=Direction.OUT, scanned_at=NOW - HOUR / 2),
        a_scan(theatre, order, result=ScanResult.READMITTED, scanned_at=NOW - HOUR / 4),
    ]
    async with unit_of_work() as uow:
        await uow.check_ins.add(passages)
        await uow.orders.save([order.checked_in(order.attendees[0].id, NOW - HOUR)])
        await uow.commit()
    async with unit_of_work() as uow:
        listing = await uow.check_ins.listing(theatre.show.id)
        figures = await uow.check_ins.figures(theatre.show.id)
        [stored] = [each for each in await uow.check_ins.scans_of([order.attendees[0].id]) if each == passages[1]]
    assert {ListedTicket.of_line(line).out_since for line in listing.lines} == {None}
    assert stored.direction is Direction.OUT
    [of_type] = [each for each in figures.types if each.id == order.attendees[0].ticket_id]
    assert (of_type.expected, of_type.admitted, of_type.out) == (2, 1, 0)


async def test_figures_count_passages_by_minute_and_device(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    left = a_scan(theatre, order, result=ScanResult.LEFT, direction=Direction.OUT, device_id="south", scanned_at=NOW)
    wrong = a_scan(theatre, order, result=ScanResult.ALREADY_ADMITTED)
    out_of_nowhere = a_scan(theatre, order, result=ScanResult.VOID, direction=Direction.OUT)
    undone = a_scan(theatre, order, result=ScanResult.READMITTED, undone_at=NOW)
    async with unit_of_work() as uow:
        await uow.check_ins.add([a_scan(theatre, order), left, wrong, out_of_nowhere, undone])
        await uow.orders.save([order.checked_in(order.attendees[0].id, NOW - HOUR)])
        await uow.commit()
    async with unit_of_work() as uow:
        figures = await uow.check_ins.figures(theatre.show.id)
        assert await uow.check_ins.conflicts(theatre.show.id, after=None, limit=9) == [wrong]
    assert {(each.device_id, each.result, each.count, each.last_at) for each in figures.tallies} == {
        ("north", ScanResult.ADMITTED, 1, NOW - HOUR),
        ("south", ScanResult.LEFT, 1, NOW),
    }
    assert figures.conflicts == 1
    [of_type] = [each for each in figures.types if each.id == order.attendees[0].ticket_id]
    assert (of_type.expected, of_type.admitted, of_type.out) == (2, 1, 1)


async def test_tickets_are_found_by_their_attendees(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first = order.attendees[0]
    async with unit_of_work() as uow:
        found = await uow.check_ins.tickets_of([first.id, uuid4()])
    assert found == {
        first.id: IssuedTicket(first.code, first.id, order.id, theatre.show.id, theatre.producer.id, sold_at=NOW)
    }


async def test_facts_about_scans_are_read_together(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    token = a_token(theatre.producer)
    device = replace(a_device(theatre), revoked_at=NOW)
    async with unit_of_work() as uow:
        await uow.tokens.add(token)
        await uow.devices.add(device)
        await uow.commit()
    first = order.attendees[0]
    async with unit_of_work() as uow:
        facts = await uow.check_ins.facts(
            token_hashes=[token.secret_hash, b"of nothing"],
            device_hashes=[device.secret_hash, token.secret_hash],
            show_ids=[theatre.show.id, uuid4()],
            codes=[first.code, "unknown"],
        )
        nothing = await uow.check_ins.facts(token_hashes=[], device_hashes=[], show_ids=[], codes=[])
        tickets = await uow.check_ins.tickets([first.code])
        show = await uow.shows.get(theatre.show.id)
    assert facts == ScanFacts(
        tokens={token.secret_hash: token},
        devices={device.secret_hash: device},
        shows={theatre.show.id: show},  # type: ignore[dict-item]
        tickets=tickets,
    )
    assert nothing == ScanFacts(tokens={}, devices={}, shows={}, tickets={})


async def test_parties_are_locked_with_their_scans(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    first, second = order.attendees
    scan, of_second = a_scan(theatre, order), a_scan(theatre, order, attendee_id=second.id, undone_at=NOW)
    await add(unit_of_work, scan, of_second)
    async with unit_of_work() as uow:
        ids = [(theatre.show.id, of_second.id), (theatre.show.id, uuid4()), (uuid4(), scan.id)]
        locked = await uow.check_ins.lock([order.id, uuid4()], [first.id], ids)
        await uow.check_ins.move([replace(first, checked_in_at=NOW)])
        await uow.commit()
    assert locked == LockedParties(
        {order.id: PartyAtDoor(order.id, order.show_id, order.attendees)}, [scan], [of_second]
    )
    assert locked.parties[order.id].number == order.number
    async with unit_of_work() as uow:
        moved = await uow.orders.get(order.id)
        await uow.check_ins.move([replace(first, checked_in_at=None), replace(second, checked_in_at=NOW)])
        assert await uow.check_ins.lock([], []) == LockedParties({}, [], [])
        again = (await uow.check_ins.lock([order.id], [])).parties[order.id]
    assert moved == replace(order, attendees=(replace(first, checked_in_at=NOW), second))
    assert [attendee.checked_in_at for attendee in again.attendees] == [None, NOW]


async def test_parties_that_another_transaction_has_locked_are_passed_over(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    other = replace(theatre.order(1), status=OrderStatus.COMPLETED, completed_at=NOW).with_attendees(issue)
    async with unit_of_work() as uow:
        await uow.orders.add([other])
        await uow.commit()
    async with in_use(unit_of_work, order), unit_of_work() as uow:
        locked = await uow.check_ins.lock([order.id, other.id], [], pass_over=True)
    assert set(locked.parties) == {other.id}


@asynccontextmanager
async def in_use(unit_of_work: UnitOfWorkFactory, order: Order) -> AsyncIterator[None]:
    """Another transaction has locked the order."""
    if isinstance(unit_of_work, MemoryDatabase):
        unit_of_work.in_use.add(order.id)
        yield
        unit_of_work.in_use.clear()
        return
    async with unit_of_work() as uow:
        await uow.orders.lock([order.id])
        yield
