"""The office's account, branding and tokens in a browser: by keyboard, without scripts, on a phone, checked by axe."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from domain.catalog import Producer
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.test_accessibility import AXE, LOOKS, rules_of, troubles
from tests.browser.test_developers import tab_to
from tests.support.back_office import open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service

PAGES = ["/office/account", "/office/account/stripe", "/office/branding", "/office/tokens"]


@pytest.fixture
async def by(box_office: BoxOffice, service: Service) -> Producer:
    new = producer(name="Lantern Theatre", account=None, charges_enabled=False)
    await open_back_office(box_office, service.container, new)
    return new


async def test_owner_sets_up_payouts_without_scripts_on_a_phone(buyers: Buyers, service: Service, by: Producer) -> None:
    buyer = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = buyer.page
    await sign_in(buyer, service, by, Role.OWNER)
    await buyer.open("/office/account")
    await expect(page.get_by_text("Not set up yet.")).to_be_visible()
    await page.get_by_role("button", name="Set up payouts at Stripe").click()
    await page.wait_for_url(re.compile("/setup/"))
    await page.locator("button[value=complete]").click()
    await page.wait_for_url(re.compile("done=back-from-stripe"))
    await expect(page.get_by_text("Buyers can pay, and Stripe pays you out.")).to_be_visible()


async def test_owner_changes_the_account_by_keyboard(buyer: Buyer, service: Service, by: Producer) -> None:
    page = buyer.page
    await sign_in(buyer, service, by, Role.OWNER)
    await buyer.open("/office/account")
    await tab_to(page, "Name")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("Beacon Theatre")
    await tab_to(page, "The buyer")
    await page.keyboard.press("ArrowDown")
    await tab_to(page, "Save")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("The account was changed")
    await expect(page.get_by_label("Name")).to_have_value("Beacon Theatre")
    await expect(page.get_by_label("You", exact=True)).to_be_checked()


async def test_mistakes_are_named_and_lead_to_their_field(buyer: Buyer, service: Service, by: Producer) -> None:
    page = buyer.page
    await sign_in(buyer, service, by, Role.OWNER)
    await buyer.open("/office/account")
    await page.get_by_label("E-mail").evaluate("field => { field.form.noValidate = true; }")
    await page.get_by_label("E-mail").fill("nonsense")
    await page.get_by_label("E-mail").press("Enter")
    await page.get_by_role("alert").get_by_role("link").click()
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await expect(page.get_by_label("E-mail")).to_have_value("nonsense")


async def test_colour_is_tried_and_saved(buyer: Buyer, service: Service, by: Producer) -> None:
    page = buyer.page
    await sign_in(buyer, service, by, Role.MANAGER)
    await buyer.open("/office/branding")
    await page.get_by_label("Colour", exact=True).fill("#0b6e4f")
    await page.get_by_role("button", name="Try the colour").click()
    await expect(page.get_by_text("nothing is saved yet")).to_be_visible()
    sample = page.locator(".sample .button").first
    assert await sample.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(11, 110, 79)"
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("All of your pages look like this now.")).to_be_visible()


async def test_token_is_made_and_revoked_by_keyboard(buyer: Buyer, service: Service, by: Producer) -> None:
    page = buyer.page
    await sign_in(buyer, service, by, Role.OWNER)
    await buyer.open("/office/tokens")
    await tab_to(page, "Name")
    await page.keyboard.type("North door")
    await tab_to(page, "Door")
    await page.keyboard.press("Space")
    await tab_to(page, "Make the token")
    await page.keyboard.press("Enter")
    await expect(page.locator(".secret")).to_contain_text("pqt_")
    await page.get_by_role("link", name="Revoke North door").press("Enter")
    await tab_to(page, "Revoke it")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The token opens nothing any more.")).to_be_visible()


async def test_pages_are_light_and_open_to_everybody(buyers: Buyers, service: Service, by: Producer) -> None:
    buyer = await buyers(reduced_motion="reduce")
    await sign_in(buyer, service, by, Role.OWNER)
    found = {}
    for path in PAGES:
        await buyer.open(path)
        await buyer.page.evaluate(AXE)
        for look, rules in rules_of(LOOKS[1:3]):
            found[path, look] = await troubles(buyer.page, look, rules)
    assert {where: what for where, what in found.items() if what} == {}
