"""What a scanner or a person typed, read as a ticket's code in more ways than one.

The first reading takes letters and digits as they are; whatever else there is (line ends, tabs, control characters,
dashes, spaces of any kind, a scanner's own prefix) only separates. When no ticket has that code, the text is read again
as another keyboard layout would have typed it (``domain/keyboard_layouts.py``), and with the characters that are
mistaken for others. A code proves itself by its tag of 56 bits, so that trying a few hundred readings forges nothing.
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
#: So many readings of one text are tried.
MAX_READINGS: Final = 512
#: So many of them by one layout on which several keys type the same (Greek W and S), or with mistaken characters.
MAX_READINGS_OF_A_KIND: Final = 256
#: So many letters and digits may stand around a code: what scanners put there, such as AIM's ``]Q1`` for a QR code.
MAX_AROUND: Final = 4
#: So many characters that are no part of a code may be in what a keyboard typed.
MAX_SEPARATORS: Final = 10

_CODE: Final = re.compile(r"[A-Z2-7]{24}")
_NO_LETTER_OR_DIGIT: Final = re.compile(r"[^A-Z0-9]+")
#: An AIM identifier (ISO/IEC 15424): "]", the kind of code, and how it was read.
_AIM_IDENTIFIER: Final = re.compile(r"\A[^A-Z0-9]*\][A-Z][0-9A-Z]")
#: No code has 0, 1 or 8, and an I is hard to tell from an L: what each may stand for.
MISTAKEN: Final[Mapping[str, str]] = {"0": "O", "1": "IL", "8": "B", "I": "IL", "L": "LI"}
#: Signs for keys that cannot be told apart by what they type: the first of Unicode's private characters.
_SIGNS: Final = 0xE000
#: Turkish keyboards have these where others have I.
_DOTS: Final = str.maketrans("ıİ", "II")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read as a code. ``layout`` is the keyboard layout that typed it, in X11's words ("de", "tr(f)"), or None
    where the text is the code as it stands.
    """

    code: str
    layout: str | None = None


def plain_code(text: str) -> str | None:
    """A code as it is stored, from what was scanned or typed; None for what no code looks like.

    Case and separators do not matter.
    """
    if _CODE.fullmatch(text):
        return text
    folded = _AIM_IDENTIFIER.sub("", _folded(text), count=1)
    code = _NO_LETTER_OR_DIGIT.sub("", folded)
    return code if _CODE.fullmatch(code) else None


def other_readings(text: str) -> list[Reading]:
    """Every other code that the text may be, MAX_READINGS at most: no two alike, the likeliest first."""
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
    """Where in the characters a code may stand, with nothing in front of it first."""
    around = len(characters) - CODE_LENGTH
    if not 0 <= around <= MAX_AROUND:
        return
    for start in (0, *range(around, 0, -1)):
        yield characters[start : start + CODE_LENGTH]


class _Keys(dict[int, str | None]):
    """Which key typed a character; a character that no key of a code types is a separator."""

    def __missing__(self, _character: int) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Layout:
    """``keys`` has the key of each character, or a sign that ``several`` has the keys of, where several type it."""

    name: str
    characters: frozenset[str]
    keys: _Keys
    several: Mapping[str, str]
    ligatures: Mapping[str, str]

    def codes(self, text: str) -> Iterator[str]:
        """The codes that were typed on this layout, if the text is what came of them."""
        for spelling in dict.fromkeys((text, self._with_ligatures(text))):
            for part in _parts(spelling.translate(self.keys)):
                choices = [self.several.get(key, key) for key in part]
                yield from map("".join, islice(product(*choices), MAX_READINGS_OF_A_KIND))

    def _with_ligatures(self, text: str) -> str:
        """Some systems type two characters for a key that has one of two letters (Arabic lam-alef)."""
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
    """The letters of a ligature; None for what is none."""
    letters = unicodedata.normalize("NFKC", character)
    return letters if len(letters) > 1 and letters.isalpha() else None
