"""A day at the theatre, by a person who knows the pages only: what each task takes, and that it does what it should.

``pytest -o junit_family=xunit1 --junit-xml=FILE`` has the clicks, keys, pages and seconds of each task as properties
of the test.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final

import openpyxl
import pytest
from playwright.async_api import expect

from domain.orders import AttendeeStatus
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.hand import Hand
from tests.browser.office import sign_in
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import producer, ticket
from tests.support.server import Service

pytestmark = pytest.mark.p2

DAY: Final = timedelta(days=1)
Record = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Day:
    """The theatre's show in a week, of which three orders are paid online and one in cash."""

    buyer: Buyer
    box_office: BoxOffice
    office: BackOffice
    on_sale: OnSale
    order: Json

    def hand(self) -> Hand:
        return Hand(self.buyer.page)


@pytest.fixture
async def day(buyer: Buyer, box_office: BoxOffice, service: Service) -> Day:
    by = producer(name="Lantern Theatre")
    start = datetime.now(UTC).replace(microsecond=0) + 7 * DAY
    on_sale = await box_office.put_on_sale(
        ticket(name="Stalls", price=25_00),
        by=by,
        title="The Cherry Orchard",
        door_time=start,
        start_time=start,
        end_time=start + timedelta(hours=2),
    )
    office = await open_back_office(box_office, service.container, by)
    ada = {"name": "Ada Lovelace", "email": "ada@lovelase.example"}
    order = await box_office.buy(on_sale.cart(3), customer=ada)
    for name in ("Grace Hopper", "Mary Somerville"):
        customer = {"name": name, "email": f"{name.split()[0].lower()}@example.org"}
        await box_office.buy(on_sale.cart(2), customer=customer)
    await office.post(f"/shows/{on_sale.id}/orders", {**on_sale.cart(1), "payment": "cash"})
    await sign_in(buyer, service, by, Role.OWNER)
    await buyer.open("/office")
    return Day(buyer, box_office, office, on_sale, order)


async def set_up(day: Day, hand: Hand) -> None:
    """A run of twelve evenings in a house of 120, at two prices, with eight places for the press."""
    page = hand.page
    await hand.go("Shows")
    await hand.go("New run")
    await hand.type("Title", "Hamlet")
    for field, text in (
        ("capacity-0-name", "House"),
        ("capacity-0-size", "120"),
        ("ticket-0-name", "Full price"),
        ("ticket-0-price", "25"),
        ("ticket-1-name", "Child"),
        ("ticket-1-price", "12"),
    ):
        await hand.write(page.locator(f"#{field}"), text)
    await hand.go("Add the run")
    await hand.go("Add shows")
    await hand.type("From", "2050-03-03")
    await hand.type("Number of shows", "12")
    await hand.type("Hours", "20:00")
    for weekday in ("Thursday", "Friday", "Saturday"):
        await hand.click(page.get_by_label(weekday))
    await hand.go("See the shows")
    await hand.go("Add these 12 shows")
    await hand.go("Keep places off sale")
    await hand.type("Name", "Press")
    await hand.type("Places in each show", "8")
    await hand.go("See what it would do")
    await expect(page.get_by_role("row", name="They are kept.")).to_have_count(12)
    await hand.go("Keep them")
    await expect(page.get_by_role("status")).to_have_text("The places are off public sale.")


async def publish(day: Day, hand: Hand) -> None:
    await hand.follow(hand.page.get_by_role("button", name=re.compile("^Publish")))
    await hand.follow(hand.page.locator("button[name=sure]"))
    await expect(hand.page.get_by_role("status")).to_have_text("The shows were changed.")
    shows = (await day.office.get("/shows?limit=50")).body["items"]
    assert [show["published"] for show in shows] == [True] * 13


async def find(day: Day, hand: Hand) -> None:
    """Ada Lovelace, whose name is half remembered."""
    await hand.go("Orders")
    await hand.write(hand.page.locator("#q"), "lovlace")
    await hand.enter()
    await hand.follow(hand.page.locator("a.row-link"))
    await expect(hand.page.get_by_role("heading", level=1)).to_contain_text(day.order["number"])


async def correct(day: Day, hand: Hand) -> None:
    await hand.go("Correct the buyer's data")
    await hand.type("E-mail address", "ada@lovelace.example")
    await hand.enter()
    await expect(hand.page.get_by_role("status")).to_have_text("The buyer's data is corrected.")


async def refund_one(day: Day, hand: Hand) -> None:
    """One of three."""
    await hand.go("Refund")
    await hand.click(hand.page.get_by_label("Ada Lovelace").first)
    await hand.go("See what this does")
    await hand.follow(hand.page.get_by_role("button", name=re.compile(r"^Refund \$")))
    await expect(hand.page.get_by_role("status")).to_contain_text("The tickets are void")
    order = await day.box_office.stored_order(day.order)
    assert [each.status for each in order.attendees].count(AttendeeStatus.VOID) == 1


async def cancel(day: Day, hand: Hand) -> None:
    """The whole show; the page says when everyone is paid back."""
    await hand.go("Shows")
    await hand.go("The Cherry Orchard")
    await hand.go("Cancel the show")
    await hand.click(hand.page.get_by_label("Yes, cancel this show for good"))
    await hand.go("Cancel the show")
    await expect(hand.page.locator(".work-bar")).to_contain_text("4 of 4 orders refunded")


async def count_money(day: Day, hand: Hand) -> None:
    """The day's money by payment method, as a spreadsheet."""
    page = hand.page
    await hand.go("Reports")
    await hand.follow(page.locator("main").get_by_role("link", name="Today"))
    async with page.expect_download() as coming:
        await hand.click(page.get_by_role("link", name="Spreadsheet (XLSX)"))
    content = Path(await (await coming.value).path()).read_bytes()  # noqa: ASYNC240  # a small local file
    book = openpyxl.load_workbook(BytesIO(content))
    sheet = next(each for each in book if "payment" in each.title.casefold())
    rows = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert {"Online", "Cash"} <= rows.keys(), rows


#: The tasks, in the order of the day, and the most clicks that each may take.
TASKS: Final[tuple[tuple[Callable[[Day, Hand], Awaitable[None]], int], ...]] = (
    (set_up, 24),
    (publish, 2),
    (find, 3),
    (correct, 2),
    (refund_one, 4),
    (cancel, 5),
    (count_money, 3),
)


async def test_a_day_at_the_theatre(day: Day, record_property: Record) -> None:
    for task, most_clicks in TASKS:
        hand = day.hand()
        await task(day, hand)
        taken = {"clicks": hand.clicks, "keys": hand.keys, "pages": hand.pages, "seconds": round(hand.seconds, 1)}
        record_property(task.__name__, taken)
        assert hand.clicks <= most_clicks, (task.__name__, taken)
