"""Attendees in the office: found, chosen by filters, and taken away as a file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from urllib.parse import urlencode

import openpyxl
import pytest

from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import promo_code, ticket
from tests.support.server import Service
from tests.support.staff import Staff

pytestmark = pytest.mark.p2


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    tickets = ticket(price=25_00, name="Stalls"), ticket(price=10_00, name="Gallery")
    return await box_office.put_on_sale(*tickets, promo_codes=[promo_code()], by=office.producer, title="Friday")


@pytest.fixture
async def clerk(hire: Hire) -> Staff:
    return await hire(Role.BOX_OFFICE)


async def sold(office: BackOffice, on_sale: OnSale, name: str, *quantities: int, **fields: object) -> Json:
    customer = {"name": name, "email": f"{name.split(maxsplit=1)[0].lower()}@example.org"}
    body = {**on_sale.cart(*quantities), "payment": "cash", "customer": customer, **fields}
    return (await office.post(f"/shows/{on_sale.id}/orders", body)).created()


async def listed(who: Staff, **query: str) -> str:
    page = await who.get(f"/office/attendees?{urlencode(query)}")
    assert page.status == 200, page.text
    return page.text


async def test_filters_choose_people(clerk: Staff, office: BackOffice, on_sale: OnSale) -> None:
    ada = await sold(office, on_sale, "Ada Lovelace", 1)
    await sold(office, on_sale, "Grace Hopper", 0, 1, checked_in=True)
    await sold(office, on_sale, "Mary Somerville", 1, promo_code="TEST20")
    void = await sold(office, on_sale, "Emmy Noether", 1)
    await office.post(f"/orders/{void['order_id']}/refund", {})
    everyone = ("Ada Lovelace", "Grace Hopper", "Mary Somerville", "Emmy Noether")
    for query, found in (
        ({}, everyone),
        ({"show": str(on_sale.id)}, everyone),
        ({"presence": "in"}, ("Grace Hopper",)),
        ({"presence": "not_in"}, ("Ada Lovelace", "Mary Somerville")),
        ({"presence": "void"}, ("Emmy Noether",)),
        ({"type": "Gallery"}, ("Grace Hopper",)),
        ({"code": "test20"}, ("Mary Somerville",)),
        ({"q": "lovelase"}, ("Ada Lovelace",)),
        ({"q": ada["attendees"][0]["code"]}, ("Ada Lovelace",)),
        ({"q": "hopper", "presence": "not_in"}, ()),
    ):
        text = await listed(clerk, **query)
        assert [name for name in everyone if name in text] == list(found), query


async def test_people_out_of_an_allocation(clerk: Staff, office: BackOffice, on_sale: OnSale) -> None:
    show = f"/shows/{on_sale.id}"
    house = (await office.post(f"{show}/capacities", {"name": "House", "size": 50})).created()
    free = {"name": "Press", "price": "0.00", "capacity_id": house["id"]}
    kind = (await office.post(f"{show}/tickets", free)).created()
    press = (
        await office.post(f"{show}/allocations", {"capacity_id": house["id"], "name": "Critics", "size": 9})
    ).created()
    body = {
        "show_id": str(on_sale.id),
        "tickets": [{"ticket_id": kind["id"], "quantity": 1}],
        "payment": "comp",
        "customer": {"name": "Kritik Us"},
        "allocation_id": press["id"],
    }
    (await office.post(f"{show}/orders", body)).created()
    await sold(office, on_sale, "Ada Lovelace", 1)
    text = await listed(clerk, show=str(on_sale.id), allocation=press["id"])
    assert ("Kritik Us" in text, "Ada Lovelace" in text, "Critics" in text) == (True, False, True)


async def test_files_have_the_people_of_the_page(
    clerk: Staff, office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    await sold(office, on_sale, "Ada Lovelace", 2)
    await sold(office, on_sale, "Grace Hopper", 1, checked_in=True)
    other = await box_office.put_on_sale(ticket(price=5_00), by=office.producer, title="Saturday")
    await sold(office, other, "Ada Byron", 1)

    everyone = await clerk.get("/office/attendees.csv")
    rows = list(csv.DictReader(io.StringIO(everyone.content.decode())))
    assert [(row["name"], row["show_title"]) for row in rows] == [
        ("Ada Lovelace", "Friday"),
        ("Ada Lovelace", "Friday"),
        ("Grace Hopper", "Friday"),
        ("Ada Byron", "Saturday"),
    ]
    for query, names in (
        ({"q": "ada", "show": str(on_sale.id)}, ["Ada Lovelace", "Ada Lovelace"]),
        ({"presence": "in"}, ["Grace Hopper"]),
        ({"q": "hoper", "as": "similar"}, ["Grace Hopper"]),
    ):
        chosen = await clerk.get(f"/office/attendees.csv?{urlencode(query)}")
        found = list(csv.DictReader(io.StringIO(chosen.content.decode())))
        assert [row["name"] for row in found] == names
        sheet = (await clerk.get(f"/office/attendees.xlsx?{urlencode(query)}")).content
        cells = list(openpyxl.load_workbook(io.BytesIO(sheet)).active.iter_rows(values_only=True))
        place = cells[0].index("name")
        assert [row[place] for row in cells[1:]] == names


async def test_who_is_out_now_is_told_with_the_moment(
    clerk: Staff, office: BackOffice, box_office: BoxOffice, service: Service
) -> None:
    service.container.read_door_state().recent.fresh_for = timedelta(microseconds=-1)
    on_sale = await box_office.put_on_sale(ticket(price=10_00), by=office.producer, re_entry=True)
    left, stayed = [await sold(office, on_sale, name, 1) for name in ("Ada Lovelace", "Grace Hopper")]
    assert "Out now 0" in (await clerk.get(f"/office/shows/{on_sale.id}")).text
    for order, ways in ((left, ("in", "out")), (stayed, ("in",))):
        for way in ways:
            scan = {"code": order["attendees"][0]["code"], "show_id": str(on_sale.id), "direction": way}
            assert (await office.post("/checkin", scan)).status == 200
    (since,) = {
        each["out_since"]
        for each in (await office.get(f"/shows/{on_sale.id}/attendees")).body["items"]
        if each["name"] == "Ada Lovelace"
    }
    assert since
    out = await listed(clerk, show=str(on_sale.id), presence="out")
    assert ("Ada Lovelace" in out, "Out since" in out, "Grace Hopper" in out) == (True, True, False)
    inside = await listed(clerk, show=str(on_sale.id), presence="in")
    assert ("Ada Lovelace" in inside, "Grace Hopper" in inside) == (False, True)
    assert "Out since" in (await clerk.get(f"/office/orders/{left['order_id']}")).text
    page = await clerk.get(f"/office/shows/{on_sale.id}")
    assert "Out now 1 who" in page.text
    assert f"/office/attendees?show={on_sale.id}&amp;presence=out" in page.html
    rows = csv.DictReader(io.StringIO((await clerk.get("/office/attendees.csv")).content.decode()))
    assert [(row["name"], bool(row["out_since"])) for row in rows] == [("Ada Lovelace", True), ("Grace Hopper", False)]
    sheet = (await clerk.get("/office/attendees.xlsx?presence=out")).content
    cells = list(openpyxl.load_workbook(io.BytesIO(sheet)).active.iter_rows(values_only=True))
    assert cells[1][cells[0].index("out_since")] is not None


async def test_a_viewer_takes_no_file_away(hire: Hire, office: BackOffice, on_sale: OnSale) -> None:
    await sold(office, on_sale, "Ada Lovelace", 1)
    viewer = await hire(Role.VIEWER)
    assert "Spreadsheet" not in await listed(viewer)
    for name in ("csv", "xlsx"):
        assert (await viewer.get(f"/office/attendees.{name}")).status == 403


async def test_a_page_that_never_was_is_refused(clerk: Staff) -> None:
    for cursor in ("nonsense", "bm9uc2Vuc2U=.00"):
        assert (await clerk.get(f"/office/attendees?after={cursor}")).status == 400
    assert "No attendees yet" in await listed(clerk)
