"""A real Chromium, one for each test process; a machine without one skips this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from adapters.stripe.sandbox import StripeSandbox
from tests.browser.buyer import Buyer
from tests.support.box_office import BoxOffice
from tests.support.server import Service

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
#: Without a browser one test alone is collected, which says so in one line.
collect_ignore_glob = [] if CHROMIUM else ["test_[!b]*.py", "test_buying.py"]
#: Nothing on these pages takes longer, on a machine that is busy with many tests.
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("No browser here: install Debian's package chromium, or name one in CHROMIUM")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield chromium
        await chromium.close()


class Buyers:
    """Opens browser windows that share nothing. What went wrong in any of them fails the test."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    async def __call__(self, *, url: str | None = None, **options: Any) -> Buyer:
        """A buyer; ``options`` are of the window, such as ``java_script_enabled=False``."""
        context = await self._browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **options})
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        context.on("console", lambda message: self._hear(message.text))
        return Buyer(await context.new_page(), url or self._url)

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.troubles.append(text)

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
async def buyer(buyers: Buyers) -> Buyer:
    return await buyers()


@pytest.fixture
def box_office(service: Service, sandbox: StripeSandbox) -> BoxOffice:
    return BoxOffice(service.client, service.container.unit_of_work, sandbox)
