"""Manual orders: the counter takes the price of the tickets and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from domain.errors import DonationNotAllowed, InvalidPromoCode, OrderTotalExceeded, ShowEnded, ShowUnavailable
from domain.offering import Offering
from domain.orders import ManualPayment, Order, OrderStatus
from domain.policy import CheckoutPolicy
from domain.refunds import RefundShares, fees_returned, shares_of
from tests.support.factories import (
    DOORS,
    NOW,
    Wanted,
    cart,
    customer,
    donation_ticket,
    issue,
    offering,
    order,
    producer,
    promo_code,
    receipt,
    ticket,
)

POLICY = CheckoutPolicy()


def sell(office: Offering, *wanted: Wanted, payment: ManualPayment = ManualPayment.CASH, **fields: Any) -> Order:
    return office.place(
        cart(*wanted, **fields), customer(), order_id=uuid4(), issue=issue, now=NOW, manual_payment=payment
    )


@pytest.mark.parametrize("payment", [ManualPayment.CASH, ManualPayment.OTHER])
def test_there_are_no_fees_and_all_is_paid(payment: ManualPayment) -> None:
    stalls = ticket(price=25_00)
    office = offering(stalls)
    sold = sell(office, (stalls, 2), payment=payment)
    assert (sold.quote.subtotal, sold.quote.fees, sold.quote.total, sold.amount_paid) == (50_00, 0, 50_00, 50_00)
    assert (sold.status, sold.completed_at, sold.is_manual_order) == (OrderStatus.COMPLETED, NOW, True)
    assert (sold.expires_at, sold.session_id, sold.stripe_account_id) == (None, None, None)
    assert len(sold.attendees) == 2
    assert office.stock.tickets[stalls.id].inventory.sold == 2


def test_comp_is_a_gift_whatever_it_costs() -> None:
    stalls = ticket(price=25_00)
    pay_what_you_can = donation_ticket(show_id=stalls.show_id)
    sold = sell(offering(stalls, pay_what_you_can), (stalls, 1), (pay_what_you_can, 1), payment=ManualPayment.COMP)
    assert (sold.quote.total, sold.amount_paid, sold.quote.promo_code_discount) == (0, 0, 0)
    assert [line.price_per_ticket for line in sold.lines] == [0, 0]


def test_comp_takes_no_donation_and_no_code() -> None:
    gift, promo = donation_ticket(), promo_code()
    with pytest.raises(DonationNotAllowed):
        sell(offering(gift), (gift, 1, "15.00"), payment=ManualPayment.COMP)
    office = offering(gift, promo_codes=[replace(promo, show_id=gift.show_id)])
    with pytest.raises(InvalidPromoCode):
        sell(office, (gift, 1), promo_code=promo.code, payment=ManualPayment.COMP)


def test_one_cent_can_be_sold_and_the_limit_of_an_order_stays() -> None:
    penny, most, more = ticket(price=1), ticket(price=5000_00), ticket(price=5000_01)
    assert sell(offering(penny), (penny, 1)).quote.total == 1
    assert sell(offering(most), (most, 1)).quote.total == 5000_00
    with pytest.raises(OrderTotalExceeded):
        sell(offering(more), (more, 1))


def test_show_may_be_unpublished_but_neither_cancelled_nor_over() -> None:
    stalls = ticket()
    poor = producer(account=None)
    assert sell(offering(stalls, by=poor, published=False), (stalls, 1)).success
    with pytest.raises(ShowUnavailable):
        sell(offering(stalls, cancelled=True), (stalls, 1))
    over = offering(stalls, door_time=NOW, start_time=NOW, end_time=NOW)
    with pytest.raises(ShowEnded):
        sell(over, (stalls, 1))
    assert over.show.end_time < DOORS


def paid(**fields: Any) -> Order:
    """Two tickets at 25.00: fees 4.84, total 54.84."""
    bought = order((ticket(price=25_00), 2), status=OrderStatus.COMPLETED)
    return replace(bought.with_receipt(receipt(bought)), **fields)


def test_who_bears_a_refund_with_its_fees() -> None:
    shares = shares_of(paid(), 54_84, refund_fees=True, earlier=[], policy=POLICY)
    # Stripe took 54.84 x 2.9 % + 0.30 = 1.89.
    assert shares == RefundShares(buyer_gets=54_84, producer_bears=50_00, platform_bears=4_84, stripe_keeps=1_89)


def test_who_bears_a_refund_without_its_fees() -> None:
    shares = shares_of(paid(), 50_00, refund_fees=False, earlier=[], policy=POLICY)
    assert (shares.producer_bears, shares.platform_bears) == (50_00, 0)


def test_what_was_taken_at_the_counter_is_the_producers_alone() -> None:
    by_hand = paid(manual_payment=ManualPayment.CASH)
    assert shares_of(by_hand, 50_00, refund_fees=True, earlier=[], policy=POLICY) == RefundShares(
        buyer_gets=50_00, producer_bears=50_00, platform_bears=0, stripe_keeps=0
    )
    assert fees_returned(by_hand, [50_00]) == 0


def test_no_more_fees_come_back_than_were_taken() -> None:
    assert fees_returned(paid(), [27_42] * 3) == 4_84
