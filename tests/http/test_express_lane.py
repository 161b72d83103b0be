"""A checkout, and an event of Stripe's, gets the same answer in its express lane as through Litestar
(docs/adr/0008-express-lane-for-checkouts.md).

What sends an otherwise ordinary request through Litestar here is a charset in the content type of a checkout, and an
event that comes in pieces.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from stripe import WebhookSignature

from entrypoints.logs import JsonLines
from entrypoints.settings import Settings
from tests.support.box_office import Answer, BoxOffice
from tests.support.factories import ticket
from tests.support.metrics import Metrics
from tests.support.server import Service

EXPRESS = "application/json"
ORDINARY = "application/json; charset=utf-8"
BUYER = {"name": "Ada Lovelace", "email": "ada@example.org"}
PATH = "/api/v1/checkout"


def of_all_requests(answer: Answer) -> tuple[int, dict[str, str], Any]:
    """The answer without what is made for one request: its id and its time."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    request_id, _ = headers.pop("x-request-id"), headers.pop("date")
    text = answer.content.decode().replace(request_id, "")
    return answer.status, headers | {"content-length": str(len(text))}, text


async def ask(box_office: BoxOffice, body: bytes, content_type: str, **headers: str) -> Answer:
    return await box_office.post(PATH, data=body, headers={"Content-Type": content_type, **headers})


async def assert_same(box_office: BoxOffice, body: object, **headers: str) -> Answer:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    express = await ask(box_office, sent, EXPRESS, **headers)
    assert of_all_requests(express) == of_all_requests(await ask(box_office, sent, ORDINARY, **headers))
    return express


@pytest.mark.parametrize("price", [0, 2500])
async def test_a_placed_order_has_the_same_answer_both_ways(box_office: BoxOffice, price: int) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=price, quantity=3))
    answer = await assert_same(box_office, {**on_sale.cart(2), "customer": BUYER}, **{"Idempotency-Key": uuid4().hex})
    assert answer.created()["success"] is (price == 0)
    assert await box_office.remaining(on_sale) == [1]


async def test_a_placed_order_has_the_id_that_its_client_sent(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    body = json.dumps({**on_sale.cart(1), "customer": BUYER}).encode()
    for content_type in (EXPRESS, ORDINARY):
        answer = await ask(box_office, body, content_type, **{"X-Request-ID": "mine"})
        assert answer.headers["X-Request-ID"] == "mine"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"customer": {**BUYER, "email": "nowhere"}}, 400, "invalid_email"),
        ({"customer": {**BUYER, "name": ""}}, 400, "invalid_name"),
        ({"customer": None}, 400, "invalid_request"),
        ({"show_id": str(uuid4())}, 404, "not_found"),
        ({"promo_code": "NONE"}, 400, "invalid_promo_code"),
        ({"expected_total": "1.00"}, 409, "price_changed"),
        ({"tickets": []}, 400, "no_tickets"),
        ({"tikets": []}, 400, "invalid_request"),
    ],
)
async def test_a_refused_order_has_the_same_answer_both_ways(
    box_office: BoxOffice, fields: dict[str, Any], status: int, code: str
) -> None:
    on_sale = await box_office.put_on_sale()
    answer = await assert_same(box_office, {**on_sale.cart(1), "customer": BUYER, **fields})
    answer.refused(status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"show_id": 1}', b"[" * 5000])
async def test_what_is_no_checkout_has_the_same_answer_both_ways(box_office: BoxOffice, body: bytes) -> None:
    (await assert_same(box_office, body)).refused(400, "invalid_request")


async def test_a_key_that_is_none_has_the_same_answer_both_ways(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    body = {**on_sale.cart(1), "customer": BUYER}
    (await assert_same(box_office, body, **{"Idempotency-Key": "a b"})).refused(400, "invalid_request")


async def test_an_unknown_query_parameter_is_refused(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    answer = await box_office.post(f"{PATH}?dry_run=1", json={**on_sale.cart(1), "customer": BUYER})
    answer.refused(400, "invalid_request")
    assert await box_office.remaining(on_sale) == [on_sale.tickets[0].inventory.quantity]


@pytest.mark.parametrize(("too_many", "status"), [(0, 201), (1, 413)])
async def test_a_body_has_64_kib_at_most(box_office: BoxOffice, too_many: int, status: int) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    body = json.dumps({**on_sale.cart(1), "customer": BUYER}).encode().ljust(64 * 1024 + too_many)
    answer = await assert_same(box_office, body, **{"Idempotency-Key": uuid4().hex})
    assert answer.status == status


async def test_a_body_that_comes_in_pieces_is_taken(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    body = json.dumps({**on_sale.cart(1), "customer": BUYER}).encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        yield body[:20]
        yield body[20:]

    answer = await box_office.post(PATH, data=in_pieces(), headers={"Content-Type": EXPRESS})
    assert answer.created()["success"]


async def test_a_refused_order_is_tried_and_counted_once(box_office: BoxOffice, service: Service) -> None:
    counted = Metrics((await box_office.get("/metrics")).content)
    on_sale = await box_office.put_on_sale(ticket(quantity=1))
    (await box_office.checkout(on_sale.cart(2))).refused(400, "tickets_unavailable")
    after = Metrics((await box_office.get("/metrics")).content)
    refused = {"method": "POST", "route": PATH, "status": "400"}
    for name, labels in (("checkouts_total", {"outcome": "tickets_unavailable"}), ("http_requests_total", refused)):
        assert after.value(name, **labels) == counted.value(name, **labels) + 1


async def test_a_placed_order_is_logged_with_its_request(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    lines, log = io.StringIO(), logging.getLogger("application")
    writing, level = logging.StreamHandler(lines), log.level
    writing.setFormatter(JsonLines())
    log.addHandler(writing)
    log.setLevel(logging.INFO)
    try:
        placed = await box_office.checkout(on_sale.cart(1))
    finally:
        log.removeHandler(writing)
        log.setLevel(level)
    order_id, request_id = placed.created()["order_id"], placed.headers["X-Request-ID"]
    logged = [json.loads(line) for line in lines.getvalue().splitlines() if order_id in line]
    assert request_id in {line.get("request_id") for line in logged}


EVENTS = "/api/v1/webhooks/stripe"


async def tell(box_office: BoxOffice, event: bytes, *, in_pieces: bool, **headers: str) -> Answer:
    async def pieces() -> AsyncIterator[bytes]:
        yield event[:20]
        yield event[20:]

    sent = pieces() if in_pieces else io.BytesIO(event)
    return await box_office.post(EVENTS, data=sent, headers={"Content-Type": ORDINARY, **headers})


async def assert_told_the_same(box_office: BoxOffice, event: bytes, **headers: str) -> Answer:
    express = await tell(box_office, event, in_pieces=False, **headers)
    assert of_all_requests(express) == of_all_requests(await tell(box_office, event, in_pieces=True, **headers))
    return express


async def test_an_event_has_the_same_answer_both_ways(box_office: BoxOffice, settings: Settings) -> None:
    event = stripe_event("cs_test_of_no_order")
    answer = await assert_told_the_same(box_office, event, **signature_of(event, settings.stripe_webhook_secret))
    assert (answer.status, answer.body) == (200, {"received": True})


@pytest.mark.parametrize("secret", ["whsec_of_another_account", None])
async def test_an_event_that_stripe_did_not_sign_has_the_same_answer_both_ways(
    box_office: BoxOffice, secret: str | None
) -> None:
    event = stripe_event("cs_test_of_no_order")
    headers = signature_of(event, secret) if secret else {}
    assert (await assert_told_the_same(box_office, event, **headers)).status == 400


@pytest.mark.parametrize(("too_many", "status"), [(0, 200), (1, 413)])
async def test_an_event_has_1_mib_at_most(
    box_office: BoxOffice, settings: Settings, too_many: int, status: int
) -> None:
    event = stripe_event("cs_test_of_no_order").ljust(1024 * 1024 + too_many)
    signature = signature_of(event, settings.stripe_webhook_secret)
    assert (await assert_told_the_same(box_office, event, **signature)).status == status


async def test_a_payment_is_counted_under_the_route_of_events(box_office: BoxOffice, settings: Settings) -> None:
    told = {"method": "POST", "route": EVENTS, "status": "200"}
    before = Metrics((await box_office.get("/metrics")).content).value("http_requests_total", **told)
    event = stripe_event("cs_test_of_no_order")
    await tell(box_office, event, in_pieces=False, **signature_of(event, settings.stripe_webhook_secret))
    assert Metrics((await box_office.get("/metrics")).content).value("http_requests_total", **told) == before + 1


SHOWS = "/api/v1/shows"


async def assert_shown_the_same(box_office: BoxOffice, show_id: UUID) -> Answer:
    """What sends a look at a show through Litestar here is an id in capitals."""
    express = await box_office.get(f"{SHOWS}/{show_id}")
    ordinary = await box_office.get(f"{SHOWS}/{str(show_id).upper()}")
    assert of_all_requests(express) == of_all_requests(ordinary)
    return express


async def test_a_show_is_shown_the_same_both_ways(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=2500, quantity=7), ticket(hidden=True))
    answer = await assert_shown_the_same(box_office, on_sale.show.id)
    assert [kind["remaining"] for kind in answer.body["tickets"]] == [7]


async def test_a_show_that_is_not_there_is_refused_the_same_both_ways(box_office: BoxOffice) -> None:
    draft = await box_office.put_on_sale(published=False)
    for show_id in (uuid4(), draft.show.id):
        (await assert_shown_the_same(box_office, show_id)).refused(404, "not_found")


async def test_many_looks_at_shows_at_once_have_each_their_show_as_it_is_now(box_office: BoxOffice) -> None:
    shows = [await box_office.put_on_sale(ticket(price=0, quantity=9)) for _ in range(3)]
    for left in (8, 7):
        for on_sale in shows:
            (await box_office.checkout(on_sale.cart(1))).created()
        answers = await asyncio.gather(*(box_office.get(f"{SHOWS}/{each.show.id}") for each in shows * 30))
        for on_sale, answer in zip(shows * 30, answers, strict=True):
            assert answer.body["id"] == str(on_sale.show.id)
            assert answer.body["tickets"][0]["remaining"] == left


async def test_a_look_at_a_show_is_counted_under_its_route(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    counted = {"method": "GET", "route": f"{SHOWS}/{{show_id}}", "status": "200"}
    await box_office.get(f"{SHOWS}/{on_sale.show.id}")
    before = Metrics((await box_office.get("/metrics")).content).value("http_requests_total", **counted)
    await box_office.get(f"{SHOWS}/{on_sale.show.id}")
    await box_office.get(f"{SHOWS}/{str(on_sale.show.id).upper()}")
    assert Metrics((await box_office.get("/metrics")).content).value("http_requests_total", **counted) == before + 2


async def test_a_look_at_a_show_with_a_query_is_litestars(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    (await box_office.get(f"{SHOWS}/{on_sale.show.id}?promo_cod=X")).refused(400, "invalid_request")
    (await box_office.get(f"{SHOWS}/{on_sale.show.id}?promo_code=NONE")).refused(400, "invalid_promo_code")


def stripe_event(session_id: str) -> bytes:
    event = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": "checkout.session.completed",
        "livemode": False,
        "data": {"object": {"id": session_id}},
    }
    return json.dumps(event).encode()


def signature_of(event: bytes, secret: str) -> dict[str, str]:
    return {"Stripe-Signature": str(WebhookSignature.generate_signature_header(event.decode(), secret))}
