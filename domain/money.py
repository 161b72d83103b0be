"""Money: integers of a currency's minor unit; decimals only where people and JSON see them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from domain.errors import InvalidAmount, InvalidRequest

#: No single amount may reach this, whatever the currency: it keeps every sum far inside a 64-bit integer.
AMOUNT_LIMIT = 10**12


def round_half_up(amount: Decimal) -> int:
    """The nearest integer; halves go up (2.5 -> 3), as design.md §3 rounds every displayed amount."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency that tickets can be sold in.

    ``places`` is the number of decimal places of the minor unit (2 for USD, 0 for JPY), ``minimum_charge`` the least
    Stripe accepts, in minor units, ``symbol`` what stands before an amount ("" puts the code behind it).
    """

    code: str
    places: int
    minimum_charge: int
    symbol: str = ""

    def to_minor(self, amount: Decimal) -> int:
        """``amount`` in minor units, exactly: "15.00" USD -> 1500.

        Raises InvalidAmount when it is not finite, negative, too large, or finer than the minor unit.
        """
        if not amount.is_finite() or amount < 0:
            raise InvalidAmount(f"Amount must be a number of {self.code}, zero or more")
        if amount >= AMOUNT_LIMIT:
            raise InvalidAmount("Amount is too large")
        # Scaling rounds to the context's digits, which an amount may exceed: compared with what was asked for.
        minor = int(amount.scaleb(self.places))
        if self.to_decimal(minor) != amount:
            raise InvalidAmount(f"Amounts in {self.code} have at most {self.places} decimal places")
        return minor

    def round_to_minor(self, amount: Decimal) -> int:
        """``amount`` in minor units, rounded half up: for configured fees, which may be finer than the unit."""
        return round_half_up(amount.scaleb(self.places))

    def to_decimal(self, minor: int) -> Decimal:
        """Minor units as a decimal of the currency: 5484 USD -> Decimal("54.84")."""
        return Decimal(minor).scaleb(-self.places)

    def format(self, minor: int) -> str:
        """The amount as api.md writes it, without a symbol: 5484 USD -> "54.84", 5484 JPY -> "5484"."""
        if not self.places:
            return str(minor)
        sign, digits = ("-", -minor) if minor < 0 else ("", minor)
        whole, fraction = divmod(digits, 10**self.places)
        return f"{sign}{whole}.{fraction:0{self.places}d}"

    def display(self, minor: int) -> str:
        """The amount in a sentence, whole amounts without decimals: "$54.84", "$5000", "54.84 CHF"."""
        whole, fraction = divmod(abs(minor), 10**self.places)
        return self._marked(minor, self.format(abs(minor)) if fraction else str(whole))

    def price(self, minor: int) -> str:
        """The amount in a column of others, always with its decimals: "$54.84", "$50.00", "50.00 CHF"."""
        return self._marked(minor, self.format(abs(minor)))

    def _marked(self, minor: int, amount: str) -> str:
        sign = "−" if minor < 0 else ""
        return f"{sign}{self.symbol}{amount}" if self.symbol else f"{sign}{amount} {self.code}"


# Stripe's minimum charge amounts; where Stripe names none, about 0.50 USD.
_CURRENCIES = {
    currency.code: currency
    for currency in (
        Currency("AED", 2, 200),
        Currency("AUD", 2, 50),
        Currency("BRL", 2, 50),
        Currency("CAD", 2, 50),
        Currency("CHF", 2, 50),
        Currency("CLP", 0, 500),
        Currency("CZK", 2, 1500),
        Currency("DKK", 2, 250),
        Currency("EUR", 2, 50, "€"),
        Currency("GBP", 2, 30, "£"),
        Currency("HKD", 2, 400),
        Currency("HUF", 2, 17500),
        Currency("INR", 2, 50, "₹"),
        Currency("JPY", 0, 50, "¥"),
        Currency("KRW", 0, 700, "₩"),
        Currency("MXN", 2, 1000),
        Currency("MYR", 2, 200),
        Currency("NOK", 2, 300),
        Currency("NZD", 2, 50),
        Currency("PLN", 2, 200),
        Currency("RON", 2, 200),
        Currency("SEK", 2, 300),
        Currency("SGD", 2, 50),
        Currency("THB", 2, 1000),
        Currency("USD", 2, 50, "$"),
        Currency("VND", 0, 13_000, "₫"),
        Currency("XAF", 0, 300),
        Currency("XOF", 0, 300),
        Currency("ZAR", 2, 1000),
    )
}


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code in any case. Raises InvalidRequest for one we do not sell in."""
    try:
        return _CURRENCIES[code.upper()]
    except KeyError:
        raise InvalidRequest(f"Unknown currency {code!r}", field="currency") from None
