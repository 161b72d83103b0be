"""Charts as SVG inside the page, each with a table of the same figures.

A chart is as wide as its place, while its texts keep the page's size: positions are percentages of the plot, and the
margins are paddings of the style sheet (``charts.css``), in characters. Every mark has a class and no style, as the
pages' Content-Security-Policy demands, so colours follow the page's light and dark mode. Series differ by pattern or
dash as well as by colour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

from entrypoints.office.scales import Axis, Unit, labelled, ticks, widest

#: Series that are told apart by their colours and patterns. Further ones are drawn as one.
MOST_SERIES: Final = 6
#: The room for the marks of the axis and its margin, in characters of a wide font: on a phone of 360 pixels, and in a
#: wide place.
PHONE: Final = 32
WIDE: Final = 72
#: A bar's share of its place, and the most that it has of the whole plot.
_BAR_SHARE: Final = 0.76
_WIDEST_BAR: Final = 14.0
#: The plot of lines is as wide and high as this, in its own units.
_PLOT: Final = 1000
_WIDEST_MARGIN: Final = 14
_ALL: Final = 100.0


class Shape(StrEnum):
    """How values are drawn. ``STACK`` puts the series' bars on each other, ``STEPS`` keeps a value up to the next."""

    BARS = "bars"
    STACK = "stack"
    LINES = "lines"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, one for each position of the axis. None is a value that is not there (yet)."""

    name: str
    values: Sequence[int | None]

    @property
    def total(self) -> int:
        return sum(value or 0 for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart and its table. ``BARS`` have one series.

    The table ends with the sum of the values where that means something (``has_total``): not where they are stocks,
    such as the tickets sold so far. ``sum_name`` heads the table's sum over the series of a stack.
    """

    title: str
    axis: Axis
    unit: Unit
    series: Sequence[Series]
    shape: Shape = Shape.BARS
    has_total: bool = True
    sum_name: str = "Total"

    def __post_init__(self) -> None:
        places = len(self.axis.positions)
        if any(len(each.values) != places for each in self.series):
            raise ValueError(f"Each series needs {places} values")
        if self.shape is Shape.BARS and len(self.series) > 1:
            raise ValueError("Bars have one series: take a stack")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(value is None for each in self.series for value in each.values)

    def figure(self, *, is_open: bool = True) -> Markup:
        """The chart with its key and its table, which is folded away unless ``is_open``."""
        figure = Element("figure", {"class": "figures"})
        caption = SubElement(figure, "figcaption")
        caption.text = self.title
        if self.is_empty:
            SubElement(figure, "p", {"class": "soft"}).text = "No figures yet."
            return _markup(figure)
        figure.append(_Drawing(self).svg)
        if len(self.series) > 1:
            figure.append(self._key())
        if is_open:
            figure.append(self._table())
        else:
            folded = SubElement(figure, "details", {"class": "chart-figures"})
            SubElement(folded, "summary").text = "The same figures as a table"
            folded.append(self._table())
        return _markup(figure)

    def svg(self) -> Markup:

        return _markup(_Drawing(self).svg)

    def table(self) -> Markup:
        """The table alone."""
        return _markup(self._table())

    @property
    def drawn(self) -> list[Series]:
        """The series as they are drawn: those with the largest sums, and the rest as one."""
        if len(self.series) <= MOST_SERIES:
            return list(self.series)
        by_size = sorted(range(len(self.series)), key=lambda index: -abs(self.series[index].total))
        largest, rest = sorted(by_size[: MOST_SERIES - 1]), by_size[MOST_SERIES - 1 :]
        others = zip(*(self.series[index].values for index in rest), strict=True)
        return [
            *(self.series[index] for index in largest),
            Series(f"{len(rest)} others", [_sum_of(values) for values in others]),
        ]

    def _key(self) -> Element:
        key = Element("ul", {"class": "chart-key"})
        for index, each in enumerate(self.drawn):
            item = SubElement(key, "li")
            sample = SubElement(item, "svg", {"class": "chart-sample", "aria-hidden": "true"})
            if self.shape in (Shape.BARS, Shape.STACK):
                _patterns(sample, f"{_id(self)}k{index}", index)
                _bar(sample, f"{_id(self)}k{index}", index, x="0", y="0", width="100%", height="100%")
            else:
                SubElement(
                    sample, "line", {"class": f"chart-line s{index}", "x1": "0", "y1": "50%", "x2": "100%", "y2": "50%"}
                )
            SubElement(item, "bdi").text = each.name
        return key

    def _table(self) -> Element:
        box = Element(
            "div", {"class": "table-box", "role": "region", "aria-label": f"{self.title}: table", "tabindex": "0"}
        )
        table = SubElement(box, "table", {"class": "chart-table"})
        SubElement(table, "caption", {"class": "hidden"}).text = f"{self.title} ({self.unit.name})"
        has_sums = len(self.series) > 1 and self.shape is Shape.STACK
        head = SubElement(SubElement(table, "thead"), "tr")
        SubElement(head, "th", {"scope": "col"}).text = self.axis.name
        for name in [*(each.name for each in self.series), *([self.sum_name] if has_sums else [])]:
            SubElement(SubElement(head, "th", {"scope": "col", "class": "number"}), "bdi").text = name
        body = SubElement(table, "tbody")
        for position, values in zip(self.axis.positions, self._rows(), strict=True):
            self._row(body, position.label, values, has_sum=has_sums)
        if self.has_total:
            foot = SubElement(table, "tfoot")
            self._row(foot, "Total", [each.total for each in self.series], has_sum=has_sums)
        return box

    def _rows(self) -> Iterator[Sequence[int | None]]:
        return zip(*(each.values for each in self.series), strict=True)

    def _row(self, parent: Element, label: str, values: Sequence[int | None], *, has_sum: bool) -> None:
        row = SubElement(parent, "tr")
        SubElement(SubElement(row, "th", {"scope": "row"}), "bdi").text = label
        for value in [*values, *([_sum_of(values)] if has_sum else [])]:
            cell = SubElement(row, "td", {"class": "number"})
            SubElement(cell, "bdi").text = "–" if value is None else self.unit.text(value)


class _Drawing:
    """The SVG of a chart."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._series = chart.drawn
        self._positions = chart.axis.positions
        self._band = _ALL / max(len(self._positions), 1)
        low, high = self._extremes()
        self._ticks = ticks(low, high, finest=chart.unit.finest)
        self._marks = [chart.unit.mark(tick) for tick in self._ticks]
        self._id = _id(chart)

    @property
    def svg(self) -> Element:
        margin = min(widest(self._marks), _WIDEST_MARGIN)
        svg = Element(
            "svg",
            {
                "class": f"chart margin-{margin}",
                "role": "img",
                "aria-labelledby": f"{self._id}t {self._id}d",
                "direction": "ltr",
            },
        )
        SubElement(svg, "title", {"id": f"{self._id}t"}).text = self._chart.title
        SubElement(svg, "desc", {"id": f"{self._id}d"}).text = self._description()
        self._scale(svg)
        if self._chart.shape in (Shape.BARS, Shape.STACK):
            self._bars(svg)
        else:
            self._lines(svg)
        self._base(svg)
        self._labels(svg, margin)
        return svg

    def _extremes(self) -> tuple[int, int]:
        if self._chart.shape is Shape.STACK:
            rows = [[value or 0 for value in values] for values in self._rows()]
            below = [sum(value for value in row if value < 0) for row in rows]
            above = [sum(value for value in row if value > 0) for row in rows]
            return min(below, default=0), max(above, default=0)
        values = [value for each in self._series for value in each.values if value is not None]
        return min(values, default=0), max(values, default=0)

    def _rows(self) -> Iterator[Sequence[int | None]]:
        return zip(*(each.values for each in self._series), strict=True)

    def _description(self) -> str:
        chart = self._chart
        labels = [position.label for position in self._positions]
        sentences = [f"{chart.axis.name}: {labels[0]} – {labels[-1]}." if len(labels) > 1 else f"{labels[0]}."]
        for each in self._series:
            known = [(value, label) for value, label in zip(each.values, labels, strict=True) if value is not None]
            if not known:
                continue
            most, where = max(known, key=lambda pair: pair[0])
            total = f", in total {chart.unit.text(each.total)}" if chart.has_total else ""
            name = f"{each.name}: " if len(self._series) > 1 else f"{chart.unit.name}: "
            sentences.append(f"{name}at most {chart.unit.text(most)} ({where}){total}.")
        return " ".join(sentences)

    def _height(self, value: int) -> float:
        """The share of the plot, from its top, at which the value is."""
        low, high = self._ticks[0], self._ticks[-1]
        return _ALL * (high - value) / (high - low)

    def _scale(self, svg: Element) -> None:
        name = SubElement(svg, "text", {"class": "chart-unit", "x": "0", "y": "0", "dy": "-0.9em"})
        name.text = self._chart.unit.name
        for tick, mark in zip(self._ticks, self._marks, strict=True):
            at = _percent(self._height(tick))
            SubElement(svg, "line", {"class": "chart-grid", "x1": "0", "x2": "100%", "y1": at, "y2": at})
            label = SubElement(svg, "text", {"class": "chart-mark", "x": "0", "dx": "-0.6em", "y": at, "dy": "0.35em"})
            label.text = mark

    def _base(self, svg: Element) -> None:
        zero = _percent(self._height(0))
        SubElement(svg, "line", {"class": "chart-base", "x1": "0", "x2": "100%", "y1": zero, "y2": zero})

    def _bars(self, svg: Element) -> None:
        for index in range(len(self._series)):
            _patterns(svg, f"{self._id}s{index}", index)
        width = min(self._band * _BAR_SHARE, _WIDEST_BAR)
        for place, position in enumerate(self._positions):
            above = below = 0
            x = (place + 0.5) * self._band - width / 2
            for index, each in enumerate(self._series):
                value = each.values[place]
                if not value:
                    continue
                start = above if value > 0 else below
                end = start + value
                above, below = (end, below) if value > 0 else (above, end)
                top, bottom = sorted((self._height(start), self._height(end)))
                bar = _bar(
                    svg,
                    f"{self._id}s{index}",
                    index,
                    x=_percent(x),
                    y=_percent(top),
                    width=_percent(width),
                    height=_percent(bottom - top),
                )
                named = f"{each.name}, " if len(self._series) > 1 else ""
                SubElement(bar, "title").text = f"{named}{position.label}: {self._chart.unit.text(value)}"

    def _lines(self, svg: Element) -> None:
        plot = SubElement(
            svg,
            "svg",
            {
                "width": "100%",
                "height": "100%",
                "viewBox": f"0 0 {_PLOT} {_PLOT}",
                "preserveAspectRatio": "none",
                "overflow": "visible",
            },
        )
        for index, each in enumerate(self._series):
            way = self._way(each.values)
            if way:
                line = SubElement(
                    plot, "path", {"class": f"chart-line s{index}", "d": way, "vector-effect": "non-scaling-stroke"}
                )
                SubElement(line, "title").text = each.name

    def _way(self, values: Sequence[int | None]) -> str:
        scale, steps = _PLOT / _ALL, []
        is_down = False
        for place, value in enumerate(values):
            if value is None:
                is_down = False
                continue
            y, begin, end = self._height(value) * scale, place * self._band * scale, (place + 1) * self._band * scale
            command = "L" if is_down else "M"
            is_down = True
            if self._chart.shape is Shape.STEPS:
                steps.append(f"{command}{begin:.1f} {y:.1f}H{end:.1f}")
            elif self._stands_alone(values, place):
                steps.append(f"M{begin:.1f} {y:.1f}H{end:.1f}")
            else:
                steps.append(f"{command}{(begin + end) / 2:.1f} {y:.1f}")
        return "".join(steps)

    @staticmethod
    def _stands_alone(values: Sequence[int | None], place: int) -> bool:
        """Whether a line has no other point here: a point has no length, so it is drawn as wide as its place."""
        beside = [values[other] for other in (place - 1, place + 1) if 0 <= other < len(values)]
        return all(value is None for value in beside)

    def _labels(self, svg: Element, margin: int) -> None:
        """The marks of the axis: those that have room in a narrow place, and those that have it in a wide one."""
        narrow, wide = (set(labelled(self._chart.axis, room - margin - 2)) for room in (PHONE, WIDE))
        for place in sorted(narrow | wide):
            seen = "" if place in narrow & wide else " is-narrow" if place in narrow else " is-wide"
            label = SubElement(
                svg,
                "text",
                {
                    "class": f"chart-place{seen}",
                    "x": _percent((place + 0.5) * self._band),
                    "y": "100%",
                    "dy": "1.8em",
                },
            )
            label.text = self._positions[place].mark
        name = SubElement(svg, "text", {"class": "chart-axis", "x": "50%", "y": "100%", "dy": "3.3em"})
        name.text = self._chart.axis.name


def _patterns(parent: Element, name: str, index: int) -> None:
    """What lies over the colour of a series; the first one is plain."""
    if not index:
        return
    pattern = SubElement(
        SubElement(parent, "defs"),
        "pattern",
        {"id": name, "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"},
    )
    SubElement(pattern, "path", {"class": "chart-pattern", "d": _PATTERNS[index]})


#: Slanted lines, dots, lines, the other slant, a grid.
_PATTERNS: Final = (
    "",
    "M-2 2L2 -2M0 8L8 0M6 10L10 6",
    "M2 4h0.01M6 8h0.01M6 0h0.01",
    "M0 2H8M0 6H8",
    "M-2 6L2 10M0 0L8 8M6 -2L10 2",
    "M2 0V8M0 6H8",
)


def _bar(parent: Element, name: str, index: int, *, x: str, y: str, width: str, height: str) -> Element:
    """A bar in the series' colour, under its pattern."""
    group = SubElement(parent, "g")
    place = {"x": x, "y": y, "width": width, "height": height}
    SubElement(group, "rect", {"class": f"chart-bar s{index}", **place})
    if index:
        SubElement(group, "rect", {"fill": f"url(#{name})", **place})
    return group


def _sum_of(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _percent(share: float) -> str:
    return f"{share:.2f}%".replace(".00%", "%")


def _id(chart: Chart) -> str:
    """A name for the chart's parts that no other chart of the page has, unless its title and axis are the same."""
    return f"c{hashlib.sha256(f'{chart.title}|{chart.axis!r}'.encode()).hexdigest()[:8]}"


def _markup(element: Element) -> Markup:
    # Without short forms, both an XML and an HTML parser read it alike.
    return Markup(tostring(element, encoding="unicode", short_empty_elements=False))  # noqa: S704  # ElementTree escapes every text
