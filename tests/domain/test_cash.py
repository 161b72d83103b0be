"""Notes and coins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cash import (
    MOST_SUGGESTED,
    cash_steps,
    denominations,
    handed_over,
    parse_cash_rounding,
    rounded_cash,
)
from domain.errors import InvalidRequest
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


@pytest.mark.parametrize(
    ("code", "amount", "step", "taken"),
    [
        ("CHF", 12_32, 5, 12_30),
        ("CHF", 12_33, 5, 12_35),
        ("CHF", 12_35, 5, 12_35),
        ("EUR", 2, 5, 0),
        ("HUF", 2_49, 5_00, 0),
        ("HUF", 2_50, 5_00, 5_00),
        ("HUF", 7_49, 5_00, 5_00),
        ("HUF", 7_50, 5_00, 10_00),
        ("SEK", 10_49, 1_00, 10_00),
        ("SEK", 10_50, 1_00, 11_00),
        ("DKK", 10_25, 50, 10_50),
        ("NZD", 10_05, 10, 10_10),
        ("GBP", 12_33, 0, 12_33),
    ],
)
def test_cash_is_rounded_to_the_nearest_coin_and_halves_go_up(code: str, amount: int, step: int, taken: int) -> None:
    assert step in (0, *cash_steps(currency(code)))
    assert rounded_cash(amount, step) == taken


@given(st.integers(0, 10**9), st.sampled_from([1, 5, 10, 50, 100, 500]))
def test_rounded_cash_is_a_multiple_at_most_half_a_step_away(amount: int, step: int) -> None:
    taken = rounded_cash(amount, step)
    assert taken % step == 0
    assert -step <= 2 * (amount - taken) < step
    assert rounded_cash(taken, step) == taken


@pytest.mark.parametrize("money", CURRENCIES, ids=lambda each: each.code)
def test_steps_are_amounts_of_the_currency(money: object) -> None:
    assert hasattr(money, "code")
    steps = cash_steps(currency(money.code))
    assert list(steps) == sorted(steps)
    assert all(each > currency(money.code).step and each % currency(money.code).step == 0 for each in steps)


def test_only_a_step_of_the_currency_is_chosen() -> None:
    assert [parse_cash_rounding(step, currency("CHF")) for step in (None, 0, 5)] == [0, 0, 5]
    for step, code in ((10, "CHF"), (-5, "CHF"), (5, "GBP")):
        with pytest.raises(InvalidRequest):
            parse_cash_rounding(step, currency(code))
