"""The office's reports in a browser: by keyboard, without scripts, on a phone, in print, and open to all."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from domain.catalog import Producer
from domain.orders import OrderStatus
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.test_accessibility import _LOADED, _TOO_SMALL, AXE, KIB, LOOKS, rules_of, troubles
from tests.support.box_office import BoxOffice
from tests.support.factories import order, producer, ticket
from tests.support.server import Service

LONG = "דונאודאמפפשיפפאהרטסגזלשאפטסקאפיטנסמיצנשירם"


async def a_season(box_office: BoxOffice) -> Producer:
    """A producer with orders on many days, for shows with very long and right-to-left names."""
    seller = producer()
    for number, title in enumerate(("Hamlet", LONG * 3, "W" * 190)):
        kinds = [ticket(price=2500, name=LONG), ticket(price=1000, name="Concession")]
        on_sale = await box_office.put_on_sale(*kinds, by=seller, title=title)
        made = [
            replace(
                order((kind, 1 + day % 3), by=seller, status=OrderStatus.COMPLETED),
                completed_at=datetime.now(UTC) - timedelta(days=day * 2 + number),
            )
            for day in range(12)
            for kind in on_sale.tickets
        ]
        await box_office.store(*made)
    return seller


@pytest.fixture
async def season(box_office: BoxOffice) -> Producer:
    return await a_season(box_office)


async def tab_to(page: Page, label: str) -> None:
    """Go on by the tab key until the field or button with this name has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        name = "() => { const at = document.activeElement; return at.labels?.[0]?.innerText ?? at.innerText; }"
        if await page.evaluate(name) == label:
            return
    raise AssertionError(f"The tab key does not lead to {label}")


async def test_a_report_is_asked_for_by_keyboard_without_scripts(
    buyers: Buyers, service: Service, season: Producer
) -> None:
    window = await buyers(java_script_enabled=False)
    await sign_in(window, service, season, Role.VIEWER)
    await window.open("/office/reports")
    page = window.page
    await expect(page.get_by_role("definition").first).to_be_visible()
    await page.get_by_label("In the chart").select_option(label="Tickets")
    await page.get_by_label("By", exact=True).select_option(label="Week")
    await page.get_by_role("button", name="Show").press("Enter")
    await expect(page).to_have_url(re.compile("figure=tickets.*by=week"))
    await expect(page.get_by_role("img", name="Tickets by week")).to_be_visible()
    await page.get_by_text("The same figures as a table").press("Enter")
    await expect(page.get_by_role("table", name="Tickets by week")).to_be_visible()
    await page.get_by_role("link", name="Hamlet").press("Enter")
    await expect(page.locator(".report-about")).to_contain_text("Hamlet")


async def test_fields_are_reached_by_the_tab_key(buyer: Buyer, service: Service, season: Producer) -> None:
    await sign_in(buyer, service, season, Role.MANAGER)
    await buyer.open("/office/reports")
    await tab_to(buyer.page, "Yesterday")
    await tab_to(buyer.page, "In the chart")
    await buyer.page.keyboard.press("ArrowDown")
    await tab_to(buyer.page, "Show")
    await buyer.page.keyboard.press("Enter")
    await expect(buyer.page.get_by_role("img", name="What you keep by day")).to_be_visible()


async def test_a_report_is_light_and_open_to_all(buyer: Buyer, service: Service, season: Producer) -> None:
    await sign_in(buyer, service, season, Role.OWNER)
    for address in (
        "/office/reports",
        "/office/reports?first_day=2020-01-01&last_day=2020-01-02",
        "/office/reports?first_day=2020-02-02&last_day=2020-01-02",
    ):
        await buyer.open(address)
        weights = [each["weight"] for each in await buyer.page.evaluate(_LOADED)]
        assert 0 < sum(weights) < 100 * KIB, weights
        await buyer.page.evaluate(AXE)
        for look, rules in rules_of(LOOKS):
            found = await troubles(buyer.page, look, rules)
            assert [*found, *await buyer.page.evaluate(_TOO_SMALL)] == [], (address, look)


async def test_a_printed_report_has_the_figures_and_no_controls(
    buyer: Buyer, service: Service, season: Producer
) -> None:
    await sign_in(buyer, service, season, Role.OWNER)
    await buyer.open("/office/reports")
    await buyer.page.emulate_media(media="print")
    try:
        await expect(buyer.page.get_by_role("button", name="Show")).to_be_hidden()
        await expect(buyer.page.get_by_role("navigation", name="Periods")).to_be_hidden()
        await expect(buyer.page.get_by_role("table", name="Payments")).to_be_visible()
        assert await buyer.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        await expect(buyer.page.get_by_role("img", name="What buyers paid by day")).to_be_visible()
    finally:
        await buyer.page.emulate_media(media="screen")
