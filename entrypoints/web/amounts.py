"""Amounts that buyers type, read as the show's locale writes numbers; an ambiguous one is refused with a question."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.numbers import get_currency_symbol

from domain.errors import InvalidAmount
from domain.money import Currency

#: Longer than any amount with its currency and separators.
MAX_LENGTH: Final = 40
#: Before the decimals.
MAX_DIGITS: Final = 12

#: Separators of groups in every locale: spaces and apostrophes.
_SEPARATORS_OF_GROUPS = " '"
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u202f\t", " "),
        **dict.fromkeys("\u2018\u2019\u02bc\uff07`\u00b4", "'"),
        "\u066b": ".",  # Arabic decimal separator
        "\u066c": "'",  # Arabic thousands separator
        "\u3001": ",",
        "\u3002": ".",
        **dict.fromkeys("\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u202a\u202b\u202c", None),
    }
)
_NUMBER = re.compile(r"(?P<before>[^0-9]*?)\s*(?P<number>[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?)\s*(?P<behind>[^0-9]*)")
#: Threes, or twos and a three at the end, as in India; "_" is the separator.
_GROUPED = re.compile(r"[0-9]{1,3}(?:_[0-9]{3})+|[0-9]{1,2}(?:_[0-9]{2})*_[0-9]{3}")
_FULL_WIDTH = re.compile("[\uff01-\uff5e\uffe0-\uffe6]+")
_GROUP_LENGTH: Final = 3


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written where a show plays, and in which currency."""

    locale: str
    currency: Currency

    def read(self, typed: str) -> Decimal:
        """The typed amount; an empty text is zero. Raises InvalidAmount, also if it can mean two amounts."""
        text = _plain(typed)
        if not text:
            return Decimal(0)
        found = _NUMBER.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if found is None or not (self._is_currency(found["before"]) and self._is_currency(found["behind"])):
            raise self._unreadable()
        digits = self._decimal(found["number"], typed.strip())
        if len(digits.partition(".")[0]) > MAX_DIGITS:
            raise self._unreadable()
        return Decimal(digits)

    def write(self, minor: int) -> str:
        """An amount of minor units as ``read`` reads it, without groups."""
        return self.currency.format(minor).replace(".", _separators(self.locale)[1])

    def _decimal(self, number: str, typed: str) -> str:
        """The number with a point before its decimals, and no other separators."""
        marks = [mark for mark in number if mark in ".,"]
        kinds = set(marks)
        if len(kinds) > 1:
            whole, mark, decimals = number.rpartition(marks[-1])
            if mark != _separators(self.locale)[1]:  # as another country writes it
                raise self._unreadable()
            return self._whole(whole) + "." + self._only_digits(decimals)
        if len(marks) > 1:
            return self._whole(number)
        if not marks:
            return self._whole(number)
        whole, mark, decimals = number.partition(marks[0])
        if any(separator in decimals for separator in _SEPARATORS_OF_GROUPS):
            raise self._unreadable()
        if self._may_be_a_group(whole, decimals):
            group, point = _separators(self.locale)
            if mark == group:
                return whole + decimals
            if not (self.currency.decimals >= _GROUP_LENGTH and mark == point):
                raise self._ambiguous(typed, whole, decimals)
        return (self._whole(whole) if whole else "0") + "." + (decimals or "0")

    def _may_be_a_group(self, whole: str, decimals: str) -> bool:
        could_be = 1 <= len(whole) <= _GROUP_LENGTH and whole.isdecimal() and not whole.startswith("0")
        return could_be and len(decimals) == _GROUP_LENGTH

    def _whole(self, number: str) -> str:
        if number.isdecimal():
            return number
        separators = {mark for mark in number if not mark.isdecimal()}
        if len(separators) != 1 or not _GROUPED.fullmatch(number.replace(separators.pop(), "_")):
            raise self._unreadable()
        return re.sub("[^0-9]", "", number)

    def _only_digits(self, decimals: str) -> str:
        if not decimals.isdecimal():
            raise self._unreadable()
        return decimals

    def _is_currency(self, mark: str) -> bool:
        return mark.strip().casefold() in _marks(self.currency.code, self.locale)

    def _ambiguous(self, typed: str, whole: str, decimals: str) -> InvalidAmount:
        _, point = _separators(self.locale)
        short = decimals[: self.currency.decimals] if self.currency.decimals < _GROUP_LENGTH else decimals
        small = f"{whole}{point}{short}" if short else whole
        return InvalidAmount(f"{typed} can mean {whole}{decimals} or {small}. Please write it as one of these")

    def _unreadable(self) -> InvalidAmount:
        _, point = _separators(self.locale)
        example = f"15{point}{'0' * self.currency.decimals}" if self.currency.decimals else "1500"
        return InvalidAmount(f"Write the amount in {self.currency.code} and in digits, such as {example}")


def _plain(typed: str) -> str:
    """The text with the digits of every script as ASCII, and one character for those that look alike."""
    text = _FULL_WIDTH.sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), typed[: MAX_LENGTH * 4])
    text = text.translate(_ALIKE)
    digits = (str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
    return re.sub(r" +", " ", "".join(digits)).strip()


@lru_cache(maxsize=1000)
def _separators(locale: str) -> tuple[str, str]:
    """The locale's separator of groups, and the one before the decimals."""
    symbols = Locale.parse(locale, sep="-").number_symbols["latn"]
    return _plain(symbols["group"]) or " ", symbols["decimal"] if symbols["decimal"] in ".," else "."


@lru_cache(maxsize=1000)
def _marks(code: str, locale: str) -> frozenset[str]:
    """The texts that may stand before or after an amount: the currency's code and its signs, or nothing."""
    parsed = Locale.parse(locale, sep="-")
    symbols = {get_currency_symbol(code, locale) for locale in (parsed, Locale("en"), *_homes(code))}
    narrow = {symbol.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for symbol in symbols if not symbol.isalpha()}
    written = {_plain(symbol).casefold() for symbol in symbols | narrow | {code}}
    return frozenset({"", *written, *(mark.rstrip(".") for mark in written), *_ALSO.get(code, ())})


#: Other common signs of some currencies.
_ALSO: Final = {
    "CHF": ("fr", "fr.", "sfr", "sfr."),
    "EUR": ("euro", "euros"),
    "ISK": ("kr", "kr."),
    "JPY": ("円", "¥"),
    "KRW": ("원",),
    "CNY": ("元", "¥"),
    "TWD": ("nt$", "元", "$"),
    "USD": ("$", "us$"),
    "GBP": ("£",),
}


def _homes(code: str) -> list[Locale]:
    """Locales of the languages that write the currency most."""
    return [Locale(language) for language in _LANGUAGES.get(code, ())]


_LANGUAGES: Final = {
    "CZK": ("cs",),
    "DKK": ("da",),
    "HUF": ("hu",),
    "ILS": ("he",),
    "INR": ("hi",),
    "ISK": ("is",),
    "NOK": ("nb",),
    "PLN": ("pl",),
    "RON": ("ro",),
    "SEK": ("sv",),
    "THB": ("th",),
    "TRY": ("tr",),
    "UAH": ("uk",),
    "VND": ("vi",),
}
