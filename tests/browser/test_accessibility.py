"""Every page in every state: axe-core finds nothing to say against it (WCAG 2.2 AA), and it is light."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import msgspec
import pytest
from playwright.async_api import Route

from entrypoints.settings import Settings
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.views import Stage
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service, running

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
#: Everything axe knows of WCAG up to 2.2 AA, and what it recommends besides.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_LOOK_FOR_VIOLATIONS = """async ([colour, rules]) => {
    const old = document.querySelector("link[href^='/brand/']");
    const dressed = old.cloneNode();
    dressed.href = `/brand/${colour}.css`;
    await new Promise((loaded, failed) => {
        dressed.onload = loaded;
        dressed.onerror = failed;
        old.replaceWith(dressed);
    });
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
    return found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html} ${n.failureSummary}`));
}"""
#: What the page is made of, unpacked, with the icon that only a browser with a screen asks for.
_LOADED = """async () => {
    await fetch(document.querySelector("link[rel=icon]").href);
    const entries = ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type));
    return entries.map(entry => ({
        url: entry.name, weight: entry.decodedBodySize, blocking: entry.renderBlockingStatus === "blocking"}));
}"""
KIB = 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """Something that the browser fetched for a page. ``blocking``: nothing is shown before it is there."""

    url: str
    weight: int
    blocking: bool


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at. ``colour`` is the producer's."""

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


async def violations(buyer: Buyer, look: Look) -> list[str]:
    await buyer.page.set_viewport_size({"width": look.width, "height": 800})
    await buyer.page.emulate_media(color_scheme=look.scheme)
    found = await buyer.page.evaluate(_LOOK_FOR_VIOLATIONS, [look.colour, _RULES])
    return [str(each) for each in found]


@pytest.fixture
async def stage(box_office: BoxOffice, service: Service, settings: Settings, closed_port: int) -> AsyncIterator[Stage]:
    nowhere = f"postgresql://nobody@127.0.0.1:{closed_port}/nothing"
    async with running(msgspec.structs.replace(settings, database_url=nowhere)) as away:
        yield Stage(box_office, service.container.links(), away.url)


async def test_every_page_is_light_and_open_to_everybody(buyers: Buyers, stage: Stage) -> None:
    """No violation by day or by night, on a phone or on a desk; under 60 KiB without the show's image; no strangers."""
    buyer = await buyers(reduced_motion="reduce")
    await buyer.page.route("**/pay?token=*", _without_leading_on)
    found: dict[tuple[str, Look], list[str]] = {}
    weights: dict[str, int] = {}
    strangers: set[str] = set()
    for view in await stage.views(by=producer()):
        await view.show(buyer)
        loaded = [Loaded(**each) for each in await buyer.page.evaluate(_LOADED)]
        weights[view.name] = sum(each.weight for each in loaded)
        strangers |= {each.url for each in loaded if not each.url.startswith(await buyer.page.evaluate("origin"))}
        assert all(each.url.endswith(".css") for each in loaded if each.blocking)
        await buyer.page.evaluate(AXE)
        for look in LOOKS:
            found[view.name, look] = await violations(buyer, look)
    assert {where: what for where, what in found.items() if what} == {}
    assert {name: weight for name, weight in weights.items() if not 0 < weight < 60 * KIB} == {}
    assert strangers == set()


async def _without_leading_on(route: Route) -> None:
    """The page that waits for Stripe's asks again every other second. Here it stays."""
    answer = await route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
    await route.fulfill(response=answer, headers=headers)
