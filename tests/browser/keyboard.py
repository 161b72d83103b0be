"""A page by its keyboard alone: Tab reaches a control, and what is pressed there depends on what it is.

with Keyboard(page) as keys:
    await keys.do(("Title", "Hamlet"), ("Day", "2050-06-01"), "Save")

There is no mouse here, and nothing gets the focus but by the Tab key. Each control that is used must show its focus.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Final, Self

from playwright.async_api import FileChooser, Page
from playwright.async_api import TimeoutError as NothingCame

#: A button, a link or a box to tick by its name; or a field, a choice or a file by its label, and what is put there.
Step = str | tuple[str, str]

#: No page of the office has so many stops.
_MOST_STOPS: Final = 160
_SKIP: Final = "Skip to the content"
#: Nothing takes longer, even on a busy machine.
_PATIENCE_MS: Final = 20_000
#: Fields for which the browser sends no form.
_INVALID: Final = "() => [...document.querySelectorAll(':invalid')].map(each => `${each.name}: ${each.value}`)"
#: What has the focus: its name as people read it (of choices the question), what kind it is, and how its focus shows.
_FOCUSED: Final = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const read = text => (text ?? "").replace(/\\s+/g, " ").trim();
    const kind = at.localName === "input" ? at.type : at.localName;
    const own = read(at.getAttribute("aria-label") ?? at.labels?.[0]?.innerText ?? at.innerText);
    const part = read(at.closest("fieldset")?.querySelector("legend")?.textContent);
    const asked = kind === "radio" ? part : "";
    const shown = kind === "radio" || kind === "checkbox" ? at.closest("label") ?? at : at;
    const rings = [at, shown].some(each => {
        const look = getComputedStyle(each);
        return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
    });
    const box = shown.getBoundingClientRect();
    return {
        name: asked || own, part: `${part}: ${own}`, option: own, kind,
        leaves: kind === "a" || (at.form && (kind === "submit" || (kind === "button" && at.type === "submit"))),
        ringed: at.matches(":focus-visible") && rings,
        in_view: box.bottom > 0 && box.top < innerHeight && box.width > 0,
    };
}"""


@dataclass(slots=True)
class Keyboard:
    """``presses`` counts the keys; ``stops`` the controls that the Tab key went through."""

    page: Page
    presses: int = 0
    stops: int = 0
    _dialogs: asyncio.Queue[FileChooser] = field(default_factory=asyncio.Queue)

    def __enter__(self) -> Self:
        # From the beginning: a browser that is told just before the key opens a dialog of its own.
        self.page.on("filechooser", self._dialogs.put_nowait)
        return self

    def __exit__(self, *_: object) -> None:
        self.page.remove_listener("filechooser", self._dialogs.put_nowait)

    async def do(self, *steps: Step, waits: bool = True) -> None:
        """Take the steps one after the other. Each page that a step leads to is waited for, unless told otherwise."""
        for step in steps:
            if isinstance(step, str):
                await self._press(await self.to(step), waits=waits)
            else:
                await self._enter(await self.to(step[0]), step[1])

    async def to(self, name: str) -> Any:
        """Press Tab until the control with this name has the focus. Names may go on: "Price" finds "Price (USD)".

        Of fields that have one name, the legend says which: "Ticket type 2: Price". What stands above the page's own
        content is skipped, by the page's link for that.
        """
        seen: list[str] = []
        for _ in range(_MOST_STOPS):
            await self._key("Tab")
            self.stops += 1
            at = await self.page.evaluate(_FOCUSED)
            if at is None:  # the browser's own controls, after the last one of the page
                if seen.count("") > 1:
                    break
                seen.append("")
                continue
            seen.append(at["name"])
            if at["name"] == _SKIP and len(seen) == 1:
                await self._key("Enter")
            elif _is_called(at["name"], name) or _is_called(at["part"], name):
                assert at["ringed"], f"{name} does not show its focus on {self.page.url}"
                assert at["in_view"], f"{name} has the focus out of sight on {self.page.url}"
                return at
        raise AssertionError(f"The Tab key does not lead to {name} on {self.page.url}: {seen}")

    async def _press(self, at: Any, *, waits: bool) -> None:
        if at["kind"] in ("checkbox", "radio"):
            await self._key("Space")
        elif at["leaves"] and waits:
            try:
                async with self.page.expect_navigation(wait_until="domcontentloaded", timeout=_PATIENCE_MS):
                    await self._key("Enter")
            except NothingCame as error:
                invalid = await self.page.evaluate(_INVALID)
                raise AssertionError(f"{at['name']} leads nowhere on {self.page.url}: {invalid}") from error
        else:
            await self._key("Enter")

    async def _choose_file(self, path: str) -> None:
        await self._key("Enter")
        async with asyncio.timeout(_PATIENCE_MS / 1000):
            chooser = await self._dialogs.get()
        await chooser.set_files(path)

    async def _enter(self, at: Any, value: str) -> None:
        match at["kind"]:
            case "radio":
                await self._pick(at, value)
            case "file":
                await self._choose_file(value)
            case "select":
                await self._type(value)
            case "date":
                await self._type(date.fromisoformat(value).strftime("%m%d%Y"))
            case "time":
                await self._type(time.fromisoformat(value).strftime("%I%M%p"))
            case _:
                await self._key("Control+a")
                await (self._type(value) if value else self._key("Delete"))

    async def _pick(self, at: Any, option: str) -> None:
        """Go through the options of a choice with the arrow keys."""
        for _ in range(12):
            if _is_called(at["option"], option):
                await self._key("Space")
                return
            await self._key("ArrowDown")
            at = await self.page.evaluate(_FOCUSED)
        raise AssertionError(f"There is no option {option} on {self.page.url}")

    async def _type(self, text: str) -> None:
        self.presses += len(text)
        await self.page.keyboard.type(text)

    async def _key(self, key: str) -> None:
        self.presses += 1
        await self.page.keyboard.press(key)


def _is_called(name: str, wanted: str) -> bool:
    return name == wanted or (name.startswith(wanted) and not name[len(wanted)].isalnum())
