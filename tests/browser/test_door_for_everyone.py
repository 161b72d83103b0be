"""The door's page for every person: checked by axe in both modes and at three widths, by keyboard alone, in words."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from domain.catalog import Producer
from tests.browser.conftest import Buyers
from tests.browser.door_page import codes_of, new_scanner, show_tonight, sold
from tests.browser.test_accessibility import AXE, RULES
from tests.browser.test_developers import tab_to
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import producer
from tests.support.server import Service

_WIDTHS = (1280, 360, 320)
_LOOK = """async rules => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
    const wide = document.documentElement.scrollWidth - innerWidth;
    const small = [...document.querySelectorAll("button, input")]
        .map(e => e.matches("[type=radio], [type=checkbox]") ? e.closest("label") : e)
        .filter(e => e.checkVisibility({visibilityProperty: true}) && Math.min(e.offsetWidth, e.offsetHeight) < 44);
    return [
        ...found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html} ${n.failureSummary}`)),
        ...small.map(e => `too small: ${e.outerHTML}`), ...(wide > 0 ? [`too wide by ${wide}`] : [])];
}"""
_DAYLIGHT = "isOn => document.documentElement.toggleAttribute('data-light', isOn)"


@pytest.fixture
def house() -> Producer:
    return producer()


@pytest.fixture
async def office(box_office: BoxOffice, service: Service, house: Producer) -> BackOffice:
    return await open_back_office(box_office, service.container, house)


@pytest.fixture
async def tonight(box_office: BoxOffice, office: BackOffice) -> OnSale:
    return await show_tonight(box_office, office.producer, re_entry=True, title="Donaudampfschifffahrtsgesellschaft")


async def troubles(page: Page, state: str) -> list[str]:
    """What is wrong with the page as it stands: in the dark and in daylight, on a desk and on two phones."""
    found = []
    await page.evaluate(AXE)
    for width in _WIDTHS:
        await page.set_viewport_size({"width": width, "height": 740})
        for daylight in (True, False):
            await page.evaluate(_DAYLIGHT, daylight)
            found += [f"{state}, {width}: {each}" for each in await page.evaluate(_LOOK, RULES)]
    return found


async def test_every_state_of_the_page(
    buyers: Buyers, service: Service, box_office: BoxOffice, office: BackOffice, tonight: OnSale
) -> None:
    """Nothing that axe finds, nothing too small for a finger, nothing wider than the screen."""
    codes = codes_of(*await sold(box_office, tonight, 3, is_vip=True))
    buyer = await buyers(reduced_motion="reduce")
    page = buyer.page
    await buyer.open("/door")
    await expect(page.locator("#pair")).to_be_visible()
    found = await troubles(page, "no scanner yet")
    scanner = await new_scanner(page, buyer.url, service.container, office.producer)
    found += await troubles(page, "start")
    await scanner.start()
    found += await troubles(page, "ready")
    await scanner.has_list(3)
    await scanner.reads(codes[0])
    found += await troubles(page, "in, with more of a party")
    await scanner.reads(codes[0])
    found += await troubles(page, "already in")
    await page.set_viewport_size({"width": 390, "height": 844})
    await scanner.next()
    await page.get_by_role("button", name="Name or code").click()
    await page.locator("#find-text").fill("Ada")
    await expect(page.locator("#find-list > li")).to_have_count(1)
    found += await troubles(page, "a name found")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_role("button", name="Close").click()
    for name in ("Last scans", "More"):
        await page.get_by_role("button", name=name, exact=True).click()
        found += await troubles(page, name)
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.get_by_role("button", name="Close").click()
    await page.context.set_offline(True)
    await expect(scanner.link).to_contain_text("Offline")
    found += await troubles(page, "offline")
    assert found == []


async def test_an_evening_by_keyboard_alone(
    buyers: Buyers, service: Service, box_office: BoxOffice, tonight: OnSale
) -> None:
    codes = codes_of(*await sold(box_office, tonight, 2))
    buyer = await buyers()
    page = buyer.page
    scanner = await new_scanner(page, buyer.url, service.container, tonight.producer)
    await tab_to(page, "Start scanning")
    await page.keyboard.press("Enter")
    await expect(page.locator("#scan")).to_be_visible()
    await scanner.has_list(2)
    await scanner.reads(codes[0])
    await expect(page.locator("#answer-next")).to_be_focused()
    await page.keyboard.press("Shift+Tab")  # undo
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Let all 2 in")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#answer-word")).to_have_text("All 2 in")
    await page.keyboard.press("Escape")
    await expect(page.locator("#answer")).to_be_hidden()
    await tab_to(page, "Name or code")
    await page.keyboard.press("Enter")
    await expect(page.locator("#find-text")).to_be_focused()
    await page.keyboard.type("ada")
    await expect(page.locator("#find-list > li")).to_have_count(1)
    await tab_to(page, "Close")
    await page.keyboard.press("Enter")
    await expect(page.locator("#find")).to_be_hidden()


async def test_an_answer_is_said_to_who_does_not_see_it(
    buyers: Buyers, service: Service, box_office: BoxOffice, tonight: OnSale
) -> None:
    """Each time, also where two answers have the same words."""
    codes = codes_of(*await sold(box_office, tonight, 2, is_vip=True))
    buyer = await buyers()
    scanner = await new_scanner(buyer.page, buyer.url, service.container, tonight.producer)
    await scanner.start()
    await scanner.has_list(2)
    said = [(await scanner.reads(code)).said for code in codes]
    first = "In. VIP. Patrons · Ada Lovelace"
    assert said == [f"{first}. 1 more of this order is not in yet.", first]
    alert = buyer.page.get_by_role("alert").filter(has_text="Patrons")
    await expect(alert).to_have_count(1)
    await expect(buyer.page.get_by_role("region", name="In", exact=True)).to_be_visible()


async def test_the_screen_stays_on_and_the_lock_is_asked_for_again(
    buyers: Buyers, service: Service, tonight: OnSale
) -> None:
    buyer = await buyers()
    await buyer.page.add_init_script(
        """{
            window.asked = 0;
            const lock = () => Object.assign(new EventTarget(), {released: false});
            Object.defineProperty(navigator, "wakeLock", {value: {request: async () => {
                window.asked += 1;
                return window.lock = lock();
            }}});
        }"""
    )
    scanner = await new_scanner(buyer.page, buyer.url, service.container, tonight.producer)
    await scanner.start()
    assert await buyer.page.evaluate("asked") == 1
    back = "() => { window.lock.released = true; document.dispatchEvent(new Event('visibilitychange')); }"
    await buyer.page.evaluate(back)
    await buyer.page.wait_for_function("asked === 2")


async def test_without_scripts_or_a_store_the_page_says_so(buyers: Buyers) -> None:
    plain = await buyers(java_script_enabled=False)
    await plain.open("/door")
    await expect(plain.page.get_by_text("works with scripts alone")).to_be_visible()
    without = await buyers()
    await without.page.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")
    await without.open("/door")
    await expect(without.page.get_by_role("heading", name="This browser cannot be a scanner")).to_be_visible()
