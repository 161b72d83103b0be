"""The lines and shapes of a ticket, as operators of a page: nearly all tickets of a show have the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from fpdf.drawing_primitives import color_from_hex_string

from adapters.pdf.document import TextPdf

_CORNER_RADIUS = 6.0
_NOTCH_RADIUS = 3.0
_LINE_WIDTH = 0.35
_LINE_COLOR = "#b9bfca"
_DASHES = "[1.6 1.8] 0 d"
#: Where the handles of a Bézier curve are for a quarter of a circle, of its radius.
_HANDLE: Final = 0.5523

Point = tuple[float, float]


def fill_pill(pdf: TextPdf, *, x: float, y: float, width: float, height: float, color: str) -> None:
    """Draw a bar with round ends; lengths in mm."""
    pdf.put_in_mm(_pill(x, y, width, height, color))


def draw_card_edge(pdf: TextPdf, *, x: float, y: float, width: float, bottom: float, tear_y: float) -> None:
    """Draw a rounded frame, with a notch at both ends of a dashed line to tear along; lengths in mm."""
    pdf.put_in_mm(_card_edge(x, y, width, bottom, tear_y))


@lru_cache(maxsize=64)
def _pill(x: float, y: float, width: float, height: float, color: str) -> str:
    right, bottom, end = x + width, y + height, height / 2
    outline = (
        *_begin((x + end, y)),
        *_line((right - end, y)),
        *_quarter((right - end, y), (right, y + end)),
        *_quarter((right, y + end), (right - end, bottom), is_level=False),
        *_line((x + end, bottom)),
        *_quarter((x + end, bottom), (x, y + end)),
        *_quarter((x, y + end), (x + end, y), is_level=False),
    )
    return f"{_rgb(color)} {' '.join(outline)} f"


@lru_cache(maxsize=256)
def _card_edge(x: float, y: float, width: float, bottom: float, tear_y: float) -> str:
    right, corner, notch = x + width, _CORNER_RADIUS, _NOTCH_RADIUS
    frame = (
        *_begin((x + corner, y)),
        *_line((right - corner, y)),
        *_quarter((right - corner, y), (right, y + corner)),
        *_line((right, tear_y - notch)),
        *_quarter((right, tear_y - notch), (right - notch, tear_y)),
        *_quarter((right - notch, tear_y), (right, tear_y + notch), is_level=False),
        *_line((right, bottom - corner)),
        *_quarter((right, bottom - corner), (right - corner, bottom), is_level=False),
        *_line((x + corner, bottom)),
        *_quarter((x + corner, bottom), (x, bottom - corner)),
        *_line((x, tear_y + notch)),
        *_quarter((x, tear_y + notch), (x + notch, tear_y)),
        *_quarter((x + notch, tear_y), (x, tear_y - notch), is_level=False),
        *_line((x, y + corner)),
        *_quarter((x, y + corner), (x + corner, y), is_level=False),
        "s",
    )
    tear = (*_begin((x + notch + 2, tear_y)), *_line((right - notch - 2, tear_y)), "S")
    return f"{_rgb(_LINE_COLOR).upper()} {_LINE_WIDTH} w {' '.join(frame)} {_DASHES} {' '.join(tear)}"


def _begin(point: Point) -> Sequence[str]:
    return (*_coordinates(point), "m")


def _line(end: Point) -> Sequence[str]:
    return (*_coordinates(end), "l")


def _quarter(begin: Point, end: Point, *, is_level: bool = True) -> Sequence[str]:
    """A quarter of a circle, which begins level or else upright, and ends the other way."""
    (x, y), (to_x, to_y) = begin, end
    along, across = (to_x - x) * _HANDLE, (to_y - y) * _HANDLE
    handles = ((x + along, y), (to_x, to_y - across)) if is_level else ((x, y + across), (to_x - along, to_y))
    return (*_coordinates(*handles, end), "c")


def _coordinates(*points: Point) -> Sequence[str]:
    return [f"{number:.3f}" for point in points for number in point]


def _rgb(color: str) -> str:
    """The operator that sets the colour of areas; in capitals, that of lines."""
    return color_from_hex_string(color).serialize()
