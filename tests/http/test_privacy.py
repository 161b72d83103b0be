"""Buyers' personal data: exported completely, and erased."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import ticket

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@example.org"


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), ticket(price=25_00), by=office.producer)


async def order_of(box_office: BoxOffice, on_sale: OnSale, email: str, *quantities: int) -> Json:
    buyer = {"name": "Zoë Øst", "email": email, "phone": "+15551234567"}
    return await box_office.buy(on_sale.cart(*quantities), customer=buyer, key=uuid4().hex)


async def over(box_office: BoxOffice, on_sale: OnSale) -> None:
    await box_office.change_show(on_sale, door_time=LONG_AGO, start_time=LONG_AGO, end_time=LONG_AGO)


async def test_export_has_everything_held_about_the_person_and_nobody_else(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str
) -> None:
    order = await order_of(box_office, on_sale, email, 1, 1)
    await order_of(box_office, on_sale, f"x{email}", 1)
    elsewhere = await box_office.put_on_sale(ticket(price=0), by=other_office.producer)
    await order_of(box_office, elsewhere, email, 1)
    await office.post(f"/orders/{order['order_id']}/notes", {"text": "Wheelchair"})
    first = order["attendees"][0]
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [first["id"]], "reason": "ill"})

    (held,) = (await office.post("/privacy/export", {"email": f" {email.upper()} "})).body["orders"]

    assert held["order_id"] == order["order_id"]
    assert held["customer"] == {"name": "Zoë Øst", "email": email, "phone": "+15551234567"}
    assert [attendee["name"] for attendee in held["attendees"]] == ["Zoë Øst"] * 2
    assert [note["text"] for note in held["notes"]] == ["Wheelchair"]
    assert held["stripe_session_id"]
    assert (await office.audit_log())[0]["after"] == {"order_ids": [order["order_id"]]}


async def test_export_of_a_stranger_is_empty(office: BackOffice, email: str) -> None:
    assert (await office.post("/privacy/export", {"email": email})).body == {
        "email": email,
        "emails": [email],
        "orders": [],
        "scanners": [],
    }


async def test_erased_buyer_is_nobody_and_the_figures_stay(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str
) -> None:
    order = await order_of(box_office, on_sale, email, 1, 1)
    await office.post(f"/orders/{order['order_id']}/notes", {"text": "Wheelchair"})
    scan = {"code": order["attendees"][0]["code"], "show_id": str(on_sale.id), "device_id": "north"}
    await office.post("/checkin", scan)
    report = (await office.get(f"/shows/{on_sale.id}/report")).body
    await over(box_office, on_sale)

    answer = await office.post("/privacy/erase", {"email": email.upper()})

    assert answer.body == {"order_ids": [order["order_id"]], "emails": [email], "scanners": ["north"]}
    stored = await box_office.stored_order(order)
    assert (stored.customer.name, stored.customer.phone, stored.idempotency) == ("Erased", None, None)
    assert {attendee.name for attendee in stored.attendees} == {"Erased"}
    assert [attendee.code for attendee in stored.attendees] == [a["code"] for a in order["attendees"]]
    after = (await office.get(f"/shows/{on_sale.id}/report")).body
    assert after == report
    assert (await office.get(f"/orders/{order['order_id']}/notes")).body["items"] == []
    assert (await office.post("/privacy/export", {"email": email})).body["orders"] == []
    (await office.post("/privacy/erase", {"email": email})).refused(404, "not_found")
    trail = await office.audit_log()
    assert email not in str(trail)
    assert "Zoë" not in str(trail)


async def test_transfer_at_stripe_names_nobody_any_more(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str
) -> None:
    order = await order_of(box_office, on_sale, email, 0, 1)
    await office.post("/privacy/erase", {"email": email, "force": True})

    async def is_rewritten() -> bool:
        calls = box_office.stripe_requests("POST /v1/transfers/{transfer}", order["order_id"])
        return bool(calls) and calls[-1]["metadata"]["order_email"] == "erased@erased.invalid"

    await box_office.until(is_rewritten)


@pytest.mark.parametrize(("ordered", "asked"), [(0, 1), (1, 0), (0, 0), (1, 1)])
async def test_buyer_is_found_by_either_form_of_an_international_domain(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, ordered: int, asked: int
) -> None:
    name = uuid4().hex
    forms = [f"{name}@bücher.example", f"{name}@xn--bcher-kva.example"]
    order = await order_of(box_office, on_sale, forms[ordered], 1)

    held = (await office.post("/privacy/export", {"email": forms[asked]})).body

    assert [each["order_id"] for each in held["orders"]] == [order["order_id"]]
    assert sorted(held["emails"]) == sorted(forms)
    listed = (await office.get(f"/shows/{on_sale.id}/orders", params={"email": forms[asked]})).body
    assert [each["order_id"] for each in listed["items"]] == [order["order_id"]]
    erased = await office.post("/privacy/erase", {"email": forms[asked].upper(), "force": True})
    assert erased.body["order_ids"] == [order["order_id"]]
    assert (await box_office.stored_order(order)).customer.is_erased


async def test_ticket_to_a_show_to_come_is_refused_unless_forced(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str
) -> None:
    order = await order_of(box_office, on_sale, email, 1)
    assert "not over" in (await office.post("/privacy/erase", {"email": email})).refused(409, "conflict")
    assert (await box_office.stored_order(order)).customer.email == email
    assert (await office.post("/privacy/erase", {"email": email, "force": True})).status == 200
    (await office.post(f"/orders/{order['order_id']}/resend")).refused(409, "conflict")
    assert (await office.post("/checkin", {"code": order["attendees"][0]["code"], "show_id": str(on_sale.id)})).body[
        "result"
    ] == "admitted"


async def test_refunded_order_of_a_show_to_come_is_erased(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str
) -> None:
    order = await order_of(box_office, on_sale, email, 1)
    await office.post(f"/orders/{order['order_id']}/refund", {})
    assert (await office.post("/privacy/erase", {"email": email})).status == 200


@pytest.mark.parametrize("force", [True, False])
async def test_order_that_is_being_paid_is_never_erased(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str, force: bool
) -> None:
    done = await order_of(box_office, on_sale, email, 1)
    await over(box_office, on_sale)
    tonight = await box_office.put_on_sale(by=office.producer)
    await box_office.checkout(tonight.cart(1), customer={"name": "Zoë", "email": email})
    (await office.post("/privacy/erase", {"email": email, "force": force})).refused(409, "conflict")
    assert (await box_office.stored_order(done)).customer.email == email


async def test_another_producers_orders_of_the_person_stay(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, email: str
) -> None:
    theirs = await box_office.put_on_sale(ticket(price=0), by=other_office.producer)
    order = await order_of(box_office, theirs, email, 1)
    (await office.post("/privacy/erase", {"email": email, "force": True})).refused(404, "not_found")
    assert (await box_office.stored_order(order)).customer.email == email


@pytest.mark.parametrize("path", ["export", "erase"])
@pytest.mark.parametrize("body", [{}, {"email": 1}, {"email": "\0"}, {"email": "x" * 255}, {"email": "x", "extra": 1}])
async def test_wrong_requests_are_refused(office: BackOffice, path: str, body: Json) -> None:
    (await office.post(f"/privacy/{path}", body)).refused(400, "invalid_request")


async def test_nobody_erases_the_erased(office: BackOffice, box_office: BoxOffice, on_sale: OnSale, email: str) -> None:
    order = await order_of(box_office, on_sale, email, 1)
    await office.post("/privacy/erase", {"email": email, "force": True})
    for path in ("export", "erase"):
        answer = await office.post(f"/privacy/{path}", {"email": "erased@erased.invalid"})
        answer.refused(404, "not_found")
    assert (await box_office.stored_order(order)).customer.is_erased
