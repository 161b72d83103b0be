"""The effect of each step of an order's life on the order, its attendees and the stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.customer import ERASED_EMAIL, ERASED_NAME, Customer
from domain.errors import Conflict, IllegalTransition, NotFound, PaymentMismatch
from domain.inventory import Inventory
from domain.orders import HOLDING, RELEASED, AttendeeStatus, Order, OrderEvent, OrderStatus
from domain.stock import Stock
from tests.support.factories import NOW, issue, order, promo_code, receipt, show, ticket

LATER = NOW + timedelta(minutes=10)
evening = show()
stalls = ticket(of=evening, quantity=10, held=2)
circle = ticket(of=evening, quantity=5, held=1)


def pending(**overrides: Any) -> Order:
    """Two stalls and one circle, held."""
    return order((stalls, 2), (circle, 1), **overrides)


def sold(**overrides: Any) -> tuple[Order, Stock]:
    """The same, paid."""
    stock = Stock([stalls, circle])
    return replace(complete(pending(), stock), **overrides), stock


def complete(unpaid: Order, stock: Stock) -> Order:
    return unpaid.completed(receipt(unpaid), stock, issue=issue, now=LATER)


def inventory_of(stock: Stock) -> tuple[Inventory, Inventory]:
    return stock.tickets[stalls.id].inventory, stock.tickets[circle.id].inventory


@pytest.mark.p0
@pytest.mark.parametrize("status", sorted(HOLDING))
def test_payment_turns_the_hold_into_a_sale_with_a_ticket_for_everybody(status: OrderStatus) -> None:
    stock = Stock([stalls, circle])
    held = pending(status=status, last_payment_error="Your card was declined.")
    paid = held.completed(receipt(held, tax=450), stock, issue=issue, now=LATER)
    assert paid.status is OrderStatus.COMPLETED
    assert paid.success
    assert paid.completed_at == LATER
    assert paid.tax == 450
    assert paid.amount_paid == held.quote.total + 450
    assert paid.last_payment_error is None
    assert len({attendee.id for attendee in paid.attendees}) == 3
    assert inventory_of(stock) == (Inventory(10, sold=2), Inventory(5, sold=1))


def test_a_paid_order_knows_its_payment() -> None:
    held = pending()
    paid = held.completed(
        receipt(held, payment_intent_id="pi_1", charge_id="ch_1"), Stock([stalls, circle]), issue=issue, now=NOW
    )
    assert (paid.payment_intent_id, paid.charge_id) == ("pi_1", "ch_1")


@pytest.mark.p1
@pytest.mark.parametrize("status", sorted(RELEASED))
def test_a_late_payment_takes_the_tickets_anew(status: OrderStatus) -> None:
    promo = promo_code(of=evening, uses=4)
    stock = Stock([ticket(id=stalls.id, of=evening, quantity=10)], [promo])
    late = order((stalls, 2), promo=promo, status=status)
    assert complete(late, stock).success
    assert stock.tickets[stalls.id].inventory == Inventory(10, sold=2)
    assert stock.promo_codes[promo.id].uses == 5


@pytest.mark.p1
def test_a_late_payment_for_tickets_that_are_gone_is_a_conflict() -> None:
    late = order((stalls, 2), status=OrderStatus.EXPIRED)
    with pytest.raises(Conflict):
        complete(late, Stock([ticket(id=stalls.id, quantity=10, sold=9)]))


@pytest.mark.p1
def test_a_late_payment_that_is_returned_is_recorded() -> None:
    late = pending(status=OrderStatus.EXPIRED)
    returned = late.late_payment_returned(receipt(late, tax=99, payment_intent_id="pi_1", charge_id="ch_1"))
    assert returned.status is OrderStatus.REFUNDED
    assert not returned.success
    assert (returned.payment_intent_id, returned.charge_id, returned.tax) == ("pi_1", "ch_1", 99)
    assert returned.amount_paid == returned.refunded_amount == late.quote.total + 99
    assert returned.attendees == ()


@pytest.mark.p0
@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 8210},
        {"amount": 8212},
        {"amount": 0},
        {"amount": 8211, "tax": 1},
        {"amount": 8211, "tax": -1},
        {"currency": "EUR"},
        {"currency": ""},
    ],
)
def test_a_payment_of_another_amount_or_currency_completes_nothing(wrong: dict[str, Any]) -> None:
    stock = Stock([stalls, circle])
    held = pending()
    assert held.quote.total == 8211
    with pytest.raises(PaymentMismatch, match="in minor units"):
        held.completed(receipt(held, **wrong), stock, issue=issue, now=NOW)
    assert not stock.changed_tickets


def test_the_currency_of_a_payment_may_be_written_in_lower_case() -> None:
    held = pending()
    assert held.completed(receipt(held, currency="usd"), Stock([stalls, circle]), issue=issue, now=NOW).success


def test_tax_comes_on_top_of_the_total() -> None:
    held = pending()
    paid = held.completed(receipt(held, tax=700), Stock([stalls, circle]), issue=issue, now=NOW)
    assert paid.quote == held.quote
    assert paid.tax == 700


@pytest.mark.p0
def test_an_order_is_not_completed_twice() -> None:
    paid, stock = sold()
    with pytest.raises(IllegalTransition):
        complete(paid, stock)
    assert inventory_of(stock) == (Inventory(10, sold=2), Inventory(5, sold=1))


@pytest.mark.p1
def test_a_declined_card_sells_nothing_and_is_remembered() -> None:
    declined = pending().declined("Your card has insufficient funds.")
    assert declined.status is OrderStatus.PENDING
    assert declined.last_payment_error == "Your card has insufficient funds."
    assert not declined.success


def test_a_delayed_method_keeps_the_hold() -> None:
    waiting = pending().awaiting_delayed_payment()
    assert waiting.status is OrderStatus.PROCESSING
    assert waiting.holds_tickets
    assert not waiting.success


@pytest.mark.p1
@pytest.mark.parametrize("status", sorted(HOLDING))
@pytest.mark.parametrize(
    ("event", "end"),
    [
        (OrderEvent.SESSION_EXPIRED, OrderStatus.EXPIRED),
        (OrderEvent.PAYMENT_FAILED, OrderStatus.PAYMENT_FAILED),
        (OrderEvent.CANCELLED, OrderStatus.CANCELLED),
    ],
)
def test_a_released_order_gives_its_tickets_and_promo_use_back(
    status: OrderStatus, event: OrderEvent, end: OrderStatus
) -> None:
    promo = promo_code(of=evening, uses=1)
    stock = Stock([stalls], [promo])
    released = order((stalls, 2), promo=promo, status=status).released(event, stock)
    assert released.status is end
    assert not released.holds_tickets
    assert stock.tickets[stalls.id].inventory == Inventory(10)
    assert stock.promo_codes[promo.id].uses == 0


def test_a_hold_is_not_released_twice() -> None:
    stock = Stock([stalls, circle])
    released = pending().released(OrderEvent.CANCELLED, stock)
    with pytest.raises(IllegalTransition):
        released.released(OrderEvent.SESSION_EXPIRED, stock)
    assert inventory_of(stock) == (Inventory(10), Inventory(5))


def test_a_refund_of_everything_voids_everybody_and_restocks() -> None:
    paid, stock = sold()
    refunded = paid.refunded(None, stock, restock=True)
    assert refunded.status is OrderStatus.REFUNDED
    assert not refunded.success
    assert {attendee.status for attendee in refunded.attendees} == {AttendeeStatus.VOID}
    assert inventory_of(stock) == (Inventory(10), Inventory(5))


def test_a_refund_of_some_voids_only_them() -> None:
    paid, stock = sold()
    guest = paid.attendees[2]
    refunded = paid.refunded([guest.id], stock, restock=True)
    assert refunded.status is OrderStatus.PARTIALLY_REFUNDED
    assert refunded.success
    assert [attendee.status for attendee in refunded.attendees] == ["valid", "valid", "void"]
    assert inventory_of(stock) == (Inventory(10, sold=2), Inventory(5))


def test_a_refund_without_restocking_keeps_the_tickets_off_sale() -> None:
    paid, stock = sold()
    assert paid.refunded(None, stock, restock=False).status is OrderStatus.REFUNDED
    assert inventory_of(stock) == (Inventory(10, sold=2), Inventory(5, sold=1))


def test_the_last_of_several_refunds_refunds_the_order() -> None:
    paid, stock = sold()
    first, *others = paid.attendees
    some = paid.refunded([first.id], stock, restock=True)
    everybody = some.refunded([attendee.id for attendee in others], stock, restock=True)
    assert everybody.status is OrderStatus.REFUNDED
    assert inventory_of(stock) == (Inventory(10), Inventory(5))


def test_a_refund_of_all_that_are_left_refunds_the_order() -> None:
    paid, stock = sold()
    some = paid.refunded([paid.attendees[0].id], stock, restock=True)
    assert some.refunded(None, stock, restock=True).status is OrderStatus.REFUNDED
    assert inventory_of(stock) == (Inventory(10), Inventory(5))


def test_nobody_is_refunded_twice() -> None:
    paid, stock = sold()
    guest = paid.attendees[0]
    some = paid.refunded([guest.id], stock, restock=True)
    with pytest.raises(Conflict, match="still have a ticket"):
        some.refunded([guest.id], stock, restock=True)
    with pytest.raises(Conflict, match="still have a ticket"):
        some.refunded(None, stock, restock=True).refunded(None, stock, restock=True)
    assert inventory_of(stock) == (Inventory(10), Inventory(5))


@pytest.mark.parametrize("chosen", [[], [uuid4()]])
def test_a_refund_names_attendees_of_the_order(chosen: list[Any]) -> None:
    paid, stock = sold()
    with pytest.raises(Conflict):
        paid.refunded(chosen, stock, restock=True)


def test_what_was_never_sold_cannot_be_refunded() -> None:
    with pytest.raises(Conflict):
        pending().refunded(None, Stock([stalls, circle]), restock=True)


def test_an_open_dispute_is_flagged_and_people_may_still_enter() -> None:
    paid, _ = sold()
    disputed = paid.dispute(OrderEvent.DISPUTE_OPENED)
    assert disputed.disputed
    assert disputed.success


def test_a_won_dispute_is_over() -> None:
    paid, _ = sold(disputed=True)
    won = paid.dispute(OrderEvent.DISPUTE_WON)
    assert not won.disputed
    assert won.success


def test_a_lost_dispute_voids_everybody() -> None:
    paid, _ = sold(disputed=True)
    lost = paid.dispute(OrderEvent.DISPUTE_LOST)
    assert lost.disputed
    assert not lost.success
    assert lost.status is OrderStatus.COMPLETED
    assert {attendee.status for attendee in lost.attendees} == {AttendeeStatus.VOID}


def test_an_unpaid_order_cannot_be_disputed() -> None:
    with pytest.raises(IllegalTransition):
        pending().dispute(OrderEvent.DISPUTE_OPENED)


def test_an_order_knows_where_it_can_be_paid() -> None:
    opened = pending().with_session("cs_1", "https://pay.example/cs_1")
    assert (opened.session_id, opened.checkout_url) == ("cs_1", "https://pay.example/cs_1")


def test_an_order_has_a_number_that_can_be_read_out() -> None:
    number = pending().number
    assert len(number) == 8
    assert number.isalnum()
    assert number.isupper() or number.isdigit()


@pytest.mark.parametrize(
    "status", [status for status in OrderStatus if status not in ("completed", "partially_refunded")]
)
def test_nobody_enters_with_an_order_that_is_not_paid(status: OrderStatus) -> None:
    with_tickets = pending().with_attendees(issue)
    assert not replace(with_tickets, status=status).success


def test_another_person_gets_the_ticket_with_another_code() -> None:
    bought = pending().with_attendees(issue)
    bought = replace(bought, status=OrderStatus.COMPLETED)
    first, *others = bought.attendees

    renamed = bought.renamed(first.id, "Grace Hopper", issue)

    changed, *rest = renamed.attendees
    assert (changed.name, changed.id, rest) == ("Grace Hopper", first.id, others)
    assert changed.code != first.code
    assert replace(changed, name=first.name, code=first.code) == first
    assert bought.renamed(first.id, first.name, issue) is bought


def test_ticket_that_is_used_or_void_keeps_its_name() -> None:
    bought = replace(pending().with_attendees(issue), status=OrderStatus.COMPLETED)
    first = bought.attendees[0]
    with pytest.raises(Conflict, match="checked in"):
        bought.checked_in(first.id, NOW).renamed(first.id, "Grace", issue)
    with pytest.raises(Conflict, match="not valid"):
        bought.refunded({first.id}, Stock(), restock=False).renamed(first.id, "Grace", issue)
    with pytest.raises(Conflict, match="erased"):
        replace(bought, customer=Customer(ERASED_NAME, ERASED_EMAIL)).renamed(first.id, "Grace", issue)
    with pytest.raises(NotFound):
        bought.renamed(bought.id, "Grace", issue)
