"""The price of a cart, without holding anything."""

from __future__ import annotations

import pytest

from application.checkout.quote import QuoteCart
from domain.errors import NotFound, PromoCodeExhausted, TicketsUnavailable
from domain.policy import CheckoutPolicy
from tests.application.world import World
from tests.support.factories import NOW, cart, promo_code, ticket


@pytest.fixture
def quote(world: World) -> QuoteCart:
    return QuoteCart(world.database, world.clock, CheckoutPolicy())


@pytest.mark.p0
async def test_a_cart_is_priced_and_nothing_is_held(world: World, quote: QuoteCart) -> None:
    stalls = ticket(price=2500)
    promo = promo_code(of=stalls, discount="0.20")
    await world.sell(stalls, promo_codes=[promo])
    priced = await quote(cart((stalls, 4), promo_code="test20"))
    assert (priced.total, priced.promo_code_discount) == (8879, 2000)
    assert await world.counters(stalls) == (0, 0)
    assert await world.uses(promo) == 0


async def test_more_than_is_left_is_refused(world: World, quote: QuoteCart) -> None:
    stalls = ticket(quantity=1)
    await world.sell(stalls)
    with pytest.raises(TicketsUnavailable):
        await quote(cart((stalls, 2)))


async def test_the_time_of_the_quote_counts(world: World, quote: QuoteCart) -> None:
    stalls = ticket()
    await world.sell(stalls, promo_codes=[promo_code(of=stalls, valid_until=NOW)])
    with pytest.raises(PromoCodeExhausted):
        await quote(cart((stalls, 1), promo_code="TEST20"))


async def test_an_unknown_show_is_not_found(quote: QuoteCart) -> None:
    with pytest.raises(NotFound) as refusal:
        await quote(cart((ticket(), 1)))
    assert refusal.value.field == "show_id"
