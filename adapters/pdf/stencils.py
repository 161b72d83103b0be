"""Texts that are copied instead of drawn again: the tickets of a show have nearly the same ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fpdf.fonts import Glyph, TTFFont

from adapters.pdf.document import TextPdf
from adapters.pdf.font_library import FixedCodes

#: Enough for the shows of a busy day; about a kilobyte each.
_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Stencil:
    """The operators that draw a text, the glyphs that they name, by font, and what the drawing returned."""

    operators: bytes
    glyphs: Mapping[str, Sequence[Glyph]]
    end: float


class Stencils:
    """The texts that were drawn last, for documents with fonts of one ``FontLibrary``, drawn one at a time."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, _Stencil] = OrderedDict()

    def draw(self, pdf: TextPdf, key: Hashable, draw: Callable[[], float]) -> float:
        """Draw on the current page what ``draw`` draws, and return what it returns. ``key`` has all that decides it."""
        stencil = self._known.get(key)
        if stencil is None:
            return self._draw_first(pdf, key, draw)
        self._known.move_to_end(key)
        for font, glyphs in stencil.glyphs.items():
            codes = _codes_of(pdf.fonts[font])
            assert codes is not None  # noqa: S101  # the key has the fonts
            for glyph in glyphs:
                codes.pick_glyph(glyph)
        pdf.put(stencil.operators)
        return stencil.end

    def _draw_first(self, pdf: TextPdf, key: Hashable, draw: Callable[[], float]) -> float:
        codes = {font: _codes_of(pdf.fonts[font]) for font in pdf.fonts}
        for each in codes.values():
            if each is not None:
                each.take_log()
        begin = pdf.page_length
        end = draw()
        glyphs = {font: each.take_log() for font, each in codes.items() if each is not None}
        if all(each is not None and each.are_fixed(glyphs[font]) for font, each in codes.items()):
            self._known[key] = _Stencil(
                pdf.put_since(begin), {font: used for font, used in glyphs.items() if used}, end
            )
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return end


def _codes_of(font: object) -> FixedCodes | None:
    return font.subset if isinstance(font, TTFFont) and isinstance(font.subset, FixedCodes) else None
