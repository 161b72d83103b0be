"""POST /orders/{id}/refund and its preview: Stripe's books afterwards match what the preview promised."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox import SandboxOptions
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json
from tests.support.factories import producer, promo_code, ticket
from tests.support.stripe_world import StripeWorld, minor, stripe_world


@pytest.fixture(scope="module", params=["0", "0.08875"], ids=["without tax", "with tax"])
async def world(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, redis_url: str
) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, options=SandboxOptions(tax_rate=Decimal(request.param))) as started:
        yield started


@pytest.fixture
async def globe(world: StripeWorld) -> BackOffice:
    return await open_back_office(world.box_office, world.container, producer(account=f"acct_{uuid4().hex}"))


async def sold(world: StripeWorld, globe: BackOffice, **code: Any) -> Json:
    """Three paid tickets of two prices, with a discount."""
    on_sale = await world.box_office.put_on_sale(
        ticket(price=3333), ticket(price=1001), promo_codes=[promo_code(**code)], by=globe.producer
    )
    placed = (await world.box_office.checkout(on_sale.cart(2, 1), promo_code="TEST20")).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(order["order_id"])
    return order


def chosen(order: Json, *places: int) -> list[str]:
    return [order["attendees"][place]["id"] for place in places]


#: It makes one of two tickets of a type cheaper.
ONE_CHEAPER = {"discount": "0", "amount_off": 3_34, "max_per_order": 1}


@pytest.mark.parametrize(
    ("refund_fees", "code"),
    [(True, {}), (False, {}), (True, ONE_CHEAPER)],
    ids=["with fees", "without fees", "two prices of one type"],
)
async def test_preview_is_what_happens_at_stripe_for_one_after_the_other(
    world: StripeWorld, globe: BackOffice, refund_fees: bool, code: dict[str, Any]
) -> None:
    order = await sold(world, globe, **code)
    path = f"/orders/{order['order_id']}/refund"
    platform, producer_side, buyer = 0, 0, 0
    for place in (2, 0, 1):
        body = {"attendee_ids": chosen(order, place), "refund_fees": refund_fees}
        preview = (await globe.post(f"{path}/preview", body)).body
        made = await globe.post(path, body)
        assert made.status == 200, made.content
        assert made.body["refund"]["amount"] == preview["buyer_gets"]
        assert made.body["order"]["refunded_amount"] == preview["refunded_amount_after"]
        assert made.body["order"]["status"] == preview["status_after"]
        platform += minor(preview["platform_bears"])
        producer_side += minor(preview["producer_bears"])
        buyer += minor(preview["buyer_gets"])
        await world.work_off(order["order_id"])

        charge = await world.stripe.charge(order["order_id"])
        fee = await world.stripe.application_fee(order["order_id"])
        assert (charge.amount_refunded, fee.amount_refunded) == (buyer, platform)
        assert buyer == producer_side + platform
    assert (await world.box_office.stored_order(order)).status == "refunded"


async def test_whole_order_gives_everything_back(world: StripeWorld, globe: BackOffice) -> None:
    order = await sold(world, globe)
    path = f"/orders/{order['order_id']}/refund"

    preview = (await globe.post(f"{path}/preview", {})).body

    paid = minor(order["total"]) + minor(order["tax"])
    assert minor(preview["buyer_gets"]) == paid
    assert minor(preview["platform_bears"]) == minor(order["total"]) - minor(order["subtotal"])
    assert minor(preview["stripe_keeps"]) == round(paid * 0.029 + 30)
    assert (preview["restocked"], len(preview["attendee_ids"])) == (3, 3)
    assert (await world.box_office.stored_order(order)).status == "completed"


async def test_audit_trail_and_the_list_of_refunds_tell_of_it(world: StripeWorld, globe: BackOffice) -> None:
    order = await sold(world, globe)
    body = {"attendee_ids": chosen(order, 2), "restock": False, "reason": "ill"}
    made = (await globe.post(f"/orders/{order['order_id']}/refund", body)).body["refund"]

    entry = (await globe.audit_log())[0]
    assert (entry["action"], entry["subject_id"]) == ("order.refunded", order["order_id"])
    assert entry["after"] == {"tickets": 1, "amount": minor(made["amount"]), "restock": False}
    (listed,) = (await globe.get(f"/orders/{order['order_id']}/refunds")).body["items"]
    assert listed == made
    assert (listed["status"], listed["reason"]) == ("requested", "ill")
    await world.work_off(order["order_id"])
    (listed,) = (await globe.get(f"/orders/{order['order_id']}/refunds")).body["items"]
    assert listed["status"] == "succeeded"


async def test_the_same_refund_twice_is_refused_the_second_time(world: StripeWorld, globe: BackOffice) -> None:
    order = await sold(world, globe)
    path = f"/orders/{order['order_id']}/refund"
    body = {"attendee_ids": chosen(order, 0)}
    assert (await globe.post(path, body)).status == 200
    for way in (path, f"{path}/preview"):
        (await globe.post(way, body)).refused(409, "conflict")
    assert len((await globe.get(f"/orders/{order['order_id']}/refunds")).body["items"]) == 1


@pytest.fixture
async def free_order(office: BackOffice, box_office: BoxOffice) -> Json:
    on_sale = await box_office.put_on_sale(ticket(price=0), by=office.producer)
    return (await box_office.order((await box_office.checkout(on_sale.cart(2))).created())).body


async def test_free_order_is_cancelled_and_its_places_are_on_sale_again(
    office: BackOffice, box_office: BoxOffice, free_order: Json
) -> None:
    path = f"/orders/{free_order['order_id']}/refund"
    preview = (await office.post(f"{path}/preview", {})).body
    assert (preview["buyer_gets"], preview["stripe_keeps"], preview["restocked"]) == ("0.00", "0.00", 2)

    answer = await office.post(path, {"reason": "cannot come"})

    assert (answer.body["order"]["status"], answer.body["refund"]) == ("refunded", None)
    show = await office.get(f"/shows/{free_order['show']['id']}")
    assert show.body["tickets"][0]["sold"] == 0


async def test_cash_is_given_back_by_hand(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    body = {"customer": {"name": "Ada", "email": "ada@example.org"}, "payment": "cash", **on_sale.cart(2)}
    order = (await office.post(f"/shows/{on_sale.id}/orders", body)).created()
    path = f"/orders/{order['order_id']}/refund"
    preview = (await office.post(f"{path}/preview", {"attendee_ids": chosen(order, 0)})).body
    shares = [preview[name] for name in ("buyer_gets", "producer_bears", "platform_bears", "stripe_keeps")]
    assert shares == ["25.00", "25.00", "0.00", "0.00"]

    made = (await office.post(path, {"attendee_ids": chosen(order, 0)})).body

    assert (made["refund"]["status"], made["refund"]["amount"]) == ("succeeded", "25.00")
    assert made["order"]["status"] == "partially_refunded"
    assert await box_office.counters(on_sale) == [(0, 1)]
    async with box_office.unit_of_work() as uow:
        (refund,) = await uow.refunds.of_order(UUID(order["order_id"]))
    assert refund.provider_refund_id is None


@pytest.mark.parametrize(
    "body",
    [
        {"attendee_ids": []},
        {"attendee_ids": ["x"]},
        {"attendee_ids": [str(uuid4())] * 1001},
        {"restock": "yes"},
        {"reason": "x" * 501},
        {"reason": "\0"},
        {"surprise": 1},
    ],
)
async def test_what_makes_no_sense_is_refused(office: BackOffice, free_order: Json, body: dict[str, Any]) -> None:
    (await office.post(f"/orders/{free_order['order_id']}/refund", body)).refused(400, "invalid_request")


async def test_reason_has_500_characters_at_most(office: BackOffice, free_order: Json) -> None:
    answer = await office.post(f"/orders/{free_order['order_id']}/refund", {"reason": "x" * 500})
    assert answer.status == 200


async def test_attendees_of_another_order_are_refused(office: BackOffice, free_order: Json) -> None:
    body = {"attendee_ids": [str(uuid4())]}
    (await office.post(f"/orders/{free_order['order_id']}/refund", body)).refused(409, "conflict")


async def test_unpaid_order_has_nothing_to_refund(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    (await office.post(f"/orders/{placed['order_id']}/refund", {})).refused(409, "conflict")
