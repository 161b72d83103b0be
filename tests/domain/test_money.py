"""Money: whole minor units inside, decimals at the edge, halves go up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidAmount, InvalidRequest
from domain.money import AMOUNT_LIMIT, Currency, currency, round_half_up
from tests.support.factories import JPY, USD

CHF = currency("CHF")
CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "CHF", "JPY", "KRW", "VND"]).map(currency)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.4", 0), ("0.49999", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("183.7", 184), ("7", 7)],
)
def test_halves_are_rounded_up_and_never_to_even(exact: str, rounded: int) -> None:
    assert round_half_up(Decimal(exact)) == rounded


@pytest.mark.parametrize(
    ("amount", "money", "minor"),
    [
        ("15.00", USD, 1500),
        ("15", USD, 1500),
        ("0.01", USD, 1),
        ("0", USD, 0),
        ("1E+2", USD, 10000),
        ("1500", JPY, 1500),
        ("1500.00", JPY, 1500),
    ],
)
def test_a_decimal_becomes_whole_minor_units(amount: str, money: Currency, minor: int) -> None:
    assert money.to_minor(Decimal(amount)) == minor


@pytest.mark.parametrize(
    ("amount", "money"),
    [("0.001", USD), ("15.005", USD), ("0.5", JPY), ("1E-400", USD), (f"1.{'0' * 40}1", USD), (f"5.{'0' * 30}1", JPY)],
)
def test_an_amount_finer_than_the_minor_unit_is_refused(amount: str, money: Currency) -> None:
    with pytest.raises(InvalidAmount, match=f"have at most {money.places} decimal places"):
        money.to_minor(Decimal(amount))


@pytest.mark.parametrize("amount", ["-0.01", "-1", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_an_amount_is_a_number_of_zero_or_more(amount: str) -> None:
    with pytest.raises(InvalidAmount, match="must be a number of USD, zero or more"):
        USD.to_minor(Decimal(amount))


@pytest.mark.parametrize("amount", [Decimal(AMOUNT_LIMIT), Decimal("1E+999999")])
def test_an_amount_at_the_limit_is_refused(amount: Decimal) -> None:
    with pytest.raises(InvalidAmount, match="too large"):
        USD.to_minor(amount)


def test_an_amount_just_below_the_limit_is_taken() -> None:
    assert USD.to_minor(AMOUNT_LIMIT - Decimal("0.01")) == AMOUNT_LIMIT * 100 - 1


@pytest.mark.parametrize(
    ("fee", "money", "minor"), [("1.50", USD, 150), ("0.005", USD, 1), ("0.0049", USD, 0), ("1.5", JPY, 2)]
)
def test_a_fee_finer_than_the_minor_unit_is_rounded_half_up(fee: str, money: Currency, minor: int) -> None:
    assert money.round_to_minor(Decimal(fee)) == minor


@pytest.mark.parametrize(
    ("money", "minor", "text"),
    [
        (USD, 5484, "54.84"),
        (USD, 5, "0.05"),
        (USD, 0, "0.00"),
        (USD, -5, "-0.05"),
        (USD, -150, "-1.50"),
        (JPY, 5484, "5484"),
        (JPY, -3, "-3"),
    ],
)
def test_amounts_are_written_with_the_currencys_number_of_places(money: Currency, minor: int, text: str) -> None:
    assert money.format(minor) == text


@pytest.mark.parametrize(
    ("money", "minor", "text"),
    [
        (USD, 5484, "$54.84"),
        (USD, 5480, "$54.80"),
        (USD, 500000, "$5000"),
        (CHF, 5484, "54.84 CHF"),
        (CHF, 1000, "10 CHF"),
        (JPY, 5484, "¥5484"),
    ],
)
def test_people_read_a_symbol_or_a_code_and_no_needless_decimals(money: Currency, minor: int, text: str) -> None:
    assert money.display(minor) == text


def test_a_currency_is_found_by_its_code_in_any_case() -> None:
    assert currency("usd") is currency("USD")


@pytest.mark.parametrize("code", ["", "XXX", "US", "dollars"])
def test_a_currency_we_do_not_sell_in_is_refused(code: str) -> None:
    with pytest.raises(InvalidRequest, match="Unknown currency") as refusal:
        currency(code)
    assert refusal.value.field == "currency"


@given(CURRENCIES, st.integers(0, AMOUNT_LIMIT - 1))
def test_an_amount_that_was_written_is_read_as_the_same(money: Currency, minor: int) -> None:
    assert money.to_minor(Decimal(money.format(minor))) == minor
    assert money.to_minor(money.to_decimal(minor)) == minor


@given(CURRENCIES, st.integers(-(10**15), 10**15))
def test_a_written_amount_is_the_decimal_with_every_place(money: Currency, minor: int) -> None:
    written = money.format(minor)
    assert Decimal(written) == money.to_decimal(minor)
    assert len(written.partition(".")[2]) == money.places


@given(CURRENCIES, st.decimals(min_value=0, max_value=AMOUNT_LIMIT - 1, places=6))
def test_every_decimal_is_read_exactly_or_refused(money: Currency, amount: Decimal) -> None:
    try:
        minor = money.to_minor(amount)
    except InvalidAmount:
        assert amount % money.to_decimal(1) != 0
    else:
        assert money.to_decimal(minor) == amount


@given(st.decimals(min_value=0, max_value=10**15, places=5))
def test_rounding_is_never_off_by_more_than_a_half(exact: Decimal) -> None:
    assert Decimal("-0.5") < round_half_up(exact) - exact <= Decimal("0.5")


@pytest.mark.parametrize(
    ("code", "minor", "text"),
    [
        ("USD", 5000, "$50.00"),
        ("USD", 5484, "$54.84"),
        ("USD", -150, "−$1.50"),
        ("JPY", 500, "¥500"),
        ("CHF", 100, "1.00 CHF"),
    ],
)
def test_a_price_always_has_its_decimals(code: str, minor: int, text: str) -> None:
    assert currency(code).price(minor) == text
