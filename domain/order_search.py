"""Search for orders by typed words: names without accents, phone numbers as people write them, order numbers, the last
four characters of a ticket's code.

Both sides are folded in the same way: an order's key when it is stored, the words when they are searched. Every word
must occur in the order. If no order has them, they may be misspelt: then words count that are almost the same.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA

from domain.code_readings import plain_code
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
#: How much of a ticket's code people read out.
CODE_TAIL: Final = 4
_CODE_TAIL: Final = re.compile(r"[A-Z2-7]{4}")
#: How many letters may be wrong in a word, by its least length. Shorter words are too much like each other.
_WRONG_LETTERS: Final = ((9, 3), (5, 2), (4, 1))
#: How many letters of an order's number say enough. Of a million orders hardly one has five by chance.
_LEAST_OF_A_NUMBER: Final = 5
_OF_A_NUMBER: Final = re.compile(r"[a-z2-7]+")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_BITS_OF_A_LETTER: Final = 5
_NUMBER_BYTES: Final = NUMBER_LENGTH * _BITS_OF_A_LETTER // 8
#: A letter of which nothing is known.
_ANY: Final = "?"
#: The most words that one misspelt word may mean.
_MOST_MEANINGS: Final = 20


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


def names_key(name: str, names: Iterable[str] = ()) -> str:
    """The part of an order's search key that has its customer's name, and the other ``names`` on its tickets."""
    return search_key(Customer(name, ""), names)


@dataclass(frozen=True, slots=True)
class NumberPart:
    """A part of an order's number. The number is read as 40 bits, five for each letter: those of ``mask`` are known."""

    mask: int
    bits: int

    def is_in(self, order_id: UUID) -> bool:
        """Whether the number of this order has it."""
        return int.from_bytes(order_id.bytes[-_NUMBER_BYTES:]) & self.mask == self.bits


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One word. An order matches if its key contains one of ``spellings``, its phone's digits contain one of
    ``phones``, its id ends with ``number_tail``, its number has one of ``number_parts``, or the code of one of its
    tickets ends with ``code_tail``.
    """

    spellings: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    number_tail: bytes | None = None
    code_tail: str | None = None
    number_parts: tuple[NumberPart, ...] = ()

    def is_in(self, key: str, phone: str | None, order_id: UUID, codes: Iterable[str] = ()) -> bool:
        """Whether an order matches the word."""
        return (
            any(spelling in key for spelling in self.spellings)
            or any(digits in (phone or "") for digits in self.phones)
            or (self.number_tail is not None and order_id.bytes.endswith(self.number_tail))
            or any(part.is_in(order_id) for part in self.number_parts)
            or (self.code_tail is not None and any(code.endswith(self.code_tail) for code in codes))
        )

    @property
    def of_names(self) -> SearchTerm:
        """The word as it is searched for people who see names and numbers, and no other personal data."""
        return replace(self, phones=(), code_tail=None)


@dataclass(frozen=True, slots=True)
class MisspeltWord:
    """A word of which up to ``wrong`` letters may be missing, added, exchanged or in the wrong order.

    ``may_mean`` is what a store can decide for many words; ``meanings`` chooses among those.
    """

    text: str
    wrong: int

    @property
    def shortest(self) -> int:
        return len(self.text) - self.wrong

    @property
    def longest(self) -> int:
        return len(self.text) + self.wrong

    @property
    def first_letter(self) -> str:
        return self.text[0]

    @property
    def last_letters(self) -> str:
        """The end of the word. People who get the beginning wrong seldom get the end wrong, too."""
        return self.text[-2:]

    @property
    def is_address(self) -> bool:
        """Whether it is an e-mail address, which is compared with addresses alone."""
        return "@" in self.text

    def may_mean(self, word: str) -> bool:
        """Whether ``word`` is near enough to be compared."""
        return (
            self.shortest <= len(word) <= self.longest
            and (word.startswith(self.first_letter) or word.endswith(self.last_letters))
            and ("@" in word) == self.is_address
        )

    def meanings(self, words: Collection[str]) -> list[str]:
        """The words among these that were probably meant, the nearest first."""
        near = process.extract(
            self.text, sorted(words), scorer=OSA.distance, processor=None, score_cutoff=self.wrong, limit=None
        )
        # Further ones than the nearest and the next are noise.
        most = min((distance for _, distance, _ in near), default=0) + 1
        ranked = sorted((distance, word[0] != self.first_letter, word) for word, distance, _ in near)
        return [word for distance, _, word in ranked if distance <= most][:_MOST_MEANINGS]


def misspelt(term: SearchTerm) -> list[MisspeltWord]:
    """The spellings of the term that are long enough to be searched with mistakes."""
    return [
        MisspeltWord(spelling, wrong)
        for spelling in term.spellings
        if (wrong := _wrong_letters(spelling)) and not spelling[-1].isdigit()
    ]


def _wrong_letters(word: str) -> int:
    return next((wrong for length, wrong in _WRONG_LETTERS if len(word) >= length), 0)


def as_meant(terms: Sequence[SearchTerm], words: Mapping[MisspeltWord, Collection[str]]) -> tuple[SearchTerm, ...]:
    """The terms, with the ``words`` of the orders that each of them may mean as further spellings, and as parts of an
    order's number.
    """

    def wider(term: SearchTerm) -> SearchTerm:
        meant = [meaning for each in misspelt(term) for meaning in each.meanings(words.get(each, ()))]
        parts = number_parts(term.spellings[0]) if term.spellings else ()
        return replace(term, spellings=tuple(dict.fromkeys((*term.spellings, *meant))), number_parts=parts)

    return tuple(wider(term) for term in terms)


def code_term(text: str) -> SearchTerm | None:
    """The text as the end of a ticket's code, if it can be one."""
    tail = text.strip().upper()
    return SearchTerm(code_tail=tail) if _CODE_TAIL.fullmatch(tail) else None


def search_terms(text: str) -> list[SearchTerm]:
    """The words of the typed text; empty if it has only spaces. A whole ticket code is one word.

    Four letters are not read as the end of a code, because many names have four; see ``code_term``.
    """
    if code := plain_code(text):
        return [SearchTerm(code_tail=code)]
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
    tail = number_tail(word)
    if tail is not None:
        yield SearchTerm(_spellings(word), number_tail=tail)
        return
    if (code := code_term(word)) and not word.isalpha():
        yield replace(code, spellings=_spellings(word))
        return
    ways = [spelling.split() for spelling in _spellings(word)]
    if not ways[0] and not word.isalpha():  # only punctuation, which is in no name
        yield SearchTerm((word,))
    for parts in zip(*ways, strict=True):
        yield SearchTerm(tuple(dict.fromkeys(parts)))


def _phone(words: list[str]) -> Iterator[SearchTerm]:
    """The phone number that was typed in groups, as one word."""
    if words:
        typed = " ".join(words)
        one = words[0] if len(words) == 1 else ""
        code = code_term(one)
        yield SearchTerm((typed,), _phones(typed), number_tail(one), code.code_tail if code else None)


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


def number_tail(text: str) -> bytes | None:
    """The last bytes of the id of the order with this number."""
    if len(text) != NUMBER_LENGTH:
        return None
    try:
        return base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        return None


def number_parts(text: str) -> tuple[NumberPart, ...]:
    """The ways in which the text may be a part of an order's number: five letters or more of it, in a row; or all of
    them but one, which is missing or wrong.
    """
    typed = text.lower()
    if not (_LEAST_OF_A_NUMBER <= len(typed) <= NUMBER_LENGTH and _OF_A_NUMBER.fullmatch(typed)):
        return ()
    missing = NUMBER_LENGTH - len(typed)
    ways = [_ANY * before + typed + _ANY * (missing - before) for before in range(missing + 1)]
    if missing == 1:
        ways += [typed[:place] + _ANY + typed[place:] for place in range(1, len(typed))]
    elif not missing:
        ways += [typed[:place] + _ANY + typed[place + 1 :] for place in range(len(typed))]
    return tuple(_number_part(way) for way in ways)


def _number_part(letters: str) -> NumberPart:
    mask = bits = 0
    for letter in letters:
        mask, bits = mask << _BITS_OF_A_LETTER, bits << _BITS_OF_A_LETTER
        if letter != _ANY:
            mask |= len(_LETTERS) - 1
            bits |= _LETTERS.index(letter)
    return NumberPart(mask, bits)
