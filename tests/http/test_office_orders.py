"""Orders in the office: found, told, and handled, by those who may."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import openpyxl
import pytest

from domain.disputes import Dispute, DisputeStatus
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.people import Role
from domain.refunds import Refund, RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import order as an_order
from tests.support.factories import ticket
from tests.support.forms import form_with
from tests.support.staff import Page, Staff, Visitor

pytestmark = pytest.mark.p2

ADA = {"name": "Ada Lovelace", "email": "ada@countess.example", "phone": "+15551234567"}


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    tickets = ticket(price=25_00, name="Stalls"), ticket(price=10_00, name="Gallery")
    return await box_office.put_on_sale(*tickets, by=office.producer, title="Twelfth Night")


@pytest.fixture
async def clerk(hire: Hire) -> Staff:
    return await hire(Role.BOX_OFFICE)


@pytest.fixture
async def order(office: BackOffice, on_sale: OnSale) -> Json:
    """Three tickets, paid in cash."""
    return await sold(office, on_sale, 2, 1)


async def sold(office: BackOffice, on_sale: OnSale, *quantities: int, **fields: Any) -> Json:
    body = {**on_sale.cart(*quantities), "payment": "cash", "customer": ADA, **fields}
    return (await office.post(f"/shows/{on_sale.id}/orders", body)).created()


async def bought(box_office: BoxOffice, on_sale: OnSale, *quantities: int) -> Json:
    placed = (await box_office.checkout(on_sale.cart(*quantities), customer=ADA)).created()
    await box_office.pay(placed)
    await box_office.come_back(placed)
    return await box_office.until_completed(placed)


def page_of(order: Json) -> str:
    return f"/office/orders/{order['order_id']}"


def people(order: Json) -> list[str]:
    return [attendee["id"] for attendee in order["attendees"]]


async def search(who: Staff, **query: str) -> Page:
    return await who.get(f"/office/orders?{urlencode(query)}")


async def kinds(box_office: BoxOffice, order: Json) -> list[TaskKind]:
    async with box_office.unit_of_work() as uow:
        return [task.kind for task in await uow.task_admin.of_order(UUID(order["order_id"]))]


async def test_orders_are_found_by_what_people_remember(
    clerk: Staff, office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    other = await sold(office, on_sale, 1, customer={"name": "Grace Hopper", "email": "grace@navy.example"})
    tail = order["attendees"][0]["code"][-4:]
    for text in ("love", "ADA lovelace", "ada@countess.example", order["number"].lower(), "555 123", tail):
        page = await search(clerk, q=text)
        assert (order["number"] in page.text, other["number"] in page.text) == (True, False), text
    misspelt = await search(clerk, q="Lovelase")
    assert order["number"] in misspelt.text
    assert "These are similar" in misspelt.text
    similar, exact = await search(clerk, q="lovelace", **{"as": "similar"}), await search(clerk, q="lovelace")
    assert "or similar ones" in similar.text
    assert "Look for similar names, too" in exact.text
    nothing = await search(clerk, q="quetzalcoatl")
    assert (nothing.status, "No order is like that" in nothing.text) == (200, True)


async def test_filters_choose_orders(clerk: Staff, office: BackOffice, on_sale: OnSale, order: Json) -> None:
    given = await sold(office, on_sale, 1, payment="comp")
    today, tomorrow = datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=2)
    for query, cash, comp in (
        ({"paid": "cash"}, True, False),
        ({"paid": "comp"}, False, True),
        ({"state": "completed"}, True, True),
        ({"state": "refunded"}, False, False),
        ({"state": "disputed"}, False, False),
        ({"show": str(on_sale.id)}, True, True),
        ({"from": str(tomorrow)}, False, False),
        ({"to": str(today - timedelta(days=3))}, False, False),
        ({"from": str(today - timedelta(days=3)), "to": str(tomorrow)}, True, True),
        ({"paid": "shells", "state": "lost"}, True, True),
    ):
        page = await search(clerk, **query)
        assert (order["number"] in page.text, given["number"] in page.text) == (cash, comp), query
    wrong = await search(clerk, **{"from": "yesterday"})
    assert (wrong.status, "Please write the day as 2026-12-31" in wrong.text) == (400, True)
    assert (await search(clerk, show=str(uuid4()))).status == 404
    assert (await search(clerk, after="nonsense")).status == 400


async def test_a_long_list_goes_on_by_key(clerk: Staff, office: BackOffice, on_sale: OnSale) -> None:
    rows = [
        {**on_sale.cart(1), "payment": "comp", "customer": {"name": f"Guest {chr(65 + n % 26)}"}} for n in range(60)
    ]
    await office.post(f"/shows/{on_sale.id}/orders/batch", {"orders": rows})
    first = await search(clerk, q="guest")
    found = re.search(r'href="([^"]*after=[^"]*)" rel="next"', first.html)
    assert found
    rest = await clerk.get(found[1].replace("&amp;", "&"))
    numbers = [re.findall(r"/office/orders/([A-Z2-7]{8})", page.html) for page in (first, rest)]
    assert (len(numbers[0]), len(numbers[1]), len({*numbers[0], *numbers[1]})) == (50, 10, 60)
    assert "To the beginning" in rest.text


async def test_the_page_tells_all_of_an_order(clerk: Staff, order: Json) -> None:
    page = await clerk.get(f"/office/orders/{order['number'].lower()}")
    assert page.status == 200
    for words in (
        order["number"],
        "Paid",
        "Twelfth Night",
        "Ada Lovelace",
        "ada@countess.example",
        "+15551234567",
        "Stalls",
        "Gallery",
        "$60.00",
        "Cash",
        "The order's life",
        "Placed with 3 tickets for $60.00",
        "by office",
    ):
        assert words in page.text, words
    by_id = await clerk.get(page_of(order))
    assert order["number"] in by_id.text


async def test_two_orders_with_one_number_can_be_told_apart(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    stored = await box_office.stored_order(order)
    same = UUID(bytes=uuid4().bytes[:11] + stored.id.bytes[11:])
    await box_office.store(replace(stored, id=same, attendees=(), idempotency=None, session_id=None))
    page = await clerk.get(f"/office/orders/{order['number']}")
    assert "Several orders have the number" in page.text
    assert str(same) in page.html
    assert page_of(order) in page.html


async def test_tickets_are_mailed_again_once(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    before = (await kinds(box_office, order)).count(TaskKind.CONFIRMATION_MAIL)
    answer = await clerk.post(f"{page_of(order)}/resend")
    assert (answer.status, answer.location) == (303, f"{page_of(order)}?done=resent")
    await clerk.post(f"{page_of(order)}/resend")
    assert (await kinds(box_office, order)).count(TaskKind.CONFIRMATION_MAIL) - before == 1
    assert "on their way to the buyer again" in (await clerk.follow(answer.location)).text


async def test_an_order_without_an_address_has_no_mail(clerk: Staff, office: BackOffice, on_sale: OnSale) -> None:
    walk_up = await sold(office, on_sale, 1, customer={})
    assert "Mail the tickets again" not in (await clerk.get(page_of(walk_up))).text
    refused = await clerk.post(f"{page_of(walk_up)}/resend")
    assert (refused.status, "no e-mail address" in refused.text) == (409, True)


async def test_notes_are_written_once_and_read(clerk: Staff, order: Json) -> None:
    for _ in range(2):
        answer = await clerk.post(f"{page_of(order)}/notes", text="Wheelchair <b>front</b>")
        assert answer.status == 303
    page = await clerk.get(page_of(order))
    assert page.html.count("Wheelchair &lt;b&gt;front&lt;/b&gt;") == 1
    assert "by Kim Park" in page.text
    empty = await clerk.post(f"{page_of(order)}/notes", text=" ")
    assert (empty.status, "Please fill this in" in empty.text) == (400, True)
    long = await clerk.post(f"{page_of(order)}/notes", text="x" * 2001)
    assert (long.status, "at most 2000" in long.text) == (400, True)


async def test_the_buyers_data_is_corrected(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    path = f"{page_of(order)}/customer"
    shown = await clerk.get(path)
    assert 'value="ada@countess.example"' in shown.html
    right = {"name": "Ada King", "email": "ada@lovelace.example", "phone": ""}
    answer = await clerk.post(path, right)
    assert (answer.status, answer.location) == (303, f"{page_of(order)}?done=customer-corrected")
    stored = await box_office.stored_order(order)
    assert (stored.customer.name, stored.customer.email, stored.customer.phone) == ("Ada King", right["email"], None)
    assert TaskKind.ADDRESS_CHANGED_MAIL in await kinds(box_office, order)
    told = (await clerk.get(page_of(order))).text
    assert "Corrected the name and the e-mail address and the phone number of the buyer" in told
    for wrong, words in (
        ({**right, "email": "nobody"}, "This is not a complete e-mail address"),
        ({**right, "name": "R2D2"}, "Name"),
        ({**right, "phone": "0170"}, "international form"),
    ):
        refused = await clerk.post(path, wrong)
        assert (refused.status, words in refused.text) == (400, True), refused.text
        assert f'value="{wrong["email"]}"' in refused.html
    assert (await box_office.stored_order(order)).customer == stored.customer


async def test_a_ticket_gets_another_name(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    path = f"{page_of(order)}/attendees/{people(order)[0]}"
    assert "Another name on a ticket" in (await clerk.get(path)).text
    assert (await clerk.post(path, name="Mary Somerville")).status == 303
    after = await box_office.stored_order(order)
    renamed = next(each for each in after.attendees if str(each.id) == people(order)[0])
    assert (renamed.name, renamed.code == order["attendees"][0]["code"]) == ("Mary Somerville", False)
    refused = await clerk.post(path, name="4711")
    assert (refused.status, 'value="4711"' in refused.html) == (400, True)
    assert (await clerk.get(f"{page_of(order)}/attendees/{uuid4()}")).status == 404
    told = (await clerk.get(page_of(order))).text
    assert "Another name on a ticket: Mary Somerville" in told
    found = await search(clerk, q="somerville")
    assert order["number"] in found.text


async def test_people_are_let_in_and_out_again(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    path = f"{page_of(order)}/attendees/{people(order)[0]}"
    assert (await clerk.post(f"{path}/let-in")).status == 303
    again = await clerk.post(f"{path}/let-in")
    assert (again.status, "in already" in again.text) == (409, True)
    page = (await clerk.get(page_of(order))).text
    assert "Let in: Ada Lovelace" in page
    assert "by Office: Kim Park" in page
    assert (await clerk.post(f"{path}/let-out")).status == 303
    assert all(each.checked_in_at is None for each in (await box_office.stored_order(order)).attendees)
    assert "Check-in undone" in (await clerk.get(page_of(order))).text


async def test_one_of_three_is_refunded_after_a_look_at_what_it_does(
    clerk: Staff, box_office: BoxOffice, on_sale: OnSale
) -> None:
    order = await bought(box_office, on_sale, 2, 1)
    path, one = f"{page_of(order)}/refund", people(order)[0]
    first = await clerk.get(path)
    assert first.text.count("Ada Lovelace") >= 3
    assert "a" not in form_with(first.html, "chosen").values  # of three, no one is chosen before
    query = urlencode({"chosen": "on", "a": one, "fees": "on", "restock": "on", "reason": "ill"})
    assert f'href="/office/shows/{on_sale.show.id}"' in (await clerk.get(page_of(order))).html
    seen = await clerk.get(f"{path}?{query}")
    for words in (
        "The buyer gets",
        "You bear",
        "The platform bears",
        "Void at once: Ada Lovelace (",
        "refunded in part",
    ):
        assert words in seen.text, words
    assert (await box_office.stored_order(order)).refunded_amount == 0
    nothing = await clerk.get(f"{path}?chosen=on")
    assert (nothing.status, "Please choose whose tickets are refunded" in nothing.text) == (400, True)

    form = {"chosen": "on", "a": one, "fees": "on", "restock": "on", "reason": "ill"}
    for _ in range(2):  # the second time is the same form sent twice
        answer = await clerk.post(path, form)
        assert (answer.status, answer.location) == (303, f"{page_of(order)}?done=refunded")
    after = await box_office.stored_order(order)
    assert [each.status for each in after.attendees].count(AttendeeStatus.VOID) == 1
    page = (await clerk.get(page_of(order))).text
    assert "Refunded in part" in page
    assert "by Kim Park" in page
    assert "ill" in page


async def test_the_way_back_after_a_refund_leads_to_the_order(clerk: Staff, order: Json) -> None:
    """The browser's back button opens the preview again, of tickets that are void by now."""
    preview = f"{page_of(order)}/refund?chosen=yes&a={people(order)[0]}&restock=on&fees=on"
    assert (await clerk.get(preview)).status == 200
    assert (await clerk.post(f"{page_of(order)}/refund", a=people(order)[0], restock="on", fees="on")).status == 303
    back = await clerk.get(preview)
    assert (back.status, back.location) == (303, f"{page_of(order)}?done=refunded-before")
    assert "refunded and void already" in (await clerk.follow(preview)).text


async def test_a_part_of_a_number_finds_its_order(clerk: Staff, order: Json) -> None:
    number = order["number"]
    for typed in (number[:5], number[1:], number[:3] + number[4:]):
        found = await search(clerk, q=typed)
        assert number in found.text, typed


async def test_a_whole_order_is_refunded(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    path = f"{page_of(order)}/refund"
    assert "All 3 tickets" in (await clerk.get(path)).text
    seen = await clerk.get(f"{path}?chosen=on&all=yes")
    assert seen.text.count("Ada Lovelace (") == 3
    assert "It was paid at the counter" in seen.text
    assert (await clerk.post(path, {"chosen": "on", "a": people(order)})).status == 303
    after = await box_office.stored_order(order)
    assert (after.status, after.success) == ("refunded", False)
    assert "Mail the tickets again" not in (await clerk.get(page_of(order))).text
    no_one_left = await clerk.post(path, {"chosen": "on"})
    assert no_one_left.status == 409


async def test_tickets_are_exchanged_person_by_person(
    clerk: Staff, box_office: BoxOffice, office: BackOffice, order: Json
) -> None:
    saturday = await box_office.put_on_sale(
        ticket(price=25_00, name="Stalls"), ticket(price=5_00, name="Child"), by=office.producer, title="Saturday"
    )
    path = f"{page_of(order)}/exchange"
    assert "Saturday" in (await clerk.get(path)).text
    chosen = await clerk.get(f"{path}?show={saturday.id}")
    assert "Keeps the ticket" in chosen.text
    first, second, _ = people(order)
    stalls, child = (str(each.id) for each in saturday.tickets)
    form = {"show": str(saturday.id), f"t-{first}": stalls, f"t-{second}": child}
    seen = await clerk.get(f"{path}?{urlencode({**form, 'chosen': 'on'})}")
    assert (seen.status, "Goes back to the buyer" in seen.text, "$20.00" in seen.text) == (200, True, True), seen.text
    assert (await clerk.get(f"{path}?show={saturday.id}&chosen=on")).status == 400

    done = await clerk.post(path, form)
    assert done.status == 303
    again = await clerk.post(path, form)
    assert again.location == done.location
    new = await clerk.follow(done.location)
    assert "The tickets are exchanged" in new.text
    assert f"order {order['number']}" in new.text
    old = await clerk.get(page_of(order))
    assert "Exchanged; $20.00 goes back" in old.text
    assert sum(each.is_valid for each in (await box_office.stored_order(order)).attendees) == 1
    unknown = await clerk.get(f"{path}?show={uuid4()}")
    assert unknown.status == 404


async def test_personal_data_is_exported_and_erased(clerk: Staff, box_office: BoxOffice, order: Json) -> None:
    path = f"{page_of(order)}/buyer"
    assert "ada@countess.example" in (await clerk.get(path)).text
    file = await clerk.post(f"{path}/export")
    assert file.status == 200
    assert "attachment" in file.headers["Content-Disposition"]
    assert "no-store" in file.headers["Cache-Control"]
    held = json.loads(file.content)
    assert [each["number"] for each in held["orders"]] == [order["number"]]

    unsure = await clerk.post(f"{path}/erase")
    assert (unsure.status, "cannot be undone" in unsure.text) == (400, True)
    to_come = await clerk.post(f"{path}/erase", sure="on")
    assert (to_come.status, "not over" in to_come.text) == (409, True)
    for _ in range(2):
        done = await clerk.post(f"{path}/erase", sure="on", force="on")
        assert (done.status, done.location) == (303, f"{page_of(order)}?done=erased")
    assert (await box_office.stored_order(order)).customer.is_erased
    page = (await clerk.get(page_of(order))).text
    assert "ada@countess.example" not in page
    assert "The buyer's data was erased" in page
    assert (await clerk.get(path)).status == 404


async def test_holds_are_given_back(clerk: Staff, box_office: BoxOffice, on_sale: OnSale) -> None:
    held = (await box_office.checkout(on_sale.cart(2), customer=ADA)).created()
    path = f"/office/holds/{on_sale.id}"
    assert "ada@countess.example" in (await clerk.get(path)).text
    assert "By network" in (await clerk.get(f"{path}?by=network")).text
    page = (await clerk.get(page_of(held))).text
    assert "Waits for payment" in page
    assert "Held 2 tickets" in page
    done = await clerk.post(path, by="email", address="ada@countess.example")
    assert done.status == 303
    assert "1 given back" in (await clerk.follow(done.location)).text
    told = (await clerk.get(page_of(held))).text
    assert "Cancelled before it was paid" in told


async def test_a_viewer_sees_names_alone(hire: Hire, clerk: Staff, order: Json) -> None:
    await clerk.post(f"{page_of(order)}/notes", text="Allergic to nuts")
    viewer = await hire(Role.VIEWER)
    for path in ("/office/orders", page_of(order), "/office/attendees", "/office/orders?q=lovelace"):
        page = await viewer.get(path)
        assert (page.status, "Ada Lovelace" in page.text) == (200, True), path
        for secret in ("countess", "5551234567", "Allergic", *(each["code"] for each in order["attendees"])):
            assert secret not in page.html, (path, secret)
        assert order["attendees"][0]["code"][-4:] not in page.text
        assert "tickets.pdf" not in page.html
        assert "token=" not in page.html
    for text in ("countess", "5551234567", order["attendees"][0]["code"], "ada@countess.example"):
        assert order["number"] not in (await search(viewer, q=text)).text, text
        found = await viewer.get(f"/office/attendees?{urlencode({'q': text})}")
        assert order["number"] not in found.text, text


ACTIONS = (
    "resend",
    "notes",
    "customer",
    "refund",
    "exchange",
    "print",
    "buyer/export",
    "buyer/erase",
    "attendees/{0}",
    "attendees/{0}/let-in",
    "attendees/{0}/let-out",
)


@pytest.mark.parametrize("action", ACTIONS)
async def test_roles_others_and_forged_forms_change_nothing(
    hire: Hire, clerk: Staff, stranger: Staff, visitor: Visitor, box_office: BoxOffice, order: Json, action: str
) -> None:
    path = f"{page_of(order)}/{action.format(people(order)[0])}"
    before, tasks = await box_office.stored_order(order), await kinds(box_office, order)
    form = {
        "a": people(order),
        "chosen": "on",
        "sure": "on",
        "force": "on",
        "name": "Eve",
        "text": "x",
        "email": "e@x.example",
    }
    assert (await stranger.post(path, form)).status in (303, 404)
    assert (await (await hire(Role.VIEWER)).post(path, form)).status == 403
    if "let-" not in action:
        assert (await (await hire(Role.DOOR)).post(path, form)).status == 403
    assert (await visitor.post(path, form)).status == 401
    forged = await clerk.request("POST", path, data={"a": people(order)[0], "chosen": "on"})
    assert forged.status == 403
    assert await box_office.stored_order(order) == before
    assert await kinds(box_office, order) == tasks


async def test_nothing_of_another_producer_is_there(
    stranger: Staff, visitor: Visitor, on_sale: OnSale, order: Json
) -> None:
    for path in (
        page_of(order),
        f"/office/orders/{order['number']}",
        *(f"{page_of(order)}/{page}" for page in ("refund", "exchange", "print", "customer", "buyer")),
        f"{page_of(order)}/attendees/{people(order)[0]}",
        f"/office/orders?show={on_sale.id}",
        f"/office/attendees?show={on_sale.id}",
        f"/office/attendees.csv?show={on_sale.id}",
        f"/office/holds/{on_sale.id}",
    ):
        assert (await stranger.get(path)).status == 404, path
        assert (await visitor.get(path)).location.startswith("/office/sign-in"), path
    assert order["number"] not in (await search(stranger, q="lovelace")).text
    assert (await stranger.get("/office/orders/AAAAAAAA")).status == 404
    assert (await stranger.get("/office/orders/nonsense")).status == 404


async def test_the_door_sees_no_orders(hire: Hire, order: Json) -> None:
    door = await hire(Role.DOOR)
    for path in ("/office/orders", page_of(order), "/office/attendees", "/office/attendees.xlsx"):
        assert (await door.get(path)).status == 403, path


async def test_long_and_right_to_left_names_stay_apart(clerk: Staff, office: BackOffice, on_sale: OnSale) -> None:
    name = "محمد بن عبد الرحمن"
    order = await sold(office, on_sale, 1, customer={"name": name, "email": f"{'x' * 60}@{'y' * 60}.example"})
    for path in (page_of(order), "/office/orders", "/office/attendees"):
        page = await clerk.get(path)
        assert f"<bdi>{name}</bdi>" in page.html
        assert len(page.content) < 60_000


async def test_files_have_the_orders_of_the_page(
    hire: Hire, clerk: Staff, office: BackOffice, on_sale: OnSale, order: Json
) -> None:
    await sold(office, on_sale, 1, payment="comp", customer={"name": "Grace Hopper"})
    for query, names in (
        ({}, ["Grace Hopper", "Ada Lovelace"]),
        ({"paid": "cash"}, ["Ada Lovelace"]),
        ({"show": str(on_sale.id), "q": "hoper", "as": "similar"}, ["Grace Hopper"]),
    ):
        file = await clerk.get(f"/office/orders.csv?{urlencode(query)}")
        rows = list(csv.DictReader(io.StringIO(file.content.decode())))
        assert [row["name"] for row in rows] == names
        assert {row["show_title"] for row in rows} == {"Twelfth Night"}
        sheet = (await clerk.get(f"/office/orders.xlsx?{urlencode(query)}")).content
        assert openpyxl.load_workbook(io.BytesIO(sheet)).active.max_row == len(names) + 1
    assert "/office/orders.xlsx?paid=cash&amp;as=words" in (await search(clerk, paid="cash")).html
    viewer = await hire(Role.VIEWER)
    assert "orders.csv" not in (await viewer.get("/office/orders")).html
    assert (await viewer.get("/office/orders.csv")).status == 403


async def test_a_party_of_hundreds_is_shown_in_parts(clerk: Staff, office: BackOffice, on_sale: OnSale) -> None:
    party = await sold(office, on_sale, 100, 50)
    first = await clerk.get(page_of(party))
    rest = await clerk.get(f"{page_of(party)}?people=100")
    assert (first.html.count("/let-in"), rest.html.count("/let-in")) == (100, 50)
    assert "Further, of 150" in first.text
    assert f"{page_of(party)}?people=0" in rest.html
    assert len(first.content) < 90_000
    for nonsense in ("-1", "x", "999999999"):
        assert (await clerk.get(f"{page_of(party)}?people={nonsense}")).html.count("/let-in") == 100


async def stored(box_office: BoxOffice, on_sale: OnSale, *facts: Any, **fields: Any) -> Order:
    """An online order of two tickets, with refunds, disputes and tasks about it, as they are in the database."""
    made = an_order((on_sale.tickets[0], 2), by=on_sale.producer, status=OrderStatus.COMPLETED)
    first, second = made.attendees
    void = replace(first, status=AttendeeStatus.VOID)
    made = replace(made, amount_paid=made.quote.total, attendees=(void, second), **fields)
    await box_office.store(made)
    async with box_office.unit_of_work() as uow:
        for fact in facts:
            match replace(fact, order_id=made.id):
                case Refund() as each:
                    await uow.refunds.add(each)
                case Dispute() as each:
                    await uow.disputes.save(each)
                case OutboxTask() as each:
                    await uow.outbox.add([each])
        await uow.commit()
    return made


async def test_the_page_names_what_is_wrong(hire: Hire, clerk: Staff, box_office: BoxOffice, on_sale: OnSale) -> None:
    now = datetime.now(UTC)
    lost = Refund(
        id=uuid4(),
        order_id=uuid4(),
        sequence=1,
        amount=25_00,
        refund_fees=False,
        reason="ill",
        created_at=now,
        status=RefundStatus.FAILED,
        failure_reason="closed account",
    )
    mail = OutboxTask(
        id=uuid4(),
        kind=TaskKind.CONFIRMATION_MAIL,
        order_id=uuid4(),
        due_at=now,
        state=TaskState.DEAD,
        last_error="PermanentTaskError: 550 no such user",
    )
    made = await stored(box_office, on_sale, lost, mail, status=OrderStatus.PARTIALLY_REFUNDED)
    page = await clerk.get(f"/office/orders/{made.id}")
    for words in (
        "A mail with the tickets was not delivered: 550 no such user",
        "$25.00 that should have gone back did not arrive",
        "Refund of $25.00 failed closed account",
        "Mail with the tickets was not delivered",
    ):
        assert words in page.text, words
    assert made.number in (await search(clerk, state="undelivered")).text
    refund = await clerk.get(f"/office/orders/{made.id}/refund")
    assert "$25.00 of an earlier refund did not arrive" in refund.text
    viewer = await (await hire(Role.VIEWER)).get(f"/office/orders/{made.id}")
    assert ("550" in viewer.text, "closed account" in viewer.text, "ill" in viewer.text.split()) == (False,) * 3


async def test_a_disputed_order_cannot_be_refunded(clerk: Staff, box_office: BoxOffice, on_sale: OnSale) -> None:
    now = datetime.now(UTC)
    dispute = Dispute(
        id=f"dp_{uuid4().hex}",
        order_id=uuid4(),
        amount=50_00,
        status=DisputeStatus.NEEDS_RESPONSE,
        reason="fraudulent",
        opened_at=now,
        evidence_due_by=now + timedelta(days=7),
    )
    made = await stored(box_office, on_sale, dispute, disputed=True)
    page = await clerk.get(f"/office/orders/{made.id}")
    assert "The buyer's bank disputes $50.00 fraudulent" in page.text
    assert made.number in (await search(clerk, state="disputed")).text
    form = {"chosen": "on", "a": str(made.attendees[1].id)}
    refused = await clerk.get(f"/office/orders/{made.id}/refund?{urlencode(form)}")
    assert (refused.status, "before the dispute is decided" in refused.text) == (409, True)
    assert (await clerk.post(f"/office/orders/{made.id}/refund", form)).status == 409
