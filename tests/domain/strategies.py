"""All possible sales, up to Stripe's largest charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from hypothesis import assume
from hypothesis import strategies as st

from domain.cart import Cart
from domain.catalog import Show, Ticket
from domain.errors import OrderTotalTooSmall
from domain.fees import FeeBearer
from domain.money import currency
from domain.offering import Offering
from domain.orders import Order
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode, UseCount
from tests.support.factories import (
    NOW,
    Wanted,
    cart,
    customer,
    donation_ticket,
    issue,
    offering,
    producer,
    promo_code,
    show,
    ticket,
)

#: Room for every order that the strategies below can make.
POLICY = CheckoutPolicy(max_order_amount=Decimal(10**9))
MAX_OF_ONE_TYPE = 3
PRICES = st.just(0) | st.integers(0, 200) | st.integers(0, 100_000)
BEARERS = st.sampled_from(FeeBearer)
#: Terms of installations: also fees that are none, finer than a cent, or larger than most prices.
POLICIES = st.builds(
    CheckoutPolicy,
    platform_fee=st.decimals(0, 5, places=4),
    processing_fee_rate=st.decimals(0, Decimal("0.2"), places=4),
    processing_fee_fixed=st.decimals(0, Decimal("0.5"), places=4),
    max_order_amount=st.just(Decimal(10**9)),
)


@st.composite
def sales(draw: st.DrawFn, policies: st.SearchStrategy[CheckoutPolicy] | None = None) -> tuple[Offering, Cart]:
    """A show on sale in some currency, and a cart of regular and donation tickets with or without a promo code. Its
    buyers bear the fees, or its producer does.
    """
    evening = show()
    money = currency(draw(st.sampled_from(["USD", "EUR", "JPY", "KRW", "CZK", "ISK", "KWD", "HUF", "VND"])))
    wanted: list[Wanted] = []
    for quantity in draw(st.lists(st.integers(1, MAX_OF_ONE_TYPE), min_size=1, max_size=3)):
        price = draw(PRICES) * money.step
        if draw(st.booleans()):
            donation = money.format(min(price + draw(PRICES) * money.step, POLICY.terms(money).max_donation_per_ticket))
            minimum = min(price, money.to_minor(Decimal(donation)))
            wanted.append((donation_ticket(of=evening, price=minimum), quantity, donation))
        else:
            wanted.append((ticket(of=evening, price=price), quantity))
    kinds = [want[0] for want in wanted]
    promo = draw(st.none() | promo_codes(evening, kinds, step=money.step))
    if promo:
        wanted = [(replace(want[0], hidden=promo.opens(want[0].id)), *want[1:]) for want in wanted]
    on_sale = offering(
        *(want[0] for want in wanted),
        by=producer(currency=money.code, fees=draw(BEARERS)),
        promo_codes=[promo] if promo else [],
        policy=POLICY if policies is None else draw(policies),
    )
    return on_sale, cart(*wanted, promo_code=promo.code if promo else None)


@st.composite
def promo_codes(draw: st.DrawFn, of: Show, tickets: Sequence[Ticket], *, step: int) -> TicketPromoCode:
    """A promo code of any kind, which all of the tickets can be bought with."""
    kind = draw(st.sampled_from(["discount", "amount_off", "fixed_price", "nothing"]))
    share = draw(st.decimals(min_value=0, max_value=1, places=4)) if kind == "discount" else 0
    ids = [ticket.id for ticket in tickets]
    some = st.lists(st.sampled_from(ids), min_size=1, unique=True).map(frozenset)
    opened = draw(st.just(frozenset[UUID]()) | some)
    least = max(sum(id_ in opened for id_ in ids) * MAX_OF_ONE_TYPE, 1)
    return promo_code(
        of=of,
        discount=str(share),
        amount_off=draw(PRICES) * step if kind == "amount_off" else None,
        fixed_price=draw(PRICES) * step if kind == "fixed_price" else None,
        ticket_ids=draw(st.none() | some),
        opens_ticket_ids=opened,
        counts=draw(st.sampled_from(UseCount)),
        max_uses=draw(st.none() | st.integers(least, 20)),
        max_per_order=draw(st.none() | st.integers(least, 20)),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """The order that a checkout of such a sale places; free orders are completed."""
    on_sale, wanted = draw(sales())
    try:
        return on_sale.place(wanted, customer(), order_id=on_sale.show.id, issue=issue, now=NOW)
    except OrderTotalTooSmall:
        assume(False)
        raise
