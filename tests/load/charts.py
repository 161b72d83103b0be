"""Small charts of measurements, as SVG files that documents show: a panel for each curve over one logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_WIDTH: Final = 640
_LEFT, _RIGHT, _TOP = 96, 24, 34
_PANEL: Final = 82
_GAP: Final = 16
_BOTTOM: Final = 46
#: Read on white and on black pages alike: the chart brings its own ground.
_GROUND, _INK, _PALE, _LINE = "#ffffff", "#1f2933", "#cbd2d9", "#1d5fa8"


@dataclass(frozen=True, slots=True)
class Curve:
    """What a panel shows: ``points`` are sizes, in order, and values."""

    name: str
    points: Sequence[tuple[int, float]]


def chart(title: str, unit: str, curves: Sequence[Curve]) -> str:
    """The SVG. Each panel begins at zero."""
    height = _TOP + len(curves) * (_PANEL + _GAP) + _BOTTOM - _GAP
    svg = Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height}",
        width=str(_WIDTH),
        height=str(height),
        role="img",
    )
    svg.set("font-family", "system-ui, sans-serif")
    svg.set("font-size", "12")
    SubElement(svg, "title").text = title
    SubElement(svg, "desc").text = "; ".join(
        f"{curve.name}: " + ", ".join(f"{value:,g} at {size:,}" for size, value in curve.points) for curve in curves
    )
    SubElement(svg, "rect", width=str(_WIDTH), height=str(height), fill=_GROUND)
    _text(svg, _LEFT, 20, title, weight="600")
    sizes = [size for size, _ in curves[0].points]
    for index, curve in enumerate(curves):
        _panel(svg, curve, sizes, _TOP + index * (_PANEL + _GAP))
    bottom = height - _BOTTOM
    for size in sizes:
        _text(svg, _across(size, sizes), bottom + 18, f"{size:,}", anchor="middle")
    _text(svg, (_LEFT + _WIDTH - _RIGHT) / 2, bottom + 36, unit, anchor="middle")
    indent(svg)
    return tostring(svg, encoding="unicode") + "\n"


def _across(size: int, sizes: Sequence[int]) -> float:
    first, last = math.log(sizes[0]), math.log(sizes[-1])
    return _LEFT + 14 + (math.log(size) - first) / ((last - first) or 1) * (_WIDTH - _LEFT - _RIGHT - 28)


def _panel(svg: Element, curve: Curve, sizes: Sequence[int], top: float) -> None:
    most = _round_up(max(value for _, value in curve.points))
    for share in (0, 0.5, 1):
        level = f"{top + _PANEL * (1 - share):g}"
        SubElement(svg, "line", x1=str(_LEFT), x2=str(_WIDTH - _RIGHT), y1=level, y2=level, stroke=_PALE)
        _text(svg, _LEFT - 6, top + _PANEL * (1 - share) + 4, f"{most * share:,g}", anchor="end")
    _text(svg, _LEFT + 4, top + 12, curve.name, colour=_LINE, weight="600")
    places = [(_across(size, sizes), top + _PANEL * (1 - value / most)) for size, value in curve.points]
    SubElement(
        svg,
        "polyline",
        {"points": " ".join(f"{x:.1f},{y:.1f}" for x, y in places), "fill": "none"},
        stroke=_LINE,
        **{"stroke-width": "2"},
    )
    for x, y in places:
        SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3", fill=_LINE)


def _round_up(value: float) -> float:
    """The next 1, 1.5, 2, 3, 4, 5, 6 or 8 of its decade."""
    decade = 10 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next((step * decade for step in (1, 1.5, 2, 3, 4, 5, 6, 8) if step * decade >= value), 10 * decade)


def _text(
    svg: Element, x: float, y: float, words: str, *, anchor: str = "start", colour: str = _INK, weight: str = "400"
) -> None:
    text = SubElement(svg, "text", {"x": f"{x:g}", "y": f"{y:g}", "fill": colour, "text-anchor": anchor})
    text.set("font-weight", weight)
    text.text = words
