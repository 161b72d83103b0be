"""The order's state machine: exactly the transitions of the table, and no other."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import IllegalTransition
from domain.orders import TRANSITIONS, OrderEvent, OrderStatus
from tests.support.factories import order

S, E = OrderStatus, OrderEvent

#: The order life cycle, written out once more, row by row.
TABLE = {
    (S.PENDING, E.CARD_DECLINED): S.PENDING,
    (S.PENDING, E.PAID_BY_DELAYED_METHOD): S.PROCESSING,
    (S.PENDING, E.PAYMENT_CONFIRMED): S.COMPLETED,
    (S.PROCESSING, E.PAYMENT_CONFIRMED): S.COMPLETED,
    (S.PENDING, E.SESSION_EXPIRED): S.EXPIRED,
    (S.PROCESSING, E.SESSION_EXPIRED): S.EXPIRED,
    (S.PENDING, E.PAYMENT_FAILED): S.PAYMENT_FAILED,
    (S.PROCESSING, E.PAYMENT_FAILED): S.PAYMENT_FAILED,
    (S.PENDING, E.CANCELLED): S.CANCELLED,
    (S.PROCESSING, E.CANCELLED): S.CANCELLED,
    (S.EXPIRED, E.PAYMENT_CONFIRMED): S.COMPLETED,
    (S.PAYMENT_FAILED, E.PAYMENT_CONFIRMED): S.COMPLETED,
    (S.CANCELLED, E.PAYMENT_CONFIRMED): S.COMPLETED,
    (S.EXPIRED, E.LATE_PAYMENT_RETURNED): S.REFUNDED,
    (S.PAYMENT_FAILED, E.LATE_PAYMENT_RETURNED): S.REFUNDED,
    (S.CANCELLED, E.LATE_PAYMENT_RETURNED): S.REFUNDED,
    (S.COMPLETED, E.SOME_REFUNDED): S.PARTIALLY_REFUNDED,
    (S.COMPLETED, E.ALL_REFUNDED): S.REFUNDED,
    (S.PARTIALLY_REFUNDED, E.SOME_REFUNDED): S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.ALL_REFUNDED): S.REFUNDED,
    (S.COMPLETED, E.DISPUTE_OPENED): S.COMPLETED,
    (S.COMPLETED, E.DISPUTE_WON): S.COMPLETED,
    (S.COMPLETED, E.DISPUTE_LOST): S.COMPLETED,
    (S.PARTIALLY_REFUNDED, E.DISPUTE_OPENED): S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.DISPUTE_WON): S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.DISPUTE_LOST): S.PARTIALLY_REFUNDED,
    (S.REFUNDED, E.DISPUTE_OPENED): S.REFUNDED,
    (S.REFUNDED, E.DISPUTE_WON): S.REFUNDED,
    (S.REFUNDED, E.DISPUTE_LOST): S.REFUNDED,
}
FORBIDDEN = [pair for pair in product(OrderStatus, OrderEvent) if pair not in TABLE]


@pytest.mark.p0
@pytest.mark.parametrize(("status", "event"), list(TABLE), ids=lambda part: part.name)
def test_the_life_cycle_allows(status: OrderStatus, event: OrderEvent) -> None:
    assert order(status=status).status_after(event) is TABLE[status, event]


@pytest.mark.p0
@pytest.mark.parametrize(("status", "event"), FORBIDDEN, ids=lambda part: part.name)
def test_the_life_cycle_forbids(status: OrderStatus, event: OrderEvent) -> None:
    with pytest.raises(IllegalTransition, match=f"is {status}: {event} is not possible"):
        order(status=status).status_after(event)


def test_the_table_is_complete() -> None:
    assert dict(TRANSITIONS) == TABLE


@given(st.lists(st.sampled_from(OrderEvent), max_size=12))
def test_whatever_happens_a_refunded_order_stays_refunded(events: list[OrderEvent]) -> None:
    status = OrderStatus.PENDING
    for event in events:
        after = TRANSITIONS.get((status, event), status)
        assert status is not OrderStatus.REFUNDED or after is OrderStatus.REFUNDED
        status = after
