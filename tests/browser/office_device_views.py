"""The office's pages about devices, and the page where a browser becomes one, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from playwright.async_api import expect

from domain.access import Actor
from domain.devices import DeviceKind
from tests.browser.buyer import Buyer
from tests.browser.views import View
from tests.support.devices import offer, pair
from tests.support.factories import show
from tests.support.server import Service
from tests.support.staff import Staff

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützeneingang Nord"[:60]
ARABIC = "الباب الشمالي"


async def device_views(service: Service, url: str, owner: Staff) -> list[View]:
    """Devices of all kinds, whose names are very long and right-to-left, one limited to shows, one revoked."""
    container, seller = service.container, owner.producer
    shows = [show(by=seller, title=title) for title in ("Twelfth Night", LONG)]
    async with container.database()() as uow:
        await uow.shows.add(*shows)
        await uow.commit()
    limited = await pair(container, seller, name=LONG, shows=[each.id for each in shows])
    till = await pair(container, seller, DeviceKind.TILL, name=ARABIC)
    gone = await pair(container, seller, DeviceKind.PRINTER, name="Printer in the foyer")
    await container.revoke_device()(Actor(seller.id, name="Kim Park"), gone.device.id)
    codes = {kind: await offer(container, seller, kind, name=f"{kind} in the foyer") for kind in DeviceKind}
    used = await offer(container, seller, name="Used")
    await container.pair_device()(used.code, [DeviceKind.SCANNER])
    old = await offer(container, seller, name="Too old")
    async with container.database()() as uow:
        stored = await uow.pairings.get(old.pairing.id)
        assert stored is not None
        await uow.pairings.put(replace(stored, created_at=stored.created_at - timedelta(hours=1)))
        await uow.commit()
    devices = f"{url}/office/devices"
    return [
        View("devices", f"{devices}?done=device-revoked"),
        View("devices, revoked open", devices, _open_revoked),
        View("new device", f"{devices}/new"),
        View("new device, these shows", f"{devices}/new", _choose_shows),
        View("new device, errors", f"{devices}/new", _send_nothing),
        *(View(f"code, {kind}", f"{devices}/pairings/{code.pairing.id}") for kind, code in codes.items()),
        View("code, used", f"{devices}/pairings/{used.pairing.id}"),
        View("code, too old", f"{devices}/pairings/{old.pairing.id}"),
        View("device", f"{devices}/{limited.device.id}"),
        View("device, till", f"{devices}/{till.device.id}"),
        View("device, revoked", f"{devices}/{gone.device.id}"),
        View("revoke a device", f"{devices}/{limited.device.id}/revoke"),
        View("pair", f"{url}/pair"),
        View("pair, by a link", f"{url}/pair#7K3M9QX2VB"),
        View("pair, wrong code", f"{url}/pair", _type_nonsense),
    ]


async def _open_revoked(buyer: Buyer) -> None:
    await buyer.page.get_by_text("1 revoked").click()


async def _choose_shows(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Only these").check()
    await expect(buyer.page.get_by_label("Twelfth Night").first).to_be_visible()


async def _send_nothing(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Only these").check()
    await buyer.page.locator("form.form-page").evaluate("form => { form.noValidate = true; }")
    await buyer.page.get_by_role("button", name="Make the code").click()
    await expect(buyer.page.locator("#problems")).to_be_visible()


async def _type_nonsense(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Code").fill(uuid4().hex[:10])
    await buyer.page.get_by_role("button", name="Pair this device").click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()
