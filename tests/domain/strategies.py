"""All possible sales, up to Stripe's largest charge."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume
from hypothesis import strategies as st

from domain.cart import Cart
from domain.errors import OrderTotalTooSmall
from domain.money import currency
from domain.offering import Offering
from domain.orders import Order
from domain.policy import CheckoutPolicy
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
PRICES = st.just(0) | st.integers(0, 200) | st.integers(0, 100_000)


@st.composite
def sales(draw: st.DrawFn) -> tuple[Offering, Cart]:
    """A show on sale in some currency, and a cart of regular and donation tickets with or without a promo code."""
    evening = show()
    money = currency(draw(st.sampled_from(["USD", "EUR", "JPY", "KRW", "CZK", "ISK", "KWD", "HUF", "VND"])))
    wanted: list[Wanted] = []
    for quantity in draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)):
        price = draw(PRICES) * money.step
        if draw(st.booleans()):
            donation = money.format(min(price + draw(PRICES) * money.step, POLICY.terms(money).max_donation_per_ticket))
            minimum = min(price, money.to_minor(Decimal(donation)))
            wanted.append((donation_ticket(of=evening, price=minimum), quantity, donation))
        else:
            wanted.append((ticket(of=evening, price=price), quantity))
    discount = draw(st.none() | st.decimals(min_value=0, max_value=1, places=4))
    promo = None if discount is None else promo_code(of=evening, discount=str(discount))
    on_sale = offering(
        *(want[0] for want in wanted),
        by=producer(currency=money.code),
        promo_codes=[promo] if promo else [],
        policy=POLICY,
    )
    return on_sale, cart(*wanted, promo_code=promo.code if promo else None)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """The order that a checkout of such a sale places; free orders are completed."""
    on_sale, wanted = draw(sales())
    try:
        return on_sale.place(wanted, customer(), order_id=on_sale.show.id, issue=issue, now=NOW)
    except OrderTotalTooSmall:
        assume(False)
        raise
