"""Counters that always add up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.errors import Conflict
from domain.inventory import Inventory

some = Inventory(10, held=3, sold=4)


def test_what_remains_is_neither_held_nor_sold() -> None:
    assert some.remaining == 3


def test_a_hold_takes_from_what_remains() -> None:
    assert some.hold(3) == Inventory(10, held=6, sold=4)


def test_a_release_gives_a_hold_back() -> None:
    assert some.release(3) == Inventory(10, held=0, sold=4)


def test_a_paid_hold_is_a_sale() -> None:
    assert some.sell_held(3) == Inventory(10, held=0, sold=7)


def test_a_sale_without_a_hold_takes_from_what_remains() -> None:
    assert some.sell(3) == Inventory(10, held=3, sold=7)


def test_a_restocked_ticket_is_for_sale_again() -> None:
    assert some.restock(4) == Inventory(10, held=3, sold=0)


def test_the_capacity_can_shrink_to_what_is_taken() -> None:
    assert some.resize(7).remaining == 0


@pytest.mark.p0
@pytest.mark.parametrize(
    "move",
    [
        lambda inventory: inventory.hold(4),
        lambda inventory: inventory.sell(4),
        lambda inventory: inventory.release(4),
        lambda inventory: inventory.sell_held(4),
        lambda inventory: inventory.restock(5),
    ],
    ids=["hold", "sell", "release", "sell_held", "restock"],
)
def test_no_move_takes_one_more_than_there_is(move: Callable[[Inventory], Inventory]) -> None:
    with pytest.raises(Conflict, match="does not add up"):
        move(some)


@pytest.mark.parametrize("counters", [(-1, 0, 0), (1, -1, 0), (1, 0, -1), (1, 1, 1)])
def test_counters_that_do_not_add_up_cannot_exist(counters: tuple[int, int, int]) -> None:
    with pytest.raises(Conflict):
        Inventory(*counters)


def test_capacity_goes_down_to_what_is_held_and_sold() -> None:
    inventory = Inventory(10, held=2, sold=3)
    assert inventory.resize(5).remaining == 0
    with pytest.raises(Conflict, match="cannot go below 5: 2 are held and 3 are sold") as refusal:
        inventory.resize(4)
    with pytest.raises(Conflict):
        Inventory(10).resize(-1)
    assert refusal.value.field == "quantity"
