"""A QR code as one vector shape: sharp at any size, on paper and on a screen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, cast

import segno
from fpdf import FPDF
from fpdf.drawing import PaintedPath

_DARK_RUN: Final = re.compile(rb"\x01+")
_QUIET_ZONE_MODULES = 4
#: The minimum: if the same size has room for more correction, more of the code may be damaged and it still reads.
_ERROR_CORRECTION = "m"
_BLACK = "#000000"


class _Modules(NamedTuple):
    """The dark modules as one element of a path: fpdf2 takes ten times as long for hundreds of rectangles."""

    rows: Iterable[bytes]
    x: float
    y: float
    module: float

    def render(self, _: Any, __: Any, last_item: Any, initial_point: Any) -> tuple[str, Any, Any]:
        """The operators that fpdf2 writes, and the state of the path, which stays as it is."""
        runs = (
            f"{self.x + run.start() * self.module:.3f} {self.y + number * self.module:.3f} "
            f"{(run.end() - run.start()) * self.module:.3f} {self.module:.3f} re"
            for number, row in enumerate(self.rows)
            for run in _DARK_RUN.finditer(row)
        )
        return " ".join(runs), last_item, initial_point


def draw_qr(pdf: FPDF, content: str, *, x: float, y: float, size: float) -> float:
    """Draw the code in black into a square of ``size`` mm at (x, y) mm.

    Returns how many mm around the square must stay empty.
    """
    code = segno.make_qr(content, error=_ERROR_CORRECTION, boost_error=True)
    rows = [bytes(row) for row in code.matrix_iter(border=0)]
    module = size / len(rows)
    # One path, because viewers leave hairlines between shapes that only touch.
    path = PaintedPath()
    path.style.fill_color = _BLACK
    path.style.stroke_color = None
    path.add_path_element(cast("Any", _Modules(rows, x, y, module)), clone=False)
    with pdf.drawing_context() as drawing:
        drawing.add_item(path, clone=False)
    return _QUIET_ZONE_MODULES * module
