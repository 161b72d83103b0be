"""Text that always fits its box: set smaller first, cut last."""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from fpdf import FPDF
from fpdf.bidi import auto_detect_base_direction
from fpdf.enums import Align, MethodReturnValue, TextDirection
from fpdf.unicode_script import UnicodeScript, get_unicode_script

from adapters.pdf.typefaces import BASE_FAMILY, Typefaces

_MM_PER_POINT = 25.4 / 72
_ELLIPSIS = "…"
_TOLERANCE = 1e-6
_MAX_CHARACTERS = 4_000
#: Of a busy day's shows; some hundred bytes each.
_MAX_REMEMBERED = 5_000
_UNSPACED = frozenset({UnicodeScript.THAI, UnicodeScript.LAO, UnicodeScript.KHMER, UnicodeScript.MYANMAR})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """``size`` in points is tried first and ``min_size`` last; ``leading`` is the line's height by the size."""

    size: int
    min_size: int
    is_bold: bool = False
    color: str
    leading: float = 1.3

    def line_height(self, size: int) -> float:
        """In mm."""
        return size * self.leading * _MM_PER_POINT

    def line_limit(self, size: int, height: float) -> int:
        """How many lines go into ``height`` mm; at least one."""
        return max(int(height / self.line_height(size) + _TOLERANCE), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a text goes, in mm. It may take less than ``max_height``."""

    x: float
    y: float
    width: float
    max_height: float


class FittedTexts:
    """What fitted where, and how: the tickets of a show say much the same, and trying sizes takes long.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[str, int]] = {}

    def get(self, key: Hashable, fit: Callable[[], tuple[str, int]]) -> tuple[str, int]:
        """The text, cut if need be, and its size; asks ``fit`` the first time."""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            found = self._known[key] = fit()
        return found


class Typesetter:
    """Sets text on the current page."""

    def __init__(self, pdf: FPDF, typefaces: Typefaces, fitted: FittedTexts) -> None:
        self._pdf = pdf
        self._typefaces = typefaces
        self._fitted = fitted

    def set(self, text: str, box: Box, style: TextStyle, *, align: Align | None = None) -> float:
        """Write the text into the box; without ``align``, from the side its script begins on. Returns its end's y."""
        printable = _at_most_a_page(self._typefaces.printable(text).strip())
        if not printable:
            return box.y
        fitting, size = self._fit(printable, box, style)
        self._use(style, size)
        self._pdf.set_text_color(style.color)
        self._pdf.set_xy(box.x, box.y)
        self._pdf.multi_cell(box.width, style.line_height(size), fitting, align=align or _natural_align(fitting))
        return self._pdf.get_y()

    def width(self, text: str, style: TextStyle) -> float:
        """Of one line, in mm."""
        self._use(style, style.size)
        return self._pdf.get_string_width(self._typefaces.printable(text))

    def _fit(self, text: str, box: Box, style: TextStyle) -> tuple[str, int]:
        def fit() -> tuple[str, int]:
            size = self._choose_size(text, box, style)
            self._use(style, size)
            return self._cut(text, box, style.line_limit(size, box.max_height)), size

        return self._fitted.get((text, box.width, box.max_height, style, self._typefaces.families), fit)

    def _choose_size(self, text: str, box: Box, style: TextStyle) -> int:
        """The largest size at which the text fits and no word is broken; the smallest allowed if none is."""
        longest_word = max((word for word in text.split() if not _breaks_anywhere(word)), key=len, default="")

        def fits(size: int) -> bool:
            self._use(style, size)
            if "\n" not in text and self._pdf.get_string_width(text) <= box.width:
                return True  # on one line: most do, and breaking lines takes long
            if self._pdf.get_string_width(longest_word) > box.width:
                return False
            return len(self._lines(text, box)) <= style.line_limit(size, box.max_height)

        sizes = range(style.size, style.min_size, -1)
        first_fitting = bisect.bisect_left(sizes, True, key=fits)
        return sizes[first_fitting] if first_fitting < len(sizes) else style.min_size

    def _cut(self, text: str, box: Box, line_limit: int) -> str:
        if "\n" not in text and self._pdf.get_string_width(text) <= box.width:
            return text
        lines = self._lines(text, box)
        if len(lines) <= line_limit:
            return text
        length = sum(map(len, lines[:line_limit]))
        while len(self._lines(text[:length] + _ELLIPSIS, box)) > line_limit:
            length -= 1
        return text[:length].rstrip() + _ELLIPSIS

    def _lines(self, text: str, box: Box) -> list[str]:
        """As they would be broken in the present font."""
        lines = self._pdf.multi_cell(box.width, text=text, align=Align.L, dry_run=True, output=MethodReturnValue.LINES)
        if not isinstance(lines, list):
            raise TypeError("fpdf2 returned no lines")
        return lines

    def _use(self, style: TextStyle, size: int) -> None:
        self._pdf.set_font(BASE_FAMILY, "B" if style.is_bold else "", size)


def _at_most_a_page(text: str) -> str:
    """More than a page holds is not worth measuring."""
    return text if len(text) <= _MAX_CHARACTERS else text[:_MAX_CHARACTERS] + _ELLIPSIS


def _breaks_anywhere(word: str) -> bool:
    """Whether it is written in a script that puts no spaces between words."""
    return any(
        unicodedata.east_asian_width(char) in {"W", "F"} or get_unicode_script(char) in _UNSPACED for char in word
    )


def _natural_align(text: str) -> Align:
    return Align.R if auto_detect_base_direction(text) is TextDirection.RTL else Align.L
