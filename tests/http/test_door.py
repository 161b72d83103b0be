"""POST /checkin and its undo: exactly one admission for each ticket."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.access import Scope
from domain.keyboard_layouts import LAYOUTS
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import CODES, ticket
from tests.support.keyboards import typed_on

pytestmark = pytest.mark.p0


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    """A show whose doors open in an hour."""
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, **tonight())


@pytest.fixture
async def order(box_office: BoxOffice, on_sale: OnSale) -> Json:
    return (await box_office.order((await box_office.checkout(on_sale.cart(2))).created())).body


def tonight(**in_: float) -> Json:
    """The times of a show whose doors open in an hour, unless others are given."""
    doors = datetime.now(UTC) + timedelta(**in_ or {"hours": 1})
    return {"door_time": doors, "start_time": doors, "end_time": doors + timedelta(hours=3)}


async def ticket_to(office: BackOffice, box_office: BoxOffice, **times: Any) -> tuple[OnSale, str]:
    """Another show of the producer, and the code of a ticket to it."""
    show = await box_office.put_on_sale(ticket(price=0), by=office.producer, **times)
    order = (await box_office.order((await box_office.checkout(show.cart(1))).created())).body
    return show, order["attendees"][0]["code"]


async def scan(office: BackOffice, code: str, **fields: object) -> Json:
    answer = await office.post("/checkin", {"code": code, **fields})
    assert answer.status == 200, answer.content
    return answer.body


async def test_first_scan_admits_and_the_second_says_when_that_was(office: BackOffice, order: Json) -> None:
    door = await office.with_scopes(Scope.CHECKIN)
    first, second = order["attendees"]

    admitted = await scan(door, first["code"], device_id="north")
    again = await scan(door, first["code"], device_id="south")

    assert (admitted["result"], again["result"]) == ("admitted", "already_admitted")
    assert admitted["attendee"] == again["attendee"]
    assert admitted["attendee"]["id"] == first["id"]
    assert admitted["attendee"]["ticket_name"] == "Stalls"
    assert admitted["checked_in_at"] == again["checked_in_at"]
    assert admitted["checked_in_at"]
    assert (admitted["admission"], again["admission"]["device_id"]) == (None, "north")
    assert again["admission"]["scanned_at"] == admitted["checked_in_at"]
    assert (await scan(door, second["code"]))["result"] == "admitted"


async def test_code_may_be_typed(office: BackOffice, order: Json) -> None:
    code = order["attendees"][0]["code"]
    typed = "-".join(code[start : start + 4] for start in range(0, 24, 4)).lower()
    assert (await scan(office, typed))["result"] == "admitted"


@pytest.mark.parametrize("layout", ["de", "fr", "be", "cz", "lt", "tr(f)", "ru", "gr", "us(dvorak)"])
async def test_scanner_that_is_set_to_another_keyboard_admits_and_is_named(
    office: BackOffice, on_sale: OnSale, order: Json, layout: str
) -> None:
    code = order["attendees"][0]["code"]
    typed = typed_on(layout, code)
    here = await scan(office, f"{typed}\r", show_id=str(on_sale.id))
    assert here["result"] == "admitted"
    # A code on which the layouts agree comes unchanged, or as a commoner layout types it.
    assert here["layout"] == named(layout, code)
    again = await scan(office, f"{typed}\r")
    assert (again["result"], again["layout"]) == ("already_admitted", here["layout"])
    undone = (await office.post("/checkin/undo", {"code": typed})).body
    assert (undone["result"], undone["layout"]) == ("undone", here["layout"])


def named(layout: str, code: str) -> str | None:
    """The first of the layouts that type the code as this one does."""
    typed = typed_on(layout, code)
    if typed == code:
        return None
    return next(name for names, *_ in LAYOUTS if typed_on(name := names.split()[0], code) == typed)


async def test_typed_digits_that_no_code_has_stand_for_letters(office: BackOffice, order: Json) -> None:
    code = order["attendees"][0]["code"]
    typed = code.translate(str.maketrans("OILB", "0118"))
    read = await scan(office, typed)
    assert (read["result"], read["layout"]) == ("admitted", None)


async def test_scan_that_is_sent_again_is_answered_as_before(office: BackOffice, order: Json) -> None:
    first, second = (attendee["code"] for attendee in order["attendees"])
    scan_id = str(uuid4())

    answers = [await scan(office, first, scan_id=scan_id, device_id="north") for _ in range(3)]

    assert answers[0]["result"] == "admitted"
    assert answers == [answers[0]] * 3
    other = await scan(office, first, scan_id=str(uuid4()), device_id="south")
    assert (other["result"], other["admission"]["id"]) == ("already_admitted", scan_id)
    reused = await office.post("/checkin", {"code": second, "scan_id": scan_id})
    reused.refused(422, "idempotency_key_reused")
    assert (await scan(office, second))["result"] == "admitted"


async def test_scan_that_is_sent_again_after_an_undo_admits(office: BackOffice, order: Json) -> None:
    """The scanner never got an answer, and the guest still waits."""
    code, scan_id = order["attendees"][0]["code"], str(uuid4())
    await scan(office, code, scan_id=scan_id)
    await office.post("/checkin/undo", {"code": code})
    for _ in range(2):
        answer = await scan(office, code, scan_id=scan_id)
        assert (answer["result"], bool(answer["checked_in_at"])) == ("admitted", True)
    assert (await scan(office, code))["result"] == "already_admitted"


async def test_scan_sent_many_times_at_once_is_answered_alike(office: BackOffice, order: Json) -> None:
    code, scan_id = order["attendees"][0]["code"], str(uuid4())
    answers = await asyncio.gather(*(scan(office, code, scan_id=scan_id) for _ in range(20)))
    assert answers == [answers[0]] * 20
    assert answers[0]["result"] == "admitted"


async def test_scan_whose_answer_was_lost_is_no_conflict_when_it_is_uploaded(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    code, scan_id = order["attendees"][0]["code"], str(uuid4())
    await scan(office, code, scan_id=scan_id, device_id="north")
    told = {"id": scan_id, "code": code, "scanned_at": datetime.now(UTC).isoformat()}
    upload = await office.post(f"/shows/{on_sale.id}/checkin/scans", {"device_id": "north", "scans": [told]})
    assert (upload.body["conflicts"], upload.body["items"][0]["result"]) == (0, "admitted")


async def test_undone_check_in_can_be_done_again(office: BackOffice, order: Json) -> None:
    code = order["attendees"][0]["code"]
    await scan(office, code)

    undone = (await office.post("/checkin/undo", {"code": code})).body
    again = (await office.post("/checkin/undo", {"code": code})).body

    assert (undone["result"], undone["checked_in_at"], again["result"]) == ("undone", None, "not_admitted")
    assert (await scan(office, code))["result"] == "admitted"
    entry = next(entry for entry in await office.audit_log() if entry["action"] == "check_in.undone")
    assert entry["subject_id"] == order["attendees"][0]["id"]


async def test_refunded_ticket_is_void(office: BackOffice, order: Json) -> None:
    first, second = order["attendees"]
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [first["id"]]})
    refused = await scan(office, first["code"])
    assert (refused["result"], refused["attendee"]["status"], refused["checked_in_at"]) == ("void", "void", None)
    assert (await scan(office, second["code"]))["result"] == "admitted"


async def test_a_refund_forgets_nobody_who_is_in(office: BackOffice, order: Json, box_office: BoxOffice) -> None:
    first, second = order["attendees"]
    await scan(office, first["code"])
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [second["id"]]})
    stored = await box_office.stored_order(order)
    assert [attendee.checked_in_at is not None for attendee in stored.attendees] == [True, False]


async def test_cancelled_show_admits_nobody(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    await box_office.change_show(on_sale, cancelled=True)
    assert (await scan(office, order["attendees"][0]["code"]))["result"] == "void"


async def test_wrong_show_where_the_scanner_says_at_which_it_is(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    tonight = await box_office.put_on_sale(by=office.producer)
    code = order["attendees"][0]["code"]
    refused = await scan(office, code, show_id=str(tonight.id))
    assert (refused["result"], refused["attendee"]["id"]) == ("wrong_show", order["attendees"][0]["id"])
    undo = await office.post("/checkin/undo", {"code": code, "show_id": str(tonight.id)})
    assert undo.body["result"] == "wrong_show"
    assert (await scan(office, code, show_id=str(on_sale.id)))["result"] == "admitted"


async def test_tomorrows_ticket_is_for_the_wrong_show_while_tonights_is_on(
    office: BackOffice, box_office: BoxOffice, order: Json
) -> None:
    _, for_tomorrow = await ticket_to(office, box_office, **tonight(days=1))
    assert (await scan(office, for_tomorrow))["result"] == "wrong_show"
    assert (await scan(office, order["attendees"][0]["code"]))["result"] == "admitted"


async def test_it_is_too_early_for_a_show_that_is_far_off(office: BackOffice, box_office: BoxOffice) -> None:
    show, code = await ticket_to(office, box_office, **tonight(days=200))

    early = await scan(office, code)

    assert (early["result"], early["checked_in_at"]) == ("too_early", None)
    assert early["attendee"]["status"] == "valid"
    # A scanner that names the show may check in at any hour.
    assert (await scan(office, code, show_id=str(show.id)))["result"] == "admitted"


@pytest.mark.parametrize(("minutes", "result"), [(119, "admitted"), (121, "too_early")])
async def test_scanning_begins_two_hours_before_the_doors(
    office: BackOffice, box_office: BoxOffice, minutes: int, result: str
) -> None:
    _, code = await ticket_to(office, box_office, **tonight(minutes=minutes))
    assert (await scan(office, code))["result"] == result


async def test_cancelled_show_that_is_far_off_is_void_and_not_too_early(
    office: BackOffice, box_office: BoxOffice
) -> None:
    show, code = await ticket_to(office, box_office, **tonight(days=200))
    await box_office.change_show(show, cancelled=True)
    assert (await scan(office, code))["result"] == "void"


async def test_ticket_of_a_show_that_is_over_is_for_the_wrong_show(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    await box_office.change_show(on_sale, door_time=long_ago, start_time=long_ago, end_time=long_ago)
    code = order["attendees"][0]["code"]
    assert (await scan(office, code))["result"] == "wrong_show"
    # A scanner that names the show may check in at any hour.
    assert (await scan(office, code, show_id=str(on_sale.id)))["result"] == "admitted"


@pytest.mark.parametrize("code", ["", "x", "A" * 24, "https://example.org/", "ä", "\0", "=" * 24, "x" * 1000])
async def test_what_is_no_code_of_ours_is_unknown(office: BackOffice, on_sale: OnSale, code: str) -> None:
    for fields in ({}, {"show_id": str(on_sale.id)}):
        unknown = await scan(office, code, **fields)
        nothing = {
            "attendee": None,
            "checked_in_at": None,
            "layout": None,
            "admission": None,
            "out_since": None,
            "party": None,
        }
        assert unknown == {"result": "unknown", **nothing}
    assert (await office.post("/checkin/undo", {"code": code})).body["result"] == "unknown"


async def test_forged_and_foreign_codes_are_unknown(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    theirs = await box_office.put_on_sale(ticket(price=0), by=other_office.producer)
    foreign = (await box_office.order((await box_office.checkout(theirs.cart(1))).created())).body
    forged = CODES.issue(on_sale.id, b"whatever")
    for code in (forged, foreign["attendees"][0]["code"]):
        assert (await scan(office, code))["result"] == "unknown"
    assert (await box_office.stored_order(foreign)).attendees[0].checked_in_at is None


async def test_code_that_got_into_the_database_without_our_signature_admits_nobody(
    office: BackOffice, box_office: BoxOffice, order: Json
) -> None:
    stored = await box_office.stored_order(order)
    async with box_office.unit_of_work() as uow:
        found = (await uow.check_ins.tickets([stored.attendees[0].code]))[stored.attendees[0].code]
    assert found.order_id == UUID(order["order_id"])
    assert (await scan(office, CODES.issue(stored.show_id, b"stranger")))["result"] == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 1},
        {"code": "x" * 1001},
        {"code": "x", "show_id": "x"},
        {"code": "x", "device_id": "x" * 101},
        {"code": "x", "device_id": "a\nb"},
        {"code": "x", "scan_id": "x"},
        {"code": "x", "surprise": 1},
    ],
)
async def test_wrong_requests_are_refused(office: BackOffice, body: Json) -> None:
    (await office.post("/checkin", body)).refused(400, "invalid_request")


async def test_other_producers_show_is_no_place_to_scan(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, order: Json
) -> None:
    theirs = await box_office.put_on_sale(by=other_office.producer)
    for path in ("/checkin", "/checkin/undo"):
        for show_id in (theirs.id, uuid4()):
            body = {"code": order["attendees"][0]["code"], "show_id": str(show_id)}
            (await office.post(path, body)).refused(404, "not_found")


async def test_fifty_scanners_at_once_admit_one(office: BackOffice, order: Json) -> None:
    code = order["attendees"][0]["code"]
    results = [answer["result"] for answer in await asyncio.gather(*(scan(office, code) for _ in range(50)))]
    assert sorted(results) == ["admitted"] + ["already_admitted"] * 49
