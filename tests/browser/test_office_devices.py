"""Devices in a browser: a phone becomes a scanner, another browser a till, and the office sees it happen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from domain.catalog import Producer
from domain.devices import DeviceKind
from domain.people import Role
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.office_device_views import device_views
from tests.browser.test_accessibility import AXE, DRESS, LOOKS, RULES, troubles
from tests.browser.test_office_people import TOO_SMALL, WEIGHT, tab_to
from tests.support.box_office import BoxOffice
from tests.support.devices import offer, pair
from tests.support.server import Service

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}
#: The record where the door's page looks for it.
_KEPT = """() => new Promise((resolve, reject) => {
    const asked = indexedDB.open("piquetickets-door");
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
        const read = asked.result.transaction("device").objectStore("device").get("device");
        read.onsuccess = () => { asked.result.close(); resolve(read.result); };
    };
})"""


@pytest.fixture
async def seller(box_office: BoxOffice) -> Producer:
    """A stored theatre."""
    return (await box_office.put_on_sale()).producer


async def test_a_phone_becomes_a_scanner_with_the_keyboard_alone(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    member, phone = await buyers(**PHONE), await buyers(**PHONE)
    await sign_in(member, service, seller, Role.BOX_OFFICE)
    await member.open("/office/devices")
    page = member.page
    await tab_to(page, "Pair a device")
    await page.keyboard.press("Enter")
    await member.sees("Pair a device")
    await tab_to(page, "name")
    await page.keyboard.type("North door")
    await tab_to(page, "Make the code")
    await page.keyboard.press("Enter")
    await member.sees("North door")
    code = await page.locator(".pair-code").inner_text()

    await phone.open(f"/pair#{code}")
    await expect(phone.page.get_by_label("Code")).to_have_value(code)
    assert "#" not in phone.page.url
    await expect(phone.page.get_by_role("button", name="Pair this device")).to_be_focused()
    await phone.page.keyboard.press("Enter")
    await phone.page.wait_for_url(re.compile("/door$"))
    kept = await phone.page.evaluate(_KEPT)
    assert (kept["token"][:4], kept["device"]["name"]) == ("pqd_", "North door")
    await member.sees("North door has paired")  # by itself

    await phone.open("/pair")
    await expect(phone.page.get_by_text("This browser is the scanner North door")).to_be_visible()
    await phone.page.get_by_label("Code").fill(code)
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_role("alert")).to_contain_text("Pair again")


async def test_a_browser_becomes_a_till_with_a_cookie_that_no_script_reads(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    till = await buyers(**PHONE)
    offered = await offer(service.container, seller, DeviceKind.TILL, name="Till in the foyer")
    await till.open("/pair")
    await till.page.get_by_label("Code").fill(offered.code.lower())
    await till.page.keyboard.press("Enter")
    await till.page.wait_for_url(re.compile("/office/counter"))
    assert "till=" not in await till.page.evaluate("() => document.cookie")
    await till.open("/pair")
    await expect(till.page.get_by_text("This browser is the till Till in the foyer")).to_be_visible()


async def test_without_scripts_a_till_pairs_and_a_scanner_is_told_what_it_needs(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    browser = await buyers(java_script_enabled=False, **PHONE)
    scanner = await offer(service.container, seller)
    await browser.open("/pair")
    await browser.page.get_by_label("Code").fill(scanner.code)
    await browser.page.get_by_role("button", name="Pair this device").click()
    await expect(browser.page.get_by_role("alert")).to_contain_text("runs scripts")
    till = await offer(service.container, seller, DeviceKind.TILL)
    await browser.page.get_by_label("Code").fill(till.code)
    await browser.page.get_by_role("button", name="Pair this device").click()
    await browser.page.wait_for_url(re.compile("/office/counter"))


async def test_a_lost_answer_is_told_and_the_next_code_takes_its_place(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    phone = await buyers(**PHONE)
    offered = await offer(service.container, seller, name="North door")
    await phone.open("/pair")

    async def lose(route: Any) -> None:
        await route.fetch()  # it arrives, and its answer does not
        await route.abort()

    await phone.page.route("**/api/v1/devices/pair", lose)
    await phone.page.get_by_label("Code").fill(offered.code)
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_role("alert")).to_contain_text("No answer came")
    await phone.page.unroute("**/api/v1/devices/pair")
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_role("alert")).to_contain_text("This code was used already")

    lost = next(iter(await service.container.list_devices()(offered.pairing.maker)))
    again = await service.container.offer_pairing().again(offered.pairing.maker, lost.id)
    await phone.page.get_by_label("Code").fill(again.code)
    await phone.page.keyboard.press("Enter")
    await phone.page.wait_for_url(re.compile("/door$"))


async def test_a_browser_that_may_not_store_anything_uses_no_code_up(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    phone = await buyers(**PHONE)
    offered = await offer(service.container, seller)
    await phone.page.add_init_script("IDBFactory.prototype.open = () => { throw new Error('full'); };")
    await phone.open("/pair")
    await phone.page.get_by_label("Code").fill(offered.code)
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_role("alert")).to_contain_text("The code was not used")
    assert (await service.container.pair_device()(offered.code, [DeviceKind.SCANNER])).secret


async def test_a_device_is_revoked_on_a_phone_without_scripts(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    member = await buyers(java_script_enabled=False, **PHONE)
    await sign_in(member, service, seller, Role.MANAGER)
    await pair(service.container, seller, name="North door")
    await member.open("/office/devices")
    await member.page.get_by_role("link", name="Revoke North door").click()
    await member.page.get_by_role("button", name="Revoke it").click()
    await expect(member.page.get_by_role("status")).to_contain_text("is revoked")
    await expect(member.page.get_by_text("1 revoked")).to_be_visible()


async def test_every_page_about_devices_is_light_and_open_to_all(
    buyers: Buyers, service: Service, seller: Producer
) -> None:
    """axe finds nothing in light and dark, nothing is too wide on a phone, and a page has less than 100 KiB."""
    someone = await buyers(reduced_motion="reduce")
    owner = await sign_in(someone, service, seller, Role.OWNER)
    found, page = {}, someone.page
    for view in await device_views(service, someone.url, owner):
        await view.show(someone)
        weight = await page.evaluate(WEIGHT)
        await page.evaluate(AXE)
        for look in LOOKS[::2]:
            await page.evaluate(DRESS, look.colour)
            found[view.name, look.scheme, look.width] = [
                *await troubles(page, look, RULES),
                *await page.evaluate(TOO_SMALL),
                *([] if 0 < weight < 100 * 1024 else [f"{weight} bytes"]),
            ]
    assert {where: what for where, what in found.items() if what} == {}
