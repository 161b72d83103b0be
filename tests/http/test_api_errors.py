"""Every row of docs/api.md#errors that is not a rule of the checkout (those are in the checkout's own tests)."""

from __future__ import annotations

import asyncio
from io import BytesIO
from uuid import UUID, uuid4

import pytest

from tests.support.box_office import BoxOffice
from tests.support.factories import ticket

KIB = 1024


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"show_id": 1e400}', b"[" * 5000, b'{"a": "\\ud800"}']
)
async def test_malformed_json_is_an_invalid_request(box_office: BoxOffice, content: bytes) -> None:
    answer = await box_office.post("/api/v1/checkout", data=content, headers={"Content-Type": "application/json"})
    answer.refused(400, "invalid_request")


async def test_body_up_to_64_kib_is_read_and_a_byte_more_is_too_large(box_office: BoxOffice) -> None:
    headers = {"Content-Type": "application/json"}
    fits = await box_office.post("/api/v1/checkout", data=b"{}" + b" " * (64 * KIB - 2), headers=headers)
    fits.refused(400, "invalid_request")
    too_large = await box_office.post(
        "/api/v1/checkout", data=b"{}" + b" " * (64 * KIB - 1), headers=headers, expect100=True
    )
    too_large.refused(413, "too_large")


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1/nothing", "/api/v1/shows/not-a-uuid", f"/api/v1/shows/{UUID(int=7)}"]
)
async def test_what_is_not_there_is_not_found(box_office: BoxOffice, path: str) -> None:
    (await box_office.get(path)).refused(404, "not_found")


async def test_an_order_has_100_lines_at_most(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    cart = on_sale.cart(1)
    nothing = {**cart["tickets"][0], "quantity": 0}
    (await box_office.checkout({**cart, "tickets": cart["tickets"] + [nothing] * 99})).created()
    answer = await box_office.checkout({**cart, "tickets": cart["tickets"] + [nothing] * 100})
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == "tickets"


async def test_an_event_without_a_signature_is_refused(box_office: BoxOffice) -> None:
    answer = await box_office.post("/api/v1/webhooks/stripe", json={"id": "evt_1"})
    assert "Stripe-Signature" in answer.refused(400, "invalid_request")


async def test_an_event_has_1_mib_at_most(box_office: BoxOffice) -> None:
    unsigned = {"Stripe-Signature": "of nobody"}
    fits = await box_office.post("/api/v1/webhooks/stripe", data=BytesIO(b"x" * KIB * KIB), headers=unsigned)
    fits.refused(400, "invalid_request")
    # The client asks for leave to send first: the server refuses by the length alone, and closes while the body is on
    # its way.
    too_large = await box_office.post(
        "/api/v1/webhooks/stripe", data=BytesIO(b"x" * (KIB * KIB + 1)), headers=unsigned, expect100=True
    )
    too_large.refused(413, "too_large")


@pytest.mark.parametrize("limit", [1, 100])
async def test_a_page_has_1_to_100_shows(box_office: BoxOffice, limit: int) -> None:
    assert (await box_office.get(f"/api/v1/shows?limit={limit}")).status == 200


async def test_wrong_method_is_refused_and_says_what_is_allowed(box_office: BoxOffice) -> None:
    answer = await box_office.request("DELETE", "/api/v1/checkout")
    answer.refused(405, "invalid_request")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("producer=x", "producer")]
)
async def test_wrong_query_parameters_are_named(box_office: BoxOffice, query: str, field: str) -> None:
    answer = await box_office.get(f"/api/v1/shows?{query}")
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == field


@pytest.mark.parametrize("cursor", ["x", "AAAA", "bm90aGluZ3w=", "MjAyNi0wMS0wMVQwMDowMDowMHx4"])
async def test_a_made_up_cursor_is_refused(box_office: BoxOffice, cursor: str) -> None:
    (await box_office.get(f"/api/v1/shows?cursor={cursor}")).refused(400, "invalid_request")


async def test_an_order_is_opened_by_its_token_alone(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    other = (await box_office.checkout(on_sale.cart(1))).created()
    path = f"/api/v1/orders/{placed['order_id']}"

    for suffix in ("", "/tickets.pdf"):
        (await box_office.get(f"{path}{suffix}")).refused(401, "unauthorized")
        (await box_office.get(f"{path}{suffix}?token=wrong")).refused(404, "not_found")
        (await box_office.get(f"{path}{suffix}?token=%C3%A9")).refused(404, "not_found")
        (await box_office.get(f"{path}{suffix}?token={other['order_token']}")).refused(404, "not_found")
    (await box_office.post(f"{path}/cancel?token=wrong")).refused(404, "not_found")
    (await box_office.get(f"/api/v1/orders/{uuid4()}?token={placed['order_token']}")).refused(404, "not_found")


async def test_an_answer_carries_the_id_that_a_proxy_gave_the_request(box_office: BoxOffice) -> None:
    answer = await box_office.get("/nothing", headers={"X-Request-ID": "edge-42"})
    assert (answer.headers["X-Request-ID"], answer.body["request_id"]) == ("edge-42", "edge-42")
    forged = await box_office.get("/nothing", headers={"X-Request-ID": "evil value"})
    assert forged.headers["X-Request-ID"] != "evil value"


class TestIdempotencyKey:
    async def test_same_key_and_body_is_the_same_order(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        key = uuid4().hex

        first = (await box_office.checkout(on_sale.cart(2), key=key)).created()
        again = (await box_office.checkout(on_sale.cart(2), key=key)).created()

        assert again == first
        assert await box_office.counters(on_sale) == [(2, 0)]

    async def test_same_key_with_another_body_is_refused(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        key = uuid4().hex
        await box_office.checkout(on_sale.cart(2), key=key)

        (await box_office.checkout(on_sale.cart(1), key=key)).refused(422, "idempotency_key_reused")
        assert await box_office.counters(on_sale) == [(2, 0)]

    async def test_a_refusal_is_not_remembered(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(ticket(quantity=1))
        key = uuid4().hex

        (await box_office.checkout(on_sale.cart(2), key=key)).refused(400, "tickets_unavailable")
        (await box_office.checkout(on_sale.cart(1), key=key)).created()

    async def test_at_the_same_time_one_is_answered_and_the_others_wait_their_turn(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        key = uuid4().hex

        answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1), key=key) for _ in range(5)))

        placed = {answer.created()["order_id"] for answer in answers if answer.status == 201}
        for answer in answers:
            if answer.status != 201:
                assert "being processed" in answer.refused(409, "checkout_in_progress")
        assert len(placed) == 1
        assert await box_office.counters(on_sale) == [(1, 0)]

    @pytest.mark.parametrize("key", ["", " ", "x" * 256, "sp ace"])
    async def test_a_key_has_1_to_255_printable_characters(self, box_office: BoxOffice, key: str) -> None:
        on_sale = await box_office.put_on_sale()
        body = {"customer": {"name": "Ada", "email": "ada@example.org"}, **on_sale.cart(1)}
        answer = await box_office.post("/api/v1/checkout", json=body, headers={"Idempotency-Key": key})
        answer.refused(400, "invalid_request")

    async def test_a_key_of_255_characters_is_taken(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        (await box_office.checkout(on_sale.cart(1), key=uuid4().hex.ljust(255, "x"))).created()
