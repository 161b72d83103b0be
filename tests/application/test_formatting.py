"""English words with the conventions of the show's country."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.localedata import locale_identifiers

from application import formatting
from domain import money
from tests.support.factories import JPY, USD

EVENING = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("locale", "day", "clock", "euros"),
    [
        ("en-US", "Friday, November 27, 2026", "7:30\N{NO-BREAK SPACE}PM", "€1,025.50"),
        ("en-GB", "Friday, 27 November 2026", "19:30", "€1,025.50"),
        ("de-DE", "Friday, 27 November 2026", "19:30", "1.025,50\N{NO-BREAK SPACE}€"),
        ("ja-JP", "Friday, 27 November 2026", "19:30", "€1,025.50"),
        ("fr", "Friday, 27 November 2026", "19:30", "1\N{NARROW NO-BREAK SPACE}025,50\N{NO-BREAK SPACE}€"),
        ("en", "Friday, November 27, 2026", "7:30\N{NO-BREAK SPACE}PM", "€1,025.50"),
    ],
)
def test_dates_times_and_prices_are_written_as_there(locale: str, day: str, clock: str, euros: str) -> None:
    assert formatting.day(EVENING, BERLIN, locale) == day
    assert formatting.clock(EVENING, BERLIN, locale) == clock
    assert formatting.price(money.currency("EUR"), 1025_50, locale) == euros


def test_a_currency_without_cents_has_none() -> None:
    assert formatting.price(JPY, 2500, "en-US") == "¥2,500"


def test_nothing_to_pay_is_free() -> None:
    assert formatting.price_tag(USD, 0, "en-US") == formatting.price_tag(JPY, 0, "de-DE") == "Free"
    assert formatting.price_tag(USD, 2500, "en-US") == "$25.00"


def test_doors_on_another_day_name_it() -> None:
    start = EVENING + timedelta(hours=6)
    assert formatting.doors(EVENING, start, BERLIN, "en-GB") == "Friday 19:30"
    assert formatting.doors(EVENING, start, ZoneInfo("America/New_York"), "en-GB") == "13:30"


@pytest.mark.parametrize(("zone", "name"), [("Europe/Berlin", "CET"), ("America/Sao_Paulo", "UTC-03")])
def test_a_zone_is_named_or_told_by_its_offset(zone: str, name: str) -> None:
    assert formatting.zone(EVENING, ZoneInfo(zone)) == name


FRIDAY = datetime(2027, 7, 2, 14, 0, tzinfo=UTC)  # 16:00 in Berlin


@pytest.mark.parametrize(
    ("end", "days"),
    [
        ("2027-07-02T23:59", "Friday, 2 July 2027"),
        ("2027-07-03T00:00", "Friday, 2 July 2027"),
        ("2027-07-03T02:00", "Friday, 2 July 2027"),
        ("2027-07-03T06:00", "Friday, 2 July 2027"),
        ("2027-07-03T06:01", "Friday, 2 – Saturday, 3 July 2027"),
        ("2027-07-04T23:00", "Friday, 2 – Sunday, 4 July 2027"),
        ("2027-07-05T02:00", "Friday, 2 – Sunday, 4 July 2027"),
        ("2027-08-01T23:00", "Friday, 2 July – Sunday, 1 August 2027"),
        ("2028-01-01T23:00", "Friday, 2 July 2027 – Saturday, 1 January 2028"),
    ],
)
def test_a_show_of_several_days_has_all_of_them_and_a_night_only_one(end: str, days: str) -> None:
    ends = datetime.fromisoformat(end).replace(tzinfo=BERLIN)
    assert formatting.days(FRIDAY, ends, BERLIN, "de-DE") == days


@pytest.mark.parametrize(
    ("locale", "days"),
    [
        ("en_US", "Friday, July 2 – Sunday, July 4, 2027"),
        ("en_GB", "Friday, 2 July – Sunday, 4 July 2027"),
        ("de_DE", "Freitag, 2. – Sonntag, 4. Juli 2027"),
        ("es_MX", "viernes 2 de julio – domingo 4 de julio de 2027"),
        ("ja_JP", "2027年7月2日(金曜日)～4日(日曜日)"),
    ],
)
def test_days_are_written_as_the_language_does(locale: str, days: str) -> None:
    assert formatting.days_from(date(2027, 7, 2), date(2027, 7, 4), Locale.parse(locale)) == days


@pytest.mark.parametrize("locale", locale_identifiers())
def test_every_language_tells_both_days_and_the_year(locale: str) -> None:
    for last in (date(2027, 7, 14), date(2027, 8, 14), date(2028, 1, 14)):
        text = formatting.days_from(date(2027, 7, 12), last, Locale.parse(locale))
        digits = {str(unicodedata.digit(char)) if char.isdigit() else " " for char in text}
        assert {"1", "2", "4"} <= digits, text


@pytest.mark.parametrize(
    ("locale", "code", "minor", "written"),
    [
        ("vi-VN", "VND", 12_345, "12.345\u00a0₫"),
        ("pt-BR", "BRL", 1234_50, "R$\u00a01.234,50"),
        ("es-MX", "MXN", 1234_50, "$1,234.50"),
        ("es-MX", "EUR", 1234_50, "EUR\u00a01,234.50"),
        ("en-US", "CHF", 25_00, "CHF\u00a025.00"),
        ("bg-BG", "EUR", 1234_50, "1234,50\u00a0€"),
        ("pl-PL", "PLN", 1234_50, "1234,50\u00a0zł"),
        ("pl-PL", "PLN", 12345_50, "12\u00a0345,50\u00a0zł"),
        ("pl-PL", "PLN", 9999_99, "9999,99\u00a0zł"),
        ("es-ES", "EUR", 1234_50, "1234,50\u00a0€"),
        ("pt-PT", "EUR", 1234_50, "1234,50\u00a0€"),
        ("fr-CH", "CHF", 1234_50, "1\u202f234.50\u00a0CHF"),
        ("is-IS", "ISK", 4990_00, "4.990\u00a0kr."),
        ("sr-RS", "RSD", 1234_50, "1.234,50\u00a0RSD"),
        ("ja-JP", "JPY", 12_345, "￥12,345"),
    ],
)
def test_prices_are_written_as_browsers_write_them(locale: str, code: str, minor: int, written: str) -> None:
    assert formatting.price(money.currency(code), minor, locale) == written
