"""People of a producer in a browser: signing in by mail and by passkey, the team, and one's own page."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect

from demo.mail_catcher.catcher import MailCatcher
from domain.people import Role
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.office_people_views import LONG, people_views
from tests.browser.test_accessibility import AXE, DRESS, LOOKS, RULES, troubles
from tests.support.factories import producer
from tests.support.server import Service
from tests.support.staff import employ

#: A device that keeps passkeys, and asks for a finger, which is always there.
_DEVICE = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def link_in(mailbox: MailCatcher, address: str, path: str) -> str:
    """The newest link to ``path`` that was mailed to this address."""
    mail = (await mailbox.wait_for(1, to=address, timeout_seconds=60))[-1]
    found = re.search(rf"https?://\S+{path}\?token=\S+", mail.text)
    assert found, mail.text
    return found[0]


async def device(page: Page) -> Any:
    """Give the page's browser a device with passkeys. Returns the connection that controls it, and its id."""
    control = await page.context.new_cdp_session(page)
    await control.send("WebAuthn.enable")
    added = await control.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
    return control, added["authenticatorId"]


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control with this name has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = await page.evaluate("() => document.activeElement.name || document.activeElement.innerText")
        if focused.strip().startswith(name):
            return
    raise AssertionError(f"no Tab leads to {name}")


async def test_a_passkey_is_made_and_signs_in(buyers: Buyers, at_localhost: Service) -> None:
    url = at_localhost.container.settings().public_url
    someone = await buyers(url=url)
    page = someone.page
    control, device_id = await device(page)
    await sign_in(someone, at_localhost, producer(), Role.OWNER)
    await someone.open("/office/me")
    await page.get_by_label("Name of the new passkey").fill("Work laptop")
    await page.get_by_role("button", name="Make a passkey on this device").click()
    await expect(page.get_by_role("status")).to_contain_text("The passkey is made")
    await expect(page.get_by_text("Work laptop").first).to_be_visible()

    await page.get_by_role("button", name="Sign out everywhere").click()
    await someone.sees("Sign in to the office")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await someone.sees("Today")

    await someone.open("/office/me")
    await page.get_by_role("button", name="Make a passkey on this device").click()
    await expect(page.get_by_text("This device has a passkey for you already.")).to_be_visible()

    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await someone.sees("Sign in to the office")
    await control.send("WebAuthn.setUserVerified", {"authenticatorId": device_id, "isUserVerified": False})
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert").get_by_text("did not use a passkey")).to_be_visible()


async def test_a_removed_passkey_is_refused_in_words(buyers: Buyers, at_localhost: Service) -> None:
    someone = await buyers(url=at_localhost.container.settings().public_url)
    page = someone.page
    await device(page)
    await sign_in(someone, at_localhost, producer(), Role.VIEWER)
    await someone.open("/office/me")
    await page.get_by_role("button", name="Make a passkey on this device").click()
    await page.get_by_text("Rename or remove").click()
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("status")).to_contain_text("The passkey is removed")
    await page.context.clear_cookies()
    await someone.open("/office/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert").first).to_contain_text("not known here any more")


async def test_by_mail_with_the_keyboard_alone_and_without_scripts(
    buyers: Buyers, service: Service, mailbox: MailCatcher
) -> None:
    person = await employ(service.container, producer(), Role.MANAGER, name="Ada Lovelace")
    someone = await buyers(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = someone.page
    await someone.open("/office/me")
    await someone.sees("Sign in to the office")
    await expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    await page.get_by_label("Your e-mail address").focus()
    await page.keyboard.type(person.email)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Open the link")).to_be_visible()
    await page.goto(await link_in(mailbox, person.email, "/office/sign-in/link"))
    await someone.sees("Ada Lovelace")
    await page.get_by_role("button", name="Sign out", exact=True).first.focus()
    await page.keyboard.press("Enter")
    await someone.sees("Sign in to the office")


async def test_a_team_grows_and_shrinks_without_scripts_on_a_phone(
    buyers: Buyers, service: Service, mailbox: MailCatcher
) -> None:
    phone: dict[str, Any] = {"java_script_enabled": False, "viewport": {"width": 360, "height": 740}}
    owner, guest = await buyers(**phone), await buyers(**phone)
    seller = producer(name="Théâtre de la Très Longue Rue du Faubourg Saint-Honoré")
    signed_in = await sign_in(owner, service, seller, Role.OWNER)
    address = f"{signed_in.person.id.hex}@guest.example"
    await owner.open("/office/team")
    await owner.page.get_by_label("E-mail address").fill(address)
    await owner.page.get_by_label("Viewer").check()
    await owner.page.get_by_role("button", name="Send the invitation").click()
    await expect(owner.page.get_by_role("status")).to_contain_text("on its way")

    await guest.page.goto(await link_in(mailbox, address, "/office/invitation"))
    await guest.page.get_by_label("Your name").fill("Zoë Okafor")
    await guest.page.get_by_role("button", name="Join the team").click()
    await guest.sees("Today")
    await expect(guest.page.get_by_role("link", name="Team")).to_have_count(0)

    await owner.open("/office/team")
    await owner.page.get_by_role("link", name="Change the role of Zoë Okafor").click()
    await owner.page.get_by_label("Box office").check()
    await owner.page.get_by_role("button", name="Save the role").click()
    await expect(owner.page.get_by_role("row", name="Zoë Okafor")).to_contain_text("Box office")
    await owner.page.get_by_role("link", name="Change the role of Zoë Okafor").click()
    await owner.page.get_by_role("link", name="Remove from the team").click()
    await owner.page.get_by_role("button", name="Remove", exact=True).click()
    await expect(owner.page.get_by_text("Zoë Okafor")).to_have_count(0)
    await guest.page.reload()
    await guest.sees("Sign in to the office")


async def test_errors_are_read_first_and_the_form_is_kept(buyer: Buyer, service: Service) -> None:
    await sign_in(buyer, service, producer(), Role.OWNER)
    await buyer.open("/office/me")
    page = buyer.page
    await page.get_by_label("Your name").fill("www.example.com")
    await tab_to(page, "Save")
    await page.keyboard.press("Enter")
    await expect(page.locator("#problems")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your name")).to_have_value("www.example.com")
    await page.get_by_label("Your name").fill("Kim Lee")
    await page.keyboard.press("Enter")
    await buyer.sees("Kim Lee")


async def test_the_log_is_filtered_with_the_keyboard(buyer: Buyer, service: Service) -> None:
    seller = producer()
    owner = await sign_in(buyer, service, seller, Role.OWNER)
    door = await employ(service.container, seller, Role.DOOR)
    member = owner.person
    await buyer.open(f"/office/team/{door.id}")
    page = buyer.page
    await page.get_by_label("Viewer").check()
    await page.get_by_role("button", name="Save the role").click()
    await buyer.open("/office/log")
    await tab_to(page, "person")
    await page.keyboard.type(member.called[:3])
    await tab_to(page, "Show")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("row", name="changed a role")).to_be_visible()
    await page.get_by_text("1 fact").click()
    await expect(page.get_by_text("viewer").first).to_be_visible()


WEIGHT = """() => ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type))
    .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
#: Controls that are too small for a finger. The label of a box that is ticked is part of it.
TOO_SMALL = """() => [...document.querySelectorAll("button, input, select, .button, .areas a")]
    .filter(e => !["hidden", "checkbox", "radio"].includes(e.type) && e.checkVisibility({visibilityProperty: true}))
    .filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 44).map(e => `too small: ${e.outerHTML}`)"""


async def test_every_page_about_people_is_light_and_open_to_all(buyers: Buyers, service: Service) -> None:
    """axe finds nothing in light and dark, nothing is too wide on a phone, and a page has less than 100 KiB."""
    someone = await buyers(reduced_motion="reduce")
    owner = await sign_in(someone, service, producer(), Role.OWNER, name=LONG)
    found, page = {}, someone.page
    for view in await people_views(service, someone.url, owner):
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
