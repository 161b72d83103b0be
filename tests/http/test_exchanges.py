"""Exchanges over HTTP: to another performance or ticket type, paid and unpaid, by the producer and the buyer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.embedded import EmbeddedPostgres
from tests.http.test_storefront import Window
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.server import Service
from tests.support.stripe_world import StripeWorld, stripe_world

pytestmark = pytest.mark.p1


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A world of this file: its books are audited as a whole."""
    async with stripe_world(postgres, redis_url) as started:
        yield started


@pytest.fixture(scope="module")
def service(world: StripeWorld) -> Service:
    return world.service


@pytest.fixture(scope="module")
def box_office(world: StripeWorld) -> BoxOffice:
    return world.box_office


@pytest.fixture
async def friday(office: BackOffice, box_office: BoxOffice) -> OnSale:
    tickets = ticket(price=30_00, quantity=10), ticket(price=20_00, quantity=10, name="Child")
    return await box_office.put_on_sale(*tickets, by=office.producer, title="Friday", exchanges_until_hours=24)


@pytest.fixture
async def saturday(office: BackOffice, box_office: BoxOffice) -> OnSale:
    tickets = ticket(price=30_00, quantity=5), ticket(price=45_00, quantity=5, name="Box")
    return await box_office.put_on_sale(*tickets, by=office.producer, title="Saturday")


@pytest.fixture
async def order(box_office: BoxOffice, friday: OnSale) -> Json:
    return await bought(box_office, friday, 2)


async def bought(box_office: BoxOffice, on_sale: OnSale, *quantities: int) -> Json:
    placed = (await box_office.checkout(on_sale.cart(*quantities))).created()
    await box_office.pay(placed)
    await box_office.come_back(placed)
    return {**(await box_office.order(placed)).body, "order_token": placed["order_token"]}


def asked(on_sale: OnSale, which: int = 0, attendee_ids: list[str] | None = None) -> Json:
    wanted: Json = {"ticket_id": str(on_sale.tickets[which].id)}
    return {"show_id": str(on_sale.id), "tickets": [wanted | ({"attendee_ids": attendee_ids} if attendee_ids else {})]}


async def exchange(office: BackOffice, order: Json, body: Json) -> Answer:
    return await office.post(f"/orders/{order['order_id']}/exchange", body)


async def by_buyer(box_office: BoxOffice, order: Json, body: Json) -> Answer:
    return await box_office.post(f"/api/v1/orders/{order['order_id']}/exchange?token={order['order_token']}", json=body)


async def audit(service: Service) -> dict[Any, Any]:
    return {name: found for name, found in (await service.container.check_consistency()()).items() if found.count}


async def test_tickets_move_to_another_evening(
    office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json
) -> None:
    first, second = order["attendees"]

    seen = (await office.post(f"/orders/{order['order_id']}/exchange/preview", asked(saturday, 0, [first["id"]]))).body
    done = (await exchange(office, order, asked(saturday, 0, [first["id"]]))).body

    assert (seen["due"], seen["back"], seen["attendee_ids"]) == ("0.00", "0.00", [first["id"]])
    new = done["order"]
    assert (new["status"], new["show"]["title"], new["exchanged_from"]) == ("completed", "Saturday", order["order_id"])
    assert (new["total"], done["back"]) == (seen["total"], "0.00")
    assert await box_office.counters(friday) == [(0, 1), (0, 0)]
    assert await box_office.counters(saturday) == [(0, 1), (0, 0)]
    old = (await box_office.order(order)).body
    assert [(a["id"], a["status"]) for a in old["attendees"]] == [(first["id"], "void"), (second["id"], "valid")]
    assert (old["exchanged_for"], old["money_back"]) == ([new["order_id"]], None)
    scanned = {code: await scan(office, friday, code) for code in (first["code"], second["code"])}
    assert scanned == {first["code"]: "void", second["code"]: "admitted"}
    assert await scan(office, saturday, new["attendees"][0]["code"]) == "admitted"
    (entry,) = [each for each in await office.audit_log() if each["action"] == "order.exchanged"]
    assert (entry["subject_id"], entry["after"]["new_order_id"]) == (order["order_id"], new["order_id"])


async def scan(office: BackOffice, on_sale: OnSale, code: str) -> str:
    return str((await office.post("/checkin", {"code": code, "show_id": str(on_sale.id)})).body["result"])


async def test_mail_has_the_new_ticket_and_takes_the_old_evening_off_the_calendar(
    office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json, service: Service
) -> None:
    new = (await exchange(office, order, asked(saturday))).body["order"]
    async with service.container.database()() as uow:
        assert await uow.outbox.has(new["order_id"], "confirmation_mail")  # type: ignore[arg-type]
        assert await uow.outbox.has(new["order_id"], "reminder_mail")  # type: ignore[arg-type]


async def test_dearer_tickets_are_held_until_the_difference_is_paid(
    office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json, service: Service
) -> None:
    done = (await exchange(office, order, asked(saturday, 1))).body
    placed = {**done["order"], "order_token": done["order_token"]}

    assert (placed["status"], placed["success"]) == ("pending", False)
    assert (await box_office.order(order)).body["success"]
    session = box_office.stripe_session(placed)
    assert [item["price_data"]["unit_amount"] for item in session["line_items"].values()] == ["3000", "117"]
    assert session["payment_intent_data"]["application_fee_amount"] == "117"
    assert await box_office.counters(saturday) == [(0, 0), (2, 0)]

    await box_office.pay(placed)
    paid = await box_office.until_completed(placed)

    assert (paid["success"], len(paid["attendees"])) == (True, 2)
    assert await box_office.counters(friday) == [(0, 0), (0, 0)]
    assert (await box_office.order(order)).body["status"] == "refunded"
    assert await audit(service) == {}
    totals = [(await office.get(f"/shows/{show.id}/report")).body["total"] for show in (friday, saturday)]
    assert [(total["paid"], total["refunds"]) for total in totals] == [
        (order["total"], order["total"]),
        (paid["total"], "0.00"),
    ]


async def test_refund_of_the_new_order_asks_stripe_for_both_payments(
    office: BackOffice, box_office: BoxOffice, saturday: OnSale, order: Json, service: Service
) -> None:
    done = (await exchange(office, order, asked(saturday, 1))).body
    placed = {**done["order"], "order_token": done["order_token"]}
    await box_office.pay(placed)
    await box_office.until_completed(placed)

    refunded = (await office.post(f"/orders/{placed['order_id']}/refund", {})).body

    assert refunded["order"]["status"] == "refunded"
    assert refunded["order"]["refunded_amount"] == refunded["order"]["total"]
    assert await audit(service) == {}
    refunds = (await office.get(f"/orders/{order['order_id']}/refunds")).body["items"]
    assert [(each["amount"], each["refund_fees"]) for each in refunds] == [(order["total"], True)]


async def test_preview_of_a_refund_counts_the_fixed_fee_of_each_payment_once(
    office: BackOffice, box_office: BoxOffice, saturday: OnSale, order: Json
) -> None:
    first, second = (each["id"] for each in order["attendees"])
    paid = minor(order["total"])
    fee = paid * 0.029 + 30

    even = (await exchange(office, order, asked(saturday, 0, [first]))).body["order"]
    kept = [await stripe_keeps(office, each["order_id"]) for each in (order, even)]
    dearer = (await exchange(office, order, asked(saturday, 1, [second]))).body
    placed = {**dearer["order"], "order_token": dearer["order_token"]}
    await box_office.pay(placed)
    added = minor((await box_office.until_completed(placed))["total"]) - paid // 2

    assert sum(kept) == pytest.approx(fee, abs=1)
    assert await stripe_keeps(office, placed["order_id"]) == pytest.approx(fee / 2 + added * 0.029 + 30, abs=1)


async def stripe_keeps(office: BackOffice, order_id: str) -> int:
    return minor((await office.post(f"/orders/{order_id}/refund/preview", {})).body["stripe_keeps"])


def minor(amount: str) -> int:
    return round(float(amount) * 100)


async def test_cancelled_evening_moves_to_another_one(
    office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json, service: Service
) -> None:
    await office.patch(f"/shows/{friday.id}", cancelled=True)
    assert (await exchange(office, order, asked(saturday))).body["order"]["success"]
    assert await audit(service) == {}


async def test_buyers_exchange_their_own_tickets(
    office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json
) -> None:
    (await by_buyer(box_office, {**order, "order_token": "x"}, asked(saturday))).refused(404, "not_found")
    assert order["exchanges_until"] is not None
    moved = (await by_buyer(box_office, order, asked(saturday))).body
    assert moved["order"]["success"]
    back = {**moved["order"], "order_token": moved["order_token"]}
    (await by_buyer(box_office, back, asked(friday))).refused(409, "conflict")
    (entry,) = [each for each in await office.audit_log() if each["action"] == "order.exchanged"]
    assert entry["actor"] == "buyer"


async def test_pages_lead_a_buyer_through_an_exchange(
    office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json
) -> None:
    window, page = Window(box_office, {}), f"/shows/{friday.id}/orders/{order['order_id']}"
    token = f"token={order['order_token']}"
    assert f"{page}/exchange" in (await window.get(f"{page}?{token}")).content.decode()
    dates = (await window.get(f"{page}/exchange?{token}")).content.decode()
    assert f"show={saturday.id}" in dates
    first, box = order["attendees"][0]["id"], saturday.tickets[1].id
    choice = f"{token}&show={saturday.id}&ticket={box}&a={first}"
    cost = (await window.get(f"{page}/exchange?{choice}")).content.decode()
    assert "$15.74" in cost
    (csrf,) = re.findall(r'name="_csrf_token" value="([^"]+)"', cost)
    fields = {"_csrf_token": csrf, "show": str(saturday.id), "ticket": str(box), "a": first}

    paying = await window.post(f"{page}/exchange?{token}", fields)

    assert paying.status == 303
    assert await box_office.counters(saturday) == [(0, 0), (1, 0)]
    again = await window.post(f"{page}/exchange?{token}", fields)
    assert (again.status, "waits for its payment" in again.content.decode()) == (409, True)
    waiting = (await window.get(f"{page}/exchange?{token}")).location
    assert f"/shows/{saturday.id}/orders/" in waiting
    assert "Your old tickets stay valid until it is paid" in (await window.get(waiting)).content.decode()
    await box_office.change_show(friday, exchanges_until_hours=None)
    assert f"{page}?" in (await window.get(f"{page}/exchange?{token}")).location


async def test_form_without_a_ticket_or_a_person_names_what_is_missing(
    box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json
) -> None:
    window, page = Window(box_office, {}), f"/shows/{friday.id}/orders/{order['order_id']}/exchange"
    sent = f"{page}?token={order['order_token']}&show={saturday.id}&sent=1"
    for choice, missing in (
        (f"&ticket={saturday.tickets[0].id}", ["whom"]),
        (f"&a={order['attendees'][0]['id']}", ["which"]),
        ("", ["which", "whom"]),
    ):
        answer = await window.get(sent + choice)
        shown = answer.content.decode()
        assert (answer.status, re.findall(r'class="error" id="(\w+)-error"', shown)) == (400, missing)
        assert re.findall(r'<a href="#(\w+)">Choose', shown) == missing
        assert "What it costs" not in shown
    assert await box_office.counters(saturday) == [(0, 0), (0, 0)]


async def test_shows_of_others_and_wrong_tickets_are_refused(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, friday: OnSale, saturday: OnSale, order: Json
) -> None:
    elsewhere = await box_office.put_on_sale(by=other_office.producer)
    (await exchange(office, order, asked(elsewhere))).refused(404, "not_found")
    (await exchange(other_office, order, asked(saturday))).refused(404, "not_found")
    (await exchange(office, order, asked(friday))).refused(409, "conflict")
    mixed = {"show_id": str(saturday.id), "tickets": asked(friday, 1)["tickets"]}
    (await exchange(office, order, mixed)).refused(400, "ticket_not_found")
    (await exchange(office, order, {"show_id": str(saturday.id), "tickets": []})).refused(400, "invalid_request")


async def test_last_tickets_go_to_exchanges_or_buyers(
    office: BackOffice, box_office: BoxOffice, service: Service
) -> None:
    first = await box_office.put_on_sale(ticket(price=0, quantity=20), by=office.producer)
    second = await box_office.put_on_sale(ticket(price=0, quantity=5), by=office.producer)
    orders = [(await box_office.checkout(first.cart(1))).created() for _ in range(8)]
    exchanges = [exchange(office, order, asked(second)) for order in orders]
    buyers = [box_office.checkout(second.cart(1)) for _ in range(8)]

    answers = await asyncio.gather(*exchanges, *buyers)

    assert sum(answer.status in (200, 201) for answer in answers) == 5
    moved = sum(answer.status == 200 for answer in answers[:8])
    assert await box_office.counters(second) == [(0, 5)]
    assert await box_office.counters(first) == [(0, 8 - moved)]
    assert await audit(service) == {}


async def test_exchanges_in_both_directions_do_not_stand_in_each_others_way(
    office: BackOffice, box_office: BoxOffice, service: Service
) -> None:
    evenings = [await box_office.put_on_sale(ticket(price=0, quantity=6), by=office.producer) for _ in range(2)]
    orders = [(await box_office.checkout(evenings[number % 2].cart(1))).created() for number in range(12)]

    answers = await asyncio.gather(
        *(exchange(office, order, asked(evenings[1 - number % 2])) for number, order in enumerate(orders))
    )

    assert {answer.status for answer in answers} <= {200, 400}
    counters = [await box_office.counters(each) for each in evenings]
    assert sum(sold for ((_, sold),) in counters) == 12
    assert await audit(service) == {}


async def test_either_the_scan_is_first_or_the_exchange(
    office: BackOffice, box_office: BoxOffice, service: Service
) -> None:
    evenings = [await box_office.put_on_sale(ticket(price=0, quantity=20), by=office.producer) for _ in range(2)]
    placed = (await box_office.checkout(evenings[0].cart(10))).created()
    attendees = (await box_office.order(placed)).body["attendees"]

    async def race(attendee: Json) -> None:
        result, done = await asyncio.gather(
            scan(office, evenings[0], attendee["code"]),
            exchange(office, placed, asked(evenings[1], 0, [attendee["id"]])),
        )
        assert (result, done.status) in (("admitted", 409), ("void", 200))

    await asyncio.gather(*(race(attendee) for attendee in attendees))
    assert await audit(service) == {}


async def test_same_exchange_twice_at_once_is_one(
    office: BackOffice, box_office: BoxOffice, saturday: OnSale, order: Json
) -> None:
    answers = await asyncio.gather(*(exchange(office, order, asked(saturday)) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
    assert await box_office.counters(saturday) == [(0, 2), (0, 0)]
