"""The office's page of reports, and its files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from domain.people import Role
from entrypoints.office.reports import FILE_WORDS
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import promo_code, ticket
from tests.support.staff import Page, Staff, Visitor

CASH = {"customer": {"name": "Ada", "email": "ada@example.org"}, "payment": "cash"}
EVER = "first_day=&last_day="


@pytest.fixture
async def season(office: BackOffice, box_office: BoxOffice) -> Sequence[OnSale]:
    """Two shows, with an order at the counter for each, one with a code, and a free one from the web."""
    code = promo_code(code="HALF", discount="0.5")
    first = await box_office.put_on_sale(
        ticket(price=2000, name="Stalls"),
        ticket(price=0, name="<b>Free</b>"),
        promo_codes=[code],
        by=office.producer,
        title="Hamlet",
    )
    second = await box_office.put_on_sale(ticket(price=1000, name="Stalls"), by=office.producer, title="Macbeth")
    await box_office.checkout(first.cart(0, 2))
    await office.post(f"/shows/{first.id}/orders", {**CASH, "promo_code": code.code, **first.cart(2, 0)})
    await office.post(f"/shows/{second.id}/orders", {**CASH, "payment": "other", **second.cart(3)})
    return [first, second]


def table(page: Page, caption: str) -> dict[str, list[str]]:
    """The rows of a table of the page, by their heads."""
    (found,) = (part for part in page.html.split("<table>") if re.search(rf"<caption[^>]*>{caption}<", part))
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", found.partition("</table>")[0], re.DOTALL)[1:]
    cells = [[_bare(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]
    return {head: figures for head, *figures in cells}


def _bare(cell: str) -> str:
    return re.sub("<[^>]*>", "", re.sub(r"<span.*?</span>", "", cell, flags=re.DOTALL)).strip()


async def test_a_report_says_what_was_sold(owner: Staff, season: Sequence[OnSale]) -> None:
    page = await owner.get("/office/reports")
    assert page.status == 200
    assert "All shows" in page.text
    assert "Orders 3" in page.text
    assert "Tickets 7" in page.text
    paid = ["3", "7", "$70.00", "-$20.00", "$50.00", "$0.00", "$0.00", "$50.00"]
    assert table(page, "Shows") == {
        "Hamlet": ["2", "4", "$40.00", "-$20.00", "$20.00", "$0.00", "$0.00", "$20.00"],
        "Macbeth": ["1", "3", "$30.00", "$0.00", "$30.00", "$0.00", "$0.00", "$30.00"],
        "Total": paid,
    }
    assert [*table(page, "Ticket types")] == ["Stalls", "&lt;b&gt;Free&lt;/b&gt;", "Total"]
    assert [*table(page, "Payments")] == ["Other, at the counter", "Cash", "Online", "Total"]
    assert table(page, "Channels")["Counter"][0] == "2"
    assert [*table(page, "Promo codes")] == ["Without a code", "HALF", "Total"]
    assert sum(int(figures[0]) for head, figures in table(page, "Days").items() if head != "Total") == 3
    assert "What buyers paid by day" in page.text
    assert "<svg" in page.html


async def test_files_have_the_sums_of_the_page(owner: Staff, season: Sequence[OnSale]) -> None:
    page = await owner.get(f"/office/reports?{EVER}")
    total = table(page, "Shows")["Total"]
    shown = {"orders": total[0], "tickets": total[1], "gross": total[2], "paid": total[4], "net": total[7]}
    expected = {name: Decimal(text.replace("$", "").replace(",", "")) for name, text in shown.items()}
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/office/reports/report\.[^"]*)"', page.html)]
    assert len(links) == 2
    for link in links:
        answer = await owner.get(link)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "private, no-store"
        rows = _rows_of(answer)
        heads = FILE_WORDS.heads
        assert {name: sum(Decimal(str(row[heads[name]])) for row in rows) for name in expected} == expected
        assert {row["Payment"] for row in rows} == {"Online", "Cash", "Other, at the counter"}


async def test_the_spreadsheet_says_what_the_page_says(owner: Staff, season: Sequence[OnSale]) -> None:
    """Heads in words, no number of orders where they are not counted, and the sums below each table."""
    page = await owner.get(f"/office/reports?{EVER}")
    total = table(page, "Payments")["Total"]
    book = load_workbook(io.BytesIO((await owner.get(f"/office/reports/report.xlsx?{EVER}")).content))
    for title in ("Days", "Shows", "Ticket types", "Payments", "Channels", "Promo codes"):
        head, *rows = book[title].iter_rows(values_only=True)
        assert {"Orders", "Tickets", "Prices", "Buyers paid", "Refunds", "You keep"} <= {*head}, title
        last = dict(zip(head, rows[-1], strict=True))
        paid = f"${Decimal(str(last['Buyers paid'])):.2f}"
        assert (rows[-1][0], str(last["Tickets"]), paid) == ("Total", total[1], total[4]), title
        for name in ("Tickets", "Buyers paid", "Refunds", "You keep"):
            column = head.index(name)
            assert sum(Decimal(str(row[column])) for row in rows[:-1]) == Decimal(str(rows[-1][column])), (title, name)
    assert [row[1] for row in book["Ticket types"].iter_rows(min_row=2, values_only=True)] == [None] * (
        book["Ticket types"].max_row - 1
    )


def _rows_of(answer: Page) -> list[dict[str, object]]:
    if answer.headers["Content-Type"].startswith("text/csv"):
        return [dict(row) for row in csv.DictReader(io.StringIO(answer.html))]
    head, *rows = load_workbook(io.BytesIO(answer.content))["Rows"].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


async def test_a_period_and_a_show_can_be_chosen(owner: Staff, season: Sequence[OnSale]) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()
    nothing = await owner.get(f"/office/reports?first_day={tomorrow}&last_day=")
    assert "Nothing was sold or given back here in this time." in nothing.text
    show = await owner.get(f"/office/reports?show={season[1].id}")
    assert "Macbeth · All time" in show.text
    assert "Orders 1" in show.text
    assert [*table(show, "Payments")] == ["Other, at the counter"]
    assert "Promo codes" not in show.text
    for figure in ("net", "refunds", "tickets", "orders", "paid", "nonsense"):
        for by in ("day", "week", "month", "", "nonsense"):
            assert (await owner.get(f"/office/reports?figure={figure}&by={by}&{EVER}")).status == 200
    weeks = await owner.get(f"/office/reports?by=week&{EVER}")
    assert sum(int(figures[0]) for head, figures in table(weeks, "Weeks").items() if head != "Total") == 3


async def test_a_run_can_be_chosen(
    owner: Staff, office: BackOffice, box_office: BoxOffice, season: Sequence[OnSale]
) -> None:
    made = await office.post("/productions", {"title": "The Scottish play"})
    await box_office.change_show(season[1], production_id=made.body["id"])
    run = await owner.get(f"/office/reports?run={made.body['id']}")
    assert "The Scottish play · All time" in run.text
    assert [*table(run, "Shows")] == ["Macbeth"]


async def test_what_cannot_be_read_is_said_beside_its_field(owner: Staff, season: Sequence[OnSale]) -> None:
    for query, words in (
        ("first_day=yesterday&last_day=", "Please write the day as 2026-12-31."),
        ("first_day=2026-02-02&last_day=2026-02-01", "The last day is before the first."),
        ("show=nonsense", "Please choose one of the list."),
    ):
        page = await owner.get(f"/office/reports?{query}")
        assert page.status == 400
        assert words in page.text
        for kind in ("csv", "xlsx"):
            assert (await owner.get(f"/office/reports/report.{kind}?{query}")).status == 400


async def test_a_producer_who_sold_nothing_sees_so(owner: Staff) -> None:
    for query in ("", EVER):
        page = await owner.get(f"/office/reports?{query}")
        assert page.status == 200
        assert "Nothing was sold or given back here in this time." in page.text


async def test_reports_are_for_those_who_may_see_figures(
    hire: Hire, stranger: Staff, visitor: Visitor, season: Sequence[OnSale]
) -> None:
    paths = [f"/office/reports{path}?{EVER}" for path in ("", "/report.csv", "/report.xlsx")]
    for role in Role:
        member = await hire(role)
        expected = 200 if role in (Role.OWNER, Role.MANAGER, Role.VIEWER) else 403
        assert [(await member.get(path)).status for path in paths] == [expected] * 3, role
    assert [(await visitor.get(path)).status for path in paths] == [303] * 3
    for path in paths:
        assert (await stranger.get(f"{path}&show={season[0].id}")).status == 404
        assert (await stranger.get(f"{path}&run={uuid4()}")).status == 404
    for path in paths[:2]:
        assert "Hamlet" not in (await stranger.get(path)).html


async def test_a_long_season_is_still_a_light_page(owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
    for number in range(70):
        on_sale = await box_office.put_on_sale(ticket(price=0), by=office.producer, title=f"Show {number} " + "א" * 180)
        await box_office.checkout(on_sale.cart(1))
    page = await owner.get(f"/office/reports?{EVER}")
    assert len(page.content) < 100_000
    assert "11 others" in page.text
    assert table(page, "Shows")["Total"][0] == "70"
