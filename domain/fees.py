"""The fees of an order: how much the platform keeps of a payment, and who bears it.

Stripe gives the whole payment to the producer, and takes the application fee out of it, at most what was paid. Fees on
top of the prices are always less. Fees within the prices are limited here, to what is paid before tax: the tax stays
with the producer, who owes it, and the order says what Stripe takes.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Final

from domain.money import Currency
from domain.policy import CheckoutPolicy

#: From this many steps of the currency on, the fixed part of the processing fee makes up for rounding it only once for
#: several tickets.
_COVERS_ROUNDING: Final = Decimal("1.5")


class FeeBearer(StrEnum):
    """Who bears the fees: the buyer pays them on top of the prices, or the producer out of them."""

    BUYER = "buyer"
    PRODUCER = "producer"


def fees_of(subtotal: int, charged_tickets: int, currency: Currency, policy: CheckoutPolicy) -> tuple[int, int]:
    """The platform fees and the processing fees of an order, in minor units: the same for either bearer.

    ``charged_tickets`` is the number of tickets that cost something.
    """
    platform_fees = currency.round_to_minor(policy.terms(currency).platform_fee * charged_tickets)
    return platform_fees, _processing_fees(subtotal + platform_fees, currency, policy)


def within(subtotal: int, fees: tuple[int, int]) -> tuple[int, int]:
    """The platform fees and the processing fees that a payment of ``subtotal`` can bear, in minor units.

    The platform fee gives way first: the processing fee pays for the payment itself. The producer's share is then zero.
    """
    platform_fees, processing_fees = fees
    processing_fees = min(processing_fees, subtotal)
    return min(platform_fees, subtotal - processing_fees), processing_fees


def all_in_price(unit_price: int, bearer: FeeBearer, currency: Currency, policy: CheckoutPolicy) -> int:
    """The price of one ticket with all fees that its buyer must pay, in minor units, before a tax that is added.

    An advertised price must include them. The tickets of an order never cost more than the sum of their all-in prices.
    """
    if bearer is FeeBearer.PRODUCER or not unit_price:
        return unit_price
    return unit_price + _most_on_top(unit_price, currency, policy)


def producer_share(unit_price: int, bearer: FeeBearer, currency: Currency, policy: CheckoutPolicy) -> int:
    """What the producer gets of one ticket that is bought alone, in minor units, before tax."""
    if bearer is FeeBearer.BUYER or not unit_price:
        return unit_price
    return unit_price - sum(within(unit_price, fees_of(unit_price, 1, currency, policy)))


def _most_on_top(unit_price: int, currency: Currency, policy: CheckoutPolicy) -> int:
    # What a buyer of one ticket pays on top, unless a fee is so small or so fine that several tickets could pay more by
    # rounding: then each fee is rounded up.
    terms = policy.terms(currency)
    platform_fee, fixed = (fee.scaleb(currency.places) for fee in (terms.platform_fee, terms.processing_fee_fixed))
    if currency.round_minor(platform_fee) >= platform_fee and fixed >= _COVERS_ROUNDING * currency.step:
        return sum(fees_of(unit_price, 1, currency, policy))
    platform_fees = _round_up(platform_fee, currency)
    return platform_fees + _round_up(Decimal(unit_price + platform_fees) * policy.processing_fee_rate + fixed, currency)


def _processing_fees(charged: int, currency: Currency, policy: CheckoutPolicy) -> int:
    if charged == 0:
        return 0
    fixed = policy.terms(currency).processing_fee_fixed.scaleb(currency.places)
    return currency.round_minor(Decimal(charged) * policy.processing_fee_rate + fixed)


def _round_up(minor: Decimal, currency: Currency) -> int:
    return int((minor / currency.step).to_integral_value(ROUND_CEILING)) * currency.step
