"""A real Chromium for each test process, with one window for most tests. Without one this folder is skipped."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    WebError,
    async_playwright,
    expect,
)

from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.browser.buyer import Buyer
from tests.support.box_office import BoxOffice
from tests.support.server import Service, free_port, running

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
#: The same engine without windows of its own, where it is there: a page takes it half of the time. It has no camera.
HEADLESS_CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or CHROMIUM
#: Parts of the browser that no page of ours can see. Chromium takes only the last list that it gets, so this one begins
#: with what Playwright switches off for good.
_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    # Each window's two pages for the address bar's suggestions: two thirds of the time that opening a window takes.
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    f"--disable-features={_OFF}",
]
#: Without a browser only one test is collected, which says so in one line.
collect_ignore_glob = [] if CHROMIUM else ["test_[!b]*.py", "test_buying.py"]
#: Nothing on these pages takes longer, even on a busy machine.
PATIENCE_MS = 20_000
#: Otherwise the browser looks at each field of each page for what it could fill in: a quarter of the time of a page.
_PREFERENCES = {
    "autofill": {"profile_enabled": False, "credit_card_enabled": False},
    "credentials_enable_service": False,
}
_VIEWPORT = ViewportSize(width=1000, height=800)


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("No browser here: install Debian's package chromium, or name one in CHROMIUM")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        own = await playwright.chromium.launch_persistent_context(
            new_profile(tmp_path_factory.mktemp("profile")), executable_path=HEADLESS_CHROMIUM, args=FLAGS
        )
        assert own.browser
        yield own.browser
        await own.close()


def new_profile(folder: Path) -> Path:
    """The folder, as that of a browser that offers to fill in no form."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps(_PREFERENCES))
    return folder


@pytest.fixture(scope="session")
async def usual_window(browser: Browser) -> AsyncIterator[Page]:
    """The window of tests without special needs: opening one takes longer than most pages."""
    context = await browser.new_context(viewport=_VIEWPORT)
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


class Buyers:
    """Opens browser windows that share nothing. An error in any of them fails the test."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    async def __call__(self, *, url: str | None = None, **options: Any) -> Buyer:
        """A buyer; ``options`` are of the window, such as ``java_script_enabled=False``."""
        context = await self._browser.new_context(**{"viewport": _VIEWPORT, **options})
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        return self.at(await context.new_page(), url)

    def at(self, page: Page, url: str | None = None) -> Buyer:
        """A buyer at this window."""
        page.context.on("weberror", self._hear_error)
        page.context.on("console", self._hear)
        return Buyer(page, url or self._url)

    async def leave(self, buyer: Buyer) -> None:
        """Remove all traces of the buyer from the window: cookies and other tabs."""
        context = buyer.page.context
        context.remove_listener("weberror", self._hear_error)
        context.remove_listener("console", self._hear)
        for page in context.pages:
            if page != buyer.page:
                await page.close()
        await context.clear_cookies()

    def _hear_error(self, error: WebError) -> None:
        self.troubles.append(str(error.error))

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.troubles.append(message.text)

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


@pytest.fixture
async def buyers(browser: Browser, service: Service) -> AsyncIterator[Buyers]:
    opened = Buyers(browser, service.url)
    yield opened
    await opened.close()
    assert opened.troubles == []


@pytest.fixture
async def buyer(buyers: Buyers, usual_window: Page) -> AsyncIterator[Buyer]:
    await usual_window.set_viewport_size(_VIEWPORT)
    await usual_window.emulate_media(color_scheme="light")
    usual = buyers.at(usual_window)
    yield usual
    await buyers.leave(usual)


@pytest.fixture
def box_office(service: Service, sandbox: StripeSandbox) -> BoxOffice:
    return BoxOffice(service.client, service.container.database(), sandbox)


@pytest.fixture
async def at_localhost(settings: Settings) -> AsyncIterator[Service]:
    """The service under a name: browsers have no passkeys for an address that is a number."""
    port = free_port()
    async with running(msgspec.structs.replace(settings, public_url=f"http://localhost:{port}"), port=port) as started:
        yield started
