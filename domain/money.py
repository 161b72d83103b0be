"""Money: integers of a currency's minor unit; decimals only for people and JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from domain.currencies import LARGER_CHARGES, LEAST_DOLLARS, MOST_MINOR_UNITS, ROWS, SYMBOLS, WHOLE_UNITS, CurrencyRow
from domain.errors import InvalidAmount, InvalidRequest

#: The exclusive limit of any single amount in any currency; it keeps every sum far inside a 64-bit integer.
AMOUNT_LIMIT = 10**12
#: Stripe accepts amounts with three decimals only if the last is zero.
_THREE_DECIMALS: Final = 3
_THREE_DECIMALS_STEP: Final = 10


def round_half_up(amount: Decimal) -> int:
    """The nearest integer; halves go up (2.5 -> 3), as in every amount that is shown."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency that tickets can be sold in.

    Amounts have ``places`` decimal places, as Stripe counts them (2 for USD, 0 for JPY), and every amount is a multiple
    of ``step`` minor units: 100 for ISK, whose two decimals are always zero, 10 for KWD, whose third is.
    ``minimum_charge`` and ``maximum_charge`` are the least and the most that Stripe charges at once, in minor units.
    ``symbol`` stands before an amount ("" puts the code after it). ``per_dollar`` is roughly the number of its units in
    a dollar (domain.currencies explains its use).
    """

    code: str
    places: int
    minimum_charge: int
    symbol: str = ""
    step: int = 1
    per_dollar: Decimal = Decimal(1)
    maximum_charge: int = MOST_MINOR_UNITS

    @property
    def decimals(self) -> int:
        """The number of decimal places that people write: zero if the minor unit only counts whole units."""
        return 0 if self.step == 10**self.places else self.places

    def to_minor(self, amount: Decimal) -> int:
        """``amount`` in minor units, exactly: "15.00" USD -> 1500.

        Raises InvalidAmount if it is not finite, negative, too large, or finer than the currency allows.
        """
        if not amount.is_finite() or amount < 0:
            raise InvalidAmount(f"Amount must be a number of {self.code}, zero or more")
        if amount >= AMOUNT_LIMIT:
            raise InvalidAmount("Amount is too large")
        # Scaling rounds to the context's digits, which an amount may exceed, so the result is compared with the amount.
        minor = int(amount.scaleb(self.places))
        if self.to_decimal(minor) != amount or minor % self.step:
            raise InvalidAmount(f"Amounts in {self.code} have at most {self._places_allowed()} decimal places")
        return minor

    def _places_allowed(self) -> int:
        return self.places - (len(str(self.step)) - 1)

    def round_to_minor(self, amount: Decimal) -> int:
        """``amount`` in minor units, rounded half up: for configured fees, which may be finer than the unit."""
        return self.round_minor(amount.scaleb(self.places))

    def round_minor(self, minor: Decimal) -> int:
        """The payable amount nearest to ``minor``; halves go up."""
        return round_half_up(minor / self.step) * self.step if self.step > 1 else round_half_up(minor)

    def to_decimal(self, minor: int) -> Decimal:
        """Minor units as a decimal of the currency: 5484 USD -> Decimal("54.84")."""
        return Decimal(minor).scaleb(-self.places)

    def format(self, minor: int) -> str:
        """The amount as the API writes it, without a symbol: 5484 USD -> "54.84", 5484 JPY -> "5484"."""
        if not self.places:
            return str(minor)
        if self.step == 10**self.places and minor % self.step == 0:
            return str(minor // self.step)
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


def _currency(row: CurrencyRow) -> Currency:
    step = 10**row.places if row.code in WHOLE_UNITS else _THREE_DECIMALS_STEP if row.places == _THREE_DECIMALS else 1
    per_dollar = Decimal(row.per_dollar)
    exact = Currency(row.code, row.places, 0, SYMBOLS.get(row.code, ""), step, per_dollar)
    minimum = Decimal(row.minimum) if row.minimum else LEAST_DOLLARS * per_dollar
    maximum = LARGER_CHARGES.get(row.code, MOST_MINOR_UNITS)
    return replace(exact, minimum_charge=exact.round_to_minor(minimum), maximum_charge=maximum // step * step)


_CURRENCIES = {row.code: _currency(row) for row in ROWS}
#: All currencies of the table, by code.
CURRENCIES: Final = tuple(_CURRENCIES.values())


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code in any case. Raises InvalidRequest for one that tickets cannot be sold in."""
    try:
        return _CURRENCIES[code.upper()]
    except KeyError:
        raise InvalidRequest(f"Unknown currency {code!r}", field="currency") from None
