"""A new release of the door's app while people are at the door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import expect

from entrypoints.door.files import DOOR_FILES
from tests.browser.conftest import Buyers
from tests.browser.door_page import Scanner, codes_of, new_scanner, show_tonight, sold
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service, free_port

NOW, NEXT = DOOR_FILES.version, "0123456789ab"
#: Chromium looks for a new release some time after it opened a page, and looks only once for all who ask in that time.
#: What it found may be older than the release that a test puts there, so these scripts ask until it finds that.
_LOOK_FOR_IT = """async () => {
    const registration = await navigator.serviceWorker.getRegistration("/door");
    while (!registration.installing && !registration.waiting) await registration.update();
}"""
#: Resolves once the new service worker was thrown away.
_FAILS = """async () => {
    const registration = await navigator.serviceWorker.getRegistration("/door");
    let isFound = false;
    const thrownAway = new Promise((resolve) => registration.addEventListener("updatefound", () => {
        isFound = true;
        const worker = registration.installing;
        worker.addEventListener("statechange", () => worker.state === "redundant" && resolve());
    }));
    while (!isFound) await registration.update().catch(() => {});
    await thrownAway;
}"""


class Front:
    """A proxy in front of the service. Once ``is_next`` is set, it gives out the app as another release; ``is_half``:
    its service worker alone.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.is_next = False
        self.is_half = False

    async def answer(self, request: web.Request) -> web.Response:
        kept = {"Authorization", "Content-Type", "If-None-Match"}
        headers = {name: value for name, value in request.headers.items() if name in kept}
        path = str(request.rel_url).replace(NEXT, NOW)
        async with self._service.client.request(
            request.method, path, headers=headers, data=await request.read(), allow_redirects=False
        ) as given:
            body, status = await given.read(), given.status
            dropped = {"Content-Encoding", "Content-Length", "Transfer-Encoding", "Date", "Server", "Connection"}
            passed = {name: value for name, value in given.headers.items() if name not in dropped}
        if (self.is_next and request.path.startswith("/door")) or (self.is_half and request.path == "/door/sw.js"):
            body = body.replace(NOW.encode(), NEXT.encode())
        return web.Response(body=body, status=status, headers=passed)


@pytest.fixture
async def front(service: Service) -> AsyncIterator[tuple[Front, str]]:
    """The proxy, and its address."""
    proxy, app, port = Front(service), web.Application(), free_port()
    app.router.add_route("*", "/{path:.*}", proxy.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield proxy, f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def scanner_before_doors(buyers: Buyers, service: Service, box_office: BoxOffice, url: str) -> Scanner:
    """A scanner of a show that has sold nothing, ready to do without a network."""
    tonight = await show_tonight(box_office, producer())
    scanner = await new_scanner((await buyers()).page, url, service.container, tonight.producer)
    await scanner.is_ready(0)
    return scanner


async def test_a_new_release_waits_for_a_calm_moment(
    buyers: Buyers, service: Service, box_office: BoxOffice, front: tuple[Front, str]
) -> None:
    """It is loaded by a button, or before scanning begins, and never in between."""
    proxy, url = front
    tonight = await show_tonight(box_office, producer())
    codes = codes_of(*await sold(box_office, tonight, 2))
    buyer = await buyers()
    scanner = await new_scanner(buyer.page, url, service.container, tonight.producer)
    await scanner.is_ready(2)
    await scanner.start()
    version = scanner.page.locator("html")
    await expect(version).to_have_attribute("data-version", NOW)

    proxy.is_next = True
    await scanner.page.evaluate(_LOOK_FOR_IT)
    await expect(scanner.page.locator("#notices")).to_contain_text("A new version is here")
    assert (await scanner.reads(codes[0])).word == "In"
    await expect(version).to_have_attribute("data-version", NOW)
    await scanner.next()
    await scanner.page.get_by_role("button", name="Load it").click()
    await expect(version).to_have_attribute("data-version", NEXT)
    await scanner.start()
    assert (await scanner.reads(codes[0])).word == "Already in"
    caches = await scanner.page.evaluate("caches.keys()")
    assert caches == [f"piquetickets-door-{NEXT}"]

    await scanner.open()
    await expect(scanner.page.locator("#start")).to_be_visible()
    proxy.is_next = False
    await scanner.page.evaluate(_LOOK_FOR_IT)
    await expect(version).to_have_attribute("data-version", NOW)


async def test_a_page_that_no_worker_controls_gets_it_too(
    buyers: Buyers, service: Service, box_office: BoxOffice, front: tuple[Front, str]
) -> None:
    """Loading a page by force leaves it without one; so do browsers, now and then."""
    proxy, url = front
    scanner = await scanner_before_doors(buyers, service, box_office, url)
    browser = await scanner.page.context.new_cdp_session(scanner.page)
    async with scanner.page.expect_navigation():
        await browser.send("Page.reload", {"ignoreCache": True})
    await scanner.start()
    assert await scanner.page.evaluate("navigator.serviceWorker.controller") is None

    proxy.is_next = True
    await scanner.page.evaluate(_LOOK_FOR_IT)
    await scanner.page.get_by_role("button", name="Load it").click()
    await expect(scanner.page.locator("html")).to_have_attribute("data-version", NEXT)


async def test_half_a_release_is_not_kept(
    buyers: Buyers, service: Service, box_office: BoxOffice, front: tuple[Front, str]
) -> None:
    """While servers are changed one by one, the page may come from one and its list of files from another."""
    proxy, url = front
    scanner = await scanner_before_doors(buyers, service, box_office, url)
    proxy.is_half = True
    # Chromium refuses the update once its installation has failed.
    await scanner.page.evaluate(_FAILS)
    await expect(scanner.page.locator("html")).to_have_attribute("data-version", NOW)
    assert await scanner.page.evaluate("caches.keys()") == [f"piquetickets-door-{NOW}"]
