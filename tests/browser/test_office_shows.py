"""The office's pages about shows in a browser: by keyboard, without scripts, on a phone; and for everybody."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from domain.catalog import Producer
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.office_show_views import show_views
from tests.browser.test_accessibility import AXE, DRESS, LOOKS, RULES, troubles
from tests.support.box_office import BoxOffice
from tests.support.factories import producer, ticket
from tests.support.server import Service

KIB = 1024
_WEIGHT = """() => ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type))
    .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
#: Controls that are too small for a finger. The label of a box that is ticked is part of it.
_TOO_SMALL = """() => [...document.querySelectorAll("button, input, select, summary, .button, .tabs a")]
    .filter(e => e.type !== "hidden")
    .filter(e => !["checkbox", "radio"].includes(e.type) && e.checkVisibility({visibilityProperty: true}))
    .filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 44).map(e => `too small: ${e.outerHTML}`)"""
_PHONE = {"width": 360, "height": 740}


@pytest.fixture
def by() -> Producer:
    return producer()


async def test_every_page_is_open_to_everybody(
    buyers: Buyers, box_office: BoxOffice, service: Service, by: Producer
) -> None:
    """axe finds nothing in light and dark, nothing is too wide on a phone, and a page has less than 100 KiB."""
    async with box_office.unit_of_work() as uow:
        await uow.producers.add(by)
        await uow.commit()
    someone = await buyers(reduced_motion="reduce")
    await sign_in(someone, service, by, Role.OWNER)
    found, page = {}, someone.page
    for view in await show_views(box_office, someone.url, by):
        await view.show(someone)
        weight = await page.evaluate(_WEIGHT)
        await page.evaluate(AXE)
        for look in LOOKS[::2]:  # light on a desk, dark on a phone; the colours are the storefront's
            await page.evaluate(DRESS, look.colour)
            found[view.name, look.scheme, look.width] = [
                *await troubles(page, look, RULES),
                *await page.evaluate(_TOO_SMALL),
                *([] if 0 < weight < 100 * KIB else [f"{weight} bytes"]),
            ]
    assert {where: what for where, what in found.items() if what} == {}


async def test_a_show_is_set_up_and_cancelled_on_a_phone_without_scripts(
    buyers: Buyers, box_office: BoxOffice, service: Service, by: Producer
) -> None:
    someone = await buyers(java_script_enabled=False, viewport=_PHONE)
    await sign_in(someone, service, by, Role.MANAGER)
    page = someone.page
    await someone.open("/office/shows")
    await page.get_by_role("link", name="Add the first show").click()
    await fill_in(page)
    await page.get_by_role("button", name="Add the show").click()
    await someone.sees("Twelfth Night")
    await expect(page.get_by_role("status")).to_have_text("The show is there, as a draft.")
    await expect(page.get_by_text("Nothing can be bought yet.")).to_be_visible()

    await page.get_by_role("link", name="See it as buyers will").click()
    await expect(page.get_by_text("Buyers do not see this page yet.")).to_be_visible()
    await page.get_by_role("link", name="Back to the office").click()
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("buyers see it now")).to_be_visible()

    await page.get_by_role("link", name="Cancel the show").click()
    await page.get_by_role("button", name="Cancel the show").click()
    await expect(page.get_by_role("alert")).to_contain_text("To be sure")
    await page.get_by_label("Yes, cancel this show for good").check()
    await page.get_by_role("button", name="Cancel the show").click()
    await expect(page.get_by_role("status")).to_contain_text("The show was cancelled.")


async def fill_in(page: Page) -> None:
    """The form of a new show."""
    await page.get_by_label("Title").fill("Twelfth Night")
    await page.get_by_label("Day", exact=True).fill("2050-06-01")
    await page.get_by_label("Doors open").fill("19:30")
    await page.get_by_label("Starts", exact=True).fill("20:00")
    await page.get_by_label("Ends", exact=True).fill("23:00")
    await page.get_by_label("Time zone of the venue").fill("Europe/London")


async def test_a_show_is_found_and_moved_by_keyboard(
    buyer: Buyer, box_office: BoxOffice, service: Service, by: Producer
) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0), by=by, title="Hamlet", venue="The Globe")
    await box_office.buy(on_sale.cart(1))
    await sign_in(buyer, service, by, Role.OWNER)
    page = buyer.page
    await buyer.open("/office/shows")
    await press_on(page, "Title, run or venue")
    await page.keyboard.type("ham")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=ham")
    await press_on(page, "Hamlet")
    await page.keyboard.press("Enter")
    await buyer.sees("Hamlet")
    await press_on(page, "Times and place")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/edit")
    await press_on(page, "Venue (optional)")
    await page.keyboard.type("The Rose")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=2)).to_have_text("1 buyer gets a mail of this change")
    await press_on(page, "Change it and send 1 mail")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("The show was changed. Its buyers get a mail.")
    await expect(page.get_by_text("The Rose")).to_be_visible()


async def press_on(page: Page, name: str) -> None:
    """Go on by the tab key until the element with this label, text or placeholder has the focus."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        here = await page.evaluate(
            """() => {
                const at = document.activeElement;
                return at.placeholder || (at.labels?.[0] ?? at).textContent.trim();
            }"""
        )
        if here == name:
            return
    raise AssertionError(f"The tab key does not lead to {name}")


async def test_the_shows_of_a_run_are_made_and_changed_without_scripts(
    buyers: Buyers, box_office: BoxOffice, service: Service, by: Producer
) -> None:
    someone = await buyers(java_script_enabled=False)
    await sign_in(someone, service, by, Role.MANAGER)
    page = someone.page
    await someone.open("/office/productions/new")
    await page.get_by_label("Title").fill("Hamlet")
    await page.get_by_label("Time zone of the venue").fill("Europe/London")
    await page.locator("#ticket-0-name").fill("Stalls")
    await page.locator("#ticket-0-price").fill("25")
    await page.locator("#ticket-0-quantity").fill("100")
    await page.get_by_role("button", name="Add the run").click()
    await page.get_by_role("link", name="Add shows").click()
    await page.get_by_label("From").fill("2050-06-01")
    await page.get_by_label("Until").fill("2050-06-30")
    await page.get_by_label("Hours").fill("20:00")
    await page.get_by_label("Saturday").check()
    await page.get_by_role("button", name="See the shows").click()
    await page.get_by_role("button", name="Add these 4 shows").click()
    await expect(page.get_by_role("status")).to_have_text("The shows are there.")
    await page.get_by_role("link", name="Change several").click()
    await page.get_by_label("The shows", exact=True).select_option("publish")
    await page.get_by_label("Starts (optional)", exact=True).fill("19:30")
    await page.get_by_role("button", name="See what it would do").click()
    await expect(page.get_by_role("heading", level=2)).to_have_text("4 shows change")
    await page.get_by_role("button", name="Change them").click()
    await expect(page.get_by_role("link", name="On sale")).to_have_count(4)
