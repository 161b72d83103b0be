"""Prices of orders, by example."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from domain.catalog import Ticket
from domain.errors import (
    DonationNotAllowed,
    DonationTooLarge,
    DonationTooSmall,
    InvalidAmount,
    OrderTotalExceeded,
    OrderTotalTooSmall,
)
from domain.money import currency
from domain.policy import CheckoutPolicy
from domain.pricing import Quote, price
from domain.promotions import TicketPromoCode
from tests.support.factories import Wanted, cart, donation_ticket, promo_code, ticket

NO_FEES = CheckoutPolicy(platform_fee=Decimal(0), processing_fee_rate=Decimal(0), processing_fee_fixed=Decimal(0))


def quote(
    *wanted: Wanted, promo: TicketPromoCode | None = None, money: str = "USD", policy: CheckoutPolicy | None = None
) -> Quote:
    policy = policy or CheckoutPolicy()
    tickets = {want[0].id: want[0] for want in wanted}
    return price(cart(*wanted).lines, tickets, promo_code=promo, currency=currency(money), policy=policy)


@pytest.mark.p0
def test_two_tickets_at_25_dollars_cost_54_84() -> None:
    priced = quote((ticket(price=2500), 2))
    assert priced.subtotal == 5000
    assert priced.platform_fees == 300
    assert priced.payment_processing_fees == 184
    assert priced.total == 5484


@pytest.mark.p0
def test_a_hundred_dollars_with_20_percent_off_cost_88_79() -> None:
    priced = quote((ticket(price=2500), 4), promo=promo_code(code="TEST20", discount="0.20"))
    assert priced.promo_code == "TEST20"
    assert priced.promo_code_discount == 2000
    assert priced.subtotal == 8000
    assert priced.platform_fees == 600
    assert priced.payment_processing_fees == 279
    assert priced.total == 8879


def test_an_order_in_yen_is_rounded_to_whole_yen() -> None:
    priced = quote((ticket(price=1500), 3), money="JPY")
    assert priced.subtotal == 4500
    assert priced.platform_fees == 675  # 3 x 225, as 1.50 dollars are 225 yen
    assert priced.payment_processing_fees == 195  # 5175 x 0.029 + 45 = 195.075
    assert priced.total == 5370


@pytest.mark.parametrize(
    ("money", "price", "platform", "processing"),
    [
        ("ISK", 500_000, 19_500, 19_000),  # 5195 x 0.029 + 39 = 189.7, in whole krónur
        ("UGX", 5_000_000, 600_000, 282_400),  # 56000 x 0.029 + 1200 = 2824
        ("KWD", 5_000, 450, 250),  # 5.450 x 0.029 + 0.09 = 0.248, in hundredths of a dinar
        ("HUF", 500_000, 52_500, 26_523),  # 5525 x 0.029 + 105 = 265.225
    ],
)
def test_fees_are_rounded_to_what_stripe_charges_in_the_currency(
    money: str, price: int, platform: int, processing: int
) -> None:
    priced = quote((ticket(price=price), 1), money=money)
    assert (priced.platform_fees, priced.payment_processing_fees) == (platform, processing)


@pytest.mark.parametrize(
    ("money", "price", "discount", "unit_amount"),
    [("ISK", 99_900, "0.15", 84_900), ("KWD", 5_550, "0.15", 4_720), ("JPY", 999, "0.15", 849)],
)
def test_a_discount_leaves_a_price_that_stripe_takes(money: str, price: int, discount: str, unit_amount: int) -> None:
    (line,) = quote((ticket(price=price), 1), money=money, promo=promo_code(discount=discount)).lines
    assert line.unit_amount == unit_amount


def test_a_processing_fee_of_exactly_a_half_cent_goes_up() -> None:
    policy = CheckoutPolicy(
        platform_fee=Decimal(0), processing_fee_rate=Decimal("0.025"), processing_fee_fixed=Decimal(0)
    )
    assert quote((ticket(price=1020), 1), policy=policy).payment_processing_fees == 26  # 25.5


def test_a_line_tells_what_it_costs_and_what_it_saved() -> None:
    (line,) = quote((ticket(price=1010, name="Circle", is_vip=True), 3), promo=promo_code(discount="0.15")).lines
    assert (line.name, line.is_vip, line.quantity) == ("Circle", True, 3)
    assert line.price_per_ticket == 1010
    assert line.unit_discount == 152  # 151.5, half up, on each ticket
    assert line.discount_amount == 456
    assert line.unit_amount == 858
    assert line.total_price == 2574


@pytest.mark.p0
def test_free_tickets_cost_no_fees() -> None:
    priced = quote((ticket(price=0), 2))
    assert priced.is_free
    assert priced.fees == 0


@pytest.mark.p0
def test_a_code_for_everything_makes_the_order_free() -> None:
    priced = quote((ticket(price=2500), 2), promo=promo_code(discount="1.00"))
    assert priced.is_free
    assert priced.promo_code_discount == 5000
    assert priced.fees == 0


def test_the_platform_fee_is_due_only_for_tickets_that_cost_something() -> None:
    assert quote((ticket(price=0), 3), (ticket(price=2500), 2)).platform_fees == 300


def test_a_ticket_that_is_free_only_after_the_discount_bears_no_platform_fee() -> None:
    priced = quote((ticket(price=2500), 2), (donation_ticket(), 1, "10"), promo=promo_code(discount="1"))
    assert priced.subtotal == 1000
    assert priced.platform_fees == 150


def test_a_donation_becomes_the_price_of_each_ticket() -> None:
    (line,) = quote((donation_ticket(price=1000), 2, "15.50")).lines
    assert line.price_per_ticket == line.donation_amount == 1550
    assert line.total_price == 3100


def test_a_promo_code_does_not_reduce_donations() -> None:
    priced = quote((ticket(price=1000), 1), (donation_ticket(), 1, "20"), promo=promo_code(discount="0.5"))
    assert [line.discount_amount for line in priced.lines] == [500, 0]


@pytest.mark.p1
def test_a_donation_of_exactly_the_price_is_taken() -> None:
    assert quote((donation_ticket(price=1000), 1, "10.00")).subtotal == 1000


@pytest.mark.p1
@pytest.mark.parametrize("donation", ["9.99", "5", "0"])
def test_a_donation_below_the_price_is_refused(donation: str) -> None:
    with pytest.raises(DonationTooSmall, match=r"^Donation amount must be at least \$10$") as refusal:
        quote((donation_ticket(price=1000), 1, donation))
    assert refusal.value.field == "tickets[0].donation_amount"


@pytest.mark.p1
def test_a_donation_of_exactly_the_limit_is_taken() -> None:
    assert quote((donation_ticket(), 1, "1000.00")).subtotal == 100_000


@pytest.mark.p1
@pytest.mark.parametrize("donation", ["1000.01", "1001", "1E+999999"])
def test_a_donation_above_the_limit_is_refused(donation: str) -> None:
    with pytest.raises(DonationTooLarge, match=r"^Maximum donation per ticket is \$1000$") as refusal:
        quote((donation_ticket(), 1, donation))
    assert refusal.value.field == "tickets[0].donation_amount"


def test_a_donation_ticket_without_a_minimum_may_be_had_for_nothing() -> None:
    assert quote((donation_ticket(price=0), 1)).is_free


@pytest.mark.p1
@pytest.mark.parametrize("donation", ["0.01", "10", "2000"])
def test_a_donation_for_a_regular_ticket_is_refused(donation: str) -> None:
    with pytest.raises(
        DonationNotAllowed, match=r"^Additional donations not allowed for non-donation ticket$"
    ) as refusal:
        quote((ticket(), 1), (ticket(), 1, donation))
    assert refusal.value.field == "tickets[1].donation_amount"


@pytest.mark.parametrize("donation", ["-1", "15.005", "NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("make", [ticket, donation_ticket])
def test_a_donation_that_is_no_amount_is_refused_in_words(make: Callable[[], Ticket], donation: str) -> None:
    with pytest.raises(InvalidAmount, match=r"^donation_amount: Amounts? .*USD") as refusal:
        quote((make(), 1, donation))
    assert refusal.value.field == "tickets[0].donation_amount"


@pytest.mark.p1
def test_an_order_of_exactly_the_limit_is_taken() -> None:
    assert quote((ticket(price=500_000), 1), policy=NO_FEES).total == 500_000


@pytest.mark.p1
def test_an_order_one_cent_above_the_limit_is_refused() -> None:
    with pytest.raises(OrderTotalExceeded, match=r"^Order total exceeds maximum amount of \$5000$") as refusal:
        quote((ticket(price=500_001), 1), policy=NO_FEES)
    assert refusal.value.field == "tickets"


@pytest.mark.p1
def test_fees_count_towards_the_limit_of_an_order() -> None:
    assert quote((ticket(price=485_729), 1)).total == 499_999
    with pytest.raises(OrderTotalExceeded):
        quote((ticket(price=485_730), 1))  # 5000.01: rounding leaps over the limit itself


@pytest.mark.parametrize(("money", "least"), [("USD", 50), ("GBP", 30), ("JPY", 50), ("CZK", 1500)])
def test_a_total_of_stripes_minimum_is_taken(money: str, least: int) -> None:
    assert quote((ticket(price=least), 1), money=money, policy=NO_FEES).total == least


@pytest.mark.parametrize(
    ("money", "price_", "least"), [("USD", 49, r"\$0\.50"), ("USD", 1, r"\$0\.50"), ("JPY", 49, "¥50")]
)
def test_a_total_below_stripes_minimum_is_refused(money: str, price_: int, least: str) -> None:
    with pytest.raises(OrderTotalTooSmall, match=f"^Order total must be at least {least}$"):
        quote((ticket(price=price_), 1), money=money, policy=NO_FEES)
