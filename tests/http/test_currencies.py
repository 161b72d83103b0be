"""Shows in currencies that are not counted in cents: sold, paid at Stripe, and refunded."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.support.back_office import open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer, ticket
from tests.support.server import Service


@pytest.mark.parametrize(
    ("code", "price", "written", "step"),
    [
        ("ISK", 499_000, "4990", 100),
        ("UGX", 5_000_000, "50000", 100),
        ("KWD", 7_250, "7.250", 10),
        ("JPY", 3_000, "3000", 1),
        ("VND", 500_000, "500000", 1),
        ("HUF", 499_000, "4990.00", 1),
        ("TWD", 80_000, "800.00", 1),
    ],
)
async def test_every_amount_at_stripe_ends_as_stripe_wants_it_to(
    box_office: BoxOffice, service: Service, code: str, price: int, written: str, step: int
) -> None:
    seller = producer(currency=code, account=f"acct_{uuid4().hex}")
    office = await open_back_office(box_office, service.container, seller)
    on_sale = await box_office.put_on_sale(ticket(price=price), by=seller)

    placed = (await box_office.checkout(on_sale.cart(3))).created()
    await box_office.pay(placed)
    order = await box_office.until_completed(placed)

    assert (order["currency"], order["tickets"][0]["price_per_ticket"]) == (code, written)
    session = box_office.stripe_session(placed)
    amounts = [int(item["price_data"]["unit_amount"]) for item in session["line_items"].values()]
    amounts.append(int(session["payment_intent_data"]["application_fee_amount"]))
    assert all(amount % step == 0 for amount in amounts)

    first = order["attendees"][0]["id"]
    answer = await office.post(f"/orders/{placed['order_id']}/refund", {"attendee_ids": [first]})
    assert answer.status == 200, answer.content

    async def has_gone_back() -> bool:
        stored = await box_office.stored_order(placed)
        async with box_office.unit_of_work() as uow:
            (refund,) = await uow.refunds.of_order(stored.id)
        assert refund.amount % step == 0
        return refund.status == "succeeded"

    await box_office.until(has_gone_back)
