"""Currencies: their minor units, Stripe's smallest charge, Stripe's own fee, and amounts for people."""

from decimal import ROUND_HALF_UP, Decimal

from demo.stripe_sandbox.protocol.errors import StripeRefusal

# https://docs.stripe.com/currencies, read on 2026-11-28. Kept apart from the product's own table: tests
# compare the two.
_PRESENTMENT_CODES = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf
    idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt
    mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf
    sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv
    wst xaf xcd xcg xof xpf yer zar zmw
"""
_PRESENTMENT = frozenset(_PRESENTMENT_CODES.split())
_ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905 - reads as a list
)
_THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# Two decimals for the sake of old integrations, and both must be zero.
_WHOLE_UNITS = frozenset({"isk", "ugx"})

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
_MAXIMUM_CHARGES = {
    "cop": 999_999_999_999,
    "huf": 999_999_999_999,
    "idr": 999_999_999_999,
    "inr": 999_999_999,
    "jpy": 9_999_999_999,
    "lbp": 99_999_999_999_999,
}
_USUAL_MAXIMUM_CHARGE = 99_999_999

_STRIPE_FEE_RATE = Decimal("0.029")
_STRIPE_FEE_FIXED = Decimal("0.30")


def decimal_places(currency: str) -> int:
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def is_presentment(currency: str) -> bool:
    """Whether Stripe charges cards in this currency (of an account in the United States)."""
    return currency in _PRESENTMENT


def amount_step(currency: str) -> int:
    """The number of minor units that every amount must be a multiple of."""
    if currency in _WHOLE_UNITS:
        return 100
    return 10 if currency in _THREE_DECIMAL else 1


def check_step(amount: int, currency: str, param: str) -> None:
    """Raises StripeRefusal for an amount whose last digits must be zero in this currency."""
    step = amount_step(currency)
    if amount % step:
        message = f"Invalid integer: {amount}. Amounts in {currency.upper()} must be evenly divisible by {step}."
        raise StripeRefusal(message, code="parameter_invalid_integer", param=param)


def maximum_charge(currency: str) -> int:
    """The largest total, in minor units, that Stripe charges in this currency."""
    return _MAXIMUM_CHARGES.get(currency, _USUAL_MAXIMUM_CHARGE)


def minimum_charge(currency: str) -> int:
    """The smallest total, in minor units, that Stripe charges in this currency."""
    return _MINIMUM_CHARGES.get(currency, _USUAL_MINIMUM_CHARGE)


def round_half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def stripe_fee(amount: int, currency: str) -> int:
    """Stripe's fee for a charge, in minor units: 2.9 % and 30 cents."""
    fixed = _STRIPE_FEE_FIXED.scaleb(decimal_places(currency))
    return round_half_up(amount * _STRIPE_FEE_RATE + fixed)


def share(amount: int, part: int, whole: int) -> int:
    """The same share of ``amount`` as ``part`` is of ``whole``, in minor units."""
    return round_half_up(Decimal(amount * part) / whole)


def display(amount: int, currency: str) -> str:
    """An amount of minor units for people: ``54.84 USD``."""
    places = decimal_places(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency.upper()}"
