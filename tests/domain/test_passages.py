"""A ticket's passages: in, out, in again, from its scans in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.admission import (
    CLOCKS_AGREE_WITHIN,
    PASS_BACK,
    PASSED,
    UNDO_WITHIN,
    Direction,
    Passages,
    Scan,
    ScanResult,
    admit,
    correction,
    may_undo,
)
from domain.orders import Order, OrderStatus
from domain.stock import Stock
from tests.support.factories import NOW, order, ticket

SECOND: Final = timedelta(seconds=1)
IN, OUT = Direction.IN, Direction.OUT


def bought() -> Order:
    return order((ticket(), 1), status=OrderStatus.COMPLETED)


BOUGHT: Final = bought()


def a_scan(direction: Direction, second: float, *, number: int | None = None, offline: bool = True) -> Scan:
    attendee = BOUGHT.attendees[0]
    return Scan(
        show_id=BOUGHT.show_id,
        id=UUID(int=int(second * 1000) if number is None else number),
        attendee_id=attendee.id,
        code=attendee.code,
        device_id="north",
        offline=offline,
        scanned_at=NOW + second * SECOND,
        received_at=NOW + timedelta(hours=3),
        result=ScanResult.ADMITTED,
        direction=direction,
    )


def results(*scans: Scan) -> list[str]:
    return [scan.result.value for scan in Passages.of(scans).scans]


def test_evening_of_a_ticket() -> None:
    evening = [a_scan(IN, 0), a_scan(OUT, 600), a_scan(IN, 900), a_scan(OUT, 4000), a_scan(IN, 4060)]
    assert results(*evening) == ["admitted", "left", "readmitted", "left", "readmitted"]
    assert Passages.of(evening).is_inside
    outside = Passages.of(evening[:4])
    assert (outside.is_inside, outside.out_since) == (False, NOW + 4000 * SECOND)


@pytest.mark.parametrize(("seconds", "result"), [(1, "just_left"), (59.999, "just_left"), (60, "readmitted")])
def test_ticket_that_is_out_is_no_pass_back_for_a_minute(seconds: float, result: str) -> None:
    assert results(a_scan(IN, 0), a_scan(OUT, 100), a_scan(IN, 100 + seconds))[-1] == result


def test_pass_back_does_not_keep_the_ticket_out_any_longer() -> None:
    scans = [a_scan(IN, 0), a_scan(OUT, 100), a_scan(IN, 110), a_scan(IN, 160)]
    assert results(*scans) == ["admitted", "left", "just_left", "readmitted"]


def test_exit_before_its_entry_was_told_is_no_conflict_and_is_put_right_later() -> None:
    out, back = a_scan(OUT, 100), a_scan(IN, 300)
    before = Passages.of([out, back])
    assert [scan.result.value for scan in before.scans] == ["not_in", "admitted"]
    after = before.with_scan(a_scan(IN, 0))
    assert [scan.result.value for scan in after.scans] == ["admitted", "left", "readmitted"]
    assert [scan.id for scan in after.changed_since(before)] == [out.id, back.id]


def test_exit_that_was_never_an_entry_does_not_hold_back_who_comes_in() -> None:
    assert results(a_scan(OUT, 0), a_scan(IN, 1)) == ["not_in", "admitted"]


def test_earlier_admissions_give_way_before_a_later_one_takes_their_place() -> None:
    """So the database sees one admission at a time."""
    first, second = a_scan(IN, 10), a_scan(IN, 20)
    before = Passages.of([first, second])
    after = before.without(first.id)
    assert [scan.result for scan in after.changed_since(before)] == [ScanResult.ADMITTED]
    again = after.with_scan(a_scan(IN, 5, number=1))
    assert [scan.result for scan in again.changed_since(after)] == [ScanResult.ALREADY_ADMITTED]


SCANS: Final = st.lists(
    st.tuples(st.sampled_from([IN, IN, OUT]), st.integers(0, 40)), min_size=1, max_size=9, unique_by=lambda scan: scan
).map(lambda drawn: [a_scan(way, at * 20, number=number + 1) for number, (way, at) in enumerate(drawn)])


@given(SCANS, st.randoms(use_true_random=False))
def test_results_do_not_depend_on_the_order_in_which_scans_come(scans: Sequence[Scan], random: object) -> None:
    shuffled = list(scans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    now_in, passages = BOUGHT, Passages()
    told: dict[UUID, ScanResult] = {}
    for scan in shuffled:
        admission = admit(now_in, scan, passages, show_cancelled=False)
        now_in, passages = admission.order, admission.passages
        told |= {each.id: each.result for each in (admission.scan, *admission.changed)}
    whole = Passages.of(scans)
    assert passages == whole
    assert told == {scan.id: scan.result for scan in whole.scans}  # who was told of each change knows all
    assert now_in.attendees[0].checked_in_at == (whole.admission.scanned_at if whole.admission else None)


@given(SCANS)
def test_entries_and_exits_take_turns(scans: Sequence[Scan]) -> None:
    passages = Passages.of(scans)
    moves = [scan for scan in passages.scans if scan.result in PASSED and scan.result is not ScanResult.NOT_IN]
    assert [scan.direction for scan in moves] == [IN if number % 2 == 0 else OUT for number in range(len(moves))]
    assert [scan.result for scan in moves if scan.direction is IN][1:] == [ScanResult.READMITTED] * (
        sum(scan.direction is IN for scan in moves) - 1
    )
    for out, back in zip(moves[1::2], moves[2::2], strict=False):
        assert back.scanned_at - out.scanned_at >= PASS_BACK
    counts = {result: sum(scan.result is result for scan in passages.scans) for result in ScanResult}
    assert counts[ScanResult.ADMITTED] == any(scan.direction is IN for scan in scans)
    is_out = counts[ScanResult.LEFT] - counts[ScanResult.READMITTED]
    assert is_out == (passages.out_since is not None)


@given(SCANS)
def test_every_conflict_is_a_second_person_inside(scans: Sequence[Scan]) -> None:
    """A scan inwards is a conflict if the ticket was in, or had just left; no other is."""
    passages = Passages()
    for scan in Passages.of(scans).scans:
        was_in, out_since = passages.is_inside, passages.out_since
        wrongly = was_in or (out_since is not None and scan.scanned_at - out_since < PASS_BACK)
        assert scan.is_conflict == (scan.direction is IN and wrongly)
        passages = passages.with_scan(scan)


@given(SCANS, st.data())
def test_what_is_undone_leaves_no_trace(scans: Sequence[Scan], data: st.DataObject) -> None:
    taken_back = data.draw(st.sampled_from(scans))
    others = [scan for scan in scans if scan.id != taken_back.id]
    assert Passages.of(scans).without(taken_back.id) == Passages.of(others)


@given(SCANS)
def test_scan_at_the_network_is_the_last_one(scans: Sequence[Scan]) -> None:
    before = Passages.of(scans)
    online = a_scan(IN, 0, number=99, offline=False)  # by a clock that is behind the scanners'
    admission = admit(BOUGHT.checked_in(BOUGHT.attendees[0].id, None), online, before, show_cancelled=False)
    assert admission.passages.scans[:-1] == before.scans
    assert admission.passages.scans[-1] == admission.scan
    assert admission.changed == ()


def test_void_ticket_keeps_nobody_inside() -> None:
    inside = admit(BOUGHT, a_scan(IN, 0), show_cancelled=False)
    void = inside.order.refunded([BOUGHT.attendees[0].id], Stock(), restock=False)
    left = admit(void, a_scan(OUT, 100), inside.passages, show_cancelled=False)
    assert left.scan.result is ScanResult.LEFT
    back = admit(left.order, a_scan(IN, 500), left.passages, show_cancelled=False)
    assert (back.scan.result, back.passages) == (ScanResult.VOID, left.passages)


def test_clocks_that_nearly_agree_are_left_alone() -> None:
    within, beyond = CLOCKS_AGREE_WITHIN, CLOCKS_AGREE_WITHIN + SECOND
    assert correction(sent_at=NOW - within, received_at=NOW) == timedelta()
    assert correction(sent_at=NOW + within, received_at=NOW) == timedelta()
    assert correction(sent_at=NOW - beyond, received_at=NOW) == beyond
    assert correction(sent_at=NOW + timedelta(days=1), received_at=NOW) == -timedelta(days=1)


def test_scanner_takes_back_its_own_scan_within_the_hour() -> None:
    scan = a_scan(IN, 0)
    assert may_undo(scan, device_id="north", at=NOW + UNDO_WITHIN)
    assert not may_undo(scan, device_id="north", at=NOW + UNDO_WITHIN + SECOND)
    assert not may_undo(scan, device_id="south", at=NOW)
