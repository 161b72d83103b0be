"""Another person comes with a ticket: it gets their name and a new code, and the code before admits no one."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.http.test_offline_door import conflicts, upload, verified
from tests.http.test_storefront import Window
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.server import Service

pytestmark = pytest.mark.p1


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    doors = datetime.now(UTC) + timedelta(hours=1)
    times: Json = {"door_time": doors, "start_time": doors, "end_time": doors + timedelta(hours=3)}
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, renames_until_hours=0, **times)


@pytest.fixture
async def order(box_office: BoxOffice, on_sale: OnSale) -> Json:
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    return {**(await box_office.order(placed)).body, "order_token": placed["order_token"]}


async def by_buyer(box_office: BoxOffice, order: Json, name: str, which: int = 0) -> Answer:
    path = f"/api/v1/orders/{order['order_id']}/attendees/{order['attendees'][which]['id']}"
    return await box_office.request("PATCH", f"{path}?token={order['order_token']}", json={"name": name})


async def by_producer(office: BackOffice, order: Json, name: str, which: int = 0) -> Answer:
    return await office.patch(f"/orders/{order['order_id']}/attendees/{order['attendees'][which]['id']}", name=name)


async def scan(office: BackOffice, code: str) -> str:
    return str((await office.post("/checkin", {"code": code})).body["result"])


async def test_new_code_admits_and_the_old_one_is_void(office: BackOffice, box_office: BoxOffice, order: Json) -> None:
    old, other = (attendee["code"] for attendee in order["attendees"])

    renamed = (await by_producer(office, order, " Grace  Hopper ")).body

    changed, second = renamed["attendees"]
    assert (changed["name"], second["name"], second["code"]) == ("Grace Hopper", "Ada Lovelace", other)
    assert changed["code"] != old
    assert await scan(office, old) == "void"
    assert (await office.post("/checkin/undo", {"code": old})).body["result"] == "not_admitted"
    assert await scan(office, changed["code"]) == "admitted"
    assert (await office.post("/checkin/undo", {"code": old})).body["result"] == "not_admitted"
    (await by_producer(office, order, "Zoë")).refused(409, "conflict")
    entries = [entry for entry in await office.audit_log() if entry["action"] == "attendee.renamed"]
    assert [(entry["subject_id"], entry["after"]) for entry in entries] == [
        (changed["id"], {"order_id": order["order_id"]})
    ]
    listed = (await office.get(f"/shows/{order['show']['id']}/attendees?q=hopper")).body["items"]
    assert changed["id"] in [attendee["id"] for attendee in listed]


async def test_tickets_are_mailed_again_and_the_same_name_mails_nothing(
    office: BackOffice, box_office: BoxOffice, service: Service, order: Json
) -> None:
    assert (await by_producer(office, order, "Ada Lovelace")).body["attendees"] == order["attendees"]
    await by_producer(office, order, "Grace Hopper")
    async with service.container.database()() as uow:
        kind = "confirmation_mail"
        assert await uow.outbox.is_pending(order["order_id"], kind, {"renamed": "true"})  # type: ignore[arg-type]


async def test_buyers_may_until_the_moment_that_is_told(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, order: Json
) -> None:
    assert datetime.fromisoformat(order["renames_until"]) == on_sale.show.door_time
    renamed = (await by_buyer(box_office, order, "Grace Hopper")).body
    assert renamed["attendees"][0]["name"] == "Grace Hopper"
    refused = await by_buyer(box_office, order, "4711")
    refused.refused(400, "invalid_name")
    assert refused.body["field"] == "name"
    entry = (await office.audit_log())[0]
    assert (entry["actor"], entry["token_id"]) == ("buyer", None)

    await office.patch(f"/shows/{on_sale.id}", renames_until_hours=2)
    (await by_buyer(box_office, order, "Zoë")).refused(409, "conflict")
    await office.patch(f"/shows/{on_sale.id}", renames_until_hours=None)
    assert (await box_office.order(order)).body["renames_until"] is None
    (await by_buyer(box_office, order, "Zoë")).refused(409, "conflict")
    assert (await by_producer(office, order, "Zoë")).status == 200
    (await office.patch(f"/shows/{on_sale.id}", renames_until_hours=-1)).refused(400, "invalid_request")


async def test_no_one_else_may(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, order: Json
) -> None:
    (await by_buyer(box_office, {**order, "order_token": "x"}, "Grace")).refused(404, "not_found")
    (await by_producer(other_office, order, "Grace")).refused(404, "not_found")
    elsewhere = {**order, "attendees": [{"id": str(uuid4())}]}
    (await by_producer(office, elsewhere, "Grace")).refused(404, "not_found")


async def test_lists_for_scanners_without_a_network_have_the_new_code(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    old = order["attendees"][0]["code"]
    new = (await by_producer(office, order, "Grace")).body["attendees"][0]["code"]
    content = await verified(office, await office.get(f"/shows/{on_sale.id}/checkin/list"))
    assert len({entry["code_hash"] for entry in content["attendees"]}) == 2
    (replaced,) = content["replaced"]
    assert replaced["id"] == order["attendees"][0]["id"]
    assert replaced["code_hash"] not in {entry["code_hash"] for entry in content["attendees"]}
    assert old != new


async def test_scan_by_an_older_list_counts_if_it_was_first_and_is_a_conflict_if_not(
    office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    first, second = (attendee["code"] for attendee in order["attendees"])
    before = datetime.now(UTC)
    for which in (0, 1):
        await by_producer(office, order, "Grace", which)
    offline = {"id": str(uuid4()), "code": second, "scanned_at": before.isoformat()}
    late = {"id": str(uuid4()), "code": first, "scanned_at": (before + timedelta(hours=1)).isoformat()}

    reports = await upload(office, on_sale, late, offline)

    assert [(each["result"], each["conflict"]) for each in reports] == [("void", True), ("admitted", False)]
    assert reports[0]["attendee"]["id"] == order["attendees"][0]["id"]
    assert await conflicts(office, on_sale) == [("north", "void")]


async def test_either_the_scan_is_first_or_the_other_name(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    placed = (await box_office.checkout(on_sale.cart(10))).created()
    order = (await box_office.order(placed)).body

    async def race(which: int) -> None:
        code = order["attendees"][which]["code"]
        result, renamed = await asyncio.gather(scan(office, code), by_producer(office, order, "Grace", which))
        assert (result, renamed.status) in (("admitted", 409), ("void", 200))

    await asyncio.gather(*(race(which) for which in range(10)))
    seen = (await box_office.order(placed)).body["attendees"]
    assert all((attendee["name"] == "Grace") is (attendee["checked_in_at"] is None) for attendee in seen)


async def test_page_of_the_order_changes_a_name(box_office: BoxOffice, order: Json, on_sale: OnSale) -> None:
    window, page = Window(box_office, {}), f"/shows/{on_sale.id}/orders/{order['order_id']}"
    shown = (await window.get(f"{page}?token={order['order_token']}")).content.decode()
    assert shown.count("Another person is coming") == 2
    token = re.findall(r'name="_csrf_token" value="([^"]+)"', shown)[0]
    form = f"{page}/attendees/{order['attendees'][0]['id']}?token={order['order_token']}"

    wrong = await window.post(form, {"_csrf_token": token, "name": "R2-D2 <b>"})
    assert wrong.status == 400
    assert 'value="R2-D2 &lt;b&gt;"' in wrong.content.decode()
    done = await window.post(form, {"_csrf_token": token, "name": "Grace Hopper"})
    assert done.status == 303
    after = (await box_office.order(order)).body["attendees"][0]
    assert (after["name"], after["code"] == order["attendees"][0]["code"]) == ("Grace Hopper", False)
