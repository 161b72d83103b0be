"""The fonts of a ticket: Noto Sans for Latin, and its sisters for the other scripts in a text.

Reading a font costs tens of milliseconds, so a document reads only those it uses. ``adapters/pdf/fonts/README.md``
lists what is covered.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont
from fpdf.unicode_script import UnicodeScript, get_unicode_script

from adapters.pdf.font_library import FontLibrary

BASE_FAMILY = "notosanslatin"

_FOLDER = Path(__file__).parent / "fonts"
_REPLACEMENT = "\ufffd"
_ZERO_WIDTH_JOINERS = "\u200c\u200d"
_VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
# Control, format (bidirectional overrides would let a name rearrange the ticket), surrogate.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_NO_ASCII_CONTROLS = {code: None for code in (*range(0x20), 0x7F) if code != ord("\n")}


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font file, or two. ``name`` is the files' name up to the style."""

    name: str
    suffix: str = "ttf"
    has_bold: bool = False

    @property
    def family(self) -> str:
        """The name of the font in fpdf2."""
        return self.name.lower()

    @property
    def styles(self) -> dict[str, Path]:
        """The files by fpdf2's style letter."""
        files = {"": _FOLDER / f"{self.name}-Regular.{self.suffix}"}
        if self.has_bold:
            files["B"] = _FOLDER / f"{self.name}-Bold.{self.suffix}"
        return files


_BASE = Typeface("NotoSansLatin", has_bold=True)
_GREEK_AND_CYRILLIC = Typeface("NotoSans", has_bold=True)
_KOREAN = Typeface("NotoSansKR", "otf")
_JAPANESE = Typeface("NotoSansJP", "otf")
_SIMPLIFIED_CHINESE = Typeface("NotoSansSC", "otf")
_TRADITIONAL_CHINESE = Typeface("NotoSansTC", "otf")
_SYMBOLS = (Typeface("NotoEmoji"), Typeface("NotoSansSymbols2"), _JAPANESE)

_BY_SCRIPT = {
    UnicodeScript.ARABIC: Typeface("NotoSansArabic", has_bold=True),
    UnicodeScript.ARMENIAN: Typeface("NotoSansArmenian", has_bold=True),
    UnicodeScript.BENGALI: Typeface("NotoSansBengali"),
    UnicodeScript.DEVANAGARI: Typeface("NotoSansDevanagari", has_bold=True),
    UnicodeScript.ETHIOPIC: Typeface("NotoSansEthiopic"),
    UnicodeScript.GEORGIAN: Typeface("NotoSansGeorgian", has_bold=True),
    UnicodeScript.GUJARATI: Typeface("NotoSansGujarati"),
    UnicodeScript.GURMUKHI: Typeface("NotoSansGurmukhi"),
    UnicodeScript.HANGUL: _KOREAN,
    UnicodeScript.HEBREW: Typeface("NotoSansHebrew", has_bold=True),
    UnicodeScript.HIRAGANA: _JAPANESE,
    UnicodeScript.KANNADA: Typeface("NotoSansKannada"),
    UnicodeScript.KATAKANA: _JAPANESE,
    UnicodeScript.KHMER: Typeface("NotoSansKhmer"),
    UnicodeScript.LAO: Typeface("NotoSansLao"),
    UnicodeScript.MALAYALAM: Typeface("NotoSansMalayalam"),
    UnicodeScript.MYANMAR: Typeface("NotoSansMyanmar"),
    UnicodeScript.ORIYA: Typeface("NotoSansOriya"),
    UnicodeScript.SINHALA: Typeface("NotoSansSinhala"),
    UnicodeScript.TAMIL: Typeface("NotoSansTamil"),
    UnicodeScript.TELUGU: Typeface("NotoSansTelugu"),
    UnicodeScript.THAI: Typeface("NotoSansThai", has_bold=True),
}


#: The number that each font has in all documents.
_NUMBERS = {
    face.family + style: number
    for number, (face, style) in enumerate(
        (
            (face, style)
            for face in dict.fromkeys(
                (
                    _BASE,
                    _GREEK_AND_CYRILLIC,
                    *_BY_SCRIPT.values(),
                    _SIMPLIFIED_CHINESE,
                    _TRADITIONAL_CHINESE,
                    *_SYMBOLS,
                )
            )
            for style in face.styles
        ),
        start=1,
    )
}


class Typefaces:
    """The fonts of one document."""

    def __init__(self, pdf: FPDF, library: FontLibrary) -> None:
        self._pdf = pdf
        self._library = library
        self._covered = self._load(_BASE)
        self._replacements: dict[int, str] = {}
        self.families: tuple[str, ...] = ()
        """The typefaces beside the base, in the order in which characters are looked up."""

    def use_for(self, texts: str) -> None:
        """Load the fonts for all texts of a page, in the order that fits its language."""
        missing = {char for char in clean(texts) if char != "\n" and ord(char) not in self._covered}
        families: list[str] = []
        for face in _candidates(missing):
            covered = {char for char in missing if ord(char) in self._load(face)}
            if covered:
                families.append(face.family)
                missing -= covered
            if not missing:
                break
        self.families = tuple(families)
        self._pdf.set_fallback_fonts(families, exact_match=False)
        self._replacements = {ord(char): "" if char in _ZERO_WIDTH_JOINERS else _REPLACEMENT for char in missing}

    def printable(self, text: str) -> str:
        """The text with a mark in place of each character that no font here has."""
        return clean(text).translate(self._replacements)

    def _load(self, face: Typeface) -> Container[int]:
        """Add the typeface, once. Returns the code points that it covers."""
        for style, file in face.styles.items():
            if face.family + style not in self._pdf.fonts:
                number = _NUMBERS[face.family + style]
                self._library.add_to(self._pdf, face.family, style, file, number=number)
        font = self._pdf.fonts[face.family]
        if not isinstance(font, TTFFont):
            raise TypeError(f"{face.name} is not an embedded font")
        return font.cmap


def clean(text: str) -> str:
    """The text in composed form, without characters that do not print: control, formatting, variation selectors."""
    if text.isascii():
        return text.translate(_NO_ASCII_CONTROLS)
    composed = unicodedata.normalize("NFC", text)
    return "".join(char for char in composed if _is_visible(char))


def _is_visible(char: str) -> bool:
    if char == "\n" or char in _ZERO_WIDTH_JOINERS:
        return True
    if char in _VARIATION_SELECTORS:
        return False
    return unicodedata.category(char) not in _INVISIBLE_CATEGORIES


def _candidates(missing: set[str]) -> Iterator[Typeface]:
    """The typefaces that may have the characters, best first."""
    yield _GREEK_AND_CYRILLIC
    scripts = {get_unicode_script(char) for char in missing}
    yield from (face for script, face in _BY_SCRIPT.items() if script in scripts)
    if UnicodeScript.HAN in scripts:
        yield from _han_typefaces({char for char in missing if get_unicode_script(char) is UnicodeScript.HAN})
    yield from _SYMBOLS


def _han_typefaces(characters: set[str]) -> tuple[Typeface, ...]:
    """The order of the Chinese typefaces. China and Taiwan draw characters differently; only the simplified ones tell
    where a text is from.

    Beside kana they never come here: the Japanese typeface has already taken them.
    """
    if _is_encodable("".join(characters), "gb2312"):
        return _SIMPLIFIED_CHINESE, _TRADITIONAL_CHINESE, _JAPANESE
    return _TRADITIONAL_CHINESE, _SIMPLIFIED_CHINESE, _JAPANESE


def _is_encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
