"""Charts: well-formed SVG without inline style, and a table whose figures are those of the chart."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import currency
from entrypoints.office import charts
from entrypoints.office.charts import MOST_SERIES, Chart, Series, Shape
from entrypoints.office.scales import Axis, Count, Countdown, Days, Money, Names, Unit

STYLES = Path(charts.__file__).parent / "static" / "charts.css"
EURO = Money(currency("EUR"), "en-IE")
VALUES = st.one_of(st.none(), st.integers(-(10**15), 10**15))


def chart(*values: int | None, shape: Shape = Shape.BARS, **fields: object) -> Chart:
    axis = Days(date(2026, 11, 1), date(2026, 11, 1) + timedelta(days=len(values) - 1), "en-IE")
    given: dict[str, object] = {"series": [Series("Tickets", values)], "unit": EURO, **fields}
    return Chart(title="Money a day", axis=axis, shape=shape, **given)  # type: ignore[arg-type]


def parsed(made: Chart) -> ET.Element:
    return ET.fromstring(made.figure())  # noqa: S314  # our own


def share(element: ET.Element, name: str) -> float:
    return float(element.attrib[name].rstrip("%"))


def bars(figure: ET.Element, series: int = 0) -> list[ET.Element]:
    (drawing,) = figure.findall("svg")
    return [rect for rect in drawing.iter("rect") if rect.get("class") == f"chart-bar s{series}"]


def cells(figure: ET.Element, part: str) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in figure.findall(f".//{part}/tr")]


@st.composite
def any_chart(draw: st.DrawFn) -> Chart:
    places = draw(st.integers(1, 40))
    shape = draw(st.sampled_from(Shape))
    count = 1 if shape is Shape.BARS else draw(st.integers(1, 9))
    axes: list[Axis] = [
        Days(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=places - 1), "ar-EG"),
        Countdown(places - 1, 0, "en-US"),
        Names("Type <&>", [f"שורה {index} <b>" for index in range(places)]),
    ]
    units: list[Unit] = [EURO, Count("Tickets", "he-IL")]
    names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=20)
    series = [Series(draw(names), draw(st.lists(VALUES, min_size=places, max_size=places))) for _ in range(count)]
    return Chart(
        title=draw(names),
        axis=draw(st.sampled_from(axes)),
        unit=draw(st.sampled_from(units)),
        series=series,
        shape=shape,
    )


@given(any_chart())
def test_charts_are_well_formed_and_have_no_style_of_their_own(made: Chart) -> None:
    figure = parsed(made)
    for element in figure.iter():
        assert element.tag not in {"style", "script"}
        assert "style" not in element.attrib
        assert not [name for name in element.attrib if name.startswith("on")]
        for name in ("width", "height"):
            if element.tag == "rect":
                assert share(element, name) >= 0
    identities = [element.attrib["id"] for element in figure.iter() if "id" in element.attrib]
    assert len(set(identities)) == len(identities)
    used = set(re.findall(r"url\(#(\w+)\)", made.figure()))
    assert used <= set(identities)


@given(any_chart())
def test_the_table_has_every_figure_of_the_chart(made: Chart) -> None:
    figure = parsed(made)
    if made.is_empty:
        assert figure.find("svg") is None
        assert "No figures yet" in made.figure()
        return
    for place, row in enumerate(cells(figure, "tbody")):
        values = [each.values[place] for each in made.series]
        assert row[1 : 1 + len(values)] == ["–" if value is None else made.unit.text(value) for value in values]
    (total,) = cells(figure, "tfoot")
    assert total[1 : 1 + len(made.series)] == [made.unit.text(each.total) for each in made.series]
    # Series that are drawn as one have the sum of their figures.
    assert sum(each.total for each in made.drawn) == sum(each.total for each in made.series)
    assert len(made.drawn) <= MOST_SERIES


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=40))
def test_bars_are_as_high_as_their_values(values: list[int]) -> None:
    figure = parsed(chart(*values))
    shown = [value for value in values if value]
    heights = [share(bar, "height") for bar in bars(figure)]
    assert len(heights) == len(shown)
    longest = max(map(abs, shown), default=0)
    for value, height in zip(shown, heights, strict=True):
        assert height == pytest.approx(max(heights) * abs(value) / longest, abs=0.02)
    for bar in bars(figure):
        assert -0.01 <= share(bar, "y") <= share(bar, "y") + share(bar, "height") <= 100.02


def test_refunds_hang_below_the_line_of_zero() -> None:
    figure = parsed(chart(3000, -1000, 2000))
    (base,) = (line for line in figure.iter("line") if line.get("class") == "chart-base")
    up, down, _ = bars(figure)
    assert share(up, "y") + share(up, "height") == share(base, "y1") == share(down, "y")


def test_stacked_bars_stand_on_each_other() -> None:
    series = [Series("Stalls", [1000, 500]), Series("Gallery", [2000, None]), Series("Refunds", [-700, 0])]
    figure = parsed(chart(0, 0, shape=Shape.STACK, series=series))
    (stalls, _), (gallery,), (refunds,) = bars(figure, 0), bars(figure, 1), bars(figure, 2)
    assert share(gallery, "y") + share(gallery, "height") == pytest.approx(share(stalls, "y"), abs=0.02)
    assert share(refunds, "y") == pytest.approx(share(stalls, "y") + share(stalls, "height"), abs=0.02)
    assert cells(figure, "thead") == [["Day", "Stalls", "Gallery", "Refunds", "Total"]]
    assert cells(figure, "tfoot") == [["Total", "€15.00", "€20.00", "-€7.00", "€28.00"]]


def test_series_differ_by_more_than_colour() -> None:
    series = [Series(str(index), [index + 1]) for index in range(MOST_SERIES)]
    stack = parsed(chart(0, shape=Shape.STACK, series=series))
    drawn = {path.attrib["d"] for path in stack.findall("svg//pattern/path")}
    assert len(drawn) == MOST_SERIES - 1  # the first one is plain
    styles = STYLES.read_text()
    dashes = re.findall(r"\.chart-line\.s[1-5] \{[^}]*stroke-dasharray: ([\d ]+);", styles)
    assert len(set(dashes)) == MOST_SERIES - 1
    assert [item.text for item in stack.findall("ul/li/bdi")] == [each.name for each in series]


def test_a_chart_is_described_for_those_who_do_not_see_it() -> None:
    figure = parsed(chart(1200, None, 3400))
    drawing = figure.find("svg")
    assert drawing is not None
    assert drawing.get("role") == "img"
    named = [figure.findtext(f".//*[@id='{each}']") for each in drawing.attrib["aria-labelledby"].split()]
    assert named == [
        "Money a day",
        "Day: Sun 1 Nov 2026 – Tue 3 Nov 2026. Money, EUR: at most €34.00 (Tue 3 Nov 2026), in total €46.00.",
    ]


def test_a_line_stops_where_there_is_no_figure_yet() -> None:
    steps = chart(1, 2, None, 4, shape=Shape.STEPS, has_total=False)
    (path,) = parsed(steps).findall("svg/svg/path")
    assert path.attrib["d"].count("M") == 2
    assert parsed(steps).find(".//tfoot") is None
    lonely = parsed(chart(None, 2, None, shape=Shape.LINES)).find("svg/svg/path")
    assert lonely is not None
    assert "H" in lonely.attrib["d"]  # wide enough to be seen


def test_the_table_can_be_folded_away() -> None:
    folded = ET.fromstring(chart(1).figure(is_open=False))  # noqa: S314
    assert folded.find("details/summary") is not None
    assert folded.find("details//table") is not None


def test_a_chart_refuses_what_it_cannot_draw() -> None:
    with pytest.raises(ValueError, match="needs 2 values"):
        chart(1, 2, series=[Series("Tickets", [1])])
    with pytest.raises(ValueError, match="take a stack"):
        chart(1, series=[Series("Stalls", [1]), Series("Gallery", [1])])


def test_every_margin_has_a_rule() -> None:
    styles = STYLES.read_text()
    for value in (1, 10**6, 10**9, 10**12, 10**15):
        (drawing,) = parsed(chart(value)).findall("svg")
        assert f".{drawing.attrib['class'].split()[1]} {{" in styles
