"""A QR code as one vector shape: sharp at any size, on paper and on a screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import zxingcpp

from adapters.pdf.document import TextPdf

QUIET_ZONE_MODULES: Final = 4
#: As zxing-cpp paints a dark module.
DARK: Final = b"\x00"
_DARK_RUN: Final = re.compile(DARK + b"+")
#: The least correction of errors, and what is better, from the best on: if the same size has room for more correction,
#: more of the code may be damaged and it still reads.
_LEAST: Final = "M"
_BETTER: Final = ("H", "Q")


def rows_of(content: str) -> Sequence[bytes]:
    """The code's modules from above, a byte each, of which the dark ones are ``DARK``."""
    code = _modules(content, _LEAST)
    better = (_modules(content, level) for level in _BETTER)
    code = next((each for each in better if len(each) == len(code)), code)
    side = int(len(code) ** 0.5)
    return [code[begin : begin + side] for begin in range(0, len(code), side)]


def draw_qr(pdf: TextPdf, content: str, *, x: float, y: float, size: float) -> float:
    """Draw the code in black into a square of ``size`` mm at (x, y) mm.

    Returns how many mm around the square must stay empty.
    """
    rows = rows_of(content)
    module = size / len(rows)
    dark = " ".join(
        f"{run.start()} {number} {run.end() - run.start()} 1 re"
        for number, row in enumerate(rows)
        for run in _DARK_RUN.finditer(row)
    )
    # One path, because viewers leave hairlines between shapes that only touch. Its unit is a module.
    pdf.put_in_mm(f"{module:.5f} 0 0 {module:.5f} {x:.3f} {y:.3f} cm 0 g {dark} f")
    return QUIET_ZONE_MODULES * module


def _modules(content: str, level: str) -> bytes:
    code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    picture: Any = code.to_image(scale=1, add_quiet_zones=False)
    return bytes(memoryview(picture))  # its type does not say that it is a buffer
