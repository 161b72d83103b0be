"""Fonts that are read once for many documents, and the parts of them that a document takes along.

fpdf2 2.8.9 reads each font for each document, and cuts its part out with fontTools, which is pure Python: together half
of the time of a ticket. HarfBuzz, which shapes the text, cuts as well, in C. What it leaves is finished: fpdf2's own
cutting, which follows, finds no tables, and writes it as it is.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import uharfbuzz as hb
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont
from typing_extensions import override

#: More than a producer's tickets need; a font that is read takes up to some megabytes.
_MAX_FONTS: Final = 12
#: The tables for shaping, when the glyphs are chosen already, and those for programs that choose fonts: a PDF names
#: glyphs by their places (ISO 32000-1, 9.9).
_NOT_IN_A_PDF: Final = ("GDEF", "GPOS", "GSUB", "OS/2", "cmap", "name", "post")


class FontLibrary:
    """The fonts that were used last. One document is drawn at a time."""

    def __init__(self) -> None:
        self._read: dict[str, TTFFont] = {}

    def add_to(self, pdf: FPDF, family: str, style: str, file: Path) -> None:
        """Give the document the font. The large fonts with Chinese, Japanese and Korean (.otf) are read each time."""
        if file.suffix != ".ttf":
            pdf.add_font(family, style, file)
            return
        key = family + style
        font = self._read.pop(key, None) or _read(family, style, file)
        self._read[key] = font  # as the last one that was used
        if len(self._read) > _MAX_FONTS:
            del self._read[next(iter(self._read))]
        pdf.fonts[key] = _copy_of(font, number=len(pdf.fonts) + 1)


def cut_fonts(pdf: FPDF) -> None:
    """Leave of each font what the document uses, as the last thing before it is written."""
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont) and not font.is_cff:
            font.ttfont = _part_of(font)


def _read(family: str, style: str, file: Path) -> TTFFont:
    reader = FPDF()
    reader.add_font(family, style, file)
    font = reader.fonts[family + style]
    assert isinstance(font, TTFFont)  # noqa: S101  # what add_font makes of a file
    _ = font.hbfont  # read, too, for all documents
    font.ttfont.close()  # it would keep the file open
    font.ttfont = TTFont(io.BytesIO(file.read_bytes()), recalcTimestamp=False, lazy=True)
    return font


def _copy_of(font: TTFFont, *, number: int) -> TTFFont:
    """The font with the state of a new document: as fpdf2 makes it, but without reading the file."""
    own = copy.copy(font)
    own.i = number
    own.biggest_size_pt = 0
    own.missing_glyphs = []
    own.cw = font.cw.copy()
    own.desc = copy.copy(font.desc)
    own.subset = SubsetMap(own)
    return own


class _Part(TTFont):  # type: ignore[misc]  # fontTools has no types
    """A font that is cut already: only its glyphs' places and its bytes are asked for."""

    def __init__(self, glyphs: Sequence[str], content: bytes) -> None:
        super().__init__()
        self._glyphs = list(glyphs)
        self._places = {name: place for place, name in enumerate(glyphs)}
        self._content = content

    @override
    def getGlyphOrder(self) -> list[str]:
        return self._glyphs

    @override
    def setGlyphOrder(self, glyphOrder: list[str]) -> None:
        """Nothing: fontTools would put the glyphs in the order of a font without tables."""

    @override
    def getGlyphID(self, glyphName: str) -> int:
        return self._places[glyphName]

    @override
    def save(self, file: Any, reorderTables: bool | None = True) -> None:
        file.write(self._content)


def _part_of(font: TTFFont) -> TTFont:
    """The font with only those glyphs that the document uses, under their names."""
    names = font.ttfont.getGlyphOrder()
    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.NOTDEF_OUTLINE
    wanted.glyph_set.update(font.ttfont.getGlyphID(name) for name in font.subset.get_all_glyph_names())
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _NOT_IN_A_PDF)
    plan = hb.SubsetPlan(font.hbfont.face, wanted)
    kept: Mapping[int, int] = plan.new_to_old_glyph_mapping
    return _Part([names[kept[new]] for new in sorted(kept)], plan.execute().blob.data)
