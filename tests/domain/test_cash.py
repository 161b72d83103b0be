"""Notes and coins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cash import MOST_SUGGESTED, denominations, handed_over
from domain.money import CURRENCIES, currency


def test_notes_and_coins_are_those_of_the_currency() -> None:
    assert denominations(currency("EUR"))[:4] == (200_00, 100_00, 50_00, 20_00)
    assert denominations(currency("JPY"))[-1] == 1
    assert min(denominations(currency("CHF"))) == 5


@pytest.mark.parametrize("money", CURRENCIES, ids=lambda each: each.code)
def test_every_currency_has_some_the_largest_first(money: object) -> None:
    assert hasattr(money, "code")
    every = denominations(currency(money.code))
    assert len(every) >= 5
    assert list(every) == sorted(set(every), reverse=True)
    assert all(each % currency(money.code).step == 0 for each in every)


@pytest.mark.parametrize(
    ("total", "amounts"),
    [
        (25_00, (25_00, 26_00, 30_00, 40_00, 50_00)),
        (37_50, (37_50, 38_00, 40_00, 50_00, 100_00)),
        (50_00, (50_00, 60_00, 100_00, 200_00)),
        (0, ()),
    ],
)
def test_what_is_handed_over_is_the_exact_amount_or_a_few_notes(total: int, amounts: tuple[int, ...]) -> None:
    assert handed_over(total, currency("EUR")) == amounts[:MOST_SUGGESTED]


@given(st.sampled_from(CURRENCIES), st.integers(1, 10**7))
def test_nothing_that_is_handed_over_is_too_little(money: object, steps: int) -> None:
    assert hasattr(money, "code")
    total = steps * currency(money.code).step
    amounts = handed_over(total, currency(money.code))
    assert amounts[0] == total
    assert all(amount > total for amount in amounts[1:])
    assert list(amounts) == sorted(set(amounts))
    assert len(amounts) <= MOST_SUGGESTED
