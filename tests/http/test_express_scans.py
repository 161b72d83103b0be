"""A scan, and the state of a door, gets the same answer in its express lane as through Litestar
(docs/adr/0008-express-lane-for-checkouts.md).

What sends an otherwise ordinary scan through Litestar here is a charset in its content type.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.access import Actor, Scope
from tests.http.test_express_lane import EXPRESS, ORDINARY, of_all_requests
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.devices import pair
from tests.support.factories import ticket
from tests.support.keyboards import typed_on
from tests.support.metrics import Metrics

PATH = "/checkin"


def tonight() -> Json:
    doors = datetime.now(UTC) + timedelta(hours=1)
    return {"door_time": doors, "start_time": doors, "end_time": doors + timedelta(hours=3)}


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, **tonight())


@pytest.fixture
async def codes(box_office: BoxOffice, on_sale: OnSale) -> list[str]:
    """Of one order."""
    return await codes_of(box_office, on_sale, 2)


async def codes_of(box_office: BoxOffice, on_sale: OnSale, count: int) -> list[str]:
    order = (await box_office.order((await box_office.checkout(on_sale.cart(count))).created())).body
    return [attendee["code"] for attendee in order["attendees"]]


async def ask(door: BackOffice, body: bytes, content_type: str, **headers: str) -> Answer:
    return await door.request("POST", PATH, data=body, headers={"Content-Type": content_type, **headers})


async def both_ways(door: BackOffice, body: object, **headers: str) -> Answer:
    """The answer, which is the same both ways."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    express = await ask(door, sent, EXPRESS, **headers)
    assert of_all_requests(express) == of_all_requests(await ask(door, sent, ORDINARY, **headers))
    return express


async def test_scan_that_admits_is_answered_the_same(office: BackOffice, on_sale: OnSale, codes: list[str]) -> None:
    scan = {"code": codes[0], "show_id": str(on_sale.id), "device_id": "north", "scan_id": str(uuid4())}
    answer = await both_ways(office, scan)
    assert (answer.body["result"], answer.body["party"]) == (
        "admitted",
        {"id": answer.body["party"]["id"], "tickets": 2, "coming": 1},
    )
    again = await both_ways(office, {**scan, "scan_id": str(uuid4()), "device_id": "south"})
    assert (again.body["result"], again.body["admission"]["device_id"]) == ("already_admitted", "north")
    assert again.body["checked_in_at"] == answer.body["checked_in_at"]


@pytest.mark.parametrize(
    ("scan", "result"),
    [
        (lambda code, _: {"code": typed_on("de", code)}, None),
        (lambda code, _: {"code": code, "direction": "out"}, "no_re_entry"),
        (lambda *_: {"code": "A2345672" * 3}, "unknown"),
        (lambda *_: {"code": ""}, "unknown"),
        (lambda *_: {"code": "https://example.org/menu"}, "unknown"),
        (lambda _, other: {"code": other}, "wrong_show"),
    ],
    ids=["another keyboard", "out", "unknown", "nothing", "no ticket", "another show"],
)
@pytest.mark.parametrize("names_show", [True, False])
async def test_other_scans_are_answered_the_same(
    office: BackOffice,
    box_office: BoxOffice,
    on_sale: OnSale,
    codes: list[str],
    scan: Callable[[str, str], Json],
    result: str | None,
    names_show: bool,
) -> None:
    next_week = {name: at + timedelta(days=7) for name, at in tonight().items()}
    other = await box_office.put_on_sale(ticket(price=0), by=office.producer, **next_week)
    [code] = await codes_of(box_office, other, 1)
    await office.post(PATH, {"code": codes[0], "show_id": str(on_sale.id)})
    place = {"show_id": str(on_sale.id)} if names_show else {}
    answer = await both_ways(office, {**scan(codes[0], code), **place})
    assert answer.body["result"] == result or (result is None and answer.body["result"] == "already_admitted")


async def test_ticket_to_a_show_next_week_is_too_early_both_ways(office: BackOffice, box_office: BoxOffice) -> None:
    next_week = {name: at + timedelta(days=7) for name, at in tonight().items()}
    other = await box_office.put_on_sale(ticket(price=0), by=office.producer, **next_week)
    [code] = await codes_of(box_office, other, 1)
    assert (await both_ways(office, {"code": code})).body["result"] == "too_early"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"show_id": str(uuid4())}, 404, "not_found"),
        ({"device_id": "north\u0000"}, 400, "invalid_request"),
        ({"device_id": "n" * 101}, 400, "invalid_request"),
        ({"direction": "up"}, 400, "invalid_request"),
        ({"code": None}, 400, "invalid_request"),
        ({"code": "A" * 1001}, 400, "invalid_request"),
        ({"scan_id": "1"}, 400, "invalid_request"),
        ({"cod": "A"}, 400, "invalid_request"),
    ],
)
async def test_scan_that_is_refused_is_refused_the_same(
    office: BackOffice, codes: list[str], fields: Json, status: int, code: str
) -> None:
    (await both_ways(office, {"code": codes[0], **fields})).refused(status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 5000, b'{"code": 1}'])
async def test_what_is_no_scan_is_refused_the_same(office: BackOffice, body: bytes) -> None:
    (await both_ways(office, body)).refused(400, "invalid_request")
    (await both_ways(office.with_secret("pt_none"), body)).refused(401, "unauthorized")


async def test_scan_id_of_another_ticket_is_refused_the_same(office: BackOffice, codes: list[str]) -> None:
    scan_id = str(uuid4())
    await office.post(PATH, {"code": codes[0], "scan_id": scan_id})
    (await both_ways(office, {"code": codes[1], "scan_id": scan_id})).refused(422, "idempotency_key_reused")
    assert (await office.post(PATH, {"code": codes[1]})).body["result"] == "admitted"


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Basic b3BlbjpzZXNhbWU="}])
async def test_scan_without_a_token_is_refused_the_same(
    office: BackOffice, codes: list[str], headers: dict[str, str]
) -> None:
    nobody = office.with_secret(None)
    (await both_ways(nobody, {"code": codes[0]}, **headers)).refused(401, "unauthorized")
    (await both_ways(nobody, {"code": codes[0]})).refused(401, "unauthorized")


async def test_scan_by_a_token_that_may_not_is_refused_the_same(office: BackOffice, codes: list[str]) -> None:
    orders = await office.with_scopes(Scope.ORDERS)
    (await both_ways(orders, {"code": codes[0]})).refused(403, "forbidden")
    door = await office.with_scopes(Scope.CHECKIN)
    assert door.token_id
    await office.container.revoke_token()(door.token_id)
    (await both_ways(door, {"code": codes[0]})).refused(401, "unauthorized")
    assert (await office.post(PATH, {"code": codes[0]})).body["result"] == "admitted"


async def test_scan_by_another_producer_is_answered_the_same(
    office: BackOffice, other_office: BackOffice, on_sale: OnSale, codes: list[str]
) -> None:
    assert (await both_ways(other_office, {"code": codes[0]})).body["result"] == "unknown"
    (await both_ways(other_office, {"code": codes[0], "show_id": str(on_sale.id)})).refused(404, "not_found")


async def test_scan_by_a_device_is_answered_the_same_until_it_is_revoked(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, codes: list[str]
) -> None:
    elsewhere = await box_office.put_on_sale(ticket(price=0), by=office.producer, **tonight())
    paired = await pair(office.container, office.producer, name="North", shows=[elsewhere.id])
    device = office.with_secret(paired.secret)
    limited = await both_ways(device, {"code": codes[0]})
    assert (limited.body["result"], limited.body["attendee"]) == ("wrong_show", None)
    (await both_ways(device, {"code": codes[0], "show_id": str(on_sale.id)})).refused(404, "not_found")
    [code] = await codes_of(box_office, elsewhere, 1)
    scan = {"code": code, "device_id": "not its name", "scan_id": str(uuid4())}
    assert (await both_ways(device, scan)).body["result"] == "admitted"
    assert (await office.post(PATH, {"code": code})).body["admission"]["device_id"] == "North"

    await office.container.revoke_device()(Actor(office.producer.id, name="Kim Park"), paired.device.id)
    (await both_ways(device, scan)).refused(401, "device_revoked")


async def test_a_body_has_64_kib_at_most(office: BackOffice, codes: list[str]) -> None:
    body = json.dumps({"code": codes[0], "scan_id": str(uuid4())}).encode()
    assert (await both_ways(office, body.ljust(64 * 1024))).status == 200
    assert (await both_ways(office, body.ljust(64 * 1024 + 1))).status == 413


async def test_scan_with_an_unknown_query_parameter_is_refused(office: BackOffice, codes: list[str]) -> None:
    (await office.post(f"{PATH}?dry_run=1", {"code": codes[0]})).refused(400, "invalid_request")
    assert (await office.post(PATH, {"code": codes[0]})).body["result"] == "admitted"


async def test_scan_is_counted_under_its_route(office: BackOffice, box_office: BoxOffice) -> None:
    counted = {"method": "POST", "route": "/api/v1/producer/checkin", "status": "200"}
    await office.post(PATH, {"code": "A"})
    before = Metrics((await box_office.get("/metrics")).content).value("http_requests_total", **counted)
    await both_ways(office, {"code": "A"})
    assert Metrics((await box_office.get("/metrics")).content).value("http_requests_total", **counted) == before + 2


async def test_scans_of_one_moment_have_each_their_answer(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    codes = [code for _ in range(4) for code in await codes_of(box_office, on_sale, 5)]
    orders, nobody = await office.with_scopes(Scope.ORDERS), office.with_secret("pt_none")
    place = {"show_id": str(on_sale.id)}

    async def scan(door: BackOffice, **fields: Any) -> str:
        answer = await door.post(PATH, fields)
        return str(answer.body.get("result") or answer.body["code"])

    asked = [
        each
        for code in codes
        for each in (
            scan(office, code=code, **place),
            scan(office, code=f" {code.lower()}\r"),
            scan(other_office, code=code),
            scan(orders, code=code, **place),
            scan(nobody, code=code, **place),
            scan(office, code=code, show_id=str(uuid4())),
        )
    ]
    results = await asyncio.gather(*asked)
    for number in range(len(codes)):
        first, second, *refused = results[number * 6 : number * 6 + 6]
        assert {first, second} == {"admitted", "already_admitted"}
        assert refused == ["unknown", "forbidden", "unauthorized", "not_found"]


async def state_both_ways(door: BackOffice, show_id: UUID, **headers: str) -> Answer:
    """The state of a door, which is the same both ways. What sends it through Litestar is an id in capitals.

    It has the time of its request in it, which is left out.
    """

    def asked(answer: Answer) -> tuple[int, dict[str, str], Any]:
        status, sent, text = of_all_requests(answer)
        return status, sent, re.sub(r'"as_of":"[^"]+"', "", text)

    express = await door.get(f"/shows/{show_id}/checkin/state", headers=headers)
    ordinary = await door.get(f"/shows/{str(show_id).upper()}/checkin/state", headers=headers)
    assert asked(express) == asked(ordinary)
    return express


async def test_state_of_a_door_is_answered_the_same(office: BackOffice, on_sale: OnSale, codes: list[str]) -> None:
    await office.post(PATH, {"code": codes[0], "show_id": str(on_sale.id)})
    answer = await state_both_ways(office, on_sale.id)
    assert (answer.status, answer.body["expected"], answer.body["admitted"]) == (200, 2, 1)

    again = await state_both_ways(office, on_sale.id, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")
    other = await state_both_ways(office, on_sale.id, **{"If-None-Match": '"other"'})
    assert other.status == 200


async def test_state_that_is_refused_is_refused_the_same(
    office: BackOffice, other_office: BackOffice, on_sale: OnSale
) -> None:
    (await state_both_ways(office, uuid4())).refused(404, "not_found")
    (await state_both_ways(other_office, on_sale.id)).refused(404, "not_found")
    (await state_both_ways(await office.with_scopes(Scope.ORDERS), on_sale.id)).refused(403, "forbidden")
    for secret in (None, "pqt_none"):
        (await state_both_ways(office.with_secret(secret), on_sale.id)).refused(401, "unauthorized")
    empty = await state_both_ways(office.with_secret(None), on_sale.id, Authorization="Bearer ")
    empty.refused(401, "unauthorized")
    door = await office.with_scopes(Scope.CHECKIN)
    assert (await state_both_ways(door, on_sale.id)).status == 200
    assert door.token_id
    await office.container.revoke_token()(door.token_id)
    (await state_both_ways(door, on_sale.id)).refused(401, "unauthorized")


async def test_state_for_a_device_is_answered_the_same_until_it_is_revoked(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    elsewhere = await box_office.put_on_sale(ticket(price=0), by=office.producer, **tonight())
    paired = await pair(office.container, office.producer, name="North", shows=[elsewhere.id])
    device = office.with_secret(paired.secret)
    assert (await state_both_ways(device, elsewhere.id)).status == 200
    (await state_both_ways(device, on_sale.id)).refused(404, "not_found")

    await office.container.revoke_device()(Actor(office.producer.id, name="Kim Park"), paired.device.id)
    (await state_both_ways(device, elsewhere.id)).refused(401, "device_revoked")


async def test_state_is_counted_under_its_route(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> None:
    counted = {"method": "GET", "route": "/api/v1/producer/shows/{show_id}/checkin/state"}

    async def count(status: str) -> float:
        metrics = Metrics((await box_office.get("/metrics")).content)
        return metrics.value("http_requests_total", **counted, status=status)

    etag = (await state_both_ways(office, on_sale.id)).headers["ETag"]
    await state_both_ways(office, on_sale.id, **{"If-None-Match": etag})
    found, unchanged = await count("200"), await count("304")
    await state_both_ways(office, on_sale.id)
    await state_both_ways(office, on_sale.id, **{"If-None-Match": etag})
    assert (await count("200"), await count("304")) == (found + 2, unchanged + 2)


async def test_state_with_an_unknown_query_parameter_is_refused(office: BackOffice, on_sale: OnSale) -> None:
    (await office.get(f"/shows/{on_sale.id}/checkin/state?since=1")).refused(400, "invalid_request")
