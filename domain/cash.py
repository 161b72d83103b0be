"""Notes and coins of a currency, as they lie in a till: for counting it, for what a buyer hands over, and for rounding
where the smallest coins are gone (docs/domain-rules.md#the-counter).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from domain.errors import InvalidRequest
from domain.money import Currency

#: Notes and coins in everyday use, in the main unit, the largest first. Rare ones are left out: a cashier adds them to
#: the sum by hand.
_IN_USE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AUD": "100 50 20 10 5 2 1 0.50 0.20 0.10 0.05",
        "BRL": "200 100 50 20 10 5 2 1 0.50 0.25 0.10 0.05",
        "CAD": "100 50 20 10 5 2 1 0.25 0.10 0.05",
        "CHF": "200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05",
        "CZK": "5000 2000 1000 500 200 100 50 20 10 5 2 1",
        "DKK": "500 200 100 50 20 10 5 2 1 0.50",
        "EUR": "200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
        "GBP": "50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
        "HUF": "20000 10000 5000 2000 1000 500 200 100 50 20 10 5",
        "INR": "500 200 100 50 20 10 5 2 1",
        "ISK": "10000 5000 2000 1000 500 100 50 10 5 1",
        "JPY": "10000 5000 1000 500 100 50 10 5 1",
        "KRW": "50000 10000 5000 1000 500 100 50 10",
        "MXN": "1000 500 200 100 50 20 10 5 2 1 0.50",
        "NOK": "1000 500 200 100 50 20 10 5 1",
        "NZD": "100 50 20 10 5 2 1 0.50 0.20 0.10",
        "PLN": "500 200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
        "SEK": "1000 500 200 100 50 20 10 5 2 1",
        "TRY": "200 100 50 20 10 5 1 0.50 0.25",
        "USD": "100 50 20 10 5 1 0.25 0.10 0.05 0.01",
        "ZAR": "200 100 50 20 10 5 2 1 0.50 0.20 0.10",
    }
)
#: To which coins cash is rounded where it is usual, or was for long, in the main unit: the smallest coin first. Babel
#: (Unicode's CLDR) knows it of the Swiss, the Canadian and the Danish coins alone.
_ROUNDED_TO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AUD": "0.05 0.10",
        "BRL": "0.05",
        "CAD": "0.05",
        "CHF": "0.05",
        "CZK": "1",
        "DKK": "0.50 1",
        "EUR": "0.05",
        "HUF": "5",
        "ILS": "0.10",
        "MXN": "0.50",
        "NOK": "0.50 1",
        "NZD": "0.10",
        "SEK": "0.50 1",
        "USD": "0.05",
        "ZAR": "0.10",
    }
)
#: What a denomination is not smaller than in a payment with notes: a hundredth of the largest.
_NOTES_FROM: Final = 100
#: A row of buttons.
MOST_SUGGESTED: Final = 5
_SERIES: Final = (5, 2, 1)
_DOLLARS_OF_LARGEST: Final = 100


def denominations(currency: Currency) -> tuple[int, ...]:
    """The notes and coins of the currency in minor units, the largest first.

    A currency whose own are not known here has those of most of the world: 1, 2 and 5 with zeros.
    """
    known = _IN_USE.get(currency.code)
    if known is not None:
        return tuple(currency.to_minor(Decimal(each)) for each in known.split())
    most = currency.round_to_minor(_DOLLARS_OF_LARGEST * currency.per_dollar)
    found: list[int] = []
    power = 10 ** (len(str(most)) - 1)
    while power >= currency.step:
        found += [times * power for times in _SERIES if times * power <= most]
        power //= 10
    return tuple(found)


def cash_steps(currency: Currency) -> tuple[int, ...]:
    """The steps to which cash can be rounded in the currency, in minor units; none where no coin is missing."""
    return tuple(currency.to_minor(Decimal(each)) for each in _ROUNDED_TO.get(currency.code, "").split())


def parse_cash_rounding(step: int | None, currency: Currency) -> int:
    """The step in minor units, 0 for none. Raises InvalidRequest for one that the currency has not."""
    if not step:
        return 0
    if step not in cash_steps(currency):
        known = ", ".join(currency.format(each) for each in cash_steps(currency))
        words = f"{known}, or not at all" if known else "not at all"
        raise InvalidRequest(f"Cash in {currency.code} is rounded to: {words}", field="cash_rounding")
    return step


def rounded_cash(amount: int, step: int) -> int:
    """The amount, of zero or more, as it is paid in coins: the nearest multiple of the step; halves go up."""
    return amount if step == 0 else (2 * amount + step) // (2 * step) * step


def handed_over(total: int, currency: Currency) -> tuple[int, ...]:
    """The amounts that people hand over for the total, the exact one first: each is the least that can be paid in
    notes and coins of one kind. Amounts are in minor units; nothing is handed over for nothing.
    """
    if total <= 0:
        return ()
    largest, *_ = every = denominations(currency)
    usual = [each for each in every if each * _NOTES_FROM >= largest]
    rounded = sorted({-(-total // each) * each for each in usual} - {total})
    return (total, *rounded[: MOST_SUGGESTED - 1])
