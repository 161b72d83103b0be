"""The terms of an installation: fees, limits, and how long a hold lasts. All are settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from domain.claims import ClaimPolicy
from domain.errors import InvalidRequest
from domain.money import CURRENCIES, Currency, currency

#: A sanity limit, far above any real amount in dollars or in any currency but the smallest.
MOST: Final = Decimal(10**12)
MOST_DOLLARS: Final = Decimal(10**9)
#: The most tickets that the counter sells at once: each is a page of the mailed tickets. A larger group takes two
#: orders.
MAX_TICKETS_AT_THE_COUNTER: Final = 250

_AMOUNT = re.compile(r"(?P<amount>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:\s*(?P<code>[A-Za-z]{3}))?")
#: Matches a thousands separator: "5,000 USD" is not a list of 5 and 000 USD.
_GROUPED = re.compile(r"[0-9],[0-9]")


@dataclass(frozen=True, slots=True)
class CurrencyAmounts:
    """An amount for every currency: the ``named`` ones as given, all others from ``dollars``.

    Amounts are in the currencies' main units. ``named`` is by currency code.
    """

    dollars: Decimal
    named: Mapping[str, Decimal]


#: A bare number is in dollars; other currencies multiply it by ``Currency.per_dollar``.
AmountTerms: TypeAlias = Decimal | CurrencyAmounts


def amount_in(currency: Currency, terms: AmountTerms) -> Decimal:
    """The amount of ``terms`` in a currency, in its main unit, unrounded: 1.50 is 225 for JPY."""
    if isinstance(terms, CurrencyAmounts):
        named = terms.named.get(currency.code)
        return named if named is not None else terms.dollars * currency.per_dollar
    return terms * currency.per_dollar


def parse_amounts(text: str, *, default: Decimal) -> AmountTerms:
    """The amounts of a setting: "5000" (in dollars), "5000 USD, 750000 JPY", or "4000, 750000 JPY".

    ``default`` is in dollars and applies to currencies that are not named if the text has no bare number. Raises
    ValueError.
    """
    if _GROUPED.search(text):
        raise ValueError("write amounts without separators, and a space after each comma: 5000 USD, 750000 JPY")
    bare: Decimal | None = None
    named: dict[str, Decimal] = {}
    for part in text.split(","):
        found = _AMOUNT.fullmatch(part.strip())
        if not found:
            raise ValueError("must be an amount such as 1.50, or amounts such as 5000 USD, 750000 JPY")
        amount = Decimal(found["amount"])
        if amount > (MOST if found["code"] else MOST_DOLLARS):
            raise ValueError("an amount is too large")
        if found["code"] is None:
            if bare is not None:
                raise ValueError("there must be no more than one amount without a currency")
            bare = amount
            continue
        code = _known(found["code"])
        if code in named:
            raise ValueError(f"there are two amounts for {code}")
        named[code] = amount
    if not named:
        return default if bare is None else bare
    return CurrencyAmounts(default if bare is None else bare, named)


def _known(code: str) -> str:
    try:
        return currency(code).code
    except InvalidRequest as error:
        raise ValueError(str(error)) from None


@dataclass(frozen=True, slots=True)
class CurrencyTerms:
    """The terms for one currency. Fees are decimals of its unit, limits are minor units."""

    platform_fee: Decimal
    processing_fee_fixed: Decimal
    max_order_amount: int
    max_donation_per_ticket: int
    max_donation: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutPolicy:
    """Amounts as the settings give them: in dollars, or named for some currencies."""

    platform_fee: AmountTerms = Decimal("1.50")
    processing_fee_rate: Decimal = Decimal("0.029")
    processing_fee_fixed: AmountTerms = Decimal("0.30")
    max_tickets_per_order: int = 10
    max_order_amount: AmountTerms = Decimal(5000)
    max_donation_per_ticket: AmountTerms = Decimal(1000)
    hold: timedelta = timedelta(minutes=30)
    claims: ClaimPolicy = field(default_factory=ClaimPolicy)
    _terms: dict[str, CurrencyTerms] = field(default_factory=dict, init=False, repr=False, compare=False)

    def at_the_counter(self) -> CheckoutPolicy:
        """The terms of a box office's own orders: stock and the system limit them, not the limits for buyers."""
        return replace(
            self,
            max_tickets_per_order=MAX_TICKETS_AT_THE_COUNTER,
            max_order_amount=MOST_DOLLARS,
            max_donation_per_ticket=MOST_DOLLARS,
        )

    def terms(self, currency: Currency) -> CurrencyTerms:
        """These terms in one currency. No limit is above Stripe's largest charge."""
        terms = self._terms.get(currency.code)
        if terms is None:
            most = amount_in(currency, self.max_donation_per_ticket)
            terms = self._terms[currency.code] = CurrencyTerms(
                platform_fee=amount_in(currency, self.platform_fee),
                processing_fee_fixed=amount_in(currency, self.processing_fee_fixed),
                max_order_amount=currency.round_to_minor(amount_in(currency, self.max_order_amount)),
                max_donation_per_ticket=currency.round_to_minor(most),
                max_donation=most,
            )
        return terms

    def unsellable(self) -> tuple[Currency, int] | None:
        """The first currency whose largest order would be below Stripe's smallest charge, and that largest order.

        An installation without paid orders may set a limit of 0.
        """
        for money in CURRENCIES:
            most = self.terms(money).max_order_amount
            if most < money.minimum_charge and amount_in(money, self.max_order_amount):
                return money, most
        return None
