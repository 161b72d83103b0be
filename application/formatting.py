"""Dates, times and prices in mails and on tickets: in English, with the conventions of the show's country.

A German date in an English sentence reads like a mistake, and an American one misleads a German. So the words are
always English, while the order of day and month and the clock of 12 or 24 hours are those of the English that the
Unicode CLDR has for the show's country: "27 November 2026, 19:30" for de-DE. Prices contain no words, and are written
as the show's own locale writes them.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from domain.money import Currency
from domain.timezones import name_at
from domain.venue_clock import last_day

#: English as the European continent writes it: day before month, 24 hours. Right for most of the world.
_ELSEWHERE: Final = "en_150"
#: CLDR has intervals with the day of the week for this skeleton in every language. Its fields are widened to their full
#: names, as the CLDR's rules for skeletons allow (UTS 35, part 4, "Matching Skeletons"); quoted words stay unchanged.
_INTERVAL: Final = "yMMMEd"
_ABBREVIATED: Final = re.compile(r"'[^']*'|M{3,}|L{3,}|E+|c{3,}")
#: CLDR's minimumGroupingDigits is 2 in these languages (of these countries, where some are named), as Node.js 20 with
#: CLDR 48 writes them; babel lacks it. Renew it by comparing Intl.NumberFormat(tag).format(1234) for every tag.
_FOUR_DIGITS_TOGETHER: Final[dict[str, frozenset[str | None]]] = {
    **dict.fromkeys(("be", "bg", "et", "hu", "hy", "it", "ka", "lv", "pl", "sl", "sq"), frozenset()),
    "es": frozenset({None, "EA", "ES", "IC", "PH"}),
    "pt": frozenset({"AO", "CH", "CV", "GQ", "GW", "LU", "MO", "MZ", "PT", "ST", "TL"}),
    "ru": frozenset({"UA"}),
}
#: From this amount on, every language that groups digits groups them.
MANY_DIGITS: Final = 10_000
#: Between a currency's letters and a digit, on either side.
_UNSPACED_CODE: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
#: Babel sets this before "PM": not every font has it.
_NARROW_SPACE: Final = "\u202f"
#: CLDR sets these around a dash; text for search and copying has plain ones.
_THIN_SPACE: Final = "\u2009"


@lru_cache(maxsize=1000)
def english_of(tag: str) -> Locale:
    """The English of the country that a BCP 47 tag names; that of the continent if CLDR has none."""
    locale = Locale.parse(tag, sep="-")
    if locale.territory is None:
        return locale if locale.language == "en" else Locale.parse(_ELSEWHERE)
    try:
        return Locale("en", locale.territory)
    except UnknownLocaleError:
        return Locale.parse(_ELSEWHERE)


def day(moment: datetime, timezone: ZoneInfo, locale: str) -> str:
    """The day, such as "Friday, 27 November 2026", or "Friday, November 27, 2026" in the United States."""
    return format_date(moment.astimezone(timezone), "full", locale=english_of(locale))


def days(start: datetime, end: datetime, timezone: ZoneInfo, locale: str) -> str:
    """The day, or all days of a show that ends on another one, such as "Friday 2 – Sunday 4 July 2027"."""
    first, end_there = start.astimezone(timezone), end.astimezone(timezone)
    return days_from(first.date(), last_day(first, end_there), english_of(locale))


def days_from(first: date, last: date, locale: Locale) -> str:
    """The days as the language writes them in full.

    Parts that both have in common stand once where the language allows it.
    """
    if first == last:
        return format_date(first, "full", locale=locale)
    differs = "y" if first.year != last.year else "M" if first.month != last.month else "d"
    parts = locale.interval_formats.get(_INTERVAL, {}).get(differs)
    if not parts or len(parts) != 2:  # from, to
        return " – ".join(format_date(day, "full", locale=locale) for day in (first, last))
    both = zip((first, last), parts, strict=True)
    text = "".join(format_date(day, _ABBREVIATED.sub(_in_full, part), locale=locale) for day, part in both)
    return text.replace(_THIN_SPACE, " ")


def _in_full(found: re.Match[str]) -> str:
    field = found.group()
    return field if field.startswith("'") else field[0] * 4


def clock(moment: datetime, timezone: ZoneInfo, locale: str) -> str:
    """The time, such as "19:30", or "7:30 PM" in the United States."""
    local = moment.astimezone(timezone)
    return format_time(local, "short", locale=english_of(locale)).replace(_NARROW_SPACE, "\N{NO-BREAK SPACE}")


def zone(moment: datetime, timezone: ZoneInfo) -> str:
    """The zone's name at that moment, such as "CET", or "UTC+03" for a zone without an abbreviation: the rules' name
    for the offset.

    Pages write it like this in every language. CLDR's own names follow a zone's usual summer time, and are an hour off
    where the rules differ, as in Dublin and Vancouver.
    """
    return name_at(moment, timezone)


def doors(door_time: datetime, start_time: datetime, timezone: ZoneInfo, locale: str) -> str:
    """When the doors open, such as "19:00"; with the day if it is not the day of the start."""
    time = clock(door_time, timezone, locale)
    local = door_time.astimezone(timezone)
    same_day = local.date() == start_time.astimezone(timezone).date()
    return time if same_day else f"{local:%A} {time}"


@lru_cache(maxsize=4096)
def price(currency: Currency, minor: int, locale: str) -> str:
    """An amount of minor units as the show's locale writes it, on pages, in mails and on tickets: "$25.00", "25,00 €".

    It has the currency's decimals as Stripe counts them, where CLDR would leave some out. Beyond babel's rules it keeps
    three of CLDR's, which browsers keep, too: four digits stay together where a language groups only longer numbers, a
    code is set apart from its digits, and Switzerland's French writes money with a point. Changes in CLDR since babel's
    release of it are not covered.
    """
    parsed = Locale.parse(locale, sep="-")
    amount = currency.to_decimal(minor)
    text: str = _pattern(locale, currency.decimals if minor % currency.step == 0 else currency.places).apply(
        amount, parsed, currency=currency.code, currency_digits=False, group_separator=_is_grouped(amount, parsed)
    )
    if parsed.language == "fr" and parsed.territory == "CH":
        text = text.replace(",", ".")
    return _UNSPACED_CODE.sub("\N{NO-BREAK SPACE}", text)


@lru_cache(maxsize=1000)
def _pattern(locale: str, decimals: int) -> NumberPattern:
    pattern = parse_pattern(Locale.parse(locale, sep="-").currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return pattern


def _is_grouped(amount: Decimal, locale: Locale) -> bool:
    return abs(amount) >= MANY_DIGITS or not _keeps_four_digits_together(locale)


def _keeps_four_digits_together(locale: Locale) -> bool:
    together = _FOUR_DIGITS_TOGETHER.get(locale.language)
    return together is not None and (not together or locale.territory in together)


def whole_price(currency: Currency, minor: int, locale: str) -> str:
    """An amount of whole units without decimals, as at the axis of a chart: "$25", "25 €"."""
    parsed = Locale.parse(locale, sep="-")
    amount = currency.to_decimal(minor)
    text: str = _pattern(locale, 0).apply(
        amount, parsed, currency=currency.code, currency_digits=False, group_separator=_is_grouped(amount, parsed)
    )
    return _UNSPACED_CODE.sub("\N{NO-BREAK SPACE}", text)


@lru_cache(maxsize=4096)
def number(value: int, locale: str) -> str:
    """A whole number as the locale writes it: "12,345", "12.345"."""
    parsed = Locale.parse(locale, sep="-")
    return format_decimal(value, locale=parsed, group_separator=_is_grouped(Decimal(value), parsed))


def price_tag(currency: Currency, minor: int, locale: str) -> str:
    """A price as people read it: "Free" for zero."""
    return price(currency, minor, locale) if minor else "Free"
