"""P0: what must pass for checkout to be considered functional. Real PostgreSQL, Redis, Stripe SDK and mail server."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader

from demo.mail_catcher.catcher import MailCatcher
from tests.support.box_office import BoxOffice, Json
from tests.support.factories import promo_code, ticket

pytestmark = pytest.mark.p0


def a_buyer() -> Json:
    """A buyer whose mails go to no other test."""
    return {"name": "Grace Hopper", "email": f"grace-{uuid4().hex}@example.org"}


def sum_of_line_items(session: Json) -> int:
    """The sum that Stripe charges, in minor units."""
    return sum(
        int(item["price_data"]["unit_amount"]) * int(item["quantity"]) for item in session["line_items"].values()
    )


async def test_single_ticket_purchase_success(box_office: BoxOffice, mailbox: MailCatcher) -> None:
    """P0-001."""
    on_sale = await box_office.put_on_sale(ticket(quantity=5))
    buyer = a_buyer()

    placed = (await box_office.checkout(on_sale.cart(1), customer=buyer)).created()
    assert placed["success"] is False
    assert box_office.stripe_session(placed)["payment_intent_data"]["transfer_data"]["destination"] == "acct_globe"
    assert await box_office.counters(on_sale) == [(1, 0)]

    paid = await box_office.pay(placed)
    assert paid.status == 303
    returned = await box_office.get(paid.location)
    assert returned.status == 303
    assert f"/shows/{on_sale.id}/orders/{placed['order_id']}" in returned.location

    order = (await box_office.order(placed)).body
    assert (order["status"], order["success"]) == ("completed", True)
    assert [attendee["name"] for attendee in order["attendees"]] == ["Grace Hopper"]
    assert await box_office.counters(on_sale) == [(0, 1)]
    assert await box_office.remaining(on_sale) == [4]

    (mail,) = await mailbox.wait_for(1, to=buyer["email"])
    pdf, calendar = mail.attachments
    assert calendar.filename.endswith(".ics")
    assert pdf.content_type == "application/pdf"
    assert len(PdfReader(BytesIO(pdf.content)).pages) == 1


async def test_multiple_tickets_purchase_success(box_office: BoxOffice) -> None:
    """P0-002."""
    on_sale = await box_office.put_on_sale(ticket(name="Stalls", price=2500), ticket(name="Circle", price=4000))

    order = await box_office.buy(on_sale.cart(2, 2))

    assert sorted(attendee["ticket_name"] for attendee in order["attendees"]) == [
        "Circle",
        "Circle",
        "Stalls",
        "Stalls",
    ]
    assert len({attendee["code"] for attendee in order["attendees"]}) == 4
    assert await box_office.counters(on_sale) == [(0, 2), (0, 2)]
    # 130.00 + 4 x 1.50 = 136.00; 136.00 x 0.029 + 0.30 = 4.244
    assert (order["subtotal"], order["platform_fees"], order["payment_processing_fees"], order["total"]) == (
        "130.00",
        "6.00",
        "4.24",
        "140.24",
    )


async def test_free_ticket_purchase_no_stripe(box_office: BoxOffice) -> None:
    """P0-003."""
    on_sale = await box_office.put_on_sale(ticket(price=0))

    placed = (await box_office.checkout(on_sale.cart(2))).created()

    assert placed["success"] is True
    assert placed["session_id"] == f"FREE-{placed['order_id']}"
    assert placed["checkout_url"].endswith(f"/orders/{placed['order_id']}?token={placed['order_token']}")
    assert (placed["total"], placed["platform_fees"], placed["payment_processing_fees"]) == ("0.00", "0.00", "0.00")
    assert not box_office.stripe_requests("POST /v1/checkout/sessions", placed["order_id"])
    order = (await box_office.order(placed)).body
    assert (order["status"], len(order["attendees"])) == ("completed", 2)
    assert await box_office.counters(on_sale) == [(0, 2)]


async def test_last_ticket_purchase_atomicity(box_office: BoxOffice) -> None:
    """P0-004."""
    on_sale = await box_office.put_on_sale(ticket(name="Stalls", quantity=1))

    message = (await box_office.checkout(on_sale.cart(2))).refused(400, "tickets_unavailable")

    assert "Stalls" in message
    assert "not available" in message
    assert "1 left" in message
    assert await box_office.counters(on_sale) == [(0, 0)]


async def test_sold_out_ticket_rejection(box_office: BoxOffice) -> None:
    """P0-005."""
    on_sale = await box_office.put_on_sale(ticket(quantity=2))
    await box_office.buy(on_sale.cart(2))

    message = (await box_office.checkout(on_sale.cart(1))).refused(400, "tickets_unavailable")

    assert "not available" in message
    assert await box_office.counters(on_sale) == [(0, 2)]


async def test_order_total_calculation_with_fees(box_office: BoxOffice) -> None:
    """P0-006."""
    on_sale = await box_office.put_on_sale(ticket(price=2500))

    placed = (await box_office.checkout(on_sale.cart(2))).created()

    assert (placed["subtotal"], placed["platform_fees"], placed["payment_processing_fees"], placed["total"]) == (
        "50.00",
        "3.00",
        "1.84",
        "54.84",
    )
    session = box_office.stripe_session(placed)
    assert sum_of_line_items(session) == 5484
    assert session["payment_intent_data"]["application_fee_amount"] == "484"


async def test_promo_code_discount_calculation(box_office: BoxOffice) -> None:
    """P0-007."""
    on_sale = await box_office.put_on_sale(ticket(price=2500), promo_codes=[promo_code(discount="0.20")])

    placed = (await box_office.checkout(on_sale.cart(4), promo_code="test20")).created()

    assert (placed["subtotal"], placed["promo_code_discount"]) == ("80.00", "20.00")
    assert (placed["platform_fees"], placed["payment_processing_fees"], placed["total"]) == ("6.00", "2.79", "88.79")
    assert placed["promo_code"] == "TEST20"
    assert sum_of_line_items(box_office.stripe_session(placed)) == 8879


@pytest.mark.parametrize(
    "name", ["Anne-Marie", "O'Neill", "O’Neill", "Dr. José Ángel", "Михаил Я.", "李小龍", "محمد علي"]
)
async def test_customer_info_validation_takes_names_of_any_script(box_office: BoxOffice, name: str) -> None:
    """P0-008."""
    on_sale = await box_office.put_on_sale()
    placed = await box_office.checkout(on_sale.cart(1), customer={"name": name, "email": "a@example.org"})
    assert (await box_office.order(placed.created())).body["customer"]["name"] == name


async def test_customer_info_validation(box_office: BoxOffice) -> None:
    """P0-008."""
    on_sale = await box_office.put_on_sale()

    async def attempt(**customer: Any) -> Any:
        return await box_office.checkout(
            on_sale.cart(1), customer={"name": "Ada Lovelace", "email": "ada@example.org", **customer}
        )

    assert (await attempt(email="not-an-address")).refused(400, "invalid_email") == "Invalid email format"
    assert (await attempt(name="x" * 101)).refused(400, "invalid_name") == "Name must be at most 100 characters"
    (await attempt(name="Ada 2nd")).refused(400, "invalid_name")
    (await attempt(name="Ada <3")).refused(400, "invalid_name")
    (await attempt(name="  ")).refused(400, "invalid_name")
    (await attempt(phone="call me")).refused(400, "invalid_phone")
    assert await box_office.counters(on_sale) == [(0, 0)]

    (await attempt(name="x" * 100, email=f"{'a' * 60}@example.org", phone="+1 (555) 123-4567")).created()
    assert await box_office.counters(on_sale) == [(1, 0)]


async def test_negative_quantity_rejection(box_office: BoxOffice) -> None:
    """P0-009."""
    on_sale = await box_office.put_on_sale(ticket(name="Stalls"), ticket(name="Circle"))

    (await box_office.checkout(on_sale.cart(-1))).refused(400, "invalid_quantity")
    (await box_office.checkout(on_sale.cart(0))).refused(400, "no_tickets")
    placed = (await box_office.checkout(on_sale.cart(0, 1))).created()

    assert [line["name"] for line in placed["tickets"]] == ["Circle"]
    assert await box_office.counters(on_sale) == [(0, 0), (1, 0)]


async def test_max_tickets_per_order_limit(box_office: BoxOffice) -> None:
    """P0-010."""
    on_sale = await box_office.put_on_sale(ticket(name="Stalls"), ticket(name="Circle"))

    message = (await box_office.checkout(on_sale.cart(11))).refused(400, "too_many_tickets")
    assert message == "Maximum 10 tickets per order"
    (await box_office.checkout(on_sale.cart(5, 6))).refused(400, "too_many_tickets")
    assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]

    (await box_office.checkout(on_sale.cart(5, 5))).created()
    assert await box_office.counters(on_sale) == [(5, 0), (5, 0)]
