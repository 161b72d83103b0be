"""Who bears the fees, how much they are, and the price that is advertised."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given

from domain.cart import Cart
from domain.errors import OrderTotalTooSmall
from domain.fees import FeeBearer, all_in_price, producer_share
from domain.money import currency
from domain.offering import Offering
from domain.orders import ManualPayment
from domain.policy import CheckoutPolicy
from domain.pricing import Quote
from tests.domain.strategies import POLICIES, sales
from tests.support.factories import (
    NOW,
    USD,
    Wanted,
    cart,
    donation_ticket,
    offering,
    producer,
    promo_code,
    show,
    ticket,
)

FREE_OF_FEES = CheckoutPolicy(platform_fee=Decimal(0), processing_fee_rate=Decimal(0), processing_fee_fixed=Decimal(0))


def quote(
    *wanted: Wanted,
    fees: FeeBearer = FeeBearer.PRODUCER,
    discount: str | None = None,
    policy: CheckoutPolicy | None = None,
    payment: ManualPayment | None = None,
) -> Quote:
    promo = promo_code(of=wanted[0][0], discount=discount) if discount else None
    on_sale = offering(
        *(want[0] for want in wanted),
        by=producer(fees=fees),
        promo_codes=[promo] if promo else [],
        policy=policy,
    )
    chosen = cart(*wanted, promo_code=promo.code if promo else None, show_id=on_sale.show.id)
    return on_sale.quote(chosen, now=NOW, manual_payment=payment)


def amounts(priced: Quote) -> tuple[int, int, int, int]:
    return priced.subtotal, priced.platform_fees, priced.payment_processing_fees, priced.total


class TestBorneByTheProducer:
    def test_the_buyer_pays_the_price_and_the_fees_are_the_same(self) -> None:
        stalls = ticket(price=2500)
        on_top, within = (quote((stalls, 2), fees=bearer) for bearer in FeeBearer)
        assert amounts(on_top) == (5000, 300, 184, 5484)
        assert amounts(within) == (5000, 300, 184, 5000)
        assert (on_top.fees_included, within.fees_included) == (False, True)
        assert (on_top.fees_on_top, within.fees_on_top) == (484, 0)

    def test_a_discount_lowers_what_the_buyer_pays(self) -> None:
        priced = quote((ticket(price=2500), 4), discount="0.20")
        assert amounts(priced) == (8000, 600, 279, 8000)
        assert priced.promo_code_discount == 2000

    def test_a_donation_is_the_price(self) -> None:
        assert amounts(quote((donation_ticket(price=1000), 1, "20.00"))) == (2000, 150, 92, 2000)

    def test_a_free_order_has_no_fees(self) -> None:
        priced = quote((ticket(price=0), 2))
        assert priced.is_free
        assert priced.fees == 0

    def test_at_the_counter_there_are_no_fees_to_include(self) -> None:
        for payment in ManualPayment:
            priced = quote((ticket(price=2500), 2), payment=payment)
            assert (priced.fees, priced.fees_included) == (0, False)

    def test_the_limit_of_an_order_is_compared_with_what_the_buyer_pays(self) -> None:
        assert quote((ticket(price=500_000), 1)).total == 500_000

    def test_a_price_below_stripes_smallest_charge_is_refused(self) -> None:
        with pytest.raises(OrderTotalTooSmall, match=r"^Order total must be at least \$0\.50$"):
            quote((ticket(price=49), 1))


class TestATicketThatCostsLessThanItsFees:
    """1.89 dollars have fees of 1.50 + 0.40: one cent more than is paid."""

    @pytest.mark.parametrize(
        ("price", "platform", "processing"),
        [
            (191, 150, 40),  # one cent is left to the producer
            (190, 150, 40),  # exactly what is paid
            (189, 149, 40),  # the platform's fee gives way
            (50, 14, 36),
        ],
    )
    def test_the_fees_are_at_most_what_is_paid(self, price: int, platform: int, processing: int) -> None:
        assert amounts(quote((ticket(price=price), 1))) == (price, platform, processing, price)

    def test_the_processing_fee_is_at_most_what_is_paid_too(self) -> None:
        policy = CheckoutPolicy(processing_fee_fixed=Decimal(1))
        assert amounts(quote((ticket(price=60), 1), policy=policy)) == (60, 0, 60, 60)

    def test_dearer_tickets_of_the_same_order_make_up_for_it(self) -> None:
        evening = show()
        cheap, dear = ticket(of=evening, price=50), ticket(of=evening, price=2500)
        assert amounts(quote((cheap, 1), (dear, 1))) == (2550, 300, 113, 2550)

    def test_a_discount_may_make_it_one(self) -> None:
        assert amounts(quote((ticket(price=1000), 1), discount="0.90")) == (100, 63, 37, 100)

    def test_on_top_of_the_price_the_fees_stay(self) -> None:
        assert amounts(quote((ticket(price=50), 1), fees=FeeBearer.BUYER)) == (50, 150, 36, 236)


@pytest.mark.parametrize(("price", "share"), [(0, 0), (50, 0), (189, 0), (190, 0), (191, 1), (2500, 2243)], ids=str)
def test_what_a_producer_who_bears_the_fees_gets_of_a_ticket(price: int, share: int) -> None:
    policy = CheckoutPolicy()
    assert producer_share(price, FeeBearer.PRODUCER, USD, policy) == share
    assert producer_share(price, FeeBearer.BUYER, USD, policy) == price
    if price >= USD.minimum_charge:
        priced = quote((ticket(price=price), 1))
        assert priced.total - priced.fees == share


class TestTheAdvertisedPrice:
    @pytest.mark.parametrize(("price", "all_in"), [(0, 0), (50, 236), (2000, 2242), (2500, 2757)])
    def test_it_is_what_one_ticket_costs(self, price: int, all_in: int) -> None:
        policy = CheckoutPolicy()
        assert all_in_price(price, FeeBearer.BUYER, USD, policy) == all_in
        assert quote((ticket(price=price), 1), fees=FeeBearer.BUYER).total == all_in
        assert all_in_price(price, FeeBearer.PRODUCER, USD, policy) == price

    def test_without_fees_it_is_the_price(self) -> None:
        assert all_in_price(2500, FeeBearer.BUYER, USD, FREE_OF_FEES) == 2500

    def test_fees_that_several_tickets_add_up_to_more_of_are_rounded_up(self) -> None:
        # 0.3 cents are none for one ticket, and one cent for two.
        policy = replace(FREE_OF_FEES, platform_fee=Decimal("0.003"))
        one = ticket(price=1000)
        assert [quote((one, n), fees=FeeBearer.BUYER, policy=policy).total for n in (1, 2)] == [1000, 2001]
        assert all_in_price(1000, FeeBearer.BUYER, USD, policy) == 1001

    @pytest.mark.parametrize(("code", "all_in"), [("JPY", 1820), ("ISK", 178_300), ("KWD", 2_100)])
    def test_it_is_an_amount_of_its_currency(self, code: str, all_in: int) -> None:
        money = currency(code)
        price = {"JPY": 1500, "ISK": 150_000, "KWD": 1_500}[code]
        assert all_in_price(price, FeeBearer.BUYER, money, CheckoutPolicy()) == all_in
        assert all_in % money.step == 0

    @given(sales())
    def test_an_order_never_costs_more_than_what_was_advertised(self, sale: tuple[Offering, Cart]) -> None:
        _assert_as_advertised(*sale)

    @given(sales(POLICIES))
    def test_neither_does_it_under_any_terms(self, sale: tuple[Offering, Cart]) -> None:
        _assert_as_advertised(*sale)


def _assert_as_advertised(on_sale: Offering, chosen: Cart) -> None:
    try:
        priced = on_sale.quote(chosen, now=NOW)
    except OrderTotalTooSmall:
        return
    seller = on_sale.producer
    # Of a donation ticket the price is what the buyer named.
    advertised = sum(
        line.quantity * all_in_price(line.price_per_ticket, seller.fees, seller.currency, on_sale.policy)
        for line in priced.lines
    )
    assert priced.total <= advertised
    only = priced.lines[0]
    if len(priced.lines) == only.quantity == 1 and on_sale.policy.platform_fee == Decimal("1.50"):
        assert priced.total == advertised or priced.promo_code_discount
