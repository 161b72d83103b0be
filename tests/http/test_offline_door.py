"""Scanners that lose the network: a signed list for admission, and an upload that hides no conflict."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.keyboards import typed_on

#: When the doors were open, by the scanners' clocks.
EVENING = datetime(2026, 1, 1, 19, 0, tzinfo=UTC)


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer)


@pytest.fixture
async def order(box_office: BoxOffice, on_sale: OnSale) -> Json:
    """An order of the day before."""
    order = (await box_office.order((await box_office.checkout(on_sale.cart(3))).created())).body
    stored = await box_office.stored_order(order)
    async with box_office.unit_of_work() as uow:
        await uow.orders.save([replace(stored, completed_at=EVENING - timedelta(days=1))])
        await uow.commit()
    return order


def a_scan(code: str, *, minutes: int = 0, **fields: Any) -> Json:
    """A scan that admitted, ``minutes`` after the doors opened."""
    at = (EVENING + timedelta(minutes=minutes)).isoformat()
    return {"id": str(uuid4()), "code": code, "scanned_at": at, **fields}


async def upload(office: BackOffice, on_sale: OnSale, *scans: Json, device: str = "north") -> list[Json]:
    answer = await office.post(f"/shows/{on_sale.id}/checkin/scans", {"device_id": device, "scans": list(scans)})
    assert answer.status == 200, answer.content
    assert answer.body["conflicts"] == sum(item["conflict"] for item in answer.body["items"])
    return list(answer.body["items"])


async def conflicts(office: BackOffice, on_sale: OnSale) -> list[tuple[str, str]]:
    answer = await office.get(f"/shows/{on_sale.id}/checkin/conflicts")
    return [(item["device_id"], item["result"]) for item in answer.body["items"]]


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def verified(office: BackOffice, answer: Answer) -> Json:
    """The content of the list, after its signature was checked with only the public key."""
    assert answer.status == 200, answer.content
    assert answer.headers["Content-Type"].startswith("application/jose")
    (key,) = (await office.get("/checkin/keys")).body["keys"]
    head, payload, signature = answer.content.decode().split(".")
    header = json.loads(raw(head))
    assert (header["alg"], header["kid"]) == ("EdDSA", key["kid"])
    public = Ed25519PublicKey.from_public_bytes(raw(key["x"]))
    public.verify(raw(signature), f"{head}.{payload}".encode())
    with pytest.raises(InvalidSignature):
        public.verify(raw(signature), f"{head}.{payload}x".encode())
    content = json.loads(raw(payload))
    assert isinstance(content, dict)
    return content


async def test_list_is_signed_and_knows_every_ticket_without_its_code_or_name(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    first, second, _ = order["attendees"]
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [first["id"]]})
    await office.post("/checkin", {"code": second["code"], "show_id": str(on_sale.id)})

    answer = await office.get(f"/shows/{on_sale.id}/checkin/list")

    content = await verified(office, answer)
    assert (content["version"], content["show"]["id"]) == (1, str(on_sale.id))
    listed = {entry["id"]: entry for entry in content["attendees"]}
    assert [listed[a["id"]]["status"] for a in order["attendees"]] == ["void", "valid", "valid"]
    assert [bool(listed[a["id"]]["checked_in_at"]) for a in order["attendees"]] == [False, True, False]
    for attendee in order["attendees"]:
        assert listed[attendee["id"]]["code_hash"] == hashlib.sha256(attendee["code"].encode()).hexdigest()
        assert attendee["code"] not in json.dumps(content)
    assert "Ada" not in json.dumps(content)


async def test_names_are_on_the_list_where_they_are_asked_for(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    content = await verified(office, await office.get(f"/shows/{on_sale.id}/checkin/list?names=true"))
    assert {entry["name"] for entry in content["attendees"]} == {"Ada Lovelace"}
    (await office.get(f"/shows/{on_sale.id}/checkin/list?names=perhaps")).refused(400, "invalid_request")


async def test_who_was_let_in_offline_is_in_by_the_scanners_time(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    (report,) = await upload(office, on_sale, a_scan(order["attendees"][0]["code"]))
    assert (report["result"], report["conflict"], report["admission"]) == ("admitted", False, None)
    assert report["attendee"]["id"] == order["attendees"][0]["id"]
    assert (await box_office.stored_order(order)).attendees[0].checked_in_at == EVENING
    online = await office.post("/checkin", {"code": order["attendees"][0]["code"], "show_id": str(on_sale.id)})
    assert (online.body["result"], online.body["checked_in_at"]) == ("already_admitted", report["scanned_at"])
    assert (online.body["admission"]["device_id"], online.body["admission"]["offline"]) == ("north", True)


async def test_uploads_are_repeated_without_harm(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    scan = a_scan(order["attendees"][0]["code"])
    first = await upload(office, on_sale, scan)
    assert await upload(office, on_sale, scan, scan) == [first[0], first[0]]
    many = await asyncio.gather(*(upload(office, on_sale, scan, a_scan("nonsense", id=scan["id"])) for _ in range(5)))
    assert all(reports[0] == first[0] for reports in many)
    assert await conflicts(office, on_sale) == []


async def test_one_code_at_two_doors_is_a_conflict_and_the_earliest_scan_counts(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    code = order["attendees"][0]["code"]
    late, early = a_scan(code, minutes=20), a_scan(code, minutes=5)
    (first_told,) = await upload(office, on_sale, late, device="north")
    assert first_told["result"] == "admitted"

    (told_later,) = await upload(office, on_sale, early, device="south")

    assert (told_later["result"], told_later["conflict"]) == ("admitted", False)
    assert (await box_office.stored_order(order)).attendees[0].checked_in_at == EVENING + timedelta(minutes=5)
    assert await conflicts(office, on_sale) == [("north", "already_admitted")]
    (again,) = await upload(office, on_sale, late, device="north")
    assert (again["result"], again["conflict"]) == ("already_admitted", True)
    assert again["admission"]["id"] == early["id"]
    assert again["admission"]["device_id"] == "south"


async def test_within_one_upload_the_earliest_scan_counts_too(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    code = order["attendees"][0]["code"]
    reports = await upload(office, on_sale, a_scan(code, minutes=9), a_scan(code, minutes=3), a_scan(code, minutes=6))
    assert [report["result"] for report in reports] == ["already_admitted", "admitted", "already_admitted"]


async def test_online_admission_that_came_later_is_overtaken_and_told(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    code = order["attendees"][0]["code"]
    await office.post("/checkin", {"code": code, "device_id": "online door", "show_id": str(on_sale.id)})
    (report,) = await upload(office, on_sale, a_scan(code))
    assert report["result"] == "admitted"
    assert await conflicts(office, on_sale) == [("online door", "already_admitted")]


async def test_void_foreign_and_unknown_codes_are_conflicts(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    void = order["attendees"][0]
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [void["id"]]})
    other = await box_office.put_on_sale(ticket(price=0), by=office.producer)
    elsewhere = (await box_office.order((await box_office.checkout(other.cart(1))).created())).body

    reports = await upload(
        office,
        on_sale,
        a_scan(void["code"]),
        a_scan(elsewhere["attendees"][0]["code"]),
        a_scan("a membership card\0"),
        a_scan("x" * 1000),
    )

    assert [report["result"] for report in reports] == ["void", "wrong_show", "unknown", "unknown"]
    assert all(report["conflict"] for report in reports)
    assert len(await conflicts(office, on_sale)) == 4
    assert (await box_office.stored_order(order)).attendees[0].checked_in_at is None
    assert (await box_office.stored_order(elsewhere)).attendees[0].checked_in_at is None


async def test_clock_that_is_ahead_admits_nobody_in_the_future(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    await upload(office, on_sale, a_scan(order["attendees"][0]["code"], scanned_at="2049-01-01T00:00:00Z"))
    checked_in_at = (await box_office.stored_order(order)).attendees[0].checked_in_at
    assert checked_in_at
    assert checked_in_at.year < 2049


async def test_clock_that_stands_before_the_sale_is_not_the_first_scan(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    code = order["attendees"][0]["code"]
    await upload(office, on_sale, a_scan(code), device="north")
    (report,) = await upload(office, on_sale, a_scan(code, scanned_at="2020-01-01T00:00:00Z"), device="south")
    assert (report["result"], report["scanned_at"]) == ("already_admitted", report["received_at"])
    assert (await box_office.stored_order(order)).attendees[0].checked_in_at == EVENING
    assert await conflicts(office, on_sale) == [("south", "already_admitted")]


async def test_time_of_the_sale_itself_is_believed(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    sold_at = (await box_office.stored_order(order)).completed_at
    assert sold_at
    first, second = order["attendees"][:2]
    at_once, before = await upload(
        office,
        on_sale,
        a_scan(first["code"], scanned_at=sold_at.isoformat()),
        a_scan(second["code"], scanned_at=(sold_at - timedelta(microseconds=1)).isoformat()),
    )
    assert datetime.fromisoformat(at_once["scanned_at"]) == sold_at
    assert before["scanned_at"] == before["received_at"]


async def test_codes_are_read_in_uploads_as_they_are_online(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    """A scan that the list admitted, reported as the scanner sends it, is not a conflict."""
    first, second, third = (attendee["code"] for attendee in order["attendees"])
    french = typed_on("fr", second)
    reports = await upload(
        office, on_sale, a_scan(f"]Q1{first}\r\n"), a_scan(french), a_scan(third.replace("O", "0").replace("B", "8"))
    )
    assert [report["result"] for report in reports] == ["admitted"] * 3
    assert [report["layout"] for report in reports] == [None, "fr", None]
    assert [report["code"] for report in reports] == [first, second, third]
    assert await conflicts(office, on_sale) == []


async def test_list_says_how_codes_are_read(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    """Using only the list, as its description says."""
    content = await verified(office, await office.get(f"/shows/{on_sale.id}/checkin/list"))
    known = {entry["code_hash"] for entry in content["attendees"]}
    reading = content["reading"]
    code = order["attendees"][0]["code"]
    scanned = typed_on("ru", code)
    read = {
        layout["layouts"][0]: "".join(
            reading["keys"][layout["typed"].index(character)] if character in layout["typed"] else character
            for character in scanned
            if character in layout["typed"] or character.isdigit()
        )
        for layout in reading["layouts"]
    }
    found = [name for name, text in read.items() if hashlib.sha256(text.encode()).hexdigest() in known]
    assert found[0] == "ru"
    assert reading["mistaken"]["1"] == "IL"


async def test_undone_admission_leaves_no_conflict(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    code = order["attendees"][0]["code"]
    await upload(office, on_sale, a_scan(code), a_scan(code, minutes=1))
    assert (await office.post("/checkin/undo", {"code": code})).body["result"] == "undone"
    assert await conflicts(office, on_sale) == []
    again = await office.post("/checkin", {"code": code, "show_id": str(on_sale.id)})
    assert again.body["result"] == "admitted"


async def test_conflicts_are_read_in_pages(office: BackOffice, on_sale: OnSale) -> None:
    await upload(office, on_sale, *(a_scan(f"card {number}") for number in range(5)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/shows/{on_sale.id}/checkin/conflicts?limit=2{cursor and f'&cursor={cursor}'}"
        page = (await office.get(path)).body
        seen += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == [f"card {number}" for number in range(5)]


async def test_upload_has_250_scans_at_most(office: BackOffice, on_sale: OnSale) -> None:
    scans = [a_scan("x") for _ in range(250)]
    assert len(await upload(office, on_sale, *scans)) == 250
    body = {"device_id": "north", "scans": [*scans, a_scan("x")]}
    (await office.post(f"/shows/{on_sale.id}/checkin/scans", body)).refused(400, "invalid_request")


@pytest.mark.parametrize("scanned_at", ["0287-08-16T01:46:39.3-22:28", "2049-01-01T00:00:00+23:59"])
async def test_scan_may_have_any_offset(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, scanned_at: str
) -> None:
    """A time that is not credible is replaced by the time of the upload; the database takes no such offset."""
    order = await box_office.buy(on_sale.cart(1))
    (report,) = await upload(office, on_sale, a_scan(order["attendees"][0]["code"], scanned_at=scanned_at))
    assert (report["result"], report["scanned_at"]) == ("admitted", report["received_at"])


@pytest.mark.parametrize(
    "change",
    [
        {"scanned_at": "2026-01-01T19:00:00"},
        {"scanned_at": "0001-01-01T00:00:00+01:00"},
        {"scanned_at": "now"},
        {"id": "x"},
        {"code": None},
        {"extra": 1},
    ],
)
async def test_wrong_scans_are_refused_and_nothing_is_kept(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json, change: Json
) -> None:
    body = {"device_id": "north", "scans": [a_scan(order["attendees"][0]["code"]), a_scan("x") | change]}
    (await office.post(f"/shows/{on_sale.id}/checkin/scans", body)).refused(400, "invalid_request")
    assert (await box_office.stored_order(order)).attendees[0].checked_in_at is None


async def test_scans_of_another_producers_ticket_are_unknown(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    theirs = await box_office.put_on_sale(ticket(price=0), by=other_office.producer)
    foreign = (await box_office.order((await box_office.checkout(theirs.cart(1))).created())).body
    (report,) = await upload(office, on_sale, a_scan(foreign["attendees"][0]["code"]))
    assert (report["result"], report["attendee"]) == ("unknown", None)
