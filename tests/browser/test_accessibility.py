"""Every page in every state: axe-core finds no violation (WCAG 2.2 AA), and the page is light."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Literal

import msgspec
import pytest
from playwright.async_api import Page, Route

from adapters.smtp.emails import JinjaEmailTemplates
from application.ports.emails import EmailFacts, OrderFacts
from entrypoints.settings import Settings
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.views import Stage, View
from tests.support import email_facts
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service, running

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
#: All of axe's rules for WCAG up to 2.2 AA, and its recommendations.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: A mail has no landmarks: it is a part of the page that its reader's mail program shows.
_LETTER_RULES = [rule for rule in RULES if rule != "best-practice"]
#: Those of axe's rules whose findings differ between two looks of the same width: only the colours are others.
_COLOUR_RULES = ["color-contrast", "link-in-text-block"]
_LOOK_FOR_VIOLATIONS = """async rules => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
    return found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html} ${n.failureSummary}`));
}"""
DRESS = """async colour => {
    const old = document.querySelector("link[href^='/brand/']");
    const dressed = old.cloneNode();
    dressed.href = `/brand/${colour}.css`;
    await new Promise((loaded, failed) => {
        dressed.onload = loaded;
        dressed.onerror = failed;
        old.replaceWith(dressed);
    });
}"""
_TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
#: Controls that are some pixels too low or too narrow for a finger. Links in a text may be.
_TOO_SMALL = """() => [...document.querySelectorAll("button, input:not([type=hidden]), summary, .button, .bar a")]
    .map(e => e.matches("[type=radio], [type=checkbox]") ? e.closest("label") ?? e : e)
    .filter(e => e.checkVisibility({visibilityProperty: true}) && Math.min(e.offsetWidth, e.offsetHeight) < 44)
    .map(e => `too small: ${e.outerHTML}`)"""
#: The page's resources with their unpacked sizes, and the icon that only a browser with a screen fetches.
_LOADED = """async () => {
    await fetch(document.querySelector("link[rel=icon]").href);
    const entries = ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type));
    return entries.map(entry => ({
        url: entry.name, weight: entry.decodedBodySize, blocking: entry.renderBlockingStatus === "blocking"}));
}"""
KIB = 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """A resource that the browser fetched for a page. ``blocking``: the page shows nothing before it is there."""

    url: str
    weight: int
    blocking: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The settings for viewing a page. ``colour`` is the producer's."""

    scheme: Literal["light", "dark"]
    colour: str
    width: int


#: Colours where they are hardest to read, white on white and black on black, and two in between.
LOOKS = (
    Look("light", "ffffff", 1280),
    Look("light", "e8a33d", 360),
    Look("dark", "000000", 360),
    Look("dark", "7f7f7f", 1280),
)


def rules_of(looks: Sequence[Look], rules: Sequence[str] = RULES) -> list[tuple[Look, Sequence[str]]]:
    """The looks, each with the rules to try in it: all in the first look of each width."""
    tried = [look.width for look in looks]
    return [(look, rules if look.width not in tried[:at] else _COLOUR_RULES) for at, look in enumerate(looks)]


async def troubles(page: Page, look: Look, rules: Sequence[str]) -> list[str]:
    """axe's violations on the page, and by how much the page is too wide."""
    await page.set_viewport_size({"width": look.width, "height": 800})
    await page.emulate_media(color_scheme=look.scheme)
    found = [str(each) for each in await page.evaluate(_LOOK_FOR_VIOLATIONS, rules)]
    too_wide = await page.evaluate(_TOO_WIDE)
    return [*found, f"too wide by {too_wide}"] if too_wide > 0 else found


@pytest.fixture
async def stage(box_office: BoxOffice, service: Service, settings: Settings, closed_port: int) -> AsyncIterator[Stage]:
    nowhere = f"postgresql://nobody@127.0.0.1:{closed_port}/nothing"
    async with running(msgspec.structs.replace(settings, database_url=nowhere)) as away:
        yield Stage(box_office, service.container.links(), away.url)


class Inspection:
    """The troubles found on pages, by the pages' names."""

    def __init__(self) -> None:
        self.troubles: dict[tuple[str, Look], list[str]] = {}
        self.weights: dict[str, int] = {}
        self.strangers: set[str] = set()
        self.blocking: set[str] = set()

    async def walk(self, buyer: Buyer, views: Sequence[View], looks: Sequence[Look] = LOOKS) -> None:
        """Inspect the pages one after the other, in one window."""
        await buyer.page.route("**/pay?token=*", _without_leading_on)
        for view in views:
            await view.show(buyer)
            await self._weigh(view, buyer.page)
            await buyer.page.evaluate(AXE)
            for look, rules in rules_of(looks):
                await buyer.page.evaluate(DRESS, look.colour)
                found = await troubles(buyer.page, look, rules)
                self.troubles[view.name, look] = [*found, *await buyer.page.evaluate(_TOO_SMALL)]

    async def _weigh(self, view: View, page: Page) -> None:
        home = await page.evaluate("origin")
        loaded = [Loaded(**each) for each in await page.evaluate(_LOADED)]
        self.weights[view.name] = sum(each.weight for each in loaded)
        self.strangers |= {each.url for each in loaded if not each.url.startswith(home)}
        self.blocking |= {each.url for each in loaded if each.blocking}


async def test_every_page_is_light_and_open_to_everybody(buyers: Buyers, stage: Stage) -> None:
    """No violation in light or dark mode, on a phone or on a desk.

    A page is under 60 KiB without the show's image, and has nothing from other hosts.
    """
    inspection = Inspection()
    views = await stage.views(by=producer())
    # Two windows at a time: axe leaves a core to the other one.
    windows = [await buyers(reduced_motion="reduce") for _ in range(2)]
    await asyncio.gather(*(inspection.walk(each, views[start::2]) for start, each in enumerate(windows)))
    assert {where: what for where, what in inspection.troubles.items() if what} == {}
    assert len(inspection.weights) == len(views)
    assert {name: weight for name, weight in inspection.weights.items() if not 0 < weight < 60 * KIB} == {}
    assert inspection.strangers == set()
    assert all(url.endswith(".css") for url in inspection.blocking)


LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm"


@pytest.mark.parametrize("facts", email_facts.ALL, ids=lambda facts: type(facts).__name__)
async def test_every_letter_is_open_to_everybody(usual_window: Page, facts: EmailFacts) -> None:
    if isinstance(facts, OrderFacts):
        facts = replace(facts, show_title=LONG_WORD, producer_name=LONG_WORD, customer_name=LONG_WORD)
    await usual_window.goto("about:blank")
    await usual_window.set_content(JinjaEmailTemplates().write(facts).html)
    await usual_window.evaluate(AXE)
    trials = rules_of(LOOKS, _LETTER_RULES)
    assert [await troubles(usual_window, look, rules) for look, rules in trials] == [[]] * len(LOOKS)


async def _without_leading_on(route: Route) -> None:
    """Keep the page that waits for Stripe's from reloading every other second."""
    answer = await route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
    await route.fulfill(response=answer, headers=headers)
