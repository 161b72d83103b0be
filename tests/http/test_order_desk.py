"""A show's orders and attendees: found, read in pages, exported, mailed again, and annotated."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.customer import Customer
from tests.support import factories
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket

pytestmark = pytest.mark.p1


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), ticket(price=25_00), by=office.producer)


async def free_order(
    box_office: BoxOffice, on_sale: OnSale, name: str, email: str | None = None, **fields: Any
) -> Json:
    address = email or f"{name.split(maxsplit=1)[0].lower()}@example.org"
    placed = await box_office.checkout(on_sale.cart(2), customer={"name": name, "email": address, **fields})
    return placed.created()


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.content
    return [item["customer"]["name"] for item in answer.body["items"]]


async def test_newest_comes_first_with_all_that_a_list_needs(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    await free_order(box_office, on_sale, "Ada Lovelace", phone="+15551234567")
    pending = (await box_office.checkout(on_sale.cart(0, 1), customer={"name": "Grace", "email": "g@h.org"})).created()

    answer = await office.get(f"/shows/{on_sale.id}/orders")

    assert names(answer) == ["Grace", "Ada Lovelace"]
    grace, ada = answer.body["items"]
    assert (grace["order_id"], grace["status"], grace["success"]) == (pending["order_id"], "pending", False)
    assert (grace["total"], grace["amount_paid"], grace["tickets"], grace["valid_tickets"]) == ("27.57", "0.00", 1, 0)
    assert (ada["success"], ada["tickets"], ada["valid_tickets"], ada["checked_in"]) == (True, 2, 2, 0)
    assert ada["customer"]["phone"] == "+15551234567"
    assert answer.body["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=completed", ["Zoë Øst", "Ada Lovelace"]),
        ("status=expired", []),
        ("email=ADA@example.org", ["Ada Lovelace"]),
        ("email=ada@example", []),
        ("q=lovel", ["Ada Lovelace"]),
        ("q=%C3%B8ST", ["Zoë Øst"]),
        ("q=example.org", ["Zoë Øst", "Ada Lovelace"]),
        ("q=55512", ["Zoë Øst"]),
        ("q=%25", []),
        ("q=_", []),
        ("q=%20", ["Zoë Øst", "Ada Lovelace"]),
        ("q=ada&email=zoe@example.org", []),
    ],
)
async def test_orders_are_found(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, query: str, found: list[str]
) -> None:
    await free_order(box_office, on_sale, "Ada Lovelace")
    await free_order(box_office, on_sale, "Zoë Øst", "zoe@example.org", phone="+15551234567")
    assert names(await office.get(f"/shows/{on_sale.id}/orders?{query}")) == found


async def test_order_is_found_by_its_number(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> None:
    ada = await free_order(box_office, on_sale, "Ada")
    await free_order(box_office, on_sale, "Grace")
    number = (await box_office.order(ada)).body["number"]
    for text in (number, number.lower()):
        assert names(await office.get(f"/shows/{on_sale.id}/orders?q={text}")) == ["Ada"]


async def test_pages_hold_still_while_orders_come_in(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    for name in "ABCDE":
        await free_order(box_office, on_sale, name)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await office.get(f"/shows/{on_sale.id}/orders?limit=2{cursor and f'&cursor={cursor}'}")
        seen += names(page)
        cursor = page.body["next_cursor"]
        await free_order(box_office, on_sale, "Late")
    assert seen == ["E", "D", "C", "B", "A"]


async def test_attendees_are_read_in_pages_that_may_end_within_an_order(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    orders = [await free_order(box_office, on_sale, name) for name in "ABC"]
    seen: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/shows/{on_sale.id}/attendees?limit=1{cursor and f'&cursor={cursor}'}"
        page = (await office.get(path)).body
        assert len(page["items"]) <= 1
        seen += page["items"]
        cursor = page["next_cursor"]
    assert [attendee["order_id"] for attendee in seen] == [order["order_id"] for order in orders for _ in range(2)]
    assert len({attendee["code"] for attendee in seen}) == 6


@pytest.mark.parametrize("path", ["orders", "attendees"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=x.y", "cursor"),
    ],
)
async def test_wrong_pages_are_refused(office: BackOffice, on_sale: OnSale, path: str, query: str, field: str) -> None:
    answer = await office.get(f"/shows/{on_sale.id}/{path}?{query}")
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == field


@pytest.mark.parametrize("query", ["status=done", "q=%00", "email=%00", f"q={'x' * 101}", f"email={'x' * 255}"])
async def test_wrong_filters_are_refused(office: BackOffice, on_sale: OnSale, query: str) -> None:
    for path in ("orders", "orders.csv"):
        (await office.get(f"/shows/{on_sale.id}/{path}?{query}")).refused(400, "invalid_request")


def table(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.content
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


async def test_exports_have_every_order_and_attendee(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    order = await box_office.buy(on_sale.cart(1, 1), customer={"name": "Zoë Øst", "email": "zoe@example.org"})
    await free_order(box_office, on_sale, "Ada")

    ada, zoe = table(await office.get(f"/shows/{on_sale.id}/orders.csv"))
    assert (ada["name"], zoe["name"], zoe["payment"], zoe["tickets"]) == ("Ada", "Zoë Øst", "online", "2")
    assert (zoe["total"], zoe["amount_paid"], zoe["disputed"]) == (order["total"], order["total"], "false")
    attendees = table(await office.get(f"/shows/{on_sale.id}/attendees.csv"))
    assert [a["name"] for a in attendees] == ["Zoë Øst"] * 2 + ["Ada"] * 2
    assert {a["code"] for a in attendees[:2]} == {a["code"] for a in order["attendees"]}
    filtered = table(await office.get(f"/shows/{on_sale.id}/orders.csv?q=zoe"))
    assert [row["name"] for row in filtered] == ["Zoë Øst"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
async def test_no_cell_is_a_formula(office: BackOffice, box_office: BoxOffice, on_sale: OnSale, formula: str) -> None:
    """No checkout accepts names like these, but data that is already in the database is made harmless, too."""
    order = factories.order(
        (on_sale.tickets[0], 1), by=on_sale.producer, customer=Customer(formula, "=cmd@example.org")
    )
    await box_office.store(order)
    (row,) = table(await office.get(f"/shows/{on_sale.id}/orders.csv"))
    assert (row["name"], row["email"]) == (f"'{formula}", "'=cmd@example.org")
    (attendee,) = table(await office.get(f"/shows/{on_sale.id}/attendees.csv"))
    assert (attendee["email"], attendee["ticket_name"]) == ("'=cmd@example.org", "Stalls")


async def test_a_phone_number_is_left_as_it_is(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> None:
    await free_order(box_office, on_sale, "Ada", phone="+15551234567")
    (row,) = table(await office.get(f"/shows/{on_sale.id}/orders.csv"))
    assert row["phone"] == "+15551234567", "it computes nothing, and programs want it as it is"


async def test_empty_show_exports_a_header(office: BackOffice, on_sale: OnSale) -> None:
    answer = await office.get(f"/shows/{on_sale.id}/orders.csv")
    assert answer.content.decode().startswith("order_id,number,status,")
    assert table(answer) == []


async def test_tickets_are_mailed_again(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, mailbox: MailCatcher
) -> None:
    address = f"{uuid4().hex}@example.org"
    order = await free_order(box_office, on_sale, "Ada", address)
    (first,) = await mailbox.wait_for(1, to=address)

    answer = await office.post(f"/orders/{order['order_id']}/resend")

    assert (answer.status, answer.body["email"]) == (202, address)
    mails = await mailbox.wait_for(2, to=address)
    assert {mail.subject for mail in mails} == {first.subject}
    assert len({mail.message_id for mail in mails}) == 2
    assert (await office.audit_log())[0]["action"] == "order.resent"


async def test_order_without_tickets_has_nothing_to_send(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    pending = (await box_office.checkout(on_sale.cart(0, 1))).created()
    (await office.post(f"/orders/{pending['order_id']}/resend")).refused(409, "conflict")


async def test_notes_are_kept_in_order(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> None:
    order = await free_order(box_office, on_sale, "Ada")
    path = f"/orders/{order['order_id']}/notes"
    for text in ("Called about seats", "x" * 2000):
        written = await office.post(path, {"text": text})
        assert (written.status, written.body["text"], written.body["author"]) == (201, text, "office")

    notes = (await office.get(path)).body["items"]

    assert [note["text"] for note in notes] == ["Called about seats", "x" * 2000]
    entry = (await office.audit_log())[0]
    assert (entry["action"], entry["after"]) == ("order.noted", {"note_id": notes[1]["id"]})


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": "x" * 2001}, {"text": "\0"}, {"text": 1}])
async def test_wrong_notes_are_refused(office: BackOffice, box_office: BoxOffice, on_sale: OnSale, body: Json) -> None:
    order = await free_order(box_office, on_sale, "Ada")
    (await office.post(f"/orders/{order['order_id']}/notes", body)).refused(400, "invalid_request")


async def test_one_order_is_read_with_the_bearer_token(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    order = await free_order(box_office, on_sale, "Ada")
    headers = {"Authorization": f"Bearer {office.secret}"}
    answer = await box_office.get(f"/api/v1/orders/{order['order_id']}", headers=headers)
    assert (answer.status, answer.body["order_id"]) == (200, str(UUID(order["order_id"])))
