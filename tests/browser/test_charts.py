"""Charts in a real browser: on a phone and on a desk no text lies on another or is cut off, in light and dark."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from playwright.async_api import Page

from domain.money import currency
from entrypoints.office.charts import Chart, Series, Shape
from entrypoints.office.scales import Bucket, Count, Countdown, Days, Money
from entrypoints.web.assets import STOREFRONT
from entrypoints.web.colours import DEFAULT_COLOUR, style_sheet
from tests.browser.test_accessibility import AXE
from tests.entrypoints.office.test_charts import STYLES

FIRST = date(2025, 12, 28)
_PAGE = """<!DOCTYPE html><html lang="en"><head><title>Charts</title><style>{styles}</style></head>
<body><main><h1>Charts</h1><div class="wide"><div class="card">{figures}</div></div></main></body></html>"""
#: Pairs of texts of one chart that overlap, and texts that stick out of the page.
_CLASHES = """() => [...document.querySelectorAll("svg.chart")].flatMap(chart => {
    const texts = [...chart.querySelectorAll("text")].filter(each => each.checkVisibility());
    const seen = texts.map(each => [each.textContent, each.getBoundingClientRect()]);
    const found = seen.filter(([_, box]) => box.left < 0 || box.right > innerWidth).map(([text]) => `outside: ${text}`);
    seen.forEach(([one, a], index) => seen.slice(index + 1).forEach(([other, b]) => {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 0 && high > 1) found.push(`${one} on ${other}`);
    }));
    return found;
})"""


def _days(length: int, locale: str, code: str, largest: int, *names: str) -> Chart:
    last = FIRST + timedelta(days=length - 1)
    axis = Days(FIRST, last, locale, Bucket.of(FIRST, last))
    values = [
        [(place * 7919 + index * 31) % largest for place in range(len(axis.starts))] for index in range(len(names))
    ]
    return Chart(
        title=f"{length} days in {locale}",
        axis=axis,
        unit=Money(currency(code), locale),
        shape=Shape.STACK if len(names) > 1 else Shape.BARS,
        series=[Series(name, each) for name, each in zip(names, values, strict=True)],
    )


CHARTS = [
    _days(1, "en-US", "USD", 5, "Orders"),
    _days(31, "de-CH", "CHF", 10**7, "Online", "Bar"),
    _days(62, "ja-JP", "JPY", 10**9, "前売り"),
    _days(200, "ar-EG", "EGP", 10**11, "دخول", "شرفة"),
    _days(2000, "fr-FR", "EUR", 10**13, "Tous"),
    _days(14, "he-IL", "ILS", 10**6, *"אבגדהוזח"),
    Chart(
        title="Sold by days to go",
        axis=Countdown(90, -1, "en-GB"),
        unit=Count("Tickets", "en-GB"),
        shape=Shape.STEPS,
        has_total=False,
        series=[Series(name, [place * pace for place in range(92)]) for name, pace in (("Stalls", 3), ("Gallery", 1))],
    ),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 700, 1280])
async def test_texts_of_charts_do_not_overlap(usual_window: Page, width: int, scheme: str) -> None:
    styles = STOREFRONT.files["storefront.css"].plain.decode() + STYLES.read_text() + style_sheet(DEFAULT_COLOUR)
    figures = "".join(chart.figure(is_open=index == 1) for index, chart in enumerate(CHARTS))
    await usual_window.set_viewport_size({"width": width, "height": 800})
    await usual_window.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await usual_window.goto("about:blank")
    await usual_window.set_content(_PAGE.format(styles=styles, figures=figures))
    assert await usual_window.evaluate(_CLASHES) == []
    assert await usual_window.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await usual_window.locator("svg.chart").count() == len(CHARTS)
    await usual_window.evaluate(AXE)
    found = await usual_window.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])"
    )
    assert found == []
