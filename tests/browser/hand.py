"""A person with a mouse and a keyboard at a page: what they press is counted, and their time estimated.

The estimate is the keystroke-level model of Card, Moran and Newell (1980) with its usual figures, for a person who
knows the pages: 0.28 s a key, 1.1 s to point at something, 0.2 s to press the mouse's button, 0.4 s from mouse to
keyboard or back, and 1.35 s to decide before each field and each button. What the pages took is measured.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import Locator, Page

_KEY: Final = 0.28
_POINT: Final = 1.1
_BUTTON: Final = 0.2
_HOME: Final = 0.4
_DECIDE: Final = 1.35


@dataclass(slots=True)
class Hand:
    """``pages`` are those that were loaded; ``waited`` the seconds that they took."""

    page: Page
    clicks: int = 0
    keys: int = 0
    pages: int = 0
    waited: float = 0.0
    _moves: int = field(default=0)
    _decisions: int = field(default=0)
    _at_keyboard: bool = field(default=False)

    @property
    def seconds(self) -> float:
        """The estimate."""
        pressed = self.keys * _KEY + self.clicks * (_POINT + _BUTTON)
        return pressed + self._moves * _HOME + self._decisions * _DECIDE + self.waited

    async def click(self, target: Locator) -> None:
        """Press something that stays on the page: a box, a choice, a drawer."""
        self._count_click()
        await target.click()

    async def follow(self, target: Locator) -> None:
        """Press a link or a button that leads to a page, and wait for that."""
        self._count_click()
        began = time.perf_counter()
        async with self.page.expect_navigation(wait_until="domcontentloaded"):
            await target.click()
        self._count_page(began)

    async def go(self, name: str) -> None:
        """Press the link or the button with this name."""
        named = self.page.get_by_role("link", name=name, exact=True)
        await self.follow(named.or_(self.page.get_by_role("button", name=name, exact=True)).first)

    async def type(self, label: str, text: str) -> None:
        """Write into the field with this label. Days and times are written as the field shows them."""
        await self.write(self.page.get_by_label(label).first, text)

    async def write(self, target: Locator, text: str) -> None:
        self._count_click()
        self._at_keyboard = True
        self._moves += 1
        self.keys += len(text.replace("-", "").replace(":", ""))
        await target.fill(text)

    async def choose(self, label: str, option: str) -> None:
        """Open a list and take the option that begins so."""
        target = self.page.get_by_label(label).first
        self._count_click()
        self.clicks += 1
        options = await target.locator("option").all_inner_texts()
        await target.select_option(label=next(each for each in options if each.startswith(option)))

    async def enter(self) -> None:
        """Press the Enter key in a field of a form, and wait for the page."""
        self.keys += 1
        began = time.perf_counter()
        async with self.page.expect_navigation(wait_until="domcontentloaded"):
            await self.page.keyboard.press("Enter")
        self._count_page(began)

    def _count_click(self) -> None:
        self.clicks += 1
        self._decisions += 1
        self._moves += self._at_keyboard
        self._at_keyboard = False

    def _count_page(self, began: float) -> None:
        self.pages += 1
        self.waited += time.perf_counter() - began
