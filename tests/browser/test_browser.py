"""Whether there is a browser: all other tests of this folder need one."""

from __future__ import annotations

from playwright.async_api import Browser


async def test_there_is_a_browser(browser: Browser) -> None:
    assert browser.is_connected()
