"""Addresses for buyers, and the tokens that open orders."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.links import Links, OrderTokens
from domain.orders import HOLDING, OrderStatus
from tests.support.factories import order

tokens = OrderTokens("secret")
links = Links("https://tickets.example", tokens)


@settings(deadline=None, max_examples=25)
@given(st.uuids())
def test_a_token_opens_its_order_and_fits_into_an_address(order_id: UUID) -> None:
    token = tokens.token(order_id)
    assert tokens.matches(order_id, token)
    assert len(token) == 22
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.p2
def test_a_token_opens_no_other_order() -> None:
    assert not tokens.matches(uuid4(), tokens.token(uuid4()))


@pytest.mark.p2
def test_a_token_of_another_installation_opens_nothing() -> None:
    order_id = uuid4()
    assert not tokens.matches(order_id, OrderTokens("another secret").token(order_id))


def test_a_link_of_an_earlier_secret_opens_its_order() -> None:
    rotated, order_id = OrderTokens("new secret", ("secret",)), uuid4()
    assert rotated.matches(order_id, tokens.token(order_id))
    assert rotated.token(order_id) == OrderTokens("new secret").token(order_id)
    assert not rotated.matches(uuid4(), tokens.token(order_id))
    assert not rotated.matches(order_id, OrderTokens("another secret").token(order_id))


@pytest.mark.p2
@pytest.mark.parametrize("token", ["", "guess", "ü" * 22, "A" * 22, "A" * 5000])
def test_what_is_no_token_opens_nothing(token: str) -> None:
    assert not tokens.matches(uuid4(), token)


def test_the_secret_is_not_shown() -> None:
    assert "hidden" not in repr(OrderTokens("hidden"))


def test_an_orders_page_belongs_to_its_show_and_needs_its_token() -> None:
    ours = order()
    assert links.order_page(ours) == (
        f"https://tickets.example/shows/{ours.show_id}/orders/{ours.id}?token={tokens.token(ours.id)}"
    )


def test_after_paying_the_provider_fills_in_the_session() -> None:
    assert links.payment_success() == (
        "https://tickets.example/api/v1/checkout/success?session_id={CHECKOUT_SESSION_ID}"
    )


def test_whoever_goes_back_comes_with_the_orders_token() -> None:
    ours = order()
    assert links.payment_cancel(ours) == (
        f"https://tickets.example/api/v1/checkout/cancel?order_id={ours.id}&token={tokens.token(ours.id)}"
    )


def test_who_waits_for_the_payment_page_waits_on_a_page_of_ours() -> None:
    ours = order()
    assert links.pay_page(ours) == (
        f"https://tickets.example/shows/{ours.show_id}/orders/{ours.id}/pay?token={tokens.token(ours.id)}"
    )


@pytest.mark.parametrize("status", sorted(HOLDING))
def test_an_order_that_can_be_paid_goes_on_at_its_payment_page(status: OrderStatus) -> None:
    waiting = order(status=status)
    assert links.checkout_url(waiting) == links.pay_page(waiting)
    payable = waiting.with_session("cs_1", "https://pay.example/cs_1")
    assert links.checkout_url(payable) == "https://pay.example/cs_1"


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - HOLDING))
def test_an_order_that_cannot_be_paid_goes_on_at_its_own_page(status: OrderStatus) -> None:
    ended = order(status=status, session_id="cs_1", checkout_url="https://pay.example/cs_1")
    assert links.checkout_url(ended) == links.order_page(ended)
