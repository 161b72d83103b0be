"""What scanners get beside single check-ins: lists of version 2, figures, names, parties, exits, undo."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.http.test_offline_door import verified
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.devices import scanner_of
from tests.support.factories import ticket
from tests.support.server import Service


@pytest.fixture(autouse=True)
def always_fresh(service: Service) -> None:
    """Lists and figures that are read again for each request."""
    service.container.door_lists().recent.fresh_for = timedelta(microseconds=-1)
    service.container.read_door_state().recent.fresh_for = timedelta(microseconds=-1)


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, re_entry=True)


@pytest.fixture
async def order(box_office: BoxOffice, on_sale: OnSale) -> Json:
    return (await box_office.order((await box_office.checkout(on_sale.cart(3))).created())).body


async def scan(office: BackOffice, on_sale: OnSale, code: str, **fields: Any) -> Json:
    answer = await office.post("/checkin", {"code": code, "show_id": str(on_sale.id), **fields})
    assert answer.status == 200, answer.content
    return answer.body


async def door_list(office: BackOffice, on_sale: OnSale, query: str = "") -> Json:
    return await verified(office, await office.get(f"/shows/{on_sale.id}/checkin/list?version=2{query}"))


async def state(office: BackOffice, on_sale: OnSale) -> Json:
    answer = await office.get(f"/shows/{on_sale.id}/checkin/state")
    assert answer.status == 200, answer.content
    return answer.body


def party(order: Json, *, direction: str = "in") -> Json:
    scans = [{"id": str(uuid4()), "attendee_id": attendee["id"]} for attendee in order["attendees"]]
    return {"device_id": "north", "direction": direction, "scans": scans}


async def test_list_has_hashes_types_and_parties_and_no_person(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    await office.post(f"/orders/{order['order_id']}/notes", {"text": "Wheelchair", "for_door": True})
    await office.post(f"/orders/{order['order_id']}/notes", {"text": "Is always late"})
    content = await door_list(office, on_sale)
    assert (content["version"], content["kind"], content["new_codes"]) == (2, "full", None)
    assert (content["show"]["id"], content["show"]["re_entry"]) == (str(on_sale.id), True)
    [of_type] = content["types"]
    entries = {entry["id"]: entry for entry in content["attendees"]}
    assert len({entry["party"] for entry in entries.values()}) == 1
    for attendee in order["attendees"]:
        entry = entries[attendee["id"]]
        assert set(entry) == {"id", "code_hash", "type", "party", "note"}
        assert len(entry["code_hash"]) == 22
        assert (entry["type"], entry["note"]) == (of_type["id"], "Wheelchair")
    text = str(content)
    assert order["order_id"] not in text
    assert not any(each in text for each in ("Ada", "always late", order["attendees"][0]["code"]))
    with_names = await door_list(office, on_sale, "&names=true")
    assert {entry["name"] for entry in with_names["attendees"]} == {"Ada Lovelace"}


async def test_list_of_version_1_stays_what_it_was(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    answer = await office.get(f"/shows/{on_sale.id}/checkin/list")
    content = await verified(office, answer)
    code = order["attendees"][0]["code"]
    entry = next(each for each in content["attendees"] if each["id"] == order["attendees"][0]["id"])
    assert (content["version"], set(content)) == (
        1,
        {"version", "issued_at", "show", "code_hash", "reading", "attendees", "replaced"},
    )
    assert entry == {
        "id": entry["id"],
        "code_hash": hashlib.sha256(code.encode()).hexdigest(),
        "ticket_name": entry["ticket_name"],
        "is_vip": False,
        "status": "valid",
        "checked_in_at": None,
    }


async def test_ticket_that_is_out_may_come_in_by_an_old_scanner(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    code = order["attendees"][0]["code"]
    await scan(office, on_sale, code)
    await scan(office, on_sale, code, direction="out")
    content = await verified(office, await office.get(f"/shows/{on_sale.id}/checkin/list"))
    assert [each["checked_in_at"] for each in content["attendees"]] == [None] * 3


async def test_changes_alone_are_sent_to_who_has_the_list(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    before = await door_list(office, on_sale)
    unchanged = await door_list(office, on_sale, f"&since={before['cursor']}")
    assert (unchanged["kind"], unchanged["attendees"], unchanged["removed"]) == ("changes", [], [])
    first, second, _ = order["attendees"]
    await scan(office, on_sale, first["code"], device_id="north")
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [second["id"]]})
    bought = (await box_office.order((await box_office.checkout(on_sale.cart(1))).created())).body

    after = await door_list(office, on_sale, f"&since={unchanged['cursor']}")

    assert (after["kind"], after["since"]) == ("changes", unchanged["cursor"])
    changed = {entry["id"]: entry for entry in after["attendees"]}
    assert set(changed) == {first["id"], second["id"], bought["attendees"][0]["id"]}
    assert (changed[first["id"]]["device"], changed[second["id"]]["status"]) == ("north", "void")
    known = {entry["id"]: entry for entry in before["attendees"]} | changed
    whole = await door_list(office, on_sale)
    assert known == {entry["id"]: entry for entry in whole["attendees"]}


@pytest.mark.parametrize("cursor", ["1.2.3.4", "x", "99999999999999999.ab.0.-", "1.ab.0.-", "...."])
async def test_cursor_of_an_unknown_list_gets_the_full_one(office: BackOffice, on_sale: OnSale, cursor: str) -> None:
    assert (await door_list(office, on_sale, f"&since={cursor}"))["kind"] in ("full", "changes")
    assert (await door_list(office, on_sale, "&since=1.ab.0.-"))["kind"] == "full"


async def test_list_with_names_is_no_list_without(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    cursor = (await door_list(office, on_sale))["cursor"]
    assert (await door_list(office, on_sale, f"&names=true&since={cursor}"))["kind"] == "full"


async def test_full_list_is_not_sent_twice(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    path = f"/shows/{on_sale.id}/checkin/list?version=2"
    first = await office.get(path)
    again = await office.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")
    await scan(office, on_sale, order["attendees"][0]["code"])
    assert (await office.get(path, headers={"If-None-Match": first.headers["ETag"]})).status == 200


async def test_key_of_new_codes_is_given_out_where_the_show_allows_it(office: BackOffice, on_sale: OnSale) -> None:
    await office.patch(f"/shows/{on_sale.id}", offline_new_codes=True)
    assert len((await door_list(office, on_sale))["new_codes"]["keys"]) == 1


async def test_people_go_out_and_come_in_again_but_not_at_once(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    code = order["attendees"][0]["code"]
    assert (await scan(office, on_sale, code, direction="out"))["result"] == "not_in"
    entered = await scan(office, on_sale, code)
    out_id = str(uuid4())
    left = await scan(office, on_sale, code, direction="out", scan_id=out_id)
    assert (left["result"], left["checked_in_at"]) == ("left", entered["checked_in_at"])
    assert left["out_since"] > left["checked_in_at"]
    again = await scan(office, on_sale, code, direction="out", scan_id=out_id)
    assert (again["result"], again["out_since"]) == ("left", left["out_since"])
    back = await scan(office, on_sale, code)
    assert (back["result"], back["out_since"]) == ("just_left", left["out_since"])
    [entry] = [each for each in (await door_list(office, on_sale))["attendees"] if each.get("out_since")]
    assert entry["id"] == order["attendees"][0]["id"]
    assert (await state(office, on_sale))["out"] == 1


async def sold_yesterday(box_office: BoxOffice, order: Json) -> None:
    stored = await box_office.stored_order(order)
    async with box_office.unit_of_work() as uow:
        await uow.orders.save([replace(stored, completed_at=datetime.now(UTC) - timedelta(days=3))])
        await uow.commit()


@pytest.mark.parametrize("hours_wrong", [0, 24, -24])
async def test_evening_without_a_network_by_a_clock_that_may_be_wrong_by_a_day(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json, hours_wrong: int
) -> None:
    await sold_yesterday(box_office, order)
    clock = datetime.now(UTC) + timedelta(hours=hours_wrong)
    scans = [
        {
            "id": str(uuid4()),
            "code": order["attendees"][0]["code"],
            "scanned_at": (clock - timedelta(seconds=ago)).isoformat(),
            "direction": way,
        }
        for way, ago in (("in", 600), ("out", 300), ("in", 270), ("in", 200), ("in", 100))
    ]
    body = {"device_id": "south", "scans": scans[::-1], "sent_at": clock.isoformat()}

    answer = await office.post(f"/shows/{on_sale.id}/checkin/scans", body)

    results = [item["result"] for item in answer.body["items"]][::-1]
    assert results == ["admitted", "left", "just_left", "readmitted", "already_admitted"]
    first = datetime.fromisoformat(answer.body["items"][-1]["scanned_at"])
    assert abs(datetime.now(UTC) - timedelta(seconds=600) - first) < timedelta(seconds=60)
    figures = await state(office, on_sale)
    assert (figures["admitted"], figures["out"], figures["inside"], figures["coming"]) == (1, 0, 1, 2)
    assert figures["conflicts"] == 2
    [device] = figures["devices"]
    assert (device["device_id"], device["admitted"], device["exits"], device["readmitted"]) == ("south", 1, 1, 1)


@pytest.mark.parametrize("ahead", [timedelta(seconds=10), -timedelta(days=3000)])
async def test_scans_at_impossible_times_keep_their_order(
    office: BackOffice, on_sale: OnSale, order: Json, ahead: timedelta
) -> None:
    """A clock that is a little ahead agrees with ours, so nothing is corrected, but the last scans count as now."""
    code, begun = order["attendees"][0]["code"], datetime.now(UTC) + ahead
    went = [("in", "admitted"), ("out", "left"), ("in", "just_left")]
    scans = [
        {
            "id": str(UUID(int=2**64 - number)),  # as ids, they stand the other way round
            "code": code,
            "direction": direction,
            "scanned_at": (begun + number * timedelta(milliseconds=1)).isoformat(),
        }
        for number, (direction, _) in enumerate(went)
    ]
    answer = await office.post(f"/shows/{on_sale.id}/checkin/scans", {"device_id": "north", "scans": scans})
    assert [item["result"] for item in answer.body["items"]] == [result for _, result in went]


async def test_exit_is_not_counted_where_no_one_comes_in_again(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0), by=office.producer)
    order = (await box_office.order((await box_office.checkout(on_sale.cart(1))).created())).body
    await scan(office, on_sale, order["attendees"][0]["code"])
    assert (await scan(office, on_sale, order["attendees"][0]["code"], direction="out"))["result"] == "no_re_entry"
    assert (await scan(office, on_sale, order["attendees"][0]["code"]))["result"] == "already_admitted"


async def test_party_goes_in_by_one_act(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    first = await scan(office, on_sale, order["attendees"][0]["code"])
    assert first["party"]["tickets"] == 3
    path, body = f"/shows/{on_sale.id}/checkin/party", party(order)
    answer = await office.post(path, body)
    assert answer.status == 200, answer.content
    assert [item["result"] for item in answer.body["items"]] == ["already_admitted", "admitted", "admitted"]
    assert answer.body["passed"] == 2
    assert (await office.post(path, body)).body == answer.body
    figures = await state(office, on_sale)
    assert (figures["expected"], figures["admitted"], figures["coming"]) == (3, 3, 0)


async def test_two_doors_let_a_party_in_once(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    path = f"/shows/{on_sale.id}/checkin/party"
    answers = await asyncio.gather(*(office.post(path, party(order)) for _ in range(4)))
    assert sorted(answer.body["passed"] for answer in answers) == [0, 0, 0, 3]


async def test_party_is_of_one_order(office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json) -> None:
    other = (await box_office.order((await box_office.checkout(on_sale.cart(1))).created())).body
    path = f"/shows/{on_sale.id}/checkin/party"
    both = {"device_id": "", "scans": [*party(order)["scans"], *party(other)["scans"]]}
    (await office.post(path, both)).refused(400, "invalid_request")
    unknown = {"device_id": "", "scans": [{"id": str(uuid4()), "attendee_id": str(uuid4())}]}
    (await office.post(path, unknown)).refused(400, "invalid_request")
    used = party(order)
    await office.post(path, {**used, "scans": used["scans"][:1]})
    again = {"id": used["scans"][0]["id"], "attendee_id": order["attendees"][1]["id"]}
    (await office.post(path, {**used, "scans": [again]})).refused(422, "idempotency_key_reused")
    (await office.post(f"/shows/{uuid4()}/checkin/party", used)).refused(404, "not_found")


async def test_party_is_found_by_a_misspelt_name_and_shows_no_address(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    path = f"/shows/{on_sale.id}/checkin/search"
    answer = await office.get(f"{path}?q=lovelase")
    [found] = answer.body["items"]
    assert (found["name"], answer.body["misspelt"]) == ("Ada Lovelace", True)
    assert [each["attendee_id"] for each in found["tickets"]] == sorted(each["id"] for each in order["attendees"])
    assert "@" not in answer.content.decode()
    by_number = await office.get(f"{path}?q={found['order_number']}")
    assert [each["party"] for each in by_number.body["items"]] == [found["party"]]
    assert (await office.get(f"{path}?q=ada%40example.org")).body["items"] == []
    (await office.get(f"{path}?q=a")).refused(400, "invalid_request")
    (await office.get(f"/shows/{uuid4()}/checkin/search?q=ada")).refused(404, "not_found")


async def test_state_is_not_sent_twice(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    path = f"/shows/{on_sale.id}/checkin/state"
    first = await office.get(path)
    again = await office.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")
    await scan(office, on_sale, order["attendees"][0]["code"])
    after = await office.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (after.status, after.body["admitted"]) == (200, 1)
    (await office.get(f"/shows/{uuid4()}/checkin/state")).refused(404, "not_found")


async def test_scan_is_taken_back_by_its_own_upload(office: BackOffice, on_sale: OnSale, order: Json) -> None:
    path, now = f"/shows/{on_sale.id}/checkin/scans", datetime.now(UTC).isoformat()
    mine = {"id": str(uuid4()), "attendee_id": order["attendees"][0]["id"], "scanned_at": now}
    first = await office.post(path, {"device_id": "north", "scans": [mine]})
    assert first.body["items"][0]["result"] == "admitted"
    undone = {**mine, "undone_at": now}
    for device, admitted in (("south", 1), ("north", 0), ("north", 0)):
        assert (await office.post(path, {"device_id": device, "scans": [undone]})).status == 200
        assert (await state(office, on_sale))["admitted"] == admitted
    never = {**undone, "id": str(uuid4())}
    assert (await office.post(path, {"device_id": "north", "scans": [never]})).body["conflicts"] == 0
    assert (await state(office, on_sale))["admitted"] == 0


@pytest.mark.parametrize("fields", [{}, {"code": "x", "attendee_id": str(uuid4())}])
async def test_scan_names_one_ticket(office: BackOffice, on_sale: OnSale, fields: Json) -> None:
    scan = {"id": str(uuid4()), "scanned_at": datetime.now(UTC).isoformat(), **fields}
    answer = await office.post(f"/shows/{on_sale.id}/checkin/scans", {"device_id": "", "scans": [scan]})
    answer.refused(400, "invalid_request")
    (await office.post("/checkin/undo", fields)).refused(400, "invalid_request")


async def test_device_takes_back_its_own_last_scan_within_the_hour(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    north, south = [await scanner_of(office, name=name) for name in ("North door", "South door")]
    show, code = str(on_sale.id), order["attendees"][0]["code"]
    by_id = {"attendee_id": order["attendees"][0]["id"], "show_id": show}

    async def undo(by: BackOffice) -> str:
        return str((await by.post("/checkin/undo", by_id)).body["result"])

    assert await undo(north) == "not_admitted"
    await scan(north, on_sale, code)
    assert await undo(south) == "other_device"
    assert await undo(north) == "undone"
    assert await undo(north) == "not_admitted"
    await scan(north, on_sale, code)
    await scan(south, on_sale, code, direction="out")
    assert await undo(north) == "other_device"
    assert await undo(south) == "undone"
    assert (await state(office, on_sale))["inside"] == 1
    async with box_office.unit_of_work() as uow:
        [admission] = (await uow.check_ins.admissions([UUID(order["attendees"][0]["id"])])).values()
        await uow.check_ins.save(replace(admission, scanned_at=admission.scanned_at - timedelta(minutes=61)))
        await uow.commit()
    assert await undo(north) == "too_late"
    assert (await office.post("/checkin/undo", by_id)).body["result"] == "undone"
