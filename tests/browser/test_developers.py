"""The API's description in a browser: found, read without scripts, tried with a token, by keyboard and on a phone."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service


@pytest.fixture
async def office(box_office: BoxOffice, service: Service) -> BackOffice:
    return await open_back_office(box_office, service.container, producer(name="Lantern Theatre"))


async def tab_to(page: Page, name: str) -> None:
    """Go on by the tab key until the element with this label or text has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate(
            """name => {
                const at = document.activeElement;
                return (at.labels?.[0]?.innerText ?? at.innerText ?? "").startsWith(name);
            }""",
            name,
        ):
            return
    raise AssertionError(f"The tab key does not lead to {name}")


async def test_operation_is_found_and_tried_by_keyboard(buyer: Buyer, office: BackOffice) -> None:
    page = buyer.page
    await buyer.open("/developers")
    await tab_to(page, "Find an operation")
    await page.keyboard.type("producer's account")
    await expect(page.get_by_text("2 found")).to_be_visible()
    await tab_to(page, "Get the producer's account")
    await page.keyboard.press("Enter")
    await buyer.sees("Get the producer's account")
    await tab_to(page, "Token")
    await page.keyboard.type(office.secret or "")
    await tab_to(page, "Send")
    await page.keyboard.press("Enter")
    answer = page.locator("#answer")
    await expect(answer.get_by_role("heading")).to_contain_text("200")
    assert json.loads(await answer.locator("pre").inner_text())["name"] == "Lantern Theatre"


async def test_token_is_kept_in_the_tab_until_it_is_forgotten(buyers: Buyers, office: BackOffice) -> None:
    buyer = await buyers()
    page = buyer.page
    await buyer.open("/developers/list_own_shows")
    await page.get_by_label("Token").fill(office.secret or "")
    await buyer.open("/developers/add_show")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#answer h3")).to_contain_text("201")
    await page.get_by_role("button", name="Forget it now").click()
    await page.reload()
    await expect(page.get_by_label("Token")).to_have_value("")
    other_tab = await page.context.new_page()
    await other_tab.goto(f"{buyer.url}/developers/add_show")
    await expect(other_tab.get_by_label("Token")).to_have_value("")


async def test_path_and_refusals_are_as_typed(buyer: Buyer, office: BackOffice) -> None:
    page = buyer.page
    await buyer.open("/developers/get_own_show")
    await page.get_by_label("Token").fill(office.secret or "")
    await page.get_by_label("show_id").fill("../x")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#answer h3")).to_contain_text("404")


async def test_files_are_offered_to_be_saved(buyer: Buyer, office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    page = buyer.page
    await buyer.open("/developers/export_orders_spreadsheet")
    await page.get_by_label("Token").fill(office.secret or "")
    await page.get_by_label("show_id").fill(str(on_sale.id))
    await page.get_by_role("button", name="Send").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Save the file").click()
    assert (await download.value).suggested_filename.endswith(".xlsx")


async def test_everything_is_read_without_scripts_on_a_phone(buyers: Buyers) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    await buyer.open("/developers")
    await buyer.page.get_by_role("link", name="Add a promo code").click()
    await buyer.sees("Add a promo code")
    await expect(buyer.page.locator("pre").first).to_contain_text('"code": "FRIENDS20"')
    await expect(buyer.page.get_by_role("button", name="Send")).to_be_hidden()
    await expect(buyer.page.get_by_text("With scripts, this page can send")).to_be_visible()
