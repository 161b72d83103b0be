"""Admission: the earliest scan counts, and every other one is a conflict."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from domain.admission import Direction, Passages, Scan, ScanResult, admit, admit_when_sold, attendee_of
from domain.orders import Order, OrderStatus
from domain.stock import Stock
from tests.support.factories import NOW, order, ticket

MINUTE = timedelta(minutes=1)


@pytest.fixture
def bought() -> Order:
    return order((ticket(), 2), status=OrderStatus.COMPLETED)


def a_scan(bought: Order, *, number: int = 1, minutes: int = 0, **fields: Any) -> Scan:
    attendee = bought.attendees[0]
    facts: dict[str, Any] = {
        "show_id": bought.show_id,
        "id": UUID(int=number),
        "attendee_id": attendee.id,
        "code": attendee.code,
        "device_id": f"door {number}",
        "offline": True,
        "scanned_at": NOW + MINUTE * minutes,
        "received_at": NOW + MINUTE * 60,
        "result": ScanResult.ADMITTED,
    }
    return Scan(**{**facts, **fields})


def test_first_scan_lets_its_attendee_in_and_nobody_else(bought: Order) -> None:
    admission = admit(bought, a_scan(bought, minutes=5), show_cancelled=False)
    assert (admission.scan.result, admission.changed) == (ScanResult.ADMITTED, ())
    first, second = admission.order.attendees
    assert (first.checked_in_at, second.checked_in_at) == (NOW + 5 * MINUTE, None)
    assert not admission.scan.is_conflict


@pytest.mark.parametrize("times", sorted(permutations((0, 1, 2))))
def test_in_whatever_order_scans_are_told_the_earliest_counts(bought: Order, times: tuple[int, ...]) -> None:
    now_in, passages, results = bought, Passages(), {}
    for number, minutes in enumerate(times):
        scan = a_scan(bought, number=number, minutes=minutes)
        admission = admit(now_in, scan, passages, show_cancelled=False)
        now_in, passages = admission.order, admission.passages
        for told in (admission.scan, *admission.changed):
            results[int((told.scanned_at - NOW) / MINUTE)] = told.result
    assert results == {
        0: ScanResult.ADMITTED,
        1: ScanResult.ALREADY_ADMITTED,
        2: ScanResult.ALREADY_ADMITTED,
    }
    assert attendee_of(now_in, bought.attendees[0].id).checked_in_at == NOW


def test_scan_at_the_network_never_overtakes(bought: Order) -> None:
    counts = a_scan(bought, number=1, minutes=9)
    inside = bought.checked_in(bought.attendees[0].id, counts.scanned_at)
    online = a_scan(bought, number=2, minutes=1, offline=False)
    admission = admit(inside, online, Passages.of([counts]), show_cancelled=False)
    assert (admission.scan.result, admission.changed, admission.order) == (ScanResult.ALREADY_ADMITTED, (), inside)


def test_void_ticket_admits_nobody(bought: Order) -> None:
    void = bought.refunded([bought.attendees[0].id], Stock(), restock=False)
    admission = admit(void, a_scan(bought), show_cancelled=False)
    assert (admission.scan.result, admission.order, admission.scan.is_conflict) == (ScanResult.VOID, void, True)


def test_ticket_whose_scan_is_not_kept_any_more_is_in(bought: Order) -> None:
    inside = bought.checked_in(bought.attendees[0].id, NOW)
    again = admit(inside, a_scan(bought, minutes=5), show_cancelled=False)
    assert (again.scan.result, again.order) == (ScanResult.ALREADY_ADMITTED, inside)
    left = admit(inside, a_scan(bought, minutes=5, direction=Direction.OUT), show_cancelled=False)
    assert left.order == inside


def test_cancelled_show_admits_nobody(bought: Order) -> None:
    admission = admit(bought, a_scan(bought), show_cancelled=True)
    assert (admission.scan.result, admission.order) == (ScanResult.VOID, bought)


def test_only_a_scan_of_a_ticket_admits(bought: Order) -> None:
    with pytest.raises(ValueError, match="only a scan of a ticket"):
        admit(bought, a_scan(bought, attendee_id=None), show_cancelled=False)


@pytest.mark.parametrize(
    ("fields", "is_conflict"),
    [
        ({}, False),
        ({"result": ScanResult.UNKNOWN}, True),
        ({"result": ScanResult.VOID, "undone_at": NOW}, False),
        ({"result": ScanResult.ALREADY_ADMITTED, "offline": False}, True),  # an earlier scan came later
        ({"result": ScanResult.VOID, "direction": Direction.OUT}, False),
    ],
)
def test_conflicts(bought: Order, fields: dict[str, Any], is_conflict: bool) -> None:
    assert a_scan(bought, **fields).is_conflict is is_conflict


def test_people_who_come_in_with_the_sale_are_scanned_as_at_the_door(bought: Order) -> None:
    numbers = iter(range(1, 10))

    inside, scans = admit_when_sold(bought, device_id="counter", now=NOW, new_id=lambda: UUID(int=next(numbers)))

    assert [attendee.checked_in_at for attendee in inside.attendees] == [NOW, NOW]
    assert [(scan.attendee_id, scan.code) for scan in scans] == [(a.id, a.code) for a in bought.attendees]
    assert {(scan.result, scan.offline, scan.device_id) for scan in scans} == {(ScanResult.ADMITTED, False, "counter")}
    again = a_scan(inside, number=99, minutes=1)
    assert admit(inside, again, Passages.of(scans[:1]), show_cancelled=False).scan.result is ScanResult.ALREADY_ADMITTED
