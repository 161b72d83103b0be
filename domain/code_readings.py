"""Ticket codes from what a scanner or a person typed, read in more ways than one.

The first reading takes letters and digits as they are; all other characters (line ends, tabs, control characters,
dashes, spaces of any kind, a scanner's own prefix) only separate. If no ticket has that code, the text is read again as
another keyboard layout would have typed it (``domain/keyboard_layouts.py``), and with characters that are mistaken for
others. A code carries a tag of 56 bits, so trying a few hundred readings cannot forge one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, product
from typing import Final

from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, LETTER_KEYS, NOTHING

CODE_LENGTH: Final = 24
#: The most readings that are tried for one text.
MAX_READINGS: Final = 512
#: The most readings by one layout on which several keys type the same (Greek W and S), or with mistaken characters.
MAX_READINGS_OF_A_KIND: Final = 256
#: The most letters and digits around a code: prefixes of scanners, such as AIM's ``]Q1`` for a QR code.
MAX_AROUND: Final = 4
#: The most characters in a keyboard's text that are not part of a code.
MAX_SEPARATORS: Final = 10

_CODE: Final = re.compile(r"[A-Z2-7]{24}")
_NO_LETTER_OR_DIGIT: Final = re.compile(r"[^A-Z0-9]+")
#: An AIM identifier (ISO/IEC 15424): "]", the kind of code, and how it was read.
_AIM_IDENTIFIER: Final = re.compile(r"\A[^A-Z0-9]*\][A-Z][0-9A-Z]")
#: Possible meanings of a character: codes contain no 0, 1 or 8, and I and L look alike.
MISTAKEN: Final[Mapping[str, str]] = {"0": "O", "1": "IL", "8": "B", "I": "IL", "L": "LI"}
#: Stand-ins for keys that type the same character: the first of Unicode's private characters.
_SIGNS: Final = 0xE000
#: Turkish keyboards type these in place of I.
_DOTS: Final = str.maketrans("ıİ", "II")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read as a code.

    ``layout`` is the keyboard layout that typed it, by X11's name ("de", "tr(f)"), or None for the code as it stands.
    """

    code: str
    layout: str | None = None


def plain_code(text: str) -> str | None:
    """The code as it is stored, from scanned or typed text; None if the text does not look like a code.

    Case and separators do not matter.
    """
    if _CODE.fullmatch(text):
        return text
    folded = _AIM_IDENTIFIER.sub("", _folded(text), count=1)
    code = _NO_LETTER_OR_DIGIT.sub("", folded)
    return code if _CODE.fullmatch(code) else None


def other_readings(text: str) -> list[Reading]:
    """The other codes that the text may stand for: at most MAX_READINGS, all different, the likeliest first."""
    first = plain_code(text)
    found = {first: None} if first else {}
    readings: list[Reading] = []
    for reading in chain(_by_layouts(text), _with_mistakes(text)):
        if reading.code not in found:
            found[reading.code] = None
            readings.append(reading)
        if len(readings) == MAX_READINGS:
            break
    return readings


def _folded(text: str) -> str:
    """Upper case, and plain letters for those of other forms, such as full width."""
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKC", text).translate(_DOTS).upper()


def _with_mistakes(text: str) -> Iterator[Reading]:
    for part in _parts(_NO_LETTER_OR_DIGIT.sub("", _folded(text))):
        choices = [MISTAKEN.get(character, character) for character in part]
        for read in islice(product(*choices), MAX_READINGS_OF_A_KIND):
            code = "".join(read)
            if _CODE.fullmatch(code):
                yield Reading(code)


def _by_layouts(text: str) -> Iterator[Reading]:
    characters = set(text)
    for layout in _layouts():
        if len(characters - layout.characters) <= MAX_SEPARATORS:
            for code in layout.codes(text):
                yield Reading(code, layout.name)


def _parts(characters: str) -> Iterable[str]:
    """The parts of the characters where a code may stand, beginning with the one at the start."""
    around = len(characters) - CODE_LENGTH
    if not 0 <= around <= MAX_AROUND:
        return
    for start in (0, *range(around, 0, -1)):
        yield characters[start : start + CODE_LENGTH]


class _Keys(dict[int, str | None]):
    """The key that typed each character; a character that no key of a code types is a separator."""

    def __missing__(self, _character: int) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Layout:
    """A keyboard layout. ``keys`` maps a character to its key, or to a stand-in if several keys type it; ``several``
    maps the stand-in to those keys.
    """

    name: str
    characters: frozenset[str]
    keys: _Keys
    several: Mapping[str, str]
    ligatures: Mapping[str, str]

    def codes(self, text: str) -> Iterator[str]:
        """The codes that this layout turns into the text."""
        for spelling in dict.fromkeys((text, self._with_ligatures(text))):
            for part in _parts(spelling.translate(self.keys)):
                choices = [self.several.get(key, key) for key in part]
                yield from map("".join, islice(product(*choices), MAX_READINGS_OF_A_KIND))

    def _with_ligatures(self, text: str) -> str:
        """The text with each ligature as one character.

        Some systems type two characters for a key with a ligature (Arabic lam-alef).
        """
        for letters, ligature in self.ligatures.items():
            text = text.replace(letters, ligature)
        return text


@cache
def _layouts() -> tuple[_Layout, ...]:
    return tuple(_layout(names.split()[0], plain, shifted) for names, plain, shifted in LAYOUTS)


def _layout(name: str, plain: str, shifted: str) -> _Layout:
    keys_of: dict[str, str] = {}
    for key, character in chain(zip(CODE_KEYS, plain, strict=True), zip(LETTER_KEYS, shifted, strict=True)):
        # With Caps Lock on, a letter comes in the other case.
        for typed in (character, character.upper(), character.lower()):
            if len(typed) == 1 and typed != NOTHING and key not in keys_of.setdefault(typed, ""):
                keys_of[typed] += key
    for digit in CODE_KEYS[26:]:  # Caps Lock types digits on some keyboards that have accented letters there
        keys_of.setdefault(digit, digit)
    several = {chr(_SIGNS + number): keys for number, keys in enumerate({k for k in keys_of.values() if len(k) > 1})}
    sign_of = {keys: sign for sign, keys in several.items()}
    return _Layout(
        name,
        frozenset(keys_of),
        _Keys({ord(typed): sign_of.get(keys, keys) for typed, keys in keys_of.items()}),
        several,
        {ligature: typed for typed in keys_of if (ligature := _apart(typed))},
    )


def _apart(character: str) -> str | None:
    """The letters of a ligature; None if the character is not one."""
    letters = unicodedata.normalize("NFKC", character)
    return letters if len(letters) > 1 and letters.isalpha() else None
