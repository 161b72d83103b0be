"""The office's first page in a browser: it renews itself, works by keyboard and without scripts, and fits a phone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import PATIENCE_MS, Buyers
from tests.browser.office import sign_in
from tests.browser.test_accessibility import KIB, LONG_WORD, Inspection
from tests.browser.views import View
from tests.support.factories import producer
from tests.support.server import Service
from tests.support.tonight import Tonight, open_tonight

#: A page asks again when it is looked at again, so no test waits for its clock.
LOOKED_AT = "() => { document.dispatchEvent(new Event('visibilitychange')) }"


@pytest.fixture
async def tonight(service: Service) -> Tonight:
    return await open_tonight(service.container, producer(name="Lantern Theatre", account=f"acct_{uuid4().hex}"))


async def rename(service: Service, tonight: Tonight, title: str) -> None:
    async with service.container.storage()() as uow:
        await uow.shows.save(replace(tonight.show, title=title))
        await uow.commit()


async def until_it_says(buyer: Buyer, text: str) -> None:
    """Look at the page again and again until it says so."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while text not in await buyer.page.locator("#main").inner_text():
            await buyer.page.evaluate(LOOKED_AT)
            await asyncio.sleep(0.1)


async def test_figures_renew_themselves_and_the_keyboards_place_stays(
    buyer: Buyer, service: Service, tonight: Tonight
) -> None:
    await sign_in(buyer, service, tonight.producer, Role.OWNER)
    await buyer.open("/office")
    page = buyer.page
    await page.get_by_role("link", name="Hamlet").focus()
    await rename(service, tonight, "Hamlet, Prince of Denmark")
    await until_it_says(buyer, "Prince of Denmark")
    await expect(page.get_by_role("link", name="Hamlet, Prince of Denmark")).to_be_focused()
    await expect(page.locator("#live-state")).to_be_hidden()


async def test_a_lost_connection_is_told_and_its_return_too(buyer: Buyer, service: Service, tonight: Tonight) -> None:
    await sign_in(buyer, service, tonight.producer, Role.OWNER)
    await buyer.open("/office")

    async def lose(route: Route) -> None:
        await route.abort()

    await buyer.page.route("**/office/live", lose)
    await until_it_says(buyer, "the connection is lost")
    await buyer.page.unroute("**/office/live", lose)
    await buyer.page.evaluate(LOOKED_AT)
    await expect(buyer.page.locator("#live-state")).to_be_hidden()


async def test_who_was_signed_out_is_told(buyer: Buyer, service: Service, tonight: Tonight) -> None:
    someone = await sign_in(buyer, service, tonight.producer, Role.OWNER)
    await buyer.open("/office")
    async with service.container.storage()() as uow:
        await uow.office_sessions.end(someone.session_id, person_id=someone.person.id)
        await uow.commit()
    await until_it_says(buyer, "You are signed out")


async def test_by_keyboard_alone(buyer: Buyer, service: Service, tonight: Tonight) -> None:
    await sign_in(buyer, service, tonight.producer, Role.OWNER)
    await buyer.open("/office/me/digest")
    page = buyer.page
    await page.get_by_label("Hour").focus()
    await page.keyboard.type("7")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Send it to me")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("The daily digest comes at that hour now.")
    await page.get_by_role("button", name="Stop it").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You do not get it now")).to_be_visible()


async def test_without_scripts(buyers: Buyers, service: Service, tonight: Tonight) -> None:
    buyer = await buyers(java_script_enabled=False)
    await sign_in(buyer, service, tonight.producer, Role.OWNER)
    await buyer.open("/office")
    page = buyer.page
    await expect(page.locator(".head-line")).to_contain_text("Still coming")
    await expect(page.locator(".alert")).to_have_count(2)
    await page.get_by_text("The same figures as a table").click()
    await expect(page.locator(".chart-table")).to_be_visible()
    await buyer.open("/office/me/digest")
    await page.get_by_label("Hour").select_option("21")
    await page.get_by_role("button", name="Send it to me").click()
    await expect(page.get_by_role("status")).to_be_visible()


async def test_it_is_light_and_open_to_everybody(buyers: Buyers, service: Service) -> None:
    """No violation in light or dark mode, on a phone or on a desk, with long names and with names from right to left.

    A page is under 100 KiB.
    """
    inspection = Inspection()
    for title in (LONG_WORD, "حلم ليلة في منتصف الصيف"):
        of = producer(name=title, account=f"acct_{uuid4().hex}")
        await open_tonight(service.container, of, title=title)
        buyer = await buyers(reduced_motion="reduce")
        await sign_in(buyer, service, of, Role.OWNER, name=LONG_WORD)
        views = [View(f"{path} of {title}", f"{buyer.url}{path}") for path in ("/office", "/office/me/digest")]
        await inspection.walk(buyer, views)
    assert {where: what for where, what in inspection.troubles.items() if what} == {}
    assert {name: weight for name, weight in inspection.weights.items() if not 0 < weight < 100 * KIB} == {}
    assert inspection.strangers == set()
