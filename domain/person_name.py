"""The spelling of people's names in every script: which characters are kept, left out or refused.

The table of invisible characters is Default_Ignorable_Code_Point of Unicode 17.0 (DerivedCoreProperties), with the two
blanks among Egyptian hieroglyphs; for years it has grown in reserved places only. Signs of other kinds are Unicode's
general categories, as this Python knows them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from domain.errors import InvalidName

MAX_NAME_LENGTH: Final = 100

#: Apostrophes of all keyboards become one of two: straight ones (accents, full width) the typewriter's, curved ones
#: (quotes, primes, modifier letters, Armenian) the printer's. A search treats all of them as one.
_STRAIGHT: Final = "'`´＇"
_CURVED: Final = "’‘‛ʼʹʽˈ′‵՚"
APOSTROPHES: Final = _STRAIGHT + _CURVED
#: The Hebrew signs for foreign sounds and for abbreviations, kept as they are.
GERESH: Final = "׳״"
HYPHENS: Final = "-‐‑‒–־֊゠﹣－"
#: Dots between syllables or parts of a name: Catalan (l·l), Japanese, Chinese renderings of foreign names, Tibetan.
DOTS_BETWEEN: Final = "·・･་༌"
#: 〇 is a digit and a character of Chinese names.
_AS_LETTERS: Final = "〇"
_MARKS: Final = frozenset(f" '’.{GERESH}{HYPHENS}{DOTS_BETWEEN}{_AS_LETTERS}")
_ONE_FOR_ALL: Final = str.maketrans(
    {
        **dict.fromkeys(_STRAIGHT, "'"),
        **dict.fromkeys(_CURVED, "’"),
        **dict.fromkeys("－﹣", "-"),
        **dict.fromkeys("．﹒", "."),
        **dict.fromkeys("‧•", "·"),
    }
)

_PLAIN_NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z .'-]*)")
_SPACES: Final = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202c\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U00013441\U00013442\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS: Final = "\u200c\u200d"
#: Scripts whose letters change their shape beside a joiner: Arabic to Myanmar, Khmer, Mongolian, Javanese and kin.
_JOINING: Final = re.compile("[\u0600-\u109f\u1780-\u18af\ua8e0-\uabff]")
#: Selectors of a character's shape, after Han and Mongolian letters.
_VARIANTS: Final = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_WITH_VARIANTS: Final = re.compile("[\u1820-\u18aa\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
#: Hebrew keyboards type the quotation mark for gershayim.
_HEBREW_QUOTES: Final = re.compile('(?<=[א-ת])["”“](?=[א-ת])')
#: A full stop between letters. Thai and Lao put no space after an abbreviation, except for the names that end an
#: address.
_STOP_INSIDE: Final = re.compile(r"([^\s.]+)\.(?=([^\W\d_][^\s.]*))")
_WITHOUT_SPACES: Final = re.compile("[\u0e00-\u0eff]")
_ENDINGS_WITHOUT_SPACES: Final = frozenset({"ไทย", "คอม", "ລາວ"})


def parse_name(text: str) -> str:
    """A person's name, trimmed and in Unicode's composed form: 1 to 100 letters of any script, marks, spaces, hyphens,
    apostrophes, full stops, and the dots and signs that some scripts spell names with.

    Spaces of every kind become one, and the apostrophes of all keyboards one of two. Characters that are invisible and
    have no meaning are left out. Letters on both sides of a full stop are an internet address, unless one of them is an
    initial (J.R.R. Tolkien). Raises InvalidName.
    """
    name = text.strip() if _PLAIN_NAME.fullmatch(text) else _folded(text)
    if "  " in name:
        name = _SPACES.sub(" ", name)
    if not name:
        raise InvalidName("Name is required", field="customer.name")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidName(f"Name must be at most {MAX_NAME_LENGTH} characters", field="customer.name")
    if not _PLAIN_NAME.fullmatch(name) and not _is_name_of_any_script(name):
        raise InvalidName(
            "Name may only contain letters, spaces, hyphens, apostrophes and full stops", field="customer.name"
        )
    if "." in name and _has_address(name):
        raise InvalidName(
            "Name may only contain full stops at the end of a word, or after an initial", field="customer.name"
        )
    return name


def has_something_to_see(text: str) -> bool:
    """Whether a text has more than spaces, invisible characters and blanks (Hangul fillers, Braille)."""
    return bool(_INVISIBLE.sub("", text).replace("\u2800", "").strip())


def _folded(text: str) -> str:
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).translate(_ONE_FOR_ALL)
    name = _HEBREW_QUOTES.sub("״", _INVISIBLE.sub(_kept, name))
    # A character that was left out may have stood between spaces, or between a letter and its mark.
    return unicodedata.normalize("NFC", _SPACES.sub(" ", name)).strip()


def _kept(found: re.Match[str]) -> str:
    """The invisible character if its script needs it, otherwise the empty string."""
    character, name, place = found[0], found.string, found.start()
    before, after = name[place - 1 : place], name[place + 1 : place + 2]
    joins = character in _JOINERS and _JOINING.match(before) and _JOINING.match(after)
    varies = _VARIANTS.match(character) and _WITH_VARIANTS.match(before)
    return character if joins or varies else ""


def _is_name_of_any_script(name: str) -> bool:
    has_letter = False
    for place, character in enumerate(name):
        category = unicodedata.category(character)
        if category.startswith("L") or character in _AS_LETTERS:
            has_letter = True
        elif not (category.startswith("M") or character in _MARKS or _stands_inside(name, place)):
            return False
    return has_letter


def _stands_inside(name: str, place: int) -> bool:
    """Whether a joiner stands where ``_kept`` leaves it."""
    return name[place] in _JOINERS and 0 < place < len(name) - 1


def _has_address(name: str) -> bool:
    return any(_is_address(found[1], found[2]) for found in _STOP_INSIDE.finditer(name))


def _is_address(before: str, after: str) -> bool:
    first, last = before.rpartition("-")[2], after.partition("-")[0]
    if _WITHOUT_SPACES.match(last):
        return last in _ENDINGS_WITHOUT_SPACES
    if _letters_in(last) == 1:
        return False
    # "x.com" is an address, "J.Smith" and "Ж.Верн" are not.
    return _letters_in(first) > 1 or (last.islower() and last.isascii())


def _letters_in(text: str) -> int:
    """The number of letters, without their marks."""
    return sum(unicodedata.category(character).startswith("L") for character in text)
