"""GET /shows/{id}/report: figures that add up to the orders to the cent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import SandboxOptions
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json
from tests.support.factories import donation_ticket, producer, promo_code, ticket
from tests.support.stripe_world import StripeWorld, stripe_world

MONEY = ("gross", "discounts", "donations", "fees", "fees_returned", "tax", "paid", "refunds", "net")
CASH = {"customer": {"name": "Ada", "email": "ada@example.org"}, "payment": "cash"}


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, options=SandboxOptions(tax_rate=Decimal("0.08875"))) as started:
        yield started


async def bought(world: StripeWorld, cart: Json, **fields: Any) -> Json:
    placed = (await world.box_office.checkout(cart, **fields)).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(order["order_id"])
    return order


def total_of(rows: list[Json], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def assert_it_adds_up(report: Json) -> None:
    for rows in (report["tickets"], report["by_day"], report["by_payment"]):
        for name in MONEY:
            assert total_of(rows, name) == Decimal(report["total"][name]), name
    for name in ("quantity", "held", "sold", "remaining", "checked_in"):
        assert sum(row[name] for row in report["tickets"]) == report["total"][name]
    for row in (report["total"], *report["tickets"], *report["by_day"], *report["by_payment"]):
        money = {name: Decimal(row[name]) for name in MONEY}
        assert money["paid"] == money["gross"] - money["discounts"] + money["fees"] + money["tax"]
        assert money["net"] == money["paid"] - money["refunds"] - money["fees"] + money["fees_returned"]


async def test_every_kind_of_order_is_where_it_belongs(world: StripeWorld) -> None:
    box_office = world.box_office
    office = await open_back_office(box_office, world.container, producer(account=f"acct_{uuid4().hex}"))
    on_sale = await box_office.put_on_sale(
        ticket(price=3333, name="Stalls"),
        ticket(price=1001, name="Gallery"),
        donation_ticket(price=500, name="Pay what you can"),
        promo_codes=[promo_code()],
        by=office.producer,
        timezone="Pacific/Auckland",
    )
    cart = on_sale.cart(2, 1, 1)
    cart["tickets"][2]["donation_amount"] = "17.77"
    refunded = await bought(world, cart, promo_code="TEST20")
    await bought(world, on_sale.cart(1, 0, 0))
    await box_office.checkout(on_sale.cart(0, 2, 0))
    await office.post(f"/shows/{on_sale.id}/orders", {**CASH, **on_sale.cart(1, 1, 0)})
    await office.post(f"/shows/{on_sale.id}/orders", {**CASH, "payment": "comp", **on_sale.cart(3, 0, 0)})
    gallery = next(a for a in refunded["attendees"] if a["ticket_name"] == "Gallery")
    made = await office.post(f"/orders/{refunded['order_id']}/refund", {"attendee_ids": [gallery["id"]]})
    await world.work_off(refunded["order_id"])
    await office.post("/checkin", {"code": refunded["attendees"][0]["code"], "show_id": str(on_sale.id)})

    report = (await office.get(f"/shows/{on_sale.id}/report")).body

    assert_it_adds_up(report)
    total, (pay_what_you_can, second, third) = report["total"], report["tickets"]
    stalls, by_name = third, {row["name"]: row for row in report["tickets"]}
    assert (pay_what_you_can["name"], second["name"], stalls["name"]) == ("Pay what you can", "Gallery", "Stalls")
    assert (total["orders"], total["held"], total["sold"], total["checked_in"]) == (4, 2, 10 - 1, 1)
    assert by_name["Gallery"]["held"] == 2
    assert (total["gross"], total["discounts"], total["donations"]) == (
        str(Decimal("33.33") * 4 + Decimal("10.01") * 2 + Decimal("17.77")),
        str(Decimal("6.67") * 2 + Decimal("2.00")),
        "17.77",
    )
    assert total["refunds"] == made.body["refund"]["amount"] == by_name["Gallery"]["refunds"]
    assert Decimal(total["fees_returned"]) > 0
    assert {row["payment"]: row["orders"] for row in report["by_payment"]} == {"online": 2, "cash": 1, "comp": 1}
    assert next(row["net"] for row in report["by_payment"] if row["payment"] == "cash") == "43.34"
    assert report["timezone"] == "Pacific/Auckland"
    assert sum(day["orders"] for day in report["by_day"]) == 4


async def test_days_are_those_of_the_venue(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0), by=office.producer, timezone="Pacific/Kiritimati")
    order = (await box_office.order((await box_office.checkout(on_sale.cart(1))).created())).body
    (day,) = (await office.get(f"/shows/{on_sale.id}/report")).body["by_day"]
    completed_at = (await box_office.stored_order(order)).completed_at
    assert completed_at
    assert day["date"] == on_sale.show.local(completed_at).date().isoformat()


async def test_show_without_orders_reports_nothing_sold(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(quantity=7), by=office.producer)
    report = (await office.get(f"/shows/{on_sale.id}/report")).body
    assert_it_adds_up(report)
    assert (report["total"]["net"], report["total"]["remaining"], report["by_day"]) == ("0.00", 7, [])


async def test_yen_have_no_decimals(box_office: BoxOffice, office: BackOffice) -> None:
    seller = producer(currency="JPY", account=f"acct_{uuid4().hex}")
    tokyo = await open_back_office(box_office, office.container, seller)
    on_sale = await box_office.put_on_sale(ticket(price=2000), by=seller)
    await tokyo.post(f"/shows/{on_sale.id}/orders", {**CASH, **on_sale.cart(2)})
    report = (await tokyo.get(f"/shows/{on_sale.id}/report")).body
    assert (report["currency"], report["total"]["paid"], report["total"]["net"]) == ("JPY", "4000", "4000")
