"""The table of currencies against Stripe's documents.

To renew it: open https://docs.stripe.com/currencies and compare, from top to bottom, the presentment currencies of an
account in the United States with ``ROWS``, "Zero-decimal currencies" with ``ZERO_DECIMAL`` here, "Three-decimal
currencies" with ``THREE_DECIMAL``, "Special cases" with ``WHOLE_UNITS``, and "Minimum and maximum charge amounts" with
``MINIMUMS`` and ``LARGER_CHARGES``. Change these first, then the table until the tests pass, then the sandbox's own
lists in demo/stripe_sandbox/protocol/money.py and the date in domain/currencies.py. ``per_dollar`` is moved only where
a currency has lost or won more than half of its worth.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision

from demo.stripe_sandbox.protocol import money as stripe_money
from domain.currencies import LARGER_CHARGES, ROWS
from domain.errors import InvalidAmount
from domain.money import CURRENCIES, Currency, currency
from domain.policy import CheckoutPolicy

ZERO_DECIMAL = {
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
    *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
}
THREE_DECIMAL = {"BHD", "JOD", "KWD", "OMR", "TND"}
WHOLE_UNITS = {"ISK", "UGX"}
MINIMUMS = {
    "AED": "2.00",
    "AUD": "0.50",
    "BRL": "0.50",
    "CAD": "0.50",
    "CHF": "0.50",
    "CZK": "15.00",
    "DKK": "2.50",
    "EUR": "0.50",
    "GBP": "0.30",
    "HKD": "4.00",
    "HUF": "175.00",
    "INR": "0.50",
    "JPY": "50",
    "MXN": "10.00",
    "MYR": "2.00",
    "NOK": "3.00",
    "NZD": "0.50",
    "PLN": "2.00",
    "RON": "2.00",
    "SEK": "3.00",
    "SGD": "0.50",
    "THB": "10.00",
    "USD": "0.50",
}
#: Where the Unicode CLDR writes another number of decimals than Stripe counts.
NOT_AS_IN_CLDR = {"AFN", "ALL", "ISK", "LAK", "LBP", "MMK", "RSD", "SOS", "UGX", "YER"}

every_currency = pytest.mark.parametrize("money", CURRENCIES, ids=lambda money: money.code)


def test_each_currency_stands_in_the_table_once_and_in_order() -> None:
    codes = [row.code for row in ROWS]
    assert codes == sorted(set(codes))
    assert len(codes) == 137


@pytest.mark.parametrize("code", ["ISK", "TWD", "ILS", "TRY", "PHP", "SAR", "UAH", "EGP", "KWD", "ARS", "IDR", "UGX"])
def test_a_theatre_may_sell_in_every_currency_that_stripe_charges_in(code: str) -> None:
    assert currency(code.lower()).code == code


@pytest.mark.parametrize("code", ["ANG", "BGN", "STD", "HRK"])
def test_money_that_is_no_longer_legal_tender_is_not_sold_in(code: str) -> None:
    assert code not in {money.code for money in CURRENCIES}


@every_currency
def test_amounts_have_the_decimals_that_stripe_counts(money: Currency) -> None:
    expected = 0 if money.code in ZERO_DECIMAL else 3 if money.code in THREE_DECIMAL else 2
    assert money.places == expected == stripe_money.decimal_places(money.code.lower())


@every_currency
def test_amounts_end_as_stripe_wants_them_to(money: Currency) -> None:
    expected = 100 if money.code in WHOLE_UNITS else 10 if money.code in THREE_DECIMAL else 1
    assert money.step == expected == stripe_money.amount_step(money.code.lower())


@every_currency
def test_the_smallest_charge_is_stripes_or_about_half_a_dollar(money: Currency) -> None:
    documented = MINIMUMS.get(money.code)
    least = Decimal(documented) if documented else money.per_dollar / 2
    assert money.minimum_charge == money.to_minor(least)
    assert money.minimum_charge >= stripe_money.minimum_charge(money.code.lower()) or not documented


@every_currency
def test_the_largest_charge_is_stripes(money: Currency) -> None:
    expected = LARGER_CHARGES.get(money.code, 99_999_999)
    assert stripe_money.maximum_charge(money.code.lower()) == expected
    assert expected - money.step < money.maximum_charge <= expected


def test_the_decimals_of_a_locale_library_are_not_stripes() -> None:
    assert {m.code for m in CURRENCIES if get_currency_precision(m.code) != m.places} == NOT_AS_IN_CLDR


@every_currency
def test_with_default_settings_every_currency_can_sell_a_theatres_tickets(money: Currency) -> None:
    terms = CheckoutPolicy().terms(money)
    assert terms.max_order_amount > terms.max_donation_per_ticket > money.minimum_charge
    assert terms.max_donation_per_ticket > 500 * money.round_to_minor(terms.platform_fee)
    assert money.round_to_minor(terms.platform_fee) > money.round_to_minor(terms.processing_fee_fixed) > 0


@pytest.mark.parametrize(
    ("code", "amount", "minor", "written"),
    [
        ("ISK", "5000", 500_000, "5000"),
        ("ISK", "5000.00", 500_000, "5000"),
        ("UGX", "20000", 2_000_000, "20000"),
        ("KWD", "5.12", 5_120, "5.120"),
        ("HUF", "4990.5", 499_050, "4990.50"),
        ("TWD", "800", 80_000, "800.00"),
    ],
)
def test_amounts_are_read_and_written_in_the_currencys_own_way(
    code: str, amount: str, minor: int, written: str
) -> None:
    money = currency(code)
    assert money.to_minor(Decimal(amount)) == minor
    assert money.format(minor) == written


@pytest.mark.parametrize(("code", "amount"), [("ISK", "0.50"), ("UGX", "100.01"), ("KWD", "5.124"), ("JPY", "1.5")])
def test_an_amount_that_stripe_would_refuse_is_refused(code: str, amount: str) -> None:
    with pytest.raises(InvalidAmount, match=f"Amounts in {code} have at most"):
        currency(code).to_minor(Decimal(amount))
