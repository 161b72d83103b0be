"""Text that always fits its box: first set smaller, then cut."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from fpdf.enums import Align, TextDirection, XPos, YPos
from uniseg.graphemecluster import grapheme_clusters

from adapters.pdf.document import TextPdf, reads_from_the_right
from adapters.pdf.line_breaking import break_lines, breaks_anywhere
from adapters.pdf.stencils import Stencils
from adapters.pdf.typefaces import BASE_FAMILY, Typefaces

_MM_PER_POINT = 25.4 / 72
_ELLIPSIS = "…"
_TOLERANCE = 1e-6
_MAX_CHARACTERS = 4_000
#: Enough for the shows of a busy day; some hundred bytes each.
_MAX_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """A style.

    Sizes in points from ``size`` down to ``min_size`` are tried; ``leading`` is the line height divided by the size.
    """

    size: int
    min_size: int
    is_bold: bool = False
    color: str
    leading: float = 1.3

    def line_height(self, size: int) -> float:
        """The height of a line in mm."""
        return size * self.leading * _MM_PER_POINT

    def line_limit(self, size: int, height: float) -> int:
        """The number of lines that fit into ``height`` mm; at least one."""
        return max(int(height / self.line_height(size) + _TOLERANCE), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The place of a text, in mm. The text may take less than ``max_height``."""

    x: float
    y: float
    width: float
    max_height: float


class FittedTexts:
    """A cache of fitted texts: the tickets of a show have nearly the same texts, and trying sizes takes long.

    It can be shared between threads.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[tuple[str, ...], int]] = {}

    def get(self, key: Hashable, fit: Callable[[], tuple[tuple[str, ...], int]]) -> tuple[tuple[str, ...], int]:
        """The text's lines, cut if necessary, and their size in points; calls ``fit`` the first time."""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            found = self._known[key] = fit()
        return found


class Typesetter:
    """Sets text on the current page."""

    def __init__(self, pdf: TextPdf, typefaces: Typefaces, fitted: FittedTexts, stencils: Stencils) -> None:
        self._pdf = pdf
        self._typefaces = typefaces
        self._fitted = fitted
        self._stencils = stencils

    def set(
        self, text: str, box: Box, style: TextStyle, *, align: Align | None = None, is_personal: bool = False
    ) -> float:
        """Write the text into the box; without ``align``, from the side where its script begins. What ``is_personal``
        is not remembered.

        Returns the y of its end.
        """
        printable = _at_most_a_page(self._typefaces.printable(text).strip())
        if not printable:
            return box.y
        if is_personal:
            return self._draw(printable, self._fit(printable, box, style), box, style, align)
        pdf = self._pdf
        key = (printable, box, style, self._typefaces.families)
        return self._stencils.draw(
            pdf,
            (*key, align, pdf.h, pdf.k, pdf.fill_color),
            lambda: self._draw(
                printable, self._fitted.get(key, lambda: self._fit(printable, box, style)), box, style, align
            ),
        )

    def _draw(
        self, printable: str, fitted: tuple[Sequence[str], int], box: Box, style: TextStyle, align: Align | None
    ) -> float:
        lines, size = fitted
        self._use(style, size)
        self._pdf.set_text_color(style.color)
        self._pdf.set_xy(box.x, box.y)
        from_the_right = reads_from_the_right(printable)
        self._pdf.set_text_shaping(True, direction=TextDirection.RTL if from_the_right else TextDirection.LTR)
        natural = Align.R if from_the_right else Align.L
        for line in lines:
            self._draw_line(line, box.width, style.line_height(size), align or natural)
        return self._pdf.get_y()

    def _draw_line(self, line: str, width: float, height: float, align: Align) -> None:
        # fpdf2 2.8.9 counts the font as set on the page although it set it for only one coloured line, if that line
        # begins in another font. A later line that begins in the first font would be invisible.
        self._pdf.current_font_is_set_on_page = False
        # A no-break space has done its work by now; as a plain space, a search for a time finds it.
        self._pdf.cell(width, height, line.replace("\u00a0", " "), align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def width(self, text: str, style: TextStyle) -> float:
        """The width of one line, in mm."""
        self._use(style, style.size)
        return self._pdf.get_string_width(self._typefaces.printable(text))

    def _fit(self, text: str, box: Box, style: TextStyle) -> tuple[tuple[str, ...], int]:
        size = self._choose_size(text, box, style)
        self._use(style, size)
        return tuple(self._cut(text, box, style.line_limit(size, box.max_height))), size

    def _choose_size(self, text: str, box: Box, style: TextStyle) -> int:
        """The largest size at which the text fits and no word is divided, or else the smallest allowed size."""
        words = [unit.rstrip() for unit in text.split() if not breaks_anywhere(unit)]

        def fits(size: int) -> bool:
            self._use(style, size)
            if "\n" not in text and self._measure(text) <= box.width:
                return True  # on one line: most do
            if any(self._measure(word) > box.width for word in words):
                return False
            return len(self._lines(text, box)) <= style.line_limit(size, box.max_height)

        if fits(style.size):  # nearly all do
            return style.size
        sizes = range(style.size - 1, style.min_size, -1)
        first_fitting = bisect.bisect_left(sizes, True, key=fits)
        return sizes[first_fitting] if first_fitting < len(sizes) else style.min_size

    def _cut(self, text: str, box: Box, line_limit: int) -> list[str]:
        """The lines that fit, in the present font; an ellipsis replaces the rest."""
        if "\n" not in text and self._measure(text) <= box.width:
            return [text]
        lines = self._lines(text, box)
        if len(lines) <= line_limit:
            return lines
        kept, last = lines[: line_limit - 1], lines[line_limit - 1]
        while self._measure(last + _ELLIPSIS) > box.width + _TOLERANCE:
            last = "".join(list(grapheme_clusters(last))[:-1])
        return [*kept, last.rstrip() + _ELLIPSIS]

    def _lines(self, text: str, box: Box) -> list[str]:
        """The lines of the text, broken in the present font."""
        return break_lines(text, box.width, self._measure)

    def _measure(self, text: str) -> float:
        """The width of one line in the present font, in mm, shaped as it will be drawn."""
        return self._pdf.get_string_width(text)

    def _use(self, style: TextStyle, size: int) -> None:
        self._pdf.set_font(BASE_FAMILY, "B" if style.is_bold else "", size)


def _at_most_a_page(text: str) -> str:
    """The text, limited to what a page can hold: more is not worth measuring."""
    return text if len(text) <= _MAX_CHARACTERS else text[:_MAX_CHARACTERS] + _ELLIPSIS
