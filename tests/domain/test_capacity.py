"""Places that ticket types share, and allocations of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.capacity import Allocation, Capacity
from domain.catalog import Ticket
from domain.errors import Conflict, InvalidRequest, TicketsUnavailable
from domain.inventory import Inventory
from domain.orders import ManualPayment, Order
from domain.policy import CheckoutPolicy
from domain.pricing import TicketOrder
from domain.stock import Stock
from tests.support.factories import NOW, allocation, capacity, cart, customer, issue, offering, order, show, ticket

POLICY: Final = CheckoutPolicy(max_tickets_per_order=100)
house = capacity(size=10)
adult = ticket(of=show(id=house.show_id), quantity=None, capacity_id=house.id, name="Adult")
child = ticket(of=show(id=house.show_id), quantity=3, capacity_id=house.id, name="Child")
family = ticket(of=show(id=house.show_id), quantity=None, capacity_id=house.id, places=4, name="Family")


def stock_of(*tickets: Ticket, of: Capacity = house, allocations: tuple[Allocation, ...] = ()) -> Stock:
    return Stock(tickets or (adult, child, family), capacities=[of], allocations=allocations)


class TestRemaining:
    def test_types_share_the_places_of_their_capacity(self) -> None:
        stock = stock_of()
        assert [stock.remaining(kind.id) for kind in (adult, child, family)] == [10, 3, 2]
        stock.hold(order((adult, 3)).lines, None)
        assert [stock.remaining(kind.id) for kind in (adult, child, family)] == [7, 3, 1]
        stock.sell(order((family, 1)).lines, None)
        assert [stock.remaining(kind.id) for kind in (adult, child, family)] == [3, 3, 0]
        assert stock.capacities[house.id] == capacity(id=house.id, show_id=house.show_id, size=10, held=3, sold=4)

    def test_places_that_are_allocated_are_not_left(self) -> None:
        assert stock_of(of=capacity(id=house.id, size=10, allocated=4)).remaining(adult.id) == 6

    def test_a_type_without_capacity_has_what_its_quantity_leaves(self) -> None:
        alone = ticket(quantity=5, held=1, sold=2)
        assert Stock([alone]).remaining(alone.id) == 2


class TestAvailability:
    @pytest.mark.parametrize(
        ("wanted", "fits"),
        [
            ([(adult, 10)], True),
            ([(adult, 11)], False),
            ([(adult, 7), (child, 3)], True),
            ([(adult, 8), (child, 3)], False),
            ([(child, 4)], False),
            ([(family, 2), (adult, 2)], True),
            ([(family, 2), (adult, 3)], False),
            ([(adult, 5), (adult, 6)], False),
        ],
    )
    def test_lines_need_enough_places_together(self, wanted: list[tuple[Ticket, int]], fits: bool) -> None:
        stock = stock_of()
        asked = cart(*wanted, policy=POLICY)
        if fits:
            stock.ensure_available(asked.lines)
        else:
            with pytest.raises(TicketsUnavailable, match="not available"):
                stock.ensure_available(asked.lines)
        assert stock.has(lines_of(*wanted)) is fits

    def test_the_refusal_says_what_is_left_beside_the_rest(self) -> None:
        with pytest.raises(TicketsUnavailable, match="3 × Child not available: only 2 left") as refusal:
            stock_of().ensure_available(cart((adult, 8), (child, 3), policy=POLICY).lines)
        assert refusal.value.field == "tickets[1].quantity"

    def test_the_last_place_is_sold_once(self) -> None:
        stock = stock_of(of=capacity(id=house.id, size=1))
        stock.hold(order((child, 1)).lines, None)
        with pytest.raises(Conflict):
            stock.hold(order((adult, 1)).lines, None)


class TestTheTicketType:
    def test_it_needs_a_quantity_or_a_capacity(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            ticket(quantity=None)
        assert refusal.value.field == "quantity"

    @pytest.mark.parametrize("places", [0, -1, 101])
    def test_it_takes_a_reasonable_number_of_places(self, places: int) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            ticket(places=places)
        assert refusal.value.field == "places"

    def test_what_it_has_sold_moves_into_its_new_capacity(self) -> None:
        selling = ticket(of=show(id=house.show_id), quantity=100, held=1, sold=2)
        stock = Stock([selling], capacities=[house])
        stock.change_ticket(ticket(**fields_of(selling), capacity_id=house.id, places=3))
        assert (stock.capacities[house.id].held, stock.capacities[house.id].sold) == (3, 6)

    def test_it_moves_only_where_it_fits(self) -> None:
        selling = ticket(of=show(id=house.show_id), quantity=100, held=1, sold=10)
        stock = Stock([selling], capacities=[house])
        with pytest.raises(Conflict, match="do not fit") as refusal:
            stock.change_ticket(ticket(**fields_of(selling), capacity_id=house.id))
        assert refusal.value.field == "capacity_id"

    def test_it_moves_out_of_its_old_capacity(self) -> None:
        before = ticket(quantity=None, held=1, sold=2, capacity_id=house.id, places=2)
        other = capacity(size=6, show_id=house.show_id)
        stock = Stock([before], capacities=[capacity(id=house.id, size=10, held=2, sold=4), other])
        stock.change_ticket(ticket(**{**fields_of(before), "capacity_id": other.id, "places": 2}))
        assert {(c.size, c.held, c.sold) for c in stock.changed_capacities} == {(10, 0, 0), (6, 2, 4)}

    def test_it_cannot_take_other_places_once_it_sells(self) -> None:
        before = ticket(quantity=None, held=1, capacity_id=house.id)
        stock = Stock([before], capacities=[capacity(id=house.id, size=10, held=1)])
        with pytest.raises(Conflict) as refusal:
            stock.change_ticket(ticket(**{**fields_of(before), "capacity_id": house.id, "places": 2}))
        assert refusal.value.field == "places"


class TestTheCapacity:
    def test_its_size_goes_down_to_what_is_taken(self) -> None:
        full = capacity(size=10, held=2, sold=3, allocated=4)
        assert full.resized(9).remaining == 0
        with pytest.raises(Conflict, match="cannot go below 9") as refusal:
            full.resized(8)
        assert refusal.value.field == "size"

    @pytest.mark.parametrize("size", [-1, 1_000_001])
    def test_its_size_is_reasonable(self, size: int) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            capacity(size=size)
        assert refusal.value.field == "size"

    @pytest.mark.parametrize("counters", [{"held": 11}, {"sold": -1}, {"allocated": -1}, {"held": 5, "allocated": 6}])
    def test_counters_that_do_not_add_up_cannot_exist(self, counters: dict[str, Any]) -> None:
        with pytest.raises(Conflict):
            capacity(size=10, **counters)


class TestTheAllocation:
    def test_its_places_are_off_public_sale(self) -> None:
        stock = stock_of()
        stock.allocate(allocation(of=house, size=4))
        assert stock.remaining(adult.id) == 6
        with pytest.raises(Conflict, match="Only 6 places"):
            stock.allocate(allocation(of=house, size=7))

    def test_an_order_out_of_it_takes_and_gives_back_its_places(self) -> None:
        press = allocation(of=house, size=4)
        stock = stock_of(of=capacity(id=house.id, show_id=house.show_id, size=10, allocated=4), allocations=(press,))
        sold = out_of(press, stock, (adult, 3))
        assert (stock.remaining(adult.id), stock.remaining(adult.id, press.id)) == (6, 1)
        sold.refunded(None, stock, restock=True)
        assert (stock.remaining(adult.id), stock.remaining(adult.id, press.id)) == (6, 4)

    def test_an_order_out_of_it_cannot_take_the_publics_places(self) -> None:
        press = allocation(of=house, size=2)
        stock = stock_of(of=capacity(id=house.id, show_id=house.show_id, size=10, allocated=2), allocations=(press,))
        with pytest.raises(TicketsUnavailable, match="only 2 left"):
            out_of(press, stock, (adult, 3))

    def test_once_released_its_orders_give_back_to_the_public(self) -> None:
        press = allocation(of=house, size=4)
        stock = stock_of(of=capacity(id=house.id, show_id=house.show_id, size=10, allocated=4), allocations=(press,))
        sold = out_of(press, stock, (adult, 3))
        stock.release_allocation(press.id, NOW)
        assert (stock.remaining(adult.id), stock.allocations[press.id].remaining) == (7, 0)
        sold.refunded(None, stock, restock=True)
        assert stock.remaining(adult.id) == 10
        assert stock.capacities[house.id].allocated == 0

    def test_it_is_released_once(self) -> None:
        stock = stock_of(of=capacity(id=house.id, size=10, allocated=4), allocations=(allocation(of=house, size=4),))
        (press,) = stock.allocations
        stock.release_allocation(press, NOW)
        with pytest.raises(Conflict, match="was released"):
            stock.release_allocation(press, NOW)
        with pytest.raises(Conflict, match="was released"):
            stock.resize_allocation(press, 5)

    def test_nothing_new_is_sold_out_of_a_released_one(self) -> None:
        gone = allocation(of=house, size=4, released_at=NOW)
        with pytest.raises(Conflict, match="was released"):
            out_of(gone, stock_of(allocations=(gone,)), (adult, 1))

    def test_only_tickets_of_its_capacity_come_out_of_it(self) -> None:
        elsewhere = ticket(of=show(id=house.show_id), name="Programme")
        press = allocation(of=house, size=4)
        stock = Stock(
            [adult, elsewhere],
            capacities=[capacity(id=house.id, show_id=house.show_id, size=10, allocated=4)],
            allocations=[press],
        )
        with pytest.raises(InvalidRequest) as refusal:
            out_of(press, stock, (elsewhere, 1))
        assert refusal.value.field == "allocation_id"
        both = out_of(press, stock, (adult, 1), (elsewhere, 1))
        assert [line.allocation_id for line in both.lines] == [press.id, None]

    def test_its_size_changes_within_what_is_left(self) -> None:
        press = allocation(of=house, size=4, sold=1)
        stock = stock_of(of=capacity(id=house.id, size=10, sold=1, allocated=3), allocations=(press,))
        stock.resize_allocation(press.id, 10)
        assert stock.remaining(adult.id) == 0
        stock.resize_allocation(press.id, 1)
        assert stock.remaining(adult.id) == 9
        for size in (0, 11):
            with pytest.raises(Conflict):
                stock.resize_allocation(press.id, size)

    @pytest.mark.parametrize("counters", [{"held": 5}, {"sold": -1}, {"held": 2, "sold": 3}])
    def test_counters_that_do_not_add_up_cannot_exist(self, counters: dict[str, int]) -> None:
        with pytest.raises(Conflict):
            allocation(of=house, size=4, **counters)

    def test_it_is_due_at_its_time(self) -> None:
        timed = allocation(of=house, size=4, release_at=NOW)
        assert timed.is_due(NOW)
        assert not timed.is_due(NOW - timedelta(microseconds=1))
        assert not timed.released(NOW).is_due(NOW)
        assert not allocation(of=house, size=4).is_due(NOW)


MOVES: list[Callable[[Inventory, int], Inventory]] = [
    Inventory.hold,
    Inventory.sell,
    Inventory.release,
    Inventory.sell_held,
    Inventory.restock,
]


@given(
    size=st.integers(0, 30),
    allocated=st.integers(0, 30),
    moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(1, 9)), max_size=20),
)
def test_no_sequence_of_moves_takes_more_than_there_is(
    size: int, allocated: int, moves: list[tuple[Callable[[Inventory, int], Inventory], int]]
) -> None:
    shared = capacity(size=size + allocated, allocated=allocated)
    for move, places in moves:
        try:
            moved = shared.moved(move, places)
        except Conflict:
            continue
        shared = moved
        assert min(shared.held, shared.sold, shared.remaining) >= 0
        assert shared.held + shared.sold + shared.remaining == size


def lines_of(*wanted: tuple[Ticket, int]) -> tuple[TicketOrder, ...]:
    """The lines of an order, however many tickets it has."""
    return tuple(replace(order((kind, 1)).lines[0], quantity=count) for kind, count in wanted)


def out_of(source: Allocation, stock: Stock, *wanted: tuple[Ticket, int]) -> Order:
    """A manual order whose tickets come out of the allocation."""
    asked = cart(*wanted, allocation_id=source.id)
    on_sale = offering(*stock.tickets.values(), stock=stock)
    return on_sale.place(asked, customer(), order_id=uuid4(), issue=issue, now=NOW, manual_payment=ManualPayment.COMP)


def fields_of(kind: Ticket) -> dict[str, Any]:
    inventory = kind.inventory
    return {
        "id": kind.id,
        "show_id": kind.show_id,
        "quantity": inventory.quantity,
        "held": inventory.held,
        "sold": inventory.sold,
    }
