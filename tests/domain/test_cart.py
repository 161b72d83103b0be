"""Checks of a cart that do not need the stock."""

from __future__ import annotations

import pytest

from domain.cart import Cart, CartLine
from domain.errors import InvalidName, InvalidPromoCode, InvalidQuantity, InvalidRequest, NoTickets, TooManyTickets
from domain.policy import MAX_TICKETS_AT_THE_COUNTER, CheckoutPolicy
from tests.support.factories import cart, ticket

stalls = ticket()
circle = ticket(show_id=stalls.show_id)


def test_a_cart_knows_its_show_and_its_tickets() -> None:
    wanted = cart((stalls, 2), (circle, 1))
    assert wanted.show_id == stalls.show_id
    assert wanted.ticket_ids == {stalls.id, circle.id}


def test_lines_of_the_same_ticket_are_counted_together() -> None:
    assert cart((stalls, 2), (circle, 1), (stalls, 3)).quantities() == {stalls.id: 5, circle.id: 1}


@pytest.mark.p0
def test_a_line_of_quantity_zero_is_skipped() -> None:
    wanted = cart((stalls, 0), (circle, 1))
    assert [line.ticket_id for line in wanted.lines] == [circle.id]


def test_a_line_keeps_its_place_in_the_request_when_others_are_skipped() -> None:
    (line,) = cart((stalls, 0), (circle, 1)).lines
    assert line.field("quantity") == "tickets[1].quantity"


@pytest.mark.p0
def test_a_negative_quantity_is_refused_and_pointed_at() -> None:
    with pytest.raises(InvalidQuantity, match="zero or more") as refusal:
        cart((stalls, 1), (circle, -1))
    assert refusal.value.field == "tickets[1].quantity"


@pytest.mark.p0
@pytest.mark.parametrize("quantities", [(0,), (0, 0)])
def test_an_order_with_no_line_left_is_refused(quantities: tuple[int, ...]) -> None:
    with pytest.raises(NoTickets) as refusal:
        cart(*((stalls, quantity) for quantity in quantities))
    assert refusal.value.field == "tickets"


def test_an_order_without_lines_is_refused() -> None:
    with pytest.raises(NoTickets):
        cart(show_id=stalls.show_id)


@pytest.mark.p0
def test_ten_tickets_are_an_order() -> None:
    assert cart((stalls, 4), (circle, 6)).quantities().total() == 10


@pytest.mark.p0
def test_eleven_tickets_are_too_many() -> None:
    with pytest.raises(TooManyTickets, match=r"^Maximum 10 tickets per order$") as refusal:
        cart((stalls, 5), (circle, 6))
    assert refusal.value.field == "tickets"


def test_the_counter_sells_more_at_once_than_a_buyer_may_have() -> None:
    stalls, counter = ticket(quantity=1000), CheckoutPolicy(max_tickets_per_order=2).at_the_counter()
    cart((stalls, MAX_TICKETS_AT_THE_COUNTER), policy=counter)
    with pytest.raises(TooManyTickets, match="Maximum 250 tickets"):
        cart((stalls, MAX_TICKETS_AT_THE_COUNTER + 1), policy=counter)


def test_how_many_tickets_an_order_may_have_is_a_setting() -> None:
    policy = CheckoutPolicy(max_tickets_per_order=2)
    cart((stalls, 2), policy=policy)
    with pytest.raises(TooManyTickets, match=r"^Maximum 2 tickets per order$"):
        cart((stalls, 3), policy=policy)


def test_a_promo_code_is_trimmed_and_put_in_upper_case() -> None:
    assert cart((stalls, 1), promo_code=" test20 ").promo_code == "TEST20"


@pytest.mark.parametrize("code", [None, "", "   "])
def test_an_empty_promo_code_is_none(code: str | None) -> None:
    assert cart((stalls, 1), promo_code=code).promo_code is None


def test_a_promo_code_of_50_characters_may_exist() -> None:
    assert cart((stalls, 1), promo_code="x" * 50).promo_code == "X" * 50


@pytest.mark.parametrize("code", ["x" * 51, "A\x00B", "A\nB"])
def test_a_promo_code_that_cannot_exist_is_refused(code: str) -> None:
    with pytest.raises(InvalidPromoCode, match=r"^Invalid promo code$") as refusal:
        cart((stalls, 1), promo_code=code)
    assert refusal.value.field == "promo_code"


def named(*names: str, quantity: int, position: int = 0) -> CartLine:
    return CartLine(position, stalls.id, quantity).named(names)


def of(*lines: CartLine) -> Cart:
    return Cart.of(stalls.show_id, lines, policy=CheckoutPolicy())


def test_a_cart_without_names_asks_for_none() -> None:
    assert of(named(quantity=2), named(" ", "", quantity=2)).names == ()


def test_tickets_without_a_name_are_left_to_the_customer() -> None:
    wanted = of(named("Grace  Hopper", quantity=2), named("", "Zoë", quantity=3, position=1))
    assert wanted.names == ("Grace Hopper", "", "", "Zoë", "")


def test_a_wrong_name_is_pointed_at() -> None:
    with pytest.raises(InvalidName) as refusal:
        named("Ada", "4711", quantity=2, position=3)
    assert refusal.value.field == "tickets[3].names[1]"


@pytest.mark.parametrize("quantity", [0, 1])
def test_there_is_no_name_beyond_the_tickets(quantity: int) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        of(named("Ada", "Grace", quantity=quantity), named(quantity=1, position=1))
    assert refusal.value.field == "tickets[0].names"
