"""Properties of all possible prices, up to Stripe's largest charge."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given

from adapters.stripe.requests import line_items
from domain.cart import Cart
from domain.errors import OrderTotalTooSmall
from domain.money import round_half_up
from domain.offering import Offering
from domain.orders import Order
from domain.pricing import Quote
from tests.domain.strategies import orders, sales
from tests.support.factories import NOW, customer, issue

pytestmark = pytest.mark.p0

QUOTES = orders().map(lambda order: order.quote)


@given(QUOTES)
def test_the_total_is_the_sum_of_lines_and_the_fees_that_they_do_not_include(quote: Quote) -> None:
    assert quote.subtotal == sum(line.total_price for line in quote.lines)
    fees = quote.platform_fees + quote.payment_processing_fees
    assert quote.total == quote.subtotal + (0 if quote.fees_included else fees)
    assert quote.fees == fees
    assert quote.fees_on_top == quote.total - quote.subtotal


@given(QUOTES)
def test_the_platform_never_takes_more_than_is_paid(quote: Quote) -> None:
    assert 0 <= quote.fees <= quote.total


@given(QUOTES)
def test_every_line_adds_up(quote: Quote) -> None:
    for line in quote.lines:
        assert line.total_price == line.quantity * line.price_per_ticket - line.discount_amount
        assert line.total_price == line.quantity * line.unit_amount
    assert quote.promo_code_discount == sum(line.discount_amount for line in quote.lines)


@given(QUOTES)
def test_no_discount_exceeds_its_price(quote: Quote) -> None:
    assert all(0 <= line.unit_discount <= line.price_per_ticket for line in quote.lines)
    assert all(line.unit_discount == 0 for line in quote.lines if line.donation_amount)
    assert all(line.unit_discount == 0 for line in quote.lines if not line.uses_promo_code)


@given(sales())
def test_a_promo_code_splits_lines_and_loses_no_ticket(sale: tuple[Offering, Cart]) -> None:
    on_sale, wanted = sale
    try:
        quote = on_sale.quote(wanted, now=NOW)
    except OrderTotalTooSmall:
        return
    tickets = [line.ticket_id for line in quote.lines for _ in range(line.quantity)]
    assert tickets == [line.ticket_id for line in wanted.lines for _ in range(line.quantity)]
    promo = on_sale.stock.promo_code(on_sale.show.id, wanted.promo_code) if wanted.promo_code else None
    applied = sum(line.quantity for line in quote.lines if line.uses_promo_code)
    assert promo or not applied
    if promo:
        assert quote.promo_code == (promo.code if applied else None)
        assert quote.idle_promo_code == (None if applied else promo.code)
        assert promo.most_tickets is None or applied <= promo.most_tickets


@given(sales())
def test_a_promo_code_makes_the_dearest_tickets_cheaper(sale: tuple[Offering, Cart]) -> None:
    on_sale, wanted = sale
    try:
        quote = on_sale.quote(wanted, now=NOW)
    except OrderTotalTooSmall:
        return
    promo = on_sale.stock.promo_code(on_sale.show.id, wanted.promo_code) if wanted.promo_code else None
    if promo is None:
        return
    tickets = on_sale.stock.tickets
    reducible = [
        line
        for line in quote.lines
        if promo.reduces(line.ticket_id)
        and not tickets[line.ticket_id].is_donation_based
        and not tickets[line.ticket_id].hidden
        and promo.discount_on(line.price_per_ticket, quote.currency.step)
    ]
    without = [line.price_per_ticket for line in reducible if not line.uses_promo_code]
    assert all(line.price_per_ticket >= max(without, default=0) for line in reducible if line.uses_promo_code)


@given(QUOTES)
def test_there_are_no_fees_exactly_when_the_order_is_free(quote: Quote) -> None:
    assert quote.is_free == (quote.subtotal == 0) == (quote.fees == 0) == (quote.total == 0)


@given(QUOTES.filter(lambda quote: quote.is_free or quote.fees < quote.total))
def test_platform_fees_are_due_for_each_ticket_that_costs_something(quote: Quote) -> None:
    charged = sum(line.quantity for line in quote.lines if line.unit_amount)
    dollars = Decimal("1.50") * charged
    assert quote.platform_fees == quote.currency.round_to_minor(dollars * quote.currency.per_dollar)


@given(QUOTES.filter(lambda quote: quote.is_free or quote.fees < quote.total))
def test_processing_fees_are_the_rate_on_subtotal_and_platform_fees_plus_the_fixed_part(quote: Quote) -> None:
    money = quote.currency
    charged = money.to_decimal(quote.subtotal + quote.platform_fees)
    exact = (charged * Decimal("0.029") + Decimal("0.30") * money.per_dollar) * 10**money.places
    assert quote.payment_processing_fees == (0 if quote.is_free else round_half_up(exact / money.step) * money.step)


@given(QUOTES)
def test_every_amount_of_a_quote_is_one_that_stripe_takes(quote: Quote) -> None:
    amounts = [quote.total, quote.platform_fees, quote.payment_processing_fees, quote.promo_code_discount]
    amounts += [line.unit_amount for line in quote.lines]
    assert all(amount % quote.currency.step == 0 for amount in amounts)


@given(orders())
def test_what_stripe_is_asked_to_charge_is_the_total_to_the_cent(order: Order) -> None:
    if order.quote.is_free:
        return
    items = line_items(order)
    assert sum(item["price_data"]["unit_amount"] * item["quantity"] for item in items) == order.quote.total
    assert {item["price_data"]["currency"] for item in items} == {order.quote.currency.code.lower()}


@given(sales())
def test_a_price_is_refused_exactly_when_stripe_would_not_charge_it(sale: tuple[Offering, Cart]) -> None:
    on_sale, wanted = sale
    try:
        quote = on_sale.quote(wanted, now=NOW)
    except OrderTotalTooSmall:
        return
    assert quote.total == 0 or quote.total >= quote.currency.minimum_charge


@given(sales())
def test_a_quote_is_what_the_order_then_costs(sale: tuple[Offering, Cart]) -> None:
    on_sale, wanted = sale
    try:
        quote = on_sale.quote(wanted, now=NOW)
    except OrderTotalTooSmall:
        return
    assert on_sale.place(wanted, customer(), order_id=on_sale.show.id, issue=issue, now=NOW).quote == quote
