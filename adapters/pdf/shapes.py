"""The lines and shapes of a ticket."""

from __future__ import annotations

from fpdf import FPDF

_CORNER_RADIUS = 6.0
_NOTCH_RADIUS = 3.0
_LINE_WIDTH = 0.35
_LINE_COLOR = "#b9bfca"


def fill_pill(pdf: FPDF, *, x: float, y: float, width: float, height: float, color: str) -> None:
    """Draw a bar with round ends; lengths in mm."""
    with pdf.new_path() as path:
        path.style.fill_color = color
        path.style.stroke_color = None
        path.rectangle(x, y, width, height, height / 2, height / 2)


def draw_card_edge(pdf: FPDF, *, x: float, y: float, width: float, bottom: float, tear_y: float) -> None:
    """Draw a rounded frame, with a notch at both ends of a dashed line to tear along; lengths in mm."""
    right, corner, notch = x + width, _CORNER_RADIUS, _NOTCH_RADIUS
    with pdf.new_path(x + corner, y) as path:
        path.style.fill_color = None
        path.style.stroke_color = _LINE_COLOR
        path.style.stroke_width = _LINE_WIDTH
        path.line_to(right - corner, y).arc_to(corner, corner, 0, False, True, right, y + corner)
        path.line_to(right, tear_y - notch).arc_to(notch, notch, 0, False, False, right, tear_y + notch)
        path.line_to(right, bottom - corner).arc_to(corner, corner, 0, False, True, right - corner, bottom)
        path.line_to(x + corner, bottom).arc_to(corner, corner, 0, False, True, x, bottom - corner)
        path.line_to(x, tear_y + notch).arc_to(notch, notch, 0, False, False, x, tear_y - notch)
        path.line_to(x, y + corner).arc_to(corner, corner, 0, False, True, x + corner, y)
        path.close()
    pdf.set_draw_color(_LINE_COLOR)
    pdf.set_line_width(_LINE_WIDTH)
    with pdf.local_context(dash_pattern={"dash": 1.6, "gap": 1.8, "phase": 0}):
        pdf.line(x + notch + 2, tear_y, right - notch - 2, tear_y)
