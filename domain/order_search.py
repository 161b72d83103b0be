"""Search for orders by typed words: names without accents, phone numbers as people write them, order numbers.

Both sides are folded in the same way: an order's key when it is stored, the words when they are searched. Every word
must occur in the order.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.customer import Customer, parse_phone
from domain.email_address import ascii_address
from domain.errors import InvalidPhone
from domain.orders import NUMBER_LENGTH
from domain.person_name import APOSTROPHES, DOTS_BETWEEN, GERESH, HYPHENS

#: Letters that Unicode does not decompose, as people without them on their keyboards write them, and Arabic's tatweel,
#: which only stretches a word.
_PLAIN: Final = {
    **dict.fromkeys("łŀ", "l"),
    **dict.fromkeys("øɵ", "o"),
    **dict.fromkeys("đðɖɗ", "d"),
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ħ": "h",
    "ŋ": "n",
    "ŧ": "t",
    "ƒ": "f",
    "ə": "e",
    "ɓ": "b",
    "ƙ": "k",
    "ɲ": "n",
    "ƴ": "y",
    "ɔ": "o",
    "ɛ": "e",
    "ʻ": "",
    "ʾ": "",
    "ʿ": "",
    "ـ": "",
    **dict.fromkeys(APOSTROPHES + GERESH + '"', ""),
    **dict.fromkeys(HYPHENS + DOTS_BETWEEN, " "),
}
_FOLDING: Final = str.maketrans(_PLAIN)
_ASCII_FOLDING: Final = str.maketrans({"'": "", "`": "", '"': "", "-": " "})
#: German, Danish, Swedish and Norwegian write two letters for these where a keyboard lacks them.
_IN_TWO_LETTERS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
#: Canonical combining classes of marks that belong to a letter: nukta, voicing marks of kana, virama.
_OF_THE_LETTER: Final = frozenset({0, 7, 8, 9})
_OF_A_PHONE: Final = re.compile(r"[+(]?\d[\d()./\-]*|\(\d+\)[\d./\-]*")
#: Prefixes of a number within its country, or of an international number.
_BEFORE_A_NUMBER: Final = ("011", "00", "06", "0", "8")
#: A number keeps at least this many digits when its prefix is removed.
_LEAST_DIGITS: Final = 3


def folded(text: str) -> str:
    """The text as it is compared: lower case, no accents, no apostrophes, hyphens as spaces."""
    if text.isascii():
        return text.lower().translate(_ASCII_FOLDING)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(c for c in apart if unicodedata.combining(c) in _OF_THE_LETTER)
    return unicodedata.normalize("NFC", letters.translate(_FOLDING))


def search_key(customer: Customer, names: Iterable[str] = ()) -> str:
    """The text in which an order's words are searched, except for its number and its phone. ``names`` are other names
    on its tickets.
    """
    text = " ".join((customer.name, customer.email, *names))
    if text.isascii():
        return folded(text)
    in_ascii = ascii_address(customer.email)
    return " ".join((*_spellings(text), *([folded(in_ascii)] if in_ascii != customer.email else [])))


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One word. An order matches if its key contains one of ``spellings``, its phone's digits contain one of
    ``phones``, or its id ends with ``number_tail``.
    """

    spellings: tuple[str, ...]
    phones: tuple[str, ...] = ()
    number_tail: bytes | None = None

    def is_in(self, key: str, phone: str | None, order_id: UUID) -> bool:
        """Whether an order matches the word."""
        return (
            any(spelling in key for spelling in self.spellings)
            or any(digits in (phone or "") for digits in self.phones)
            or (self.number_tail is not None and order_id.bytes.endswith(self.number_tail))
        )


def search_terms(text: str) -> list[SearchTerm]:
    """The words of the typed text; empty if it has only spaces."""
    terms: list[SearchTerm] = []
    digits: list[str] = []
    for word in unicodedata.normalize("NFKC", text).split():
        if _OF_A_PHONE.fullmatch(word):
            digits.append(word)
            continue
        terms += _phone(digits)
        digits = []
        terms += _words(word)
    return terms + list(_phone(digits))


def _words(word: str) -> Iterator[SearchTerm]:
    number = _number_tail(word)
    if number is not None:
        yield SearchTerm(_spellings(word), number_tail=number)
        return
    ways = [spelling.split() for spelling in _spellings(word)]
    if not ways[0]:  # only punctuation, which is in no name
        yield SearchTerm((word,))
    for parts in zip(*ways, strict=True):
        yield SearchTerm(tuple(dict.fromkeys(parts)))


def _phone(words: list[str]) -> Iterator[SearchTerm]:
    """The phone number that was typed in groups, as one word."""
    if words:
        typed = " ".join(words)
        yield SearchTerm((typed,), _phones(typed), _number_tail(words[0]) if len(words) == 1 else None)


def _phones(typed: str) -> tuple[str, ...]:
    digits = "".join(character for character in typed if character.isdigit())
    found = [digits]
    try:
        found.append((parse_phone(typed) or "").removeprefix("+"))
    except InvalidPhone:
        found += [digits.removeprefix(before) for before in _BEFORE_A_NUMBER if digits.startswith(before)]
    return tuple(dict.fromkeys(each for each in found if len(each) >= min(_LEAST_DIGITS, len(digits))))


def _spellings(text: str) -> tuple[str, ...]:
    """The folded text, and a second spelling with two letters for one where the language allows it."""
    one = folded(text)
    if text.isascii():
        return (one,)
    two = folded(unicodedata.normalize("NFC", text).lower().translate(_IN_TWO_LETTERS))
    return (one,) if one == two else (one, two)


def _number_tail(text: str) -> bytes | None:
    """The last bytes of the id of the order with this number."""
    if len(text) != NUMBER_LENGTH:
        return None
    try:
        return base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        return None
