"""A PDF whose text can be searched and copied in every script."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Self

from fpdf import FPDF
from fpdf.bidi import auto_detect_base_direction
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont
from fpdf.line_break import Fragment
from typing_extensions import override

#: Bidirectional classes of letters that are written from right to left.
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
#: PDFium drops characters beyond it (emoji) from an /ActualText, but reads their glyphs correctly.
_LAST_OF_THE_BASIC_PLANE = 0xFFFF


class TextPdf(FPDF):
    """An FPDF that adds the characters to the glyphs wherever the glyphs alone do not identify them.

    fpdf2 maps each glyph back to one character. In Indic and Southeast Asian scripts, and wherever marks are set on
    letters, several characters share glyphs or change their order, so a search found only half of such names. PDF's
    /ActualText (ISO 32000-1, 14.9.4) solves this. Right-to-left text goes without it: PDFium and poppler read its
    glyphs correctly, but reverse an /ActualText.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.single_resources_object = True  # an operator that is put in may name any of the fonts
        self._widths: dict[tuple[str, str], float] = {}

    @override
    def get_string_width(self, s: str, normalized: bool = False, markdown: bool = False) -> float:
        """The width of one line; that of ASCII is measured once for all sizes, with which it grows."""
        font = self.current_font
        if not (s.isascii() and self.text_shaping and isinstance(font, TTFFont)):
            return super().get_string_width(s, normalized, markdown)
        width = self._widths.get((font.fontkey, s))
        if width is None:
            self._shape_from_the_left(self.text_shaping)
            width = self._widths[font.fontkey, s] = font.get_text_width(s, 1, self.text_shaping)[1]
        return width * self.font_size_pt / self.k

    def put(self, operators: bytes) -> None:
        """Add operators to the current page. They leave the graphics state as it is."""
        self._out(operators)

    def put_in_mm(self, operators: str) -> None:
        """Draw with lengths in mm from the upper left corner of the current page; what is set ends with it."""
        self._out(f"q {self.k:.6f} 0 0 {-self.k:.6f} 0 {self.h_pt:.2f} cm {operators} Q")

    @property
    def page_length(self) -> int:
        """How many bytes of operators the current page has."""
        return len(self._operators)

    def put_since(self, begin: int) -> bytes:
        """The operators of the current page from ``begin`` on."""
        return bytes(self._operators[begin:]).rstrip()

    @property
    def _operators(self) -> bytearray:
        operators = self.pages[self.page].contents
        assert isinstance(operators, bytearray)  # noqa: S101  # until the document is written
        return operators

    @override
    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        if text and text.isascii() and self.text_shaping:  # its direction need not be computed
            self._shape_from_the_left(self.text_shaping)
            return self._preload_font_styles(text, markdown)
        pieces = list(super()._preload_bidirectional_text(text, markdown))
        to_spell = [index for index, piece in enumerate(pieces) if _needs_spelling(piece.string)]
        if to_spell and all(_is_spellable(piece.string) for piece in pieces):
            # One /ActualText from the first to the last: between two of them PDFium would lose spaces.
            return _spelt_out(pieces, to_spell[0], to_spell[-1])
        for index in to_spell:
            pieces = _spelt_out(pieces, index, index)
        return pieces

    def _shape_from_the_left(self, text_shaping: dict[str, Any]) -> None:
        text_shaping["paragraph_direction"] = text_shaping["fragment_direction"] = TextDirection.LTR

    @override
    def _preload_font_styles(
        self,
        text: str | None,
        markdown: bool,
        _initial_emphasis: tuple[bool, bool, bool, bool] | None = None,
    ) -> Sequence[Fragment]:
        """The pieces of a text of one direction, as long as the font allows, so a word is shaped as a whole."""
        pieces: list[Fragment] = []
        for piece in super()._preload_font_styles(text, markdown, _initial_emphasis):
            if pieces and pieces[-1].has_same_style(piece):
                pieces[-1].characters += piece.characters
            else:
                pieces.append(piece)
        return pieces


class _MarkedFragment(Fragment):
    """A fragment that begins or ends a marked-content sequence of the page."""

    before = ""
    after = ""

    @classmethod
    def like(cls, fragment: Fragment) -> Self:
        return cls(fragment.characters, fragment.graphics_state, fragment.k, fragment.link)

    @override
    def render_pdf_text(
        self, frag_ws: float, current_ws: float, word_spacing: float, adjust_x: float, adjust_y: float, h: float
    ) -> str:
        glyphs = super().render_pdf_text(frag_ws, current_ws, word_spacing, adjust_x, adjust_y, h)
        return f"{self.before}{glyphs}{self.after}"


def _spelt_out(pieces: Sequence[Fragment], first: int, last: int) -> list[Fragment]:
    """The same pieces, with the characters of those from ``first`` to ``last`` added to their glyphs."""
    text = "".join(piece.string for piece in pieces[first : last + 1])
    marks = {index: _MarkedFragment.like(pieces[index]) for index in (first, last)}
    characters = f"\ufeff{text}".encode("utf-16-be").hex()
    marks[first].before = f"/Span <</ActualText <{characters}>>> BDC "
    marks[last].after = " EMC"
    return [marks.get(index, piece) for index, piece in enumerate(pieces)]


def _is_spellable(text: str) -> bool:
    return all(
        unicodedata.bidirectional(char) not in _RIGHT_TO_LEFT and ord(char) <= _LAST_OF_THE_BASIC_PLANE for char in text
    )


def _needs_spelling(text: str) -> bool:
    if text.isascii() or not _is_spellable(text):
        return False
    return any(char in "\u200c\u200d" or unicodedata.category(char).startswith("M") for char in text)


def reads_from_the_right(text: str) -> bool:
    """Whether a paragraph begins on the right, by its first letter that has a direction (UAX #9, P2)."""
    return auto_detect_base_direction(text) is TextDirection.RTL
