"""axe-core finds nothing to say against any page, by day and by night (WCAG 2.2 AA), and pages are light."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import msgspec
import pytest
from playwright.async_api import Response, Route

from entrypoints.settings import Settings
from tests.browser.buyer import Buyer
from tests.browser.conftest import Buyers
from tests.browser.views import Stage
from tests.support.box_office import BoxOffice
from tests.support.factories import donation_ticket, producer, ticket
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
_BLOCKING = """performance.getEntriesByType("resource")
    .filter(entry => entry.renderBlockingStatus === "blocking").map(entry => entry.name)"""
KIB = 1024


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


async def test_no_page_has_a_violation_by_day_or_by_night_on_a_phone_or_a_desk(buyers: Buyers, stage: Stage) -> None:
    buyer = await buyers(reduced_motion="reduce")
    await buyer.page.route("**/pay?token=*", _without_leading_on)
    found: dict[tuple[str, Look], list[str]] = {}
    for view in await stage.views(by=producer()):
        await view.show(buyer)
        await buyer.page.evaluate(AXE)
        for look in LOOKS:
            found[view.name, look] = await violations(buyer, look)
    assert {where: what for where, what in found.items() if what} == {}


async def _without_leading_on(route: Route) -> None:
    """The page that waits for Stripe's asks again every other second. Here it stays."""
    answer = await route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
    await route.fulfill(response=answer, headers=headers)


async def test_pages_are_light_and_ask_nobody_else(buyers: Buyers, box_office: BoxOffice, service: Service) -> None:
    """Under 60 KiB each without the show's image, unpacked; nothing but the style sheets keeps it from being shown."""
    on_sale = await box_office.put_on_sale(ticket(), ticket(name="Circle"), donation_ticket())
    buyer = await buyers()
    weights: dict[str, int] = {}
    answers: list[Response] = []

    def hear(answer: Response) -> None:
        answers.append(answer)

    buyer.page.on("response", hear)
    ticket_id = on_sale.tickets[0].id
    paths = ("/", f"/shows/{on_sale.id}", f"/shows/{on_sale.id}/checkout?q-{ticket_id}=2", "/orders", "/nothing")
    for path in paths:
        answers.clear()
        await buyer.open(path)
        await buyer.page.wait_for_load_state("networkidle")
        assert all(answer.url.startswith(service.url) for answer in answers)
        weights[path] = sum([len(await answer.body()) for answer in answers])
        blocking = await buyer.page.evaluate(_BLOCKING)
        assert all(name.endswith(".css") for name in blocking)
    assert max(weights.values()) < 60 * KIB, weights
