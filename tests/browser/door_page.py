"""The door's page in a browser window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page


@dataclass(frozen=True, slots=True)
class Modules:
    """The modules of the page, without the page: ``await modules.call("readings.js", "(m, text) => …", text)``."""

    page: Page

    async def call(self, module: str, work: str, argument: Any = None) -> Any:
        """What ``work`` makes of the module and the argument. Both go through JSON."""
        # A function's text cannot be evaluated in the page: its policy forbids that. Playwright may define one.
        return await self.page.evaluate(
            """async ([name, argument]) => {
                const folder = document.querySelector("script[src*='/door/files/']").src.replace(/[^/]*$/, "");
                return await (WORK)(await import(folder + name), argument);
            }""".replace("WORK", work),
            [module, argument],
        )


async def modules_of(page: Page, url: str) -> Modules:
    """The page's modules, in a window that is no scanner."""
    await page.goto(f"{url}/door")
    return Modules(page)
