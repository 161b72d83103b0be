"""Currencies: their minor units, Stripe's smallest charge, Stripe's own fee, and how people read an amount."""

from decimal import ROUND_HALF_UP, Decimal

_ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905 - reads as a list
)
_THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})

# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in minor units.
_MINIMUM_CHARGES = {
    "aed": 200,
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
_USUAL_MINIMUM_CHARGE = 50
MAXIMUM_CHARGE = 99_999_999

_STRIPE_FEE_RATE = Decimal("0.029")
_STRIPE_FEE_FIXED = Decimal("0.30")


def decimal_places(currency: str) -> int:
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def minimum_charge(currency: str) -> int:
    """The smallest total, in minor units, that Stripe charges in this currency."""
    return _MINIMUM_CHARGES.get(currency, _USUAL_MINIMUM_CHARGE)


def round_half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def stripe_fee(amount: int, currency: str) -> int:
    """What Stripe keeps of a charge, in minor units: 2.9 % and 30 cents."""
    fixed = _STRIPE_FEE_FIXED.scaleb(decimal_places(currency))
    return round_half_up(amount * _STRIPE_FEE_RATE + fixed)


def share(amount: int, part: int, whole: int) -> int:
    """The same share of `amount` as `part` is of `whole`, in minor units."""
    return round_half_up(Decimal(amount * part) / whole)


def display(amount: int, currency: str) -> str:
    """An amount of minor units for people: `54.84 USD`."""
    places = decimal_places(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency.upper()}"
