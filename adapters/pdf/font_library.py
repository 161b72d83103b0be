"""Fonts that are read once for many documents, and the parts of them that a document takes along.

fpdf2 2.8.9 reads each font for each document, gives its glyphs codes in the order in which the document uses them, and
cuts its part out with fontTools, which is pure Python: together half of the time of a ticket. Here a glyph has the same
code in every document, so what was drawn once can be copied (``Stencils``). HarfBuzz, which shapes the text, cuts as
well, in C, and documents that show the same glyphs share what was cut.
"""

from __future__ import annotations

import copy
import io
import string
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import uharfbuzz as hb
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap, TTFFont
from fpdf.output import CIDSystemInfo, OutputProducer, PDFFont, PDFFontStream
from fpdf.syntax import Name, PDFArray, PDFContentStream, PDFObject
from typing_extensions import override

#: More than a producer's tickets need; a font that is read takes up to some megabytes.
_MAX_FONTS: Final = 12
#: Parts of fonts that are kept, some 20 KB each: names in one language need a few.
_MAX_PARTS: Final = 48
#: The tables for shaping, when the glyphs are chosen already, and those for programs that choose fonts: a PDF names
#: glyphs by their places (ISO 32000-1, 9.9).
_NOT_IN_A_PDF: Final = ("GDEF", "GPOS", "GSUB", "OS/2", "cmap", "name", "post")
#: What nearly every name and code is made of.
_BASIC: Final = (string.ascii_letters + string.digits).encode()
_CMAP_HEAD: Final = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_END: Final = """endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
#: So many mappings may stand in one block (Adobe Technical Note #5014).
_CMAP_BLOCK: Final = 100


@dataclass(frozen=True, slots=True)
class _Source:
    """A font as it is read. ``own`` has the character of each glyph that is one's own, by the glyph's place."""

    font: TTFFont
    own: Mapping[int, int]


class _Shown(NamedTuple):
    """A glyph that a document shows: its code, its place in the whole font, its characters, its width."""

    code: int
    place: int
    characters: tuple[int, ...]
    width: int


class FixedCodes(SubsetMap):
    """The codes of a font's glyphs in one document. A glyph that stands for its own character has its place in the font
    for a code; others, such as a ligature, get the next free ones.
    """

    def __init__(self, font: TTFFont, own: Mapping[int, int]) -> None:
        super().__init__(font)
        self._own = own
        self._char_id_per_glyph = {}
        self._next = self._first_free = font.ttfont["maxp"].numGlyphs
        self._picked: dict[int, Glyph | None] = {}
        self._log: dict[Glyph, None] = {}

    @override
    def pick(self, unicode: int) -> int | None:  # type: ignore[override]  # fpdf2's has a cache
        if unicode not in self._picked:
            self._picked[unicode] = self.get_glyph(unicode=unicode)
        return self.pick_glyph(self._picked[unicode])

    @override
    def pick_glyph(self, glyph: Glyph | None) -> int | None:
        if glyph is None:
            return None
        code = self._char_id_per_glyph.get(glyph)
        if code is None:
            code = self._char_id_per_glyph[glyph] = self._new_code(glyph)
        self._log[glyph] = None
        return code

    @override
    def get_glyph(  # type: ignore[override]  # fpdf2's has a cache
        self,
        glyph: int | None = None,
        unicode: int | tuple[int, ...] | None = None,
        glyph_name: str | None = None,
        glyph_width: int | None = None,
    ) -> Glyph | None:
        if isinstance(unicode, int) and unicode not in self.font.cmap:  # fpdf2 makes up a space and a missing glyph
            return None
        # Without its cache, which would keep the fonts of all documents.
        uncached = SubsetMap.get_glyph.__wrapped__
        found: Glyph | None = uncached(self, glyph, unicode, glyph_name, glyph_width)
        return found

    def take_log(self) -> Sequence[Glyph]:
        """The glyphs that were picked since this was called last."""
        log, self._log = self._log, {}
        return tuple(log)

    def are_fixed(self, glyphs: Iterable[Glyph]) -> bool:
        """Whether these glyphs have the same codes in all documents."""
        return all(self._char_id_per_glyph[glyph] < self._first_free for glyph in glyphs)

    def shown(self, *, with_alphabet: bool) -> Collection[_Shown]:
        """What the document shows of the font. ``with_alphabet`` adds A to Z, a to z and 0 to 9 to it, if any of it is
        shown: then most documents show the same.
        """
        if with_alphabet and self._char_id_per_glyph:
            for char in _BASIC:
                self.pick(char)
        return frozenset(
            _Shown(code, glyph.glyph_id, _tuple(glyph.unicode), glyph.glyph_width)
            for glyph, code in self._char_id_per_glyph.items()
            if glyph is not None
        )

    def _new_code(self, glyph: Glyph) -> int:
        if glyph.unicode == (self._own.get(glyph.glyph_id),):
            return glyph.glyph_id
        self._next += 1
        return self._next - 1


def _tuple(unicode: int | tuple[int, ...]) -> tuple[int, ...]:
    return (unicode,) if isinstance(unicode, int) else unicode


class FontLibrary:
    """The fonts that were used last, and parts of them. One document is drawn at a time."""

    def __init__(self) -> None:
        self._read: dict[str, _Source] = {}
        self._parts: OrderedDict[Hashable, Sequence[PDFObject]] = OrderedDict()

    def add_to(self, pdf: FPDF, family: str, style: str, file: Path, *, number: int) -> None:
        """Give the document the font under ``number``, which is the font's in all documents. The large fonts with
        Chinese, Japanese and Korean (.otf) are read each time.
        """
        key = family + style
        if file.suffix != ".ttf":
            pdf.add_font(family, style, file)
            pdf.fonts[key].i = number
            return
        source = self._read.pop(key, None) or _read(family, style, file)
        self._read[key] = source  # as the last one that was used
        if len(self._read) > _MAX_FONTS:
            del self._read[next(iter(self._read))]
        pdf.fonts[key] = _copy_of(source, number)

    def write(self, pdf: FPDF, *, alphabets_of: Collection[str] = ()) -> bytes:
        """The finished document. ``alphabets_of`` are the fonts of names and codes: those take their alphabet along."""
        producer = partial(_Output, library=self, alphabets_of=alphabets_of)
        return bytes(pdf.output(output_producer_class=cast("type[OutputProducer]", producer)))  # only called

    def part_of(self, font: TTFFont, codes: FixedCodes, *, with_alphabet: bool) -> Sequence[PDFObject]:
        """What a document takes along of a font, first what a page refers to; nothing if it shows nothing of it.

        The objects are the next document's, too: they are good until that is written.
        """
        shown = codes.shown(with_alphabet=with_alphabet)
        if not shown:
            return ()
        key = (font.fontkey, shown)
        part = self._parts.pop(key, None) or _part_of(font, sorted(shown))
        self._parts[key] = part
        if len(self._parts) > _MAX_PARTS:
            self._parts.popitem(last=False)
        return part


class _Output(OutputProducer):
    """Writes a document with parts of fonts as the library has them."""

    def __init__(self, pdf: FPDF, *, library: FontLibrary, alphabets_of: Collection[str]) -> None:
        super().__init__(pdf)
        self._library = library
        self._alphabets_of = alphabets_of

    @override
    def _add_fonts(self, *args: Any) -> dict[int, Any]:
        fonts = dict(self.fpdf.fonts)
        ours = [font for font in fonts.values() if isinstance(font, TTFFont) and isinstance(font.subset, FixedCodes)]
        for font in ours:
            del self.fpdf.fonts[font.fontkey]
        placed: dict[int, Any] = super()._add_fonts(*args)
        for font in ours:
            assert isinstance(font.subset, FixedCodes)  # noqa: S101  # as above
            with_alphabet = font.fontkey in self._alphabets_of
            for each in self._library.part_of(font, font.subset, with_alphabet=with_alphabet):
                self._add_pdf_obj(each, "fonts")
                placed.setdefault(font.i, each)
        self.fpdf.fonts.update(fonts)
        return placed


def _read(family: str, style: str, file: Path) -> _Source:
    reader = FPDF()
    reader.add_font(family, style, file)
    font = reader.fonts[family + style]
    assert isinstance(font, TTFFont)  # noqa: S101  # what add_font makes of a file
    _ = font.hbfont  # read, too, for all documents
    font.ttfont.close()  # it would keep the file open
    font.ttfont = TTFont(io.BytesIO(file.read_bytes()), recalcTimestamp=False, lazy=True)
    own: dict[int, int] = {}
    for char, place in sorted(font.glyph_ids.items()):
        own.setdefault(place, char)
    return _Source(font, own)


def _copy_of(source: _Source, number: int) -> TTFFont:
    """The font with the state of a new document: as fpdf2 makes it, but without reading the file."""
    own = copy.copy(source.font)
    own.i = number
    own.biggest_size_pt = 0
    own.missing_glyphs = []
    own.subset = FixedCodes(own, source.own)
    return own


def _part_of(font: TTFFont, shown: Sequence[_Shown]) -> Sequence[PDFObject]:
    """The font with only those glyphs, as ISO 32000-1, 9.7 has it."""
    program, places = _cut(font, {glyph.place for glyph in shown})
    name = f"MPDFAA+{font.name}"
    composite = PDFFont(subtype="Type0", base_font=name, encoding="Identity-H")
    widths = " ".join(f"{glyph.code} [{glyph.width}]" for glyph in shown)
    of_codes = PDFFont(subtype="CIDFontType2", base_font=name, d_w=font.desc.missing_width, w=f"[{widths}]")
    composite.descendant_fonts = PDFArray([of_codes])
    composite.to_unicode = PDFContentStream(_to_unicode(shown), compress=True)
    of_codes.c_i_d_system_info = CIDSystemInfo()
    descriptor = of_codes.font_descriptor = copy.copy(font.desc)
    descriptor.font_name = Name(name)
    of_codes.c_i_d_to_g_i_d_map = PDFContentStream(_places_by_code(shown, places), compress=True)
    descriptor.font_file2 = PDFFontStream(program)  # type: ignore[attr-defined]  # as fpdf2 sets it
    return (
        composite,
        of_codes,
        composite.to_unicode,
        of_codes.c_i_d_system_info,
        descriptor,
        of_codes.c_i_d_to_g_i_d_map,
        descriptor.font_file2,  # type: ignore[attr-defined]
    )


def _cut(font: TTFFont, glyphs: Collection[int]) -> tuple[bytes, Mapping[int, int]]:
    """A font with only these glyphs, and their places in it by those in the whole font."""
    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.NOTDEF_OUTLINE
    wanted.glyph_set.update(glyphs)
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _NOT_IN_A_PDF)
    plan = hb.SubsetPlan(font.hbfont.face, wanted)
    return plan.execute().blob.data, plan.old_to_new_glyph_mapping


def _to_unicode(shown: Sequence[_Shown]) -> bytes:
    """By which characters the glyphs are found and copied."""
    lines = [
        f"<{glyph.code:04X}> <{''.join(map(chr, glyph.characters)).encode('utf-16-be').hex()}>\n"
        for glyph in shown
        if glyph.characters
    ]
    blocks = [lines[start : start + _CMAP_BLOCK] for start in range(0, len(lines), _CMAP_BLOCK)]
    body = "".join(f"{len(block)} beginbfchar\n{''.join(block)}endbfchar\n" for block in blocks)
    return f"{_CMAP_HEAD}{body}{_CMAP_END}".encode("ascii")


def _places_by_code(shown: Sequence[_Shown], places: Mapping[int, int]) -> bytes:
    table = bytearray(2 * (shown[-1].code + 1))
    for glyph in shown:
        table[2 * glyph.code : 2 * glyph.code + 2] = places[glyph.place].to_bytes(2, "big")
    return bytes(table)
