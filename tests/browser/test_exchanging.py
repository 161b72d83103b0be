"""A buyer who cannot come: other names on tickets, another evening, by keyboard, without scripts, on a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.buyer import STRIPE_PAGE, Buyer
from tests.browser.conftest import Buyers
from tests.browser.test_developers import tab_to
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import producer, ticket


@pytest.fixture
async def evenings(box_office: BoxOffice) -> tuple[OnSale, OnSale]:
    """Friday, whose tickets may be changed, and Saturday."""
    by = producer()
    friday = await box_office.put_on_sale(
        ticket(), by=by, title="Friday", renames_until_hours=1, exchanges_until_hours=1
    )
    dearer = ticket(name="Box", price=45_00)
    return friday, await box_office.put_on_sale(ticket(), dearer, by=by, title="Saturday")


def page_of(order: Json, placed: Json) -> str:
    """The order's page, opened by its token."""
    return f"/shows/{order['show']['id']}/orders/{order['order_id']}?token={placed['order_token']}"


@pytest.fixture
async def page(box_office: BoxOffice, evenings: tuple[OnSale, OnSale]) -> str:
    """The page of Ada's paid order of two tickets for Friday."""
    friday, _ = evenings
    placed = (await box_office.checkout(friday.cart(2))).created()
    await box_office.pay(placed)
    await box_office.come_back(placed)
    return page_of((await box_office.order(placed)).body, placed)


async def test_name_is_changed_by_keyboard(buyer: Buyer, page: str) -> None:
    await buyer.open(page)
    await tab_to(buyer.page, "Another person is coming")
    await buyer.page.keyboard.press("Enter")
    await tab_to(buyer.page, "Their name")
    await buyer.page.keyboard.type("R2-D2")
    await buyer.page.keyboard.press("Enter")
    await expect(buyer.page.get_by_role("alert")).to_be_visible()
    wrong = buyer.page.locator("[aria-invalid=true]")
    await expect(wrong).to_have_value("R2-D2")
    await wrong.fill("Grace Hopper")
    await wrong.press("Enter")
    tickets = buyer.page.locator(".attendees li")
    await expect(tickets.first).to_contain_text("Grace Hopper")
    await expect(tickets.last).to_contain_text("Ada Lovelace")


async def test_name_is_changed_without_scripts_on_a_phone(buyers: Buyers, page: str) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    await buyer.open(page)
    await buyer.page.get_by_text("Another person is coming").last.click()
    await buyer.page.get_by_label("Their name").last.fill("Grace Hopper")
    await buyer.page.get_by_role("button", name="Change the name").last.click()
    await expect(buyer.page.locator(".attendees li").last).to_contain_text("Grace Hopper")


async def test_dearer_evening_is_chosen_by_keyboard_and_paid(
    buyer: Buyer, box_office: BoxOffice, page: str, evenings: tuple[OnSale, OnSale]
) -> None:
    friday, saturday = evenings
    window = buyer.page
    await buyer.open(page)
    for step in ("Exchange for another date", "Saturday"):
        await tab_to(window, step)
        await window.keyboard.press("Enter")
        await buyer.sees("Exchange tickets")
    await window.get_by_role("radio", name="Stalls").focus()
    await window.keyboard.press("ArrowDown")
    await expect(window.get_by_label("Box")).to_be_checked()
    await tab_to(window, "Ada Lovelace")
    await window.keyboard.press("Space")
    await tab_to(window, "See what it costs")
    await window.keyboard.press("Enter")
    await expect(window.get_by_role("heading", name="What it costs")).to_be_visible()
    await expect(window.get_by_text("To pay:")).to_contain_text("$")
    await tab_to(window, "Exchange and pay")
    await window.keyboard.press("Enter")
    await window.wait_for_url(STRIPE_PAGE)
    await buyer.press("paid")
    await buyer.is_in()
    assert await box_office.counters(saturday) == [(0, 0), (0, 1)]
    assert await box_office.counters(friday) == [(0, 1)]


async def test_no_one_chosen_is_an_error_beside_the_names(buyer: Buyer, page: str) -> None:
    await buyer.open(page.replace("?", "/exchange?"))
    await buyer.page.get_by_role("link", name="Saturday").click()
    await buyer.page.get_by_label("Box").check()
    for box in await buyer.page.get_by_role("checkbox").all():
        await box.uncheck()
    await buyer.page.get_by_role("button", name="See what it costs").click()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("Choose at least one person")
    await expect(buyer.page.locator("#whom .error")).to_be_visible()
    await expect(buyer.page.get_by_label("Box")).to_be_checked()
    await buyer.page.get_by_role("alert").get_by_role("link").click()
    await expect(buyer.page.locator("#whom")).to_be_focused()


async def test_same_price_is_exchanged_without_scripts_on_a_phone(
    buyers: Buyers, box_office: BoxOffice, page: str, evenings: tuple[OnSale, OnSale]
) -> None:
    friday, saturday = evenings
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    await buyer.open(page)
    await buyer.page.get_by_role("link", name="Exchange for another date").click()
    await buyer.page.get_by_role("link", name="Saturday").click()
    await buyer.page.get_by_role("radio", name="Stalls").check()
    await buyer.page.get_by_role("button", name="See what it costs").click()
    await expect(buyer.page.get_by_text("nothing is due")).to_be_visible()
    await buyer.page.get_by_role("button", name="Exchange now").click()
    await buyer.is_in()
    assert await box_office.counters(saturday) == [(0, 2), (0, 0)]
    assert await box_office.counters(friday) == [(0, 0)]
