"""A show on sale quotes carts and places orders, or says which rule forbids it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from domain.cart import Cart
from domain.catalog import Producer
from domain.errors import (
    DomainError,
    InvalidPromoCode,
    ProducerPaymentMissing,
    PromoCodeExhausted,
    ShowEnded,
    ShowUnavailable,
    TicketNotFound,
    TicketsUnavailable,
)
from domain.inventory import Inventory
from domain.offering import Offering, PriceChanged
from domain.orders import AttendeeStatus, Idempotency, ManualPayment, Order, OrderStatus
from domain.policy import CheckoutPolicy
from tests.support.factories import (
    DOORS,
    NOW,
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


def place(on_sale: Offering, wanted: Cart, **terms: Any) -> Order:
    return on_sale.place(wanted, customer(), order_id=uuid4(), issue=issue, now=NOW, **terms)


def refusal_of(on_sale: Offering, wanted: Cart) -> DomainError:
    """The reason why the cart cannot be bought; a quote and an order get the same one, and nothing is taken."""
    with pytest.raises(DomainError) as quoted:
        on_sale.quote(wanted, now=NOW)
    with pytest.raises(type(quoted.value)) as placed:
        place(on_sale, wanted)
    assert str(placed.value) == str(quoted.value)
    assert not on_sale.stock.changed_tickets
    assert not on_sale.stock.changed_promo_codes
    return placed.value


@pytest.mark.p0
def test_a_paid_order_holds_its_tickets_for_30_minutes() -> None:
    stalls = ticket(price=2500, quantity=100)
    on_sale = offering(stalls)
    order = place(on_sale, cart((stalls, 2)))
    assert order.status is OrderStatus.PENDING
    assert order.holds_tickets
    assert not order.success
    assert order.expires_at == NOW + timedelta(minutes=30)
    assert order.stripe_account_id == "acct_globe"
    assert order.session_id is None
    assert order.attendees == ()
    assert on_sale.stock.tickets[stalls.id].inventory == Inventory(100, held=2)


def test_how_long_a_hold_lasts_is_a_setting() -> None:
    stalls = ticket()
    on_sale = offering(stalls, policy=CheckoutPolicy(hold=timedelta(minutes=5)))
    assert place(on_sale, cart((stalls, 1))).expires_at == NOW + timedelta(minutes=5)


@pytest.mark.p0
def test_a_free_order_is_completed_at_once_without_stripe() -> None:
    standing = ticket(price=0, quantity=10)
    on_sale = offering(standing)
    order = place(on_sale, cart((standing, 3)))
    assert order.status is OrderStatus.COMPLETED
    assert order.success
    assert order.session_id == f"FREE-{order.id}"
    assert order.completed_at == NOW
    assert order.expires_at is None
    assert order.stripe_account_id is None
    assert len({attendee.code for attendee in order.attendees}) == 3
    assert on_sale.stock.tickets[standing.id].inventory == Inventory(10, sold=3)


def test_an_order_remembers_who_ordered_what_where_and_under_which_key() -> None:
    stalls = ticket()
    on_sale = offering(stalls, title="Hamlet")
    key = Idempotency("key", b"everything asked")
    order = place(on_sale, cart((stalls, 1)), idempotency=key)
    assert (order.show_id, order.show_title) == (stalls.show_id, "Hamlet")
    assert (order.customer, order.created_at, order.idempotency) == (customer(), NOW, key)
    assert order.quote == offering(stalls).quote(cart((stalls, 1)), now=NOW)


def test_a_quote_holds_nothing() -> None:
    stalls = ticket()
    on_sale = offering(stalls)
    on_sale.quote(cart((stalls, 2)), now=NOW)
    assert not on_sale.stock.changed_tickets


@pytest.mark.p0
def test_the_last_tickets_can_be_had() -> None:
    stalls = ticket(quantity=10, held=3, sold=5)
    on_sale = offering(stalls)
    place(on_sale, cart((stalls, 2)))
    assert on_sale.stock.tickets[stalls.id].inventory.remaining == 0


@pytest.mark.p0
def test_one_ticket_more_than_are_left_is_refused() -> None:
    stalls = ticket(name="Stalls", quantity=10, held=3, sold=5)
    refusal = refusal_of(offering(stalls), cart((stalls, 3)))
    assert isinstance(refusal, TicketsUnavailable)
    assert str(refusal) == "3 × Stalls not available: only 2 left"
    assert refusal.field == "tickets[0].quantity"


@pytest.mark.p0
def test_a_sold_out_ticket_is_refused() -> None:
    stalls = ticket(name="Stalls", quantity=10, sold=10)
    refusal = refusal_of(offering(stalls), cart((stalls, 1)))
    assert isinstance(refusal, TicketsUnavailable)
    assert str(refusal) == "1 × Stalls not available: sold out, 0 left"


@pytest.mark.p0
def test_two_lines_of_a_ticket_cannot_take_more_than_there_is_together() -> None:
    stalls = ticket(quantity=3)
    refusal = refusal_of(offering(stalls), cart((stalls, 2), (stalls, 2)))
    assert isinstance(refusal, TicketsUnavailable)
    assert refusal.field == "tickets[1].quantity"


@pytest.mark.p1
def test_when_one_ticket_of_several_runs_out_nothing_is_taken() -> None:
    evening = show()
    stalls, circle = ticket(of=evening), ticket(of=evening, quantity=0)
    assert isinstance(refusal_of(offering(stalls, circle), cart((stalls, 1), (circle, 1))), TicketsUnavailable)


def test_each_order_sees_what_the_ones_before_it_took() -> None:
    stalls = ticket(quantity=3)
    on_sale = offering(stalls)
    place(on_sale, cart((stalls, 2)))
    with pytest.raises(TicketsUnavailable, match="only 1 left"):
        place(on_sale, cart((stalls, 2)))


def test_a_price_that_is_remembered_is_only_that_of_the_same_cart_at_the_same_moment() -> None:
    stalls, giving = ticket(price=2500), donation_ticket()
    on_sale = offering(stalls, giving, promo_codes=[promo_code(code="HALF", discount="0.50", of=stalls)])
    totals = [
        on_sale.quote(wanted, now=NOW).subtotal for wanted in (cart((stalls, 1)), cart((stalls, 2)), cart((stalls, 1)))
    ]
    assert totals == [2500, 5000, 2500]
    assert on_sale.quote(cart((stalls, 1), promo_code="HALF"), now=NOW).subtotal == 1250
    assert on_sale.quote(cart((stalls, 1)), now=NOW, manual_payment=ManualPayment.COMP).total == 0
    with pytest.raises(ShowEnded):
        on_sale.quote(cart((stalls, 1)), now=on_sale.show.end_time)


def test_a_ticket_of_another_show_is_not_found() -> None:
    stalls, elsewhere = ticket(), ticket()
    refusal = refusal_of(offering(stalls, elsewhere), cart((stalls, 1), (elsewhere, 1)))
    assert isinstance(refusal, TicketNotFound)
    assert refusal.field == "tickets[1].ticket_id"


@pytest.mark.p1
def test_a_ticket_that_was_deleted_meanwhile_is_not_found() -> None:
    stalls, deleted = ticket(), ticket()
    refusal = refusal_of(offering(stalls), cart((deleted, 1), show_id=stalls.show_id))
    assert isinstance(refusal, TicketNotFound)


@pytest.mark.p1
def test_an_unpublished_or_cancelled_show_sells_nothing() -> None:
    stalls = ticket()
    assert isinstance(refusal_of(offering(stalls, published=False), cart((stalls, 1))), ShowUnavailable)
    assert isinstance(refusal_of(offering(stalls, cancelled=True), cart((stalls, 1))), ShowUnavailable)


@pytest.mark.p1
def test_a_show_that_is_over_sells_nothing() -> None:
    stalls = ticket()
    over = offering(stalls, door_time=NOW, start_time=NOW, end_time=NOW)
    assert isinstance(refusal_of(over, cart((stalls, 1))), ShowEnded)


def test_a_show_that_has_begun_still_sells() -> None:
    stalls = ticket()
    place(offering(stalls, door_time=NOW, start_time=NOW, end_time=DOORS), cart((stalls, 1)))


@pytest.mark.p1
@pytest.mark.parametrize("seller", [producer(account=None), producer(charges_enabled=False)])
def test_paid_orders_need_a_producer_who_can_be_paid(seller: Producer) -> None:
    stalls = ticket()
    assert isinstance(refusal_of(offering(stalls, by=seller), cart((stalls, 1))), ProducerPaymentMissing)


@pytest.mark.p1
def test_free_orders_do_not() -> None:
    standing = ticket(price=0)
    assert place(offering(standing, by=producer(account=None)), cart((standing, 1))).success


@pytest.mark.p1
def test_a_promo_code_is_counted_with_the_hold() -> None:
    stalls = ticket(price=2500)
    promo = promo_code(of=stalls, code="TEST20", discount="0.20", max_uses=1)
    on_sale = offering(stalls, promo_codes=[promo])
    order = place(on_sale, cart((stalls, 4), promo_code="test20"))
    assert order.promo_code_id == promo.id
    assert order.quote.total == 8879
    assert on_sale.stock.promo_codes[promo.id].uses == 1
    with pytest.raises(PromoCodeExhausted):
        place(on_sale, cart((stalls, 1), promo_code="TEST20"))


@pytest.mark.p1
def test_a_promo_code_is_counted_with_a_free_order_too() -> None:
    stalls = ticket()
    promo = promo_code(of=stalls, discount="1")
    on_sale = offering(stalls, promo_codes=[promo])
    order = place(on_sale, cart((stalls, 1), promo_code=promo.code))
    assert order.success
    assert on_sale.stock.promo_codes[promo.id].uses == 1


@pytest.mark.p0
def test_an_unknown_promo_code_is_refused() -> None:
    stalls = ticket()
    refusal = refusal_of(offering(stalls), cart((stalls, 1), promo_code="NOPE"))
    assert isinstance(refusal, InvalidPromoCode)
    assert (str(refusal), refusal.field) == ("Invalid promo code", "promo_code")


@pytest.mark.p0
def test_a_promo_code_of_another_show_is_refused() -> None:
    stalls = ticket()
    elsewhere = promo_code(code="TEST20")
    refusal = refusal_of(offering(stalls, promo_codes=[elsewhere]), cart((stalls, 1), promo_code="TEST20"))
    assert isinstance(refusal, InvalidPromoCode)


def test_shows_may_have_promo_codes_of_the_same_name() -> None:
    stalls = ticket()
    theirs, ours = promo_code(discount="0.9"), promo_code(of=stalls, discount="0.1")
    order = place(offering(stalls, promo_codes=[theirs, ours]), cart((stalls, 1), promo_code="TEST20"))
    assert order.promo_code_id == ours.id


@pytest.mark.p1
def test_a_used_up_promo_code_is_refused() -> None:
    stalls = ticket()
    promo = promo_code(of=stalls, max_uses=2, uses=2)
    refusal = refusal_of(offering(stalls, promo_codes=[promo]), cart((stalls, 1), promo_code=promo.code))
    assert isinstance(refusal, PromoCodeExhausted)


def test_the_price_that_the_buyer_saw_is_the_price() -> None:
    stalls = ticket(price=2500)
    assert place(offering(stalls), cart((stalls, 2)), expected_total=Decimal("54.840")).quote.total == 5484


@pytest.mark.p1
@pytest.mark.parametrize("seen", ["54.83", "54.85", "0", "-54.84", "Infinity", "NaN", "sNaN"])
def test_a_price_that_the_buyer_did_not_see_is_refused_with_the_new_quote(seen: str) -> None:
    stalls = ticket(price=2500)
    on_sale = offering(stalls)
    with pytest.raises(PriceChanged, match=r"the total is now \$54\.84$") as refusal:
        place(on_sale, cart((stalls, 2)), expected_total=Decimal(seen))
    assert refusal.value.field == "expected_total"
    assert refusal.value.quote.total == 5484
    assert not on_sale.stock.changed_tickets


def test_everybody_gets_a_ticket_in_the_customers_name() -> None:
    evening = show()
    standing = ticket(of=evening, price=0, name="Standing")
    guest = donation_ticket(of=evening, price=0, name="Guest", is_vip=True)
    order = place(offering(standing, guest), cart((standing, 2), (guest, 1)))
    assert [(a.line, a.ticket_name, a.is_vip) for a in order.attendees] == [
        (0, "Standing", False),
        (0, "Standing", False),
        (1, "Guest", True),
    ]
    assert {a.name for a in order.attendees} == {"Ada Lovelace"}
    assert {a.status for a in order.attendees} == {AttendeeStatus.VALID}
