"""The counters of one transaction: the changes, and what is left."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.errors import Conflict
from domain.inventory import Inventory
from domain.stock import Stock
from tests.support.factories import order, promo_code, show, ticket

stalls = ticket(quantity=10)
promo = promo_code(of=stalls)


def test_untouched_stock_has_nothing_to_write() -> None:
    stock = Stock([stalls], [promo])
    assert stock.changed_tickets == []
    assert stock.changed_promo_codes == []


def test_only_what_changed_is_written() -> None:
    other = ticket(quantity=10)
    unused = promo_code(of=stalls)
    stock = Stock([stalls, other], [promo, unused])
    stock.hold(order((stalls, 2)).lines, promo.id)
    assert [changed.inventory for changed in stock.changed_tickets] == [Inventory(10, held=2)]
    assert [(changed.id, changed.uses) for changed in stock.changed_promo_codes] == [(promo.id, 1)]


def test_what_was_taken_and_given_back_is_not_written() -> None:
    stock = Stock([stalls], [promo])
    lines = order((stalls, 2)).lines
    stock.hold(lines, promo.id)
    stock.release(lines, promo.id)
    assert stock.changed_tickets == []
    assert stock.changed_promo_codes == []


def test_orders_without_a_promo_code_leave_the_codes_alone() -> None:
    stock = Stock([stalls], [promo])
    stock.hold(order((stalls, 2)).lines, None)
    assert stock.changed_promo_codes == []


@pytest.mark.parametrize(("left", "enough"), [(3, True), (2, False), (0, False)])
def test_lines_of_the_same_ticket_need_enough_of_it_together(left: int, enough: bool) -> None:
    lines = order((stalls, 2), (stalls, 1)).lines
    assert Stock([ticket(id=stalls.id, quantity=10, sold=10 - left)]).has(lines) is enough


def test_one_ticket_that_ran_out_is_one_too_many() -> None:
    evening = show()
    plenty, gone = ticket(of=evening), ticket(of=evening)
    wanted = order((plenty, 1), (gone, 1))
    assert not Stock([plenty, ticket(id=gone.id, quantity=0)]).has(wanted.lines)


def test_a_promo_code_is_found_in_its_own_show_only() -> None:
    stock = Stock([], [promo])
    assert stock.promo_code(promo.show_id, "TEST20") == promo
    assert stock.promo_code(promo.show_id, "OTHER") is None
    assert stock.promo_code(uuid4(), "TEST20") is None


@pytest.mark.p0
def test_stock_never_falls_below_zero() -> None:
    scarce = ticket(quantity=2)
    stock = Stock([scarce])
    stock.hold(order((scarce, 2)).lines, None)
    with pytest.raises(Conflict):
        stock.sell(order((scarce, 1)).lines, None)


def test_moves_that_end_in_an_error_never_happened() -> None:
    stock = Stock([stalls], [promo])
    stock.hold(order((stalls, 2)).lines, None)

    def sell_more_than_is_held() -> None:
        with stock.all_or_nothing():
            stock.hold(order((stalls, 1)).lines, promo.id)
            stock.sell_held(order((stalls, 4)).lines)

    with pytest.raises(Conflict):
        sell_more_than_is_held()
    assert [changed.inventory for changed in stock.changed_tickets] == [Inventory(10, held=2)]
    assert stock.changed_promo_codes == []


def test_moves_that_end_well_stay() -> None:
    stock = Stock([stalls])
    with stock.all_or_nothing():
        stock.hold(order((stalls, 2)).lines, None)
    assert stock.tickets[stalls.id].inventory == Inventory(10, held=2)
