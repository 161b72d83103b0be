"""Exports of orders and attendees: XLSX for people, CSV for programs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from domain.customer import Customer
from domain.money import currency
from tests.support import factories
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import Answer, BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.server import Service

pytestmark = pytest.mark.p1

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet_of(answer: Answer) -> Worksheet:
    assert answer.status == 200, answer.content
    assert answer.headers["Content-Type"] == XLSX
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    [sheet] = load_workbook(io.BytesIO(answer.content)).worksheets
    return sheet


def rows_of(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows()
    return [{str(name.value): cell for name, cell in zip(header, row, strict=True)} for row in rows]


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), ticket(price=25_00), by=office.producer)


async def test_a_spreadsheet_computes_with_amounts_and_sorts_by_the_venues_time(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    await box_office.change_show(on_sale, timezone="America/New_York")
    order = await box_office.buy(on_sale.cart(1, 2), customer={"name": "Zoë Øst", "email": "zoe@example.org"})
    before = datetime.now(UTC) - timedelta(minutes=5)

    sheet = sheet_of(await office.get(f"/shows/{on_sale.id}/orders.xlsx"))

    [row] = rows_of(sheet)
    assert (sheet.title, sheet.freeze_panes) == ("Orders", "A2")
    assert {row[name].data_type for name in ("subtotal", "fees", "total", "tax", "amount_paid", "tickets")} == {"n"}
    assert f"{row['total'].value:.2f}" == order["total"]
    assert row["total"].number_format == "#,##0.00"
    assert row["disputed"].value is False
    assert row["created_at"].is_date
    new_york = row["created_at"].value - datetime.now(UTC).replace(tzinfo=None)
    assert new_york.total_seconds() / 3600 == pytest.approx(-4.5, abs=0.6), "-05:00 in winter, -04:00 in summer"
    assert before < datetime.fromisoformat(order["created_at"])


async def test_codes_phones_and_names_are_text_that_computes_nothing(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    customer = Customer("=1+1", "@sum@example.org", "+15551234567")
    [order] = await box_office.store(factories.order((on_sale.tickets[0], 1), by=on_sale.producer, customer=customer))

    [row] = rows_of(sheet_of(await office.get(f"/shows/{on_sale.id}/orders.xlsx")))
    [attendee] = rows_of(sheet_of(await office.get(f"/shows/{on_sale.id}/attendees.xlsx")))

    assert [(row[name].value, row[name].data_type) for name in ("name", "email", "phone")] == [
        ("=1+1", "s"),
        ("@sum@example.org", "s"),
        ("+15551234567", "s"),
    ]
    assert (row["number"].value, row["number"].data_type) == (order.number, "s")
    assert (attendee["code"].value, attendee["code"].data_type) == (order.attendees[0].code, "s")
    assert attendee["checked_in_at"].value is None


@pytest.mark.parametrize(("code", "price", "number_format"), [("JPY", 3000, "#,##0"), ("KWD", 10_000, "#,##0.000")])
async def test_amounts_have_the_currencys_places(
    box_office: BoxOffice, service: Service, code: str, price: int, number_format: str
) -> None:
    producer = factories.producer(currency=code)
    office = await open_back_office(box_office, service.container, producer)
    on_sale = await box_office.put_on_sale(ticket(price=price), by=producer)
    await box_office.store(factories.order((on_sale.tickets[0], 2), by=producer))
    [row] = rows_of(sheet_of(await office.get(f"/shows/{on_sale.id}/orders.xlsx")))
    assert row["subtotal"].number_format == number_format
    assert row["subtotal"].value == float(currency(code).to_decimal(2 * price))


async def test_filters_hold_for_every_format(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> None:
    for name in ("Ada", "Zoe"):
        await box_office.buy(on_sale.cart(0, 1), customer={"name": name, "email": f"{name.lower()}@example.org"})
    rows = rows_of(sheet_of(await office.get(f"/shows/{on_sale.id}/orders.xlsx?q=zoe")))
    assert [row["name"].value for row in rows] == ["Zoe"]
    assert rows_of(sheet_of(await office.get(f"/shows/{on_sale.id}/orders.xlsx?status=refunded"))) == []
    (await office.get(f"/shows/{on_sale.id}/orders.xlsx?status=done")).refused(400, "invalid_request")


async def test_csv_has_the_venues_date_and_time_beside_the_instant(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    await box_office.change_show(on_sale, timezone="Asia/Kolkata")
    order = await box_office.buy(on_sale.cart(1, 1))
    answer = await office.get(f"/shows/{on_sale.id}/orders.csv")
    assert not answer.content.startswith(b"\xef\xbb\xbf"), "programs take a byte order mark for part of a name"
    [row] = csv.DictReader(io.StringIO(answer.content.decode()))
    created = datetime.fromisoformat(order["created_at"])
    assert row["created_at"] == created.astimezone(UTC).isoformat(timespec="seconds")
    local = datetime.fromisoformat(row["created_at_local"])
    assert local - created.astimezone(UTC).replace(tzinfo=None, microsecond=0) == timedelta(hours=5, minutes=30)
    assert row["completed_at_local"][:2] == "20"


async def test_other_peoples_shows_do_not_exist(box_office: BoxOffice, office: BackOffice) -> None:
    other = await box_office.put_on_sale()
    for path in ("orders.xlsx", "attendees.xlsx"):
        (await office.get(f"/shows/{other.id}/{path}")).refused(404, "not_found")
