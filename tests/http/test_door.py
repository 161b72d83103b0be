"""POST /checkin and its undo: exactly one admission a ticket."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.access import Scope
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import CODES, ticket

pytestmark = pytest.mark.p0


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer)


@pytest.fixture
async def order(box_office: BoxOffice, on_sale: OnSale) -> Json:
    return (await box_office.order((await box_office.checkout(on_sale.cart(2))).created())).body


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
    assert (await scan(door, second["code"]))["result"] == "admitted"


async def test_code_may_be_typed(office: BackOffice, order: Json) -> None:
    code = order["attendees"][0]["code"]
    typed = "-".join(code[start : start + 4] for start in range(0, 24, 4)).lower()
    assert (await scan(office, typed))["result"] == "admitted"


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
    now = datetime.now(UTC)
    tonight = await box_office.put_on_sale(
        ticket(price=0),
        by=office.producer,
        door_time=now + timedelta(hours=1),
        start_time=now + timedelta(hours=1),
        end_time=now + timedelta(hours=3),
    )
    for_tonight = (await box_office.order((await box_office.checkout(tonight.cart(1))).created())).body
    assert (await scan(office, order["attendees"][0]["code"]))["result"] == "wrong_show"
    assert (await scan(office, for_tonight["attendees"][0]["code"]))["result"] == "admitted"


async def test_ticket_of_a_show_that_is_over_is_for_the_wrong_show(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    await box_office.change_show(on_sale, door_time=long_ago, start_time=long_ago, end_time=long_ago)
    code = order["attendees"][0]["code"]
    assert (await scan(office, code))["result"] == "wrong_show"
    # Whoever names it, means it.
    assert (await scan(office, code, show_id=str(on_sale.id)))["result"] == "admitted"


@pytest.mark.parametrize("code", ["", "x", "A" * 24, "https://example.org/", "ä", "\0", "=" * 24, "x" * 1000])
async def test_what_is_no_code_of_ours_is_unknown(office: BackOffice, on_sale: OnSale, code: str) -> None:
    for fields in ({}, {"show_id": str(on_sale.id)}):
        unknown = await scan(office, code, **fields)
        assert unknown == {"result": "unknown", "attendee": None, "checked_in_at": None}
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
        found = (await uow.door.tickets([stored.attendees[0].code]))[stored.attendees[0].code]
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
