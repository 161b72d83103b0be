"""Fees and limits in every currency, from settings that name one amount or several."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.errors import OrderTotalExceeded
from domain.money import currency
from domain.policy import CheckoutPolicy, CurrencyAmounts, amount_in, parse_amounts
from tests.support.factories import NOW, cart, offering, producer, ticket

DEFAULT = Decimal(5000)


@pytest.mark.parametrize(
    ("text", "in_dollars", "in_euros", "in_yen"),
    [
        ("5000", "5000", "5000", "750000"),
        ("200", "200", "200", "30000"),
        ("5000 USD, 600000 JPY", "5000", "5000", "600000"),
        ("200 EUR", "5000", "200", "750000"),
        ("200, 20000 jpy", "200", "200", "20000"),
        ("200 ,20000JPY", "200", "200", "20000"),
        ("0", "0", "0", "0"),
    ],
)
def test_a_bare_number_is_in_dollars_and_a_named_amount_in_its_currency(
    text: str, in_dollars: str, in_euros: str, in_yen: str
) -> None:
    terms = parse_amounts(text, default=DEFAULT)
    amounts = [amount_in(currency(code), terms) for code in ("USD", "EUR", "JPY")]
    assert amounts == [Decimal(in_dollars), Decimal(in_euros), Decimal(in_yen)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "such as"),
        ("5,000", "without separators"),
        ("5,000 USD", "without separators"),
        ("5000 USD 6000 EUR", "such as"),
        ("5000 USD,", "such as"),
        ("USD 5000", "such as"),
        ("-1", "such as"),
        ("1e3", "such as"),
        ("005", "such as"),
        ("1.", "such as"),
        ("5000, 6000", "more than one amount without a currency"),
        ("5000 USD, 6000 usd", "two amounts for USD"),
        ("5000 XXX", "Unknown currency"),
        ("1000000001", "too large"),
        ("1000000000001 IDR", "too large"),
    ],
)
def test_what_is_no_list_of_amounts_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_amounts(text, default=DEFAULT)


def test_a_named_amount_counts_for_fees_as_for_limits() -> None:
    policy = CheckoutPolicy(platform_fee=CurrencyAmounts(Decimal("1.50"), {"JPY": Decimal(100)}))
    assert policy.terms(currency("JPY")).platform_fee == 100
    assert policy.terms(currency("KRW")).platform_fee == 2100


@pytest.mark.parametrize(
    ("limit", "currency_code", "least"), [("13 CZK", "CZK", 1500), ("12999 VND", "VND", 13000), ("0.49 USD", "USD", 50)]
)
def test_a_limit_below_stripes_smallest_charge_is_found(limit: str, currency_code: str, least: int) -> None:
    found = CheckoutPolicy(max_order_amount=parse_amounts(limit, default=DEFAULT)).unsellable()
    assert found is not None
    assert (found[0].code, found[0].minimum_charge) == (currency_code, least)


@pytest.mark.parametrize("limit", ["15 CZK", "13000 VND", "0.50 USD", "5000", "0"])
def test_a_limit_at_stripes_smallest_charge_or_above_sells(limit: str) -> None:
    assert CheckoutPolicy(max_order_amount=parse_amounts(limit, default=DEFAULT)).unsellable() is None


@pytest.mark.parametrize(
    ("code", "price", "says"),
    [("JPY", 3000, None), ("JPY", 750_000, "¥750000"), ("VND", 99_999_999, "₫99999999"), ("CHF", 500_000, "5000 CHF")],
)
def test_an_order_is_refused_above_the_limit_of_its_currency_and_of_stripe(
    code: str, price: int, says: str | None
) -> None:
    seats = ticket(price=price)
    on_sale = offering(seats, by=producer(currency=code))
    if says is None:
        assert on_sale.quote(cart((seats, 2)), now=NOW).total > 2 * price
        return
    with pytest.raises(OrderTotalExceeded) as refused:
        on_sale.quote(cart((seats, 1)), now=NOW)
    assert str(refused.value) == f"Order total exceeds maximum amount of {says}"
