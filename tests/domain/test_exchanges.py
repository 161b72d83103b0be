"""The money of exchanges: what moves, what is due and what goes back add up to the cent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.exchanges import OrderMoney, decide_exchange, moved_payment, refund_rows
from domain.fees import FeeBearer
from domain.orders import Order, OrderStatus
from domain.policy import CheckoutPolicy
from domain.pricing import price
from domain.refunds import fees_returned, refundable_amount
from domain.tax import TaxMode
from tests.support.factories import NOW, USD, cart, issue, order, producer, ticket

POLICY = CheckoutPolicy()
PRICES = st.integers(100, 90_00)


@st.composite
def paid_orders(draw: st.DrawFn) -> Order:
    """A paid order of one to four tickets of two prices, with the fees on top or within, and tax."""
    bearer, mode = draw(st.sampled_from(FeeBearer)), draw(st.sampled_from([TaxMode.EXCLUSIVE, TaxMode.INCLUSIVE]))
    stalls, circle = ticket(price=draw(PRICES)), ticket(price=draw(PRICES))
    circle = replace(circle, show_id=stalls.show_id)
    wanted = ((stalls, draw(st.integers(1, 2))), (circle, draw(st.integers(0, 2))))
    seller = replace(producer(), fees=bearer, tax=mode)
    placed = order(*(each for each in wanted if each[1]), by=seller, status=OrderStatus.COMPLETED)
    tax = draw(st.integers(0, placed.quote.total // 5))
    added = 0 if mode is TaxMode.INCLUSIVE else tax
    return replace(placed, tax=tax, amount_paid=placed.quote.total + added, payment_intent_id="pi")


@given(old=paid_orders(), new_price=st.integers(0, 120_00), data=st.data())
def test_what_moves_and_goes_back_is_what_the_old_tickets_paid(old: Order, new_price: int, data: st.DataObject) -> None:
    ids = [attendee.id for attendee in old.attendees]
    chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    target = ticket(price=new_price)
    priced = price(
        cart((target, len(chosen))).lines,
        {target.id: target},
        promo_code=None,
        currency=USD,
        policy=POLICY,
        at_the_counter=True,
    )
    before = sum(old.lines[a.line].unit_amount for a in old.attendees if a.id in chosen)
    if 0 < priced.subtotal - before < 50:
        return  # Stripe charges no such difference

    terms = decide_exchange(old, [], chosen, priced.lines, POLICY)

    new = replace(old, quote=terms.quote, exchange=terms.exchange, completed_at=None)
    worth = refundable_amount(old, chosen, refund_fees=terms.exchange.credit > 0)
    assert terms.exchange.credit + terms.back == worth
    assert not (terms.back and new.due)
    assert min(terms.back, new.due, new.own_fees, terms.exchange.fees, terms.exchange.tax) >= 0
    assert new.due >= new.own_fees
    if priced.subtotal == before:
        assert (terms.back, new.due, new.own_fees) == (0, 0, 0)
    assert terms.quote.total == terms.quote.subtotal + terms.quote.fees_on_top


@given(old=paid_orders(), parts=st.lists(st.integers(1, 40_00), min_size=1, max_size=5), fees=st.booleans())
def test_refunds_of_the_new_order_take_the_earlier_payment_back(old: Order, parts: list[int], fees: bool) -> None:
    ids = [attendee.id for attendee in old.attendees]
    lines = [replace(line, ticket_id=ticket().id) for line in old.lines]
    terms = decide_exchange(old, [], ids, lines, POLICY)
    new = replace(order(), quote=terms.quote, exchange=terms.exchange, completed_at=NOW, tax_mode=old.tax_mode)
    new = replace(new, amount_paid=terms.exchange.credit, tax=terms.exchange.tax)
    record = moved_payment(new, [], id=new.id, now=NOW)
    assert record
    money = [OrderMoney(new, []), OrderMoney(old, [record])]
    taken_before = old.quote.fees - fees_returned(old, [record]) + new.quote.fees
    assert taken_before == old.quote.fees
    left = new.amount_paid
    for part in parts:
        amount = min(part, left)
        if not amount:
            break
        left -= amount
        rows = refund_rows(money, amount, refund_fees=fees, reason="", now=NOW, new_id=lambda: issue(new.show_id)[0])
        changed = {refund.id: refund for refund in rows.changed}
        money = [
            OrderMoney(
                each.order,
                [changed.get(refund.id, refund) for refund in each.refunds]
                + [refund for refund in rows.added if refund.order_id == each.order.id],
            )
            for each in money
        ]
        books, real = [sum(refund.amount for refund in each.refunds) for each in money], new.amount_paid - left
        assert books == [real, new.amount_paid]
        assert sum(refund.amount for refund in money[1].refunds if not refund.through) == real
    platform_has = sum(each.order.quote.fees - fees_returned(each.order, each.refunds) for each in money)
    stripe_returned = fees_returned(old, [refund for refund in money[1].refunds if not refund.through])
    assert platform_has == old.quote.fees - stripe_returned
