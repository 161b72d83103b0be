"""The counter: by keyboard alone, without scripts, on a phone, when answers are lost, in light and dark."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.office_counter_views import counter_tickets, counter_views
from tests.browser.test_accessibility import Inspection
from tests.support.box_office import BoxOffice, OnSale
from tests.support.counter import COUNTER, Till
from tests.support.factories import producer, ticket
from tests.support.server import Service

log = logging.getLogger(__name__)

SALES = 10
HOUR = timedelta(hours=1)


async def tonight(box_office: BoxOffice, *tickets: Any) -> OnSale:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR / 2
    return await box_office.put_on_sale(
        *tickets, by=producer(), door_time=start - HOUR, start_time=start, end_time=start + 2 * HOUR
    )


@pytest.fixture
async def on_sale(box_office: BoxOffice) -> OnSale:
    return await tonight(
        box_office, ticket(name="Child", price=10_00, quantity=50), ticket(name="Adult", price=25_00, quantity=100)
    )


async def at_the_counter(buyer: Buyer, service: Service, on_sale: OnSale, *, cash: str = "100") -> Till:
    """A window at the counter, with an open shift."""
    seller = await sign_in(buyer, service, on_sale.producer, Role.BOX_OFFICE)
    till = Till(seller, on_sale)
    await till.open(seller="Ada", cash=cash)
    await buyer.open(COUNTER)
    await expect(buyer.page.get_by_role("heading", level=1)).to_have_text(on_sale.show.title)
    return till


class Keyboard:
    """A page's keyboard that counts what is pressed."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.presses = 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._page.keyboard.press(key)
            self.presses += 1


async def test_many_are_sold_by_keyboard_alone(buyer: Buyer, service: Service, on_sale: OnSale) -> None:
    """Two adults by card, and every other time a child in cash with change: no mouse, no tab key."""
    till = await at_the_counter(buyer, service, on_sale)
    page, keyboard = buyer.page, Keyboard(buyer.page)
    sales = page.locator(".till-sales li")
    began = time.perf_counter()
    for number in range(1, SALES + 1):
        if number % 2:
            await keyboard.press("ArrowDown", "2", "d", "Enter")
        else:
            await keyboard.press("c", "g", "2", "0", "Enter")
        await expect(page.locator("#sold")).to_contain_text("50.00 by card" if number % 2 else "Change $10.00")
        await expect(sales).to_have_count(min(number, 8))
    took = time.perf_counter() - began
    log.warning("%d sales: %.2f s and %.1f keys each", SALES, took / SALES, keyboard.presses / SALES)
    report = await till.report()
    assert f"All {SALES} 15 0 $300.00 $0.00 $300.00" in report.text
    assert "Cash $150.00" in report.text

    await keyboard.press("u")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Undo this sale?")
    await keyboard.press("Enter")
    await expect(page.locator("#sold")).to_contain_text("Give $10.00 in cash back.")
    await expect(page.locator(".till-line")).to_contain_text("Sold14")


async def test_keys_choose_change_and_leave_what_is_typed(buyer: Buyer, service: Service, on_sale: OnSale) -> None:
    await at_the_counter(buyer, service, on_sale)
    page, keyboard = buyer.page, Keyboard(buyer.page)
    total = page.locator("[data-total]")
    await keyboard.press("+", "+", "+", "-")
    await expect(total).to_have_text("$20.00")
    await keyboard.press("ArrowDown", "3")
    await expect(total).to_have_text("$95.00")
    await keyboard.press("f")
    await expect(total).to_have_text("$0.00")
    await keyboard.press("c", "g", "c", "1", "Escape", "0")
    await expect(page.locator("#given")).to_have_value("c1")
    await expect(total).to_have_text("$20.00")
    await page.get_by_label("Use these keys").uncheck()
    await page.locator("#desk").focus()
    await keyboard.press("9")
    await expect(total).to_have_text("$20.00")
    await page.get_by_label("Use these keys").check()


async def test_cash_is_rounded_while_it_is_typed(buyer: Buyer, service: Service, box_office: BoxOffice) -> None:
    on_sale = await tonight(box_office, ticket(name="Adult", price=12_33))
    async with box_office.unit_of_work() as uow:
        await uow.shifts.save_cash_rounding(on_sale.producer.id, 5)
        await uow.commit()
    await at_the_counter(buyer, service, on_sale)
    page = buyer.page
    await page.locator("[data-add]").first.click()
    await page.locator("input[value=cash]").check()
    await expect(page.locator("[data-in-cash]")).to_have_text("In cash $12.35")
    await expect(page.locator("[data-quick]").first).to_have_text("Exactly $12.35")
    await page.locator("#given").fill("20")
    await expect(page.locator("[data-change]")).to_have_text("Change $7.65")
    await page.locator("input[value=card]").check()
    await expect(page.locator("[data-in-cash]")).to_have_text("")
    await expect(page.locator("[data-total]")).to_have_text("$12.33")


async def test_a_lost_answer_is_asked_for_again_and_sells_once(buyer: Buyer, service: Service, on_sale: OnSale) -> None:
    till = await at_the_counter(buyer, service, on_sale)
    page, lost = buyer.page, 0

    async def lose(route: Route) -> None:
        """The server sells, and the answer does not arrive."""
        nonlocal lost
        if route.request.method == "POST" and lost < 2:
            lost += 1
            await route.fetch(max_redirects=0)
            await route.abort()
        else:
            await route.continue_()

    await page.route(f"**{till.path}", lose)
    await page.keyboard.press("2")
    await page.keyboard.press("c")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator("#sold")).to_contain_text("Sold: 2 Child, $20.00 in cash.")
    await page.unroute(f"**{till.path}")
    assert lost == 2
    await expect(page.locator(".till-sales li")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-state]")).to_have_text("Choose tickets first.")
    assert "All 1 2 0 $20.00" in (await till.report()).text


async def test_who_comes_too_late_reads_what_is_left(buyers: Buyers, service: Service, box_office: BoxOffice) -> None:
    on_sale = await tonight(box_office, ticket(name="Adult", price=25_00, quantity=1))
    first, second = [await buyers() for _ in range(2)]
    for each in (first, second):
        await at_the_counter(each, service, on_sale)
        await each.page.keyboard.press("1")
        await each.page.keyboard.press("d")
    await first.page.keyboard.press("Enter")
    await expect(first.page.locator("#sold")).to_contain_text("Sold: 1 Adult")
    await second.page.keyboard.press("Enter")
    await expect(second.page.get_by_role("alert")).to_be_focused()
    await expect(second.page.locator(".till-left")).to_have_text("None left")
    await expect(second.page.get_by_label("How many: Adult")).to_have_value("1")


async def test_without_scripts_three_acts_sell_on_a_phone(buyers: Buyers, service: Service, on_sale: OnSale) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    seller = await sign_in(buyer, service, on_sale.producer, Role.BOX_OFFICE)
    page = buyer.page
    await buyer.open(COUNTER)
    await page.get_by_label("Cash in the till now").fill("50")
    await page.get_by_role("button", name="Open the shift").click()
    await page.get_by_role("button", name="Adult $25.00").click()
    await expect(page.locator("[data-total]")).to_have_text("$25.00")
    await page.locator("input[value=cash]").check()
    await page.get_by_role("button", name="$30.00").click()
    await expect(page.locator("[data-change]")).to_have_text("Change $5.00")
    await page.locator("[data-sell]").click()
    await expect(page.locator("#sold")).to_contain_text("Sold: 1 Adult, $25.00 in cash. They are in. Change $5.00")
    await page.get_by_role("link", name="Undo").click()
    await page.get_by_role("button", name="Undo the sale").click()
    await expect(page.locator("#sold")).to_contain_text("Give $25.00 in cash back.")
    await page.get_by_role("link", name="Close the shift").click()
    await page.get_by_label("How many of $50.00").fill("1")
    await page.get_by_role("button", name="Add them up").click()
    await expect(page.locator("[data-sum]")).to_have_text("$50.00")
    await page.get_by_role("button", name="Close the shift").click()
    difference = page.locator("#till ~ * td", has_text="None").first
    await expect(difference).to_be_in_viewport()
    assert "Cash $50.00 $50.00 None" in (await seller.get(page.url.removeprefix(buyer.url))).text
    assert "Open a shift" in (await seller.get(f"{COUNTER}/{on_sale.id}")).text


async def test_tickets_are_printed_once_they_are_sold(buyers: Buyers, service: Service, on_sale: OnSale) -> None:
    buyer = await buyers()
    # A browser without a printer: it counts.
    await buyer.page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; };")
    await at_the_counter(buyer, service, on_sale)
    page = buyer.page
    await page.locator("summary").first.click()
    await page.get_by_label("Their tickets are printed").check()
    await page.locator("[data-add]").first.click()
    await page.locator("input[value=card]").check()
    await page.locator("[data-sell]").click()
    await expect(page.locator("#sold")).to_be_visible()
    await page.wait_for_function("window.printed === 1")
    await page.emulate_media(media="print")
    await expect(page.locator(".slip")).to_be_visible()
    await expect(page.locator(".slip svg")).to_be_visible()
    await expect(page.locator(".till-head")).to_be_hidden()
    await page.emulate_media(media="screen")
    await page.get_by_role("link", name="Print").first.click()
    await page.get_by_role("button", name="Print").click()
    await page.wait_for_function("window.printed === 1")


async def test_every_page_is_light_and_open_to_everybody(
    buyers: Buyers, service: Service, box_office: BoxOffice
) -> None:
    on_sale = await tonight(box_office, *counter_tickets())
    buyer = await buyers(reduced_motion="reduce")
    seller = await sign_in(buyer, service, on_sale.producer, Role.MANAGER)
    inspection = Inspection()
    await inspection.walk(buyer, await counter_views(box_office, buyer.url, seller, on_sale))
    assert {where: what for where, what in inspection.troubles.items() if what} == {}
    assert {name: weight for name, weight in inspection.weights.items() if not 0 < weight < 120 * 1024} == {}
    assert inspection.strangers == set()
