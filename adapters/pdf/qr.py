"""A QR code as one vector shape: sharp at any size, on paper and on a screen."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import segno
from fpdf import FPDF
from fpdf.drawing import PaintedPath

_QUIET_ZONE_MODULES = 4
#: The minimum: if the same size has room for more correction, more of the code may be damaged and it still reads.
_ERROR_CORRECTION = "m"
_BLACK = "#000000"


def draw_qr(pdf: FPDF, content: str, *, x: float, y: float, size: float) -> float:
    """Draw the code in black into a square of ``size`` mm at (x, y) mm.

    Returns how many mm around the square must stay empty.
    """
    code = segno.make_qr(content, error=_ERROR_CORRECTION, boost_error=True)
    rows = list(code.matrix_iter(border=0))
    module = size / len(rows)
    # One path, because viewers leave hairlines between shapes that only touch.
    path = PaintedPath()
    path.style.fill_color = _BLACK
    path.style.stroke_color = None
    for row_number, row in enumerate(rows):
        for start, length in _dark_runs(row):
            path.rectangle(x + start * module, y + row_number * module, length * module, module)
    with pdf.drawing_context() as drawing:
        drawing.add_item(path, clone=False)  # copying its hundreds of pieces takes longer than all else here
    return _QUIET_ZONE_MODULES * module


def _dark_runs(row: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The start and the length of each run of dark modules."""
    start = 0
    for is_dark, modules in itertools.groupby(row, key=bool):
        length = len(list(modules))
        if is_dark:
            yield start, length
        start += length
