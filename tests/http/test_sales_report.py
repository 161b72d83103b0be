"""GET /report: the report of many shows, and files whose sums are its figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from domain.access import Scope
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import producer, promo_code, ticket

CASH = {"customer": {"name": "Ada", "email": "ada@example.org"}, "payment": "cash"}
AMOUNTS = (
    "gross",
    "discounts",
    "donations",
    "fees",
    "fees_included",
    "fees_returned",
    "tax",
    "tax_included",
    "paid",
    "refunds",
    "disputes",
    "net",
)
FIGURES = ("orders", "tickets", *AMOUNTS)
#: The sheets of the XLSX, and the parts of the report that they have.
SHEETS = {
    "Days": "by_day",
    "Shows": "shows",
    "Ticket types": "tickets",
    "Payments": "by_payment",
    "Channels": "by_channel",
    "Promo codes": "by_promo_code",
}


@pytest.fixture
async def seller(box_office: BoxOffice, office: BackOffice) -> BackOffice:
    """A producer of this test alone."""
    return await open_back_office(box_office, office.container, producer(account=f"acct_{uuid4().hex}"))


@pytest.fixture
async def season(seller: BackOffice, box_office: BoxOffice) -> Sequence[OnSale]:
    """Two shows, with orders of every kind that needs no payment."""
    code = promo_code(code="=HALF")
    first = await box_office.put_on_sale(
        ticket(price=3333, name="=Stalls"), ticket(price=0, name="Free"), promo_codes=[code], by=seller.producer
    )
    second = await box_office.put_on_sale(ticket(price=1001, name="=Stalls"), by=seller.producer, title="@Macbeth")
    await box_office.checkout(first.cart(0, 2))
    await seller.post(f"/shows/{first.id}/orders", {**CASH, "promo_code": code.code, **first.cart(2, 1)})
    await seller.post(f"/shows/{second.id}/orders", {**CASH, "payment": "other", **second.cart(3)})
    sold = await seller.post(f"/shows/{first.id}/orders", {**CASH, **first.cart(1, 0)})
    await seller.post(f"/orders/{sold.body['order_id']}/refund", {})
    return [first, second]


def added_up(rows: Sequence[Json], names: Sequence[str] = FIGURES) -> dict[str, Decimal]:
    return {name: sum((Decimal(str(row[name] or 0)) for row in rows), Decimal(0)) for name in names}


def figures_of(total: Json, names: Sequence[str] = FIGURES) -> dict[str, Decimal]:
    return {name: Decimal(str(total[name])) for name in names}


async def rows_of(seller: BackOffice, filters: str = "") -> list[Json]:
    answer = await seller.get(f"/report.csv{filters}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.csv"'
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


async def sheets_of(seller: BackOffice) -> dict[str, list[Json]]:
    answer = await seller.get("/report.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.xlsx"'
    sheets = {}
    for sheet in load_workbook(io.BytesIO(answer.content)).worksheets:
        head, *rows = sheet.iter_rows(values_only=True)
        sheets[sheet.title] = [dict(zip(map(str, head), row, strict=True)) for row in rows]
    return sheets


async def test_every_breakdown_adds_up_to_all_that_was_sold(seller: BackOffice, season: Sequence[OnSale]) -> None:
    report = (await seller.get("/report")).body
    total = report["total"]
    assert (total["orders"], total["tickets"], total["gross"]) == (4, 9, str(Decimal("33.33") * 3 + Decimal("30.03")))
    for part in SHEETS.values():
        names = FIGURES[1:] if part == "tickets" else FIGURES
        assert added_up(report[part], names) == figures_of(total, names), part
    assert {row["name"]: row["tickets"] for row in report["tickets"]} == {"=Stalls": 6, "Free": 3}
    assert {row["channel"]: row["orders"] for row in report["by_channel"]} == {"web": 1, "box_office": 3}
    assert {row["payment"]: row["orders"] for row in report["by_payment"]} == {"online": 1, "cash": 2, "other": 1}
    assert {row["promo_code"]: row["orders"] for row in report["by_promo_code"]} == {None: 3, "=HALF": 1}
    assert {row["show_id"] for row in report["shows"]} == {str(show.id) for show in season}
    assert total["refunds"] == "33.33"


async def test_reports_of_shows_add_up_to_the_report_of_all(seller: BackOffice, season: Sequence[OnSale]) -> None:
    total = (await seller.get("/report")).body["total"]
    of_each = [(await seller.get(f"/report?show_id={show.id}")).body["total"] for show in season]
    assert added_up(of_each) == figures_of(total)
    alone = [(await seller.get(f"/shows/{show.id}/report")).body["total"] for show in season]
    assert added_up(alone, AMOUNTS) == figures_of(total, AMOUNTS)


async def test_files_have_the_reports_sums(seller: BackOffice, season: Sequence[OnSale]) -> None:
    report = (await seller.get("/report")).body
    assert added_up(await rows_of(seller)) == figures_of(report["total"])
    sheets = await sheets_of(seller)
    assert [*sheets] == [*SHEETS, "Rows"]
    assert added_up(sheets["Rows"]) == figures_of(report["total"])
    for title, part in SHEETS.items():
        names = FIGURES[1:] if part == "tickets" else FIGURES
        assert [figures_of(row, names) for row in sheets[title]] == [figures_of(row, names) for row in report[part]]


async def test_names_and_codes_are_no_formulas(seller: BackOffice, season: Sequence[OnSale]) -> None:
    rows = await rows_of(seller)
    assert {row["ticket"] for row in rows} == {"'=Stalls", "Free"}
    assert {row["promo_code"] for row in rows} == {"'=HALF", ""}
    assert "'@Macbeth" in {row["show"] for row in rows}
    sheets = await sheets_of(seller)
    assert {row["ticket"] for row in sheets["Rows"]} == {"=Stalls", "Free"}  # cells of text


async def test_a_period_has_its_days(seller: BackOffice, season: Sequence[OnSale]) -> None:
    days = [date.fromisoformat(row["date"]) for row in (await seller.get("/report")).body["by_day"]]
    yesterday, tomorrow = days[0] - timedelta(days=1), days[-1] + timedelta(days=1)
    for filters, expected in (
        (f"?first_day={days[0]}&last_day={days[-1]}", 4),
        (f"?first_day={yesterday}", 4),
        (f"?last_day={tomorrow}", 4),
        (f"?last_day={yesterday}", 0),
        (f"?first_day={tomorrow}", 0),
    ):
        report = (await seller.get(f"/report{filters}")).body
        assert report["total"]["orders"] == expected, filters
        rows = await rows_of(seller, filters)
        assert added_up(rows, ["orders"])["orders"] == expected
    refused = await seller.get(f"/report?first_day={tomorrow}&last_day={yesterday}")
    assert (refused.status, refused.body["field"]) == (400, "last_day")


async def test_a_run_has_its_shows(seller: BackOffice, season: Sequence[OnSale], box_office: BoxOffice) -> None:
    made = await seller.post("/productions", {"title": "Macbeth"})
    await box_office.change_show(season[1], production_id=made.body["id"])
    report = (await seller.get(f"/report?production_id={made.body['id']}")).body
    assert [row["title"] for row in report["shows"]] == ["@Macbeth"]
    assert report["total"]["orders"] == 1


async def test_a_producer_who_sold_nothing_has_a_report(seller: BackOffice) -> None:
    report = (await seller.get("/report")).body
    assert (report["total"]["orders"], report["total"]["net"], report["by_day"]) == (0, "0.00", [])
    assert await rows_of(seller) == []
    assert (await sheets_of(seller))["Rows"] == []


async def test_a_report_is_for_those_who_may_see_orders(
    seller: BackOffice, office: BackOffice, season: Sequence[OnSale]
) -> None:
    door = await seller.with_scopes(Scope.CHECKIN, Scope.CATALOG)
    for path in ("/report", "/report.csv", "/report.xlsx"):
        assert (await office.get(f"{path}?show_id={season[0].id}")).status == 404
        assert (await office.get(f"{path}?production_id={uuid4()}")).status == 404
        assert (await door.get(path)).status == 403
        assert (await seller.with_secret(None).get(path)).status == 401
    theirs = {row["show_id"] for row in (await office.get("/report")).body["shows"]}
    assert theirs.isdisjoint(str(show.id) for show in season)
