"""Amounts as buyers type them, in the show's locale and currency: read as meant, or refused with a question."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.errors import InvalidAmount
from domain.money import currency
from entrypoints.web.amounts import NumberStyle


def read(typed: str, locale: str = "en-US", code: str = "USD") -> Decimal:
    return NumberStyle(locale, currency(code)).read(typed)


@pytest.mark.parametrize(
    ("locale", "code", "typed", "amount"),
    [
        ("en-US", "USD", "1,000", "1000"),
        ("en-US", "USD", "1,000.50", "1000.50"),
        ("en-US", "USD", "1,000,000", "1000000"),
        ("en-US", "USD", "15,5", "15.5"),
        ("en-US", "USD", ".50", "0.50"),
        ("en-US", "USD", "15.", "15"),
        ("en-US", "USD", "$15", "15"),
        ("en-US", "USD", "US$ 15", "15"),
        ("en-US", "USD", "15 USD", "15"),
        ("en-US", "USD", "usd15.25", "15.25"),
        ("en-US", "USD", "１５．５０", "15.50"),
        ("en-US", "USD", "1'000", "1000"),
        ("en-US", "USD", "0.500", "0.500"),
        ("de-DE", "EUR", "1.000", "1000"),
        ("de-DE", "EUR", "1.000,50", "1000.50"),
        ("de-DE", "EUR", "20.00 €", "20.00"),
        ("de-DE", "EUR", "20,00€", "20.00"),
        ("de-DE", "EUR", "€ 20", "20"),
        ("de-DE", "EUR", "1 000,50", "1000.50"),
        ("de-CH", "CHF", "1'000.50", "1000.50"),
        ("de-CH", "CHF", "1\u2019000", "1000"),
        ("de-CH", "CHF", "Fr. 20", "20"),
        ("fr-FR", "EUR", "1\u202f000,50\u00a0€", "1000.50"),
        ("fr-FR", "EUR", "1\u00a0000", "1000"),
        ("en-IN", "INR", "1,00,000", "100000"),
        ("en-IN", "INR", "₹1,500", "1500"),
        ("sv-SE", "SEK", "150 kr", "150"),
        ("pl-PL", "PLN", "45,50 zł", "45.50"),
        ("pt-BR", "BRL", "R$ 1.500,00", "1500.00"),
        ("ja-JP", "JPY", "３，０００円", "3000"),
        ("ja-JP", "JPY", "¥3,000", "3000"),
        ("vi-VN", "VND", "500.000 ₫", "500000"),
        ("is-IS", "ISK", "4.990 kr.", "4990"),
        ("ar-EG", "EGP", "١٬٥٠٠٫٥٠", "1500.50"),
        ("fa-IR", "EUR", "۲۵", "25"),
        ("hi-IN", "INR", "१५०", "150"),
        ("ar-KW", "KWD", "5.250", "5.250"),
        ("ar-KW", "KWD", "1,250", "1250"),
        ("en-US", "USD", "", "0"),
        ("en-US", "USD", " 7 ", "7"),
    ],
)
def test_an_amount_is_read_as_it_is_meant_there(locale: str, code: str, typed: str, amount: str) -> None:
    assert read(typed, locale, code) == Decimal(amount)


@pytest.mark.parametrize(
    ("locale", "code", "typed", "readings"),
    [
        ("en-US", "USD", "1.000", ("1000", "1.00")),
        ("en-US", "USD", "$12.500", ("12500", "12.50")),
        ("de-DE", "EUR", "1,000", ("1000", "1,00")),
        ("fr-FR", "EUR", "1.000", ("1000", "1,00")),
        ("de-CH", "CHF", "1.000", ("1000", "1.00")),
        ("ja-JP", "JPY", "1.000", ("1000", "1")),
        ("vi-VN", "VND", "12,345", ("12345", "12")),
    ],
)
def test_an_amount_that_can_mean_two_is_asked_about(
    locale: str, code: str, typed: str, readings: tuple[str, str]
) -> None:
    with pytest.raises(InvalidAmount) as asked:
        read(typed, locale, code)
    assert f"{typed} can mean {readings[0]} or {readings[1]}" in str(asked.value)
    assert read(readings[0], locale, code) == Decimal(readings[0])
    assert read(readings[1], locale, code) == Decimal(readings[1].replace(",", "."))


@pytest.mark.parametrize(
    "typed",
    [
        *("x", "-5", "+5", "1e3", "NaN", ".", "9" * 13, "1,00,0", "1,0000.5", "1.000,50", "€15", "15 EUR"),
        *("1 2", "1,,000", "5-10", "(5)", "5 5.5 5", "1" * 200, "²", "½", "5%", "1'00"),
    ],
)
def test_what_is_no_amount_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidAmount, match=r"in USD and in digits, such as 15\.00"):
        read(typed)
