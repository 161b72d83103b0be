"""POST /shows/{id}/orders: the box office sells by the rules of every other order, without Stripe and without fees."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from demo.mail_catcher.catcher import MailCatcher
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import donation_ticket, promo_code, ticket

ADA = {"name": "Ada Lovelace", "email": "ada@example.org"}


async def sell(office: BackOffice, on_sale: OnSale, *quantities: int, key: str | None = None, **fields: Any) -> Answer:
    """Sell these quantities at the counter, for cash by default."""
    body = {"customer": ADA, "payment": "cash", **on_sale.cart(*quantities), **fields}
    headers = {"Idempotency-Key": key} if key else {}
    return await office.post(f"/shows/{on_sale.id}/orders", body, headers=headers)


@pytest.mark.parametrize("payment", ["cash", "other"])
async def test_cash_is_the_price_without_fees_and_the_order_is_complete(
    office: BackOffice, box_office: BoxOffice, payment: str
) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=25_00), by=office.producer)

    order = (await sell(office, on_sale, 2, payment=payment)).created()

    assert (order["success"], order["is_manual_order"], order["payment"]) == (True, True, payment)
    assert (order["subtotal"], order["platform_fees"], order["payment_processing_fees"]) == ("50.00", "0.00", "0.00")
    assert (order["total"], order["session_id"], order["expires_at"]) == ("50.00", None, None)
    assert [attendee["status"] for attendee in order["attendees"]] == ["valid", "valid"]
    assert await box_office.counters(on_sale) == [(0, 2)]
    stored = await box_office.stored_order(order)
    assert (stored.amount_paid, stored.stripe_account_id, stored.payment_intent_id) == (50_00, None, None)
    assert (await box_office.order(order)).body["status"] == "completed"


async def test_comp_costs_nothing(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=25_00), donation_ticket(), by=office.producer)

    order = (await sell(office, on_sale, 1, 1, payment="comp")).created()

    assert (order["total"], order["promo_code_discount"], order["success"]) == ("0.00", "0.00", True)
    assert await box_office.counters(on_sale) == [(0, 1), (0, 1)]


async def test_audit_trail_says_who_sold(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    order = (await sell(office, on_sale, 2)).created()
    entry = next(entry for entry in await office.audit_log() if entry["action"] == "order.placed")
    assert (entry["subject_id"], entry["token_id"]) == (order["order_id"], str(office.token_id))
    assert entry["after"] == {"payment": "cash", "tickets": 2, "total": 50_00}
    assert "Ada" not in str(entry)


async def test_limits_of_buyers_are_not_the_counters(office: BackOffice, box_office: BoxOffice) -> None:
    dear = ticket(price=1500_00, quantity=8)
    on_sale = await box_office.put_on_sale(
        ticket(price=5_00, quantity=300), dear, donation_ticket(price=10_00), by=office.producer
    )
    assert (await sell(office, on_sale, 30)).created()["total"] == "150.00"
    assert (await sell(office, on_sale, 0, 8)).created()["total"] == "12000.00"
    cart = on_sale.cart(0, 0, 1)
    cart["tickets"][2]["donation_amount"] = "2500.00"
    assert (await sell(office, on_sale, tickets=cart["tickets"])).created()["total"] == "2500.00"
    (await sell(office, on_sale, 0, 1)).refused(400, "tickets_unavailable")
    (await box_office.checkout(on_sale.cart(11))).refused(400, "too_many_tickets")


async def test_promo_codes_and_donations_count_at_the_counter(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(
        ticket(price=25_00), donation_ticket(price=10_00), promo_codes=[promo_code()], by=office.producer
    )
    cart = on_sale.cart(4, 1)
    cart["tickets"][1]["donation_amount"] = "15.00"
    order = (await sell(office, on_sale, tickets=cart["tickets"], promo_code="test20")).created()
    assert (order["promo_code_discount"], order["total"]) == ("20.00", "95.00")


async def test_less_than_stripe_takes_can_be_sold_for_cash(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=1), by=office.producer)
    assert (await sell(office, on_sale, 1)).created()["total"] == "0.01"


async def test_show_need_not_be_published_nor_the_producer_be_payable(
    office: BackOffice, box_office: BoxOffice
) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer, published=False)
    await office.put("/account", {"name": "Globe"})
    assert (await sell(office, on_sale, 1)).created()["success"]
    (await box_office.checkout(on_sale.cart(1))).refused(400, "show_unavailable")


async def test_confirmation_is_mailed(office: BackOffice, box_office: BoxOffice, mailbox: MailCatcher) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    address = f"{uuid4().hex}@example.org"
    await sell(office, on_sale, 1, customer={"name": "Ada", "email": address})

    (mail,) = await mailbox.wait_for(1, to=address)
    assert mail.attachments


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"payment": "card"}, 400, "invalid_request"),
        ({"payment": None}, 400, "invalid_request"),
        ({"tickets": []}, 400, "no_tickets"),
        ({"customer": {"name": "R2D2", "email": "a@example.org"}}, 400, "invalid_name"),
        ({"customer": {"name": "Ada", "email": "nobody"}}, 400, "invalid_email"),
        ({"customer": {**ADA, "phone": "1"}}, 400, "invalid_phone"),
        ({"promo_code": "NOPE"}, 400, "invalid_promo_code"),
        ({"payment": "comp", "promo_code": "TEST20"}, 400, "invalid_promo_code"),
        ({"expected_total": "1.00"}, 409, "price_changed"),
        ({"show_id": str(uuid4())}, 400, "invalid_request"),
        ({"surprise": 1}, 400, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_is_sold(
    office: BackOffice, box_office: BoxOffice, change: Json, status: int, code: str
) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer, promo_codes=[promo_code()])
    (await sell(office, on_sale, 1, **change)).refused(status, code)
    assert await box_office.counters(on_sale) == [(0, 0)]


async def test_comp_takes_no_donation(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(donation_ticket(), by=office.producer)
    cart = on_sale.cart(1)
    cart["tickets"][0]["donation_amount"] = "15.00"
    answer = await sell(office, on_sale, tickets=cart["tickets"], payment="comp")
    answer.refused(400, "donation_not_allowed")
    assert answer.body["field"] == "tickets[0].donation_amount"


@pytest.mark.parametrize(
    ("quantity", "code"), [(-1, "invalid_quantity"), (251, "too_many_tickets"), (4, "tickets_unavailable")]
)
async def test_stock_and_the_systems_limit_are_those_of_the_counter(
    office: BackOffice, box_office: BoxOffice, quantity: int, code: str
) -> None:
    on_sale = await box_office.put_on_sale(ticket(quantity=3), by=office.producer)
    (await sell(office, on_sale, quantity)).refused(400, code)


async def test_donations_have_the_minimum_of_every_order(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(donation_ticket(price=10_00), by=office.producer)
    cart = on_sale.cart(1)
    cart["tickets"][0]["donation_amount"] = "9.99"
    (await sell(office, on_sale, tickets=cart["tickets"])).refused(400, "donation_too_small")


async def test_used_up_promo_code_counts_for_nobody(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(promo_codes=[promo_code(max_uses=1)], by=office.producer)
    (await sell(office, on_sale, 1, promo_code="TEST20")).created()
    (await sell(office, on_sale, 1, promo_code="TEST20")).refused(400, "promo_code_exhausted")


async def test_show_that_is_over_sells_nothing(office: BackOffice, box_office: BoxOffice) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    on_sale = await box_office.put_on_sale(
        by=office.producer, door_time=yesterday, start_time=yesterday, end_time=yesterday
    )
    (await sell(office, on_sale, 1)).refused(400, "show_ended")


async def test_other_shows_tickets_and_cancelled_shows_sell_nothing(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale, other = [await box_office.put_on_sale(by=office.producer) for _ in range(2)]
    (await sell(office, on_sale, tickets=other.cart(1)["tickets"])).refused(400, "ticket_not_found")
    await box_office.change_show(on_sale, cancelled=True)
    (await sell(office, on_sale, 1)).refused(400, "show_unavailable")


async def test_same_key_is_the_same_order_and_a_buyers_key_is_another(
    office: BackOffice, box_office: BoxOffice
) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    key = uuid4().hex
    (await box_office.checkout(on_sale.cart(1), key=key)).created()

    first = (await sell(office, on_sale, 2, key=key)).created()

    assert (await sell(office, on_sale, 2, key=key)).created() == first
    (await sell(office, on_sale, 1, key=key)).refused(422, "idempotency_key_reused")
    assert await box_office.counters(on_sale) == [(1, 2)]


async def test_counter_and_buyers_never_oversell_together(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0, quantity=10), by=office.producer)
    sales = [sell(office, on_sale, 1) for _ in range(15)]
    checkouts = [box_office.checkout(on_sale.cart(1)) for _ in range(15)]
    answers = await asyncio.gather(*sales, *checkouts)
    assert sorted(answer.status for answer in answers) == [201] * 10 + [400] * 20
    assert await box_office.counters(on_sale) == [(0, 10)]


@pytest.mark.parametrize("guess", ["{producer}:{key}", "{producer}-{key}", "{producer}{key}"])
async def test_no_key_that_a_buyer_can_send_is_a_box_offices(
    office: BackOffice, box_office: BoxOffice, guess: str
) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0, quantity=10), by=office.producer)
    key = uuid4().hex
    taken = guess.format(producer=office.producer.id, key=key)
    buyers = (await box_office.checkout(on_sale.cart(1), key=taken)).created()
    sold = (await sell(office, on_sale, 2, key=key)).created()
    assert sold["order_id"] != buyers["order_id"]
    assert await box_office.counters(on_sale) == [(0, 3)]
    with_a_space = await box_office.checkout(on_sale.cart(1), key=f"{office.producer.id} {key}")
    with_a_space.refused(400, "invalid_request")


async def test_no_key_of_one_producer_is_another_ones(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice
) -> None:
    key = uuid4().hex
    placed = []
    for each in (office, other_office):
        on_sale = await box_office.put_on_sale(by=each.producer)
        placed.append((await sell(each, on_sale, 1, key=key)).created()["order_id"])
    assert len(set(placed)) == 2
