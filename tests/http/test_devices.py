"""Devices over HTTP: pairing, what each kind may do, and what revoking ends."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.access import Actor
from domain.devices import written_code
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.devices import offer, pair, scanner_of
from tests.support.factories import ticket
from tests.support.server import Service

pytestmark = pytest.mark.p2


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer)


@pytest.fixture
async def another(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer)


async def a_code(box_office: BoxOffice, on_sale: OnSale) -> str:
    """The code of a sold ticket."""
    order = (await box_office.order((await box_office.checkout(on_sale.cart(1))).created())).body
    return str(order["attendees"][0]["code"])


async def test_a_scanner_pairs_itself_with_the_code(box_office: BoxOffice, office: BackOffice, on_sale: OnSale) -> None:
    offered = await offer(office.container, office.producer, name="North door", shows=[on_sale.id])
    typed = written_code(offered.code).lower()
    answer = await box_office.post("/api/v1/devices/pair", json={"code": typed, "kind": "scanner"})
    assert answer.status == 201
    assert answer.body["token"].startswith("pqd_")
    described = answer.body["device"]
    assert (described["name"], described["kind"], described["all_shows"]) == ("North door", "scanner", False)
    assert [show["id"] for show in described["shows"]] == [str(on_sale.id)]
    assert described["producer"] == {"id": str(office.producer.id), "name": office.producer.name}

    asked = await office.with_secret(answer.body["token"]).get("/device")
    assert (asked.status, asked.body) == (200, described)


async def test_its_own_name_stands_at_its_scans(box_office: BoxOffice, office: BackOffice, on_sale: OnSale) -> None:
    scanner = await scanner_of(office, name="North door", shows=[on_sale.id])
    code = await a_code(box_office, on_sale)
    body = {"code": code, "show_id": str(on_sale.id), "device_id": "made up"}
    assert (await scanner.post("/checkin", body)).body["result"] == "admitted"
    again = await office.post("/checkin", body)
    assert again.body["admission"]["device_id"] == "North door"


async def test_what_it_changes_stands_in_the_log_with_it(
    box_office: BoxOffice, office: BackOffice, on_sale: OnSale
) -> None:
    paired = await pair(office.container, office.producer, name="North door")
    scanner, code = office.with_secret(paired.secret), await a_code(box_office, on_sale)
    assert (await scanner.post("/checkin", {"code": code})).body["result"] in ("admitted", "too_early")
    await scanner.post("/checkin", {"code": code, "show_id": str(on_sale.id)})
    assert (await scanner.post("/checkin/undo", {"code": code})).body["result"] == "undone"
    (entry,) = await office.audit_log(f"&device_id={paired.device.id}")
    assert (entry["actor"], entry["action"], entry["token_id"]) == ("North door", "check_in.undone", None)


async def test_another_show_does_not_exist_for_it(
    box_office: BoxOffice, office: BackOffice, on_sale: OnSale, another: OnSale
) -> None:
    scanner = await scanner_of(office, shows=[on_sale.id])
    code = await a_code(box_office, another)
    (await scanner.post("/checkin", {"code": code, "show_id": str(another.id)})).refused(404, "not_found")
    (await scanner.get(f"/shows/{another.id}/checkin/list")).refused(404, "not_found")
    (await scanner.post(f"/shows/{another.id}/checkin/scans", {"device_id": "", "scans": []})).refused(404, "not_found")
    for body in ({"code": code}, {"code": code, "show_id": str(on_sale.id)}):
        answer = (await scanner.post("/checkin", body)).body
        assert (answer["result"], answer["attendee"]) == ("wrong_show", None)
        undone = (await scanner.post("/checkin/undo", body)).body
        assert (undone["result"], undone["attendee"]) == ("wrong_show", None)


async def test_a_revoked_scanner_is_out_at_once_and_its_queue_is_taken_in(
    service: Service, box_office: BoxOffice, office: BackOffice, on_sale: OnSale
) -> None:
    paired = await pair(service.container, office.producer, name="Lost phone")
    scanner = office.with_secret(paired.secret)
    assert (await scanner.get("/device")).status == 200
    await service.container.revoke_device()(Actor(office.producer.id, name="Kim Park"), paired.device.id)
    (await scanner.get("/device")).refused(401, "device_revoked")
    code = await a_code(box_office, on_sale)
    (await scanner.post("/checkin", {"code": code})).refused(401, "device_revoked")
    scan = {"id": str(uuid4()), "code": code, "scanned_at": service.container.clock().now().isoformat()}
    report = await scanner.post(
        f"/shows/{on_sale.id}/checkin/scans", {"device_id": "x", "scans": [scan, {**scan, "id": str(uuid4())}]}
    )
    assert report.status == 200
    assert [each["after_revocation"] for each in report.body["items"]] == [True, True]
    (conflict,) = (await office.get(f"/shows/{on_sale.id}/checkin/conflicts")).body["items"]
    assert (conflict["device_id"], conflict["after_revocation"]) == ("Lost phone", True)
