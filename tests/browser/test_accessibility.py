"""axe-core finds nothing to say against any page, by day and by night (WCAG 2.2 AA), and pages are light."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Literal

import pytest
from playwright.async_api import Response, expect

from domain.branding import Branding
from tests.browser.buyer import ORDER_PAGE, Buyer
from tests.browser.conftest import Buyers
from tests.support.box_office import BoxOffice
from tests.support.factories import donation_ticket, producer, ticket
from tests.support.server import Service

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
#: Everything axe knows of WCAG up to 2.2 AA, and what it recommends besides.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_BLOCKING = """performance.getEntriesByType("resource")
    .filter(entry => entry.renderBlockingStatus === "blocking").map(entry => entry.name)"""
KIB = 1024


async def violations(buyer: Buyer) -> list[str]:
    await buyer.page.evaluate(AXE)
    found = await buyer.page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(r => r.violations.flatMap("
        "v => v.nodes.map(n => `${v.id}: ${n.html} ${n.failureSummary}`)))",
        _RULES,
    )
    return [str(each) for each in found]


#: A producer's colour where it is hardest to read: white on white, black on black; and one in between.
@pytest.mark.parametrize(
    ("scheme", "colour"), [("light", "#ffffff"), ("dark", "#000000"), ("light", "#e8a33d"), ("dark", "#7f7f7f")]
)
async def test_no_page_has_a_violation(
    buyers: Buyers, box_office: BoxOffice, scheme: Literal["light", "dark"], colour: str
) -> None:
    seller = replace(producer(), branding=Branding(colour=colour))
    on_sale = await box_office.put_on_sale(
        ticket(name="Stalls", is_vip=True, description="Rows 1 to 9"),
        ticket(name="Circle", quantity=0),
        ticket(name="Box", quantity=3),
        donation_ticket(name="What you like"),
        by=seller,
        description="A play.",
    )
    buyer = await buyers(color_scheme=scheme, reduced_motion="reduce")

    async def check() -> None:
        assert await violations(buyer) == []

    await buyer.open(f"/?producer={seller.id}")
    await check()
    await buyer.open(f"/shows/{on_sale.id}/widget")
    await check()
    await buyer.open_show(on_sale)
    await buyer.choose("Stalls", 2)
    await buyer.sees_total("$54.84")
    await check()
    await buyer.go_on()
    await buyer.page.get_by_text("Change tickets").click()
    await check()
    await buyer.fill_in(name="1", email="x@y")
    await buyer.page.locator("form[method=post]").evaluate("form => { form.noValidate = true; }")
    await buyer.pay_button.click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()
    await check()
    await buyer.fill_in()
    await buyer.pay_button.click()
    await buyer.press("declined")
    await buyer.press("cancelled")
    await buyer.page.wait_for_url(ORDER_PAGE)
    await check()
    await buyer.open("/orders")
    await check()
    await buyer.open("/nothing")
    await check()


async def test_order_that_is_paid_has_no_violation(buyers: Buyers, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale()
    buyer = await buyers()
    await buyer.order(on_sale)
    await buyer.press("paid")
    await buyer.is_in()
    await buyer.page.locator("summary").first.click()
    assert await violations(buyer) == []


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
