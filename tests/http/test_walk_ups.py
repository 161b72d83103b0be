"""People at the counter who give no name, and many orders in one call."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from entrypoints.container import Container
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.server import Service

CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    tickets = ticket(price=25_00, quantity=10), ticket(price=0, quantity=5, name="Gallery")
    return await box_office.put_on_sale(*tickets, by=office.producer)


def walk_up(on_sale: OnSale, *quantities: int, **fields: Any) -> Json:
    return {"payment": "cash", **on_sale.cart(*quantities), **fields}


async def sell(office: BackOffice, on_sale: OnSale, *quantities: int, **fields: Any) -> Json:
    return (await office.post(f"/shows/{on_sale.id}/orders", walk_up(on_sale, *quantities, **fields))).created()


async def sell_many(
    office: BackOffice, on_sale: OnSale, *orders: Json, key: str | None = None, **fields: Any
) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    return await office.post(f"/shows/{on_sale.id}/orders/batch", {"orders": orders, **fields}, headers=headers)


async def upload(office: BackOffice, on_sale: OnSale, file: str, query: str = "", **headers: str) -> Answer:
    path = f"/shows/{on_sale.id}/guest-list{query}"
    return await office.request("POST", path, data=file.encode(), headers={**CSV, **headers})


async def mails_of(container: Container, order: Json) -> list[str]:
    async with container.database()() as uow:
        kinds = ("confirmation_mail", "reminder_mail", "refund_mail", "show_moved_mail")
        return [kind for kind in kinds if await uow.outbox.has(order["order_id"], kind)]  # type: ignore[arg-type]


async def test_person_without_a_name_gets_a_ticket_and_no_mail(
    office: BackOffice, box_office: BoxOffice, service: Service, on_sale: OnSale
) -> None:
    order = await sell(office, on_sale, 2)

    stored = (await box_office.order(order)).body
    assert stored["customer"] == {"name": "", "email": "", "phone": None}
    assert [attendee["name"] for attendee in stored["attendees"]] == ["", ""]
    assert await mails_of(service.container, order) == []
    pdf = await box_office.get(f"/api/v1/orders/{order['order_id']}/tickets.pdf?token={order['order_token']}")
    assert pdf.content.startswith(b"%PDF")
    page = await box_office.get(order["checkout_url"], headers={"Accept": "text/html"})
    assert b"on their way" not in page.content
    assert (await office.post("/checkin", {"code": order["attendees"][0]["code"]})).status == 200
    (await office.post(f"/orders/{order['order_id']}/resend")).refused(409, "conflict")


async def test_orders_without_a_name_are_in_lists_and_files_and_in_no_search(
    office: BackOffice, on_sale: OnSale
) -> None:
    order = await sell(office, on_sale, 1)

    listed = (await office.get(f"/shows/{on_sale.id}/orders")).body["items"]
    assert [(each["order_id"], each["customer"]["name"]) for each in listed] == [(order["order_id"], "")]
    for text in ("a", "%40", "@", "erased"):
        assert (await office.get(f"/shows/{on_sale.id}/orders?q={text}")).body["items"] == []
    assert (await office.get(f"/shows/{on_sale.id}/orders?q={order['number']}")).body["items"] != []
    for kind in ("orders", "attendees"):
        file = (await office.get(f"/shows/{on_sale.id}/{kind}.csv")).content.decode()
        assert [(row["name"], row["email"]) for row in csv.DictReader(io.StringIO(file))] == [("", "")]
        assert (await office.get(f"/shows/{on_sale.id}/{kind}.xlsx")).status == 200


async def test_no_request_about_a_buyer_concerns_those_without_an_address(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    order = await sell(office, on_sale, 1, customer={"name": "Grace"})
    for email in ("", "  "):
        (await office.post("/privacy/export", {"email": email})).refused(404, "not_found")
        (await office.post("/privacy/erase", {"email": email, "force": True})).refused(404, "not_found")
    assert (await box_office.order(order)).body["customer"]["name"] == "Grace"


async def test_customer_is_added_later_and_taken_away_again(
    office: BackOffice, box_office: BoxOffice, service: Service, on_sale: OnSale
) -> None:
    order = await sell(office, on_sale, 1)
    path = f"/orders/{order['order_id']}"

    named = (await office.patch(path, customer={"name": "Grace Hopper", "email": "grace@example.org"})).body

    assert [attendee["name"] for attendee in named["attendees"]] == ["Grace Hopper"]
    assert await mails_of(service.container, order) == ["confirmation_mail"]
    bare = (await office.patch(path, customer={"name": None, "email": None})).body
    assert (bare["customer"], bare["attendees"][0]["name"]) == ({"name": "", "email": "", "phone": None}, "")
    bought = await box_office.buy(on_sale.cart(0, 1))
    answer = await office.patch(f"/orders/{bought['order_id']}", customer={"name": None})
    answer.refused(400, "invalid_request")


async def test_buyers_are_told_of_a_moved_show_and_walk_ups_are_not(
    office: BackOffice, box_office: BoxOffice, service: Service, on_sale: OnSale
) -> None:
    nameless, bought = await sell(office, on_sale, 1), await box_office.buy(on_sale.cart(0, 1))
    answer = await office.patch(f"/shows/{on_sale.id}", venue="The other hall")
    assert answer.status == 200, answer.content
    assert await mails_of(service.container, nameless) == []
    assert "show_moved_mail" in await mails_of(service.container, bought)
    await office.post(f"/orders/{nameless['order_id']}/refund", {})
    assert await mails_of(service.container, nameless) == []


async def test_people_are_let_in_with_the_sale(office: BackOffice, service: Service, on_sale: OnSale) -> None:
    ada = {"name": "Ada", "email": "ada@example.org"}
    order = await sell(office, on_sale, 2, checked_in=True, customer=ada)

    assert all(attendee["checked_in_at"] for attendee in order["attendees"])
    code = order["attendees"][0]["code"]
    again = (await office.post("/checkin", {"code": code, "show_id": str(on_sale.id)})).body
    assert (again["result"], again["admission"]["device_id"]) == ("already_admitted", "office")
    assert (await office.get(f"/shows/{on_sale.id}/report")).body["total"]["checked_in"] == 2
    assert await mails_of(service.container, order) == ["confirmation_mail"]


async def test_many_orders_are_placed_together_or_not_at_all(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    too_many = [walk_up(on_sale, 6), walk_up(on_sale, 6), walk_up(on_sale, 1, customer={"name": "4711"})]

    refused = (await sell_many(office, on_sale, *too_many)).body

    assert (refused["placed"], refused["refused"]) == (0, 2)
    assert [item["error"] and (item["error"]["code"], item["error"]["field"]) for item in refused["items"]] == [
        None,
        ("tickets_unavailable", "tickets[0].quantity"),
        ("invalid_name", "customer.name"),
    ]
    assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]
    placed = (await sell_many(office, on_sale, *too_many, all_or_nothing=False)).body
    assert (placed["placed"], placed["refused"]) == (1, 2)
    assert await box_office.counters(on_sale) == [(0, 6), (0, 0)]
    assert len(placed["items"][0]["order"]["attendees"]) == 6
    entries = [entry for entry in await office.audit_log() if entry["action"] == "order.placed"]
    assert [entry["subject_id"] for entry in entries] == [placed["items"][0]["order"]["order_id"]]


async def test_batch_that_is_sent_again_is_the_same_orders(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    orders, key = [walk_up(on_sale, 2), walk_up(on_sale, 20)], uuid4().hex
    first, again = [await sell_many(office, on_sale, *orders, key=key, all_or_nothing=False) for _ in range(2)]
    assert first.body == again.body
    assert await box_office.counters(on_sale) == [(0, 2), (0, 0)]
    (await sell_many(office, on_sale, *orders[:1], key=key)).refused(422, "idempotency_key_reused")


async def test_last_tickets_go_to_one_of_two_batches(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    batch = [walk_up(on_sale, 1)] * 7
    answers = await asyncio.gather(*(sell_many(office, on_sale, *batch) for _ in range(3)))
    assert sorted(answer.body["placed"] for answer in answers) == [0, 0, 7]
    assert await box_office.counters(on_sale) == [(0, 7), (0, 0)]


async def test_batch_has_its_limits(office: BackOffice, other_office: BackOffice, on_sale: OnSale) -> None:
    (await sell_many(office, on_sale)).refused(400, "invalid_request")
    (await sell_many(office, on_sale, *[walk_up(on_sale, 1)] * 501)).refused(400, "invalid_request")
    (await sell_many(office, on_sale, *[walk_up(on_sale, 250)] * 5)).refused(400, "invalid_request")
    (await sell_many(other_office, on_sale, walk_up(on_sale, 1))).refused(404, "not_found")


async def test_guest_list_is_reported_line_by_line(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> None:
    guests = ("Zoë Øst;zoe@example.org;stalls;2;", "", "Ada;nonsense;Gallery;1;cash", ";;Gallery;9;")
    file = "\n".join(("name;email;ticket;quantity;payment", *guests))

    refused = (await upload(office, on_sale, file)).body

    assert (refused["placed"], refused["refused"]) == (0, 2)
    assert [(each["line"], each["error"] and each["error"]["column"]) for each in refused["items"]] == [
        (2, None),
        (4, "email"),
        (5, "quantity"),
    ]
    unknown = await upload(office, on_sale, file, "?payment=card")
    assert unknown.refused(400, "invalid_request").startswith("payment: ")
    assert unknown.body["field"] == "payment"
    assert await box_office.counters(on_sale) == [(0, 0), (0, 0)]
    placed = (await upload(office, on_sale, file, "?all_or_nothing=false&checked_in=true")).body
    (order,) = [each["order"] for each in placed["items"] if each["order"]]
    assert [(a["name"], bool(a["checked_in_at"])) for a in order["attendees"]] == [("Zoë Øst", True)] * 2
    assert order["total"] == "0.00"


async def test_guest_list_that_is_sent_again_is_the_same_orders(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first, again = [await upload(office, on_sale, "name,ticket\nAda,Gallery\n", **key) for _ in range(2)]
    assert first.body == again.body
    assert await box_office.counters(on_sale) == [(0, 0), (0, 1)]
    (await upload(office, on_sale, "name,ticket\nZoe,Gallery\n", **key)).refused(422, "idempotency_key_reused")
    (await upload(office, on_sale, "nmae\nAda\n")).refused(400, "invalid_request")
    (await upload(office, on_sale, "name,ticket\n")).refused(400, "invalid_request")


async def test_books_are_right_after_all_of_it(office: BackOffice, service: Service, on_sale: OnSale) -> None:
    await sell_many(office, on_sale, walk_up(on_sale, 2, checked_in=True), walk_up(on_sale, 1, payment="comp"))
    await upload(office, on_sale, "ticket,quantity\nStalls,2\n")
    ours = {ticket.id for ticket in on_sale.tickets} | {on_sale.id}
    off = [
        each
        for found in (await service.container.check_consistency()()).values()
        for each in found.examples
        if each.subject_id in ours
    ]
    assert not off
