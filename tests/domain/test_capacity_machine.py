"""No sequence of orders, releases and changes of a house sells a place twice, or loses one.

A state machine plays a theatre with one house for three kinds of tickets, and an allocation. A model knows where each
order's places come from; the counters must agree after every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.errors import Conflict, InvalidRequest, TicketsUnavailable
from domain.inventory import Inventory
from domain.offering import Offering
from domain.orders import HOLDING, RELEASED, AttendeeStatus, ManualPayment, Order, OrderEvent
from domain.policy import CheckoutPolicy
from domain.stock import Stock
from tests.support.factories import (
    NOW,
    allocation,
    capacity,
    cart,
    customer,
    issue,
    offering,
    receipt,
    show,
    ticket,
)

POLICY = CheckoutPolicy(max_tickets_per_order=9, max_order_amount=Decimal(10**6))


class Theatre(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        evening = show()
        self.house, self.balcony = capacity(of=evening, size=12, allocated=4), capacity(of=evening, size=5)
        self.press = allocation(of=self.house, size=4)
        kinds = [
            ticket(of=evening, price=2500, quantity=None, capacity_id=self.house.id),
            ticket(of=evening, price=1000, quantity=4, capacity_id=self.house.id),
            ticket(of=evening, price=0, quantity=None, capacity_id=self.house.id, places=3),
        ]
        self.ids = [kind.id for kind in kinds]
        self.stock = Stock(kinds, capacities=[self.house, self.balcony], allocations=[self.press])
        self.office: Offering = offering(*kinds, stock=self.stock, policy=POLICY)
        self.orders: dict[UUID, Order] = {}

    # The model: the places of an order, by the kind of its tickets and the allocation that they came out of.

    def _places(self, wanted: Callable[[Order], bool], *, kept: bool = False) -> list[tuple[UUID, UUID | None, int]]:
        return [
            (line.ticket_id, line.allocation_id, count * self.stock.tickets[line.ticket_id].places)
            for order in self.orders.values()
            if wanted(order)
            for index, line in enumerate(order.lines)
            if (count := sum(a.line == index and not a.restocked for a in order.attendees) if kept else line.quantity)
        ]

    def _held(self) -> list[tuple[UUID, UUID | None, int]]:
        return self._places(lambda order: order.status in HOLDING)

    def _sold(self) -> list[tuple[UUID, UUID | None, int]]:
        return self._places(lambda order: order.completed_at is not None, kept=True)

    def _some(self, data: st.DataObject, wanted: Callable[[Order], bool]) -> Order:
        return data.draw(st.sampled_from([order for order in self.orders.values() if wanted(order)]))

    def _any(self, wanted: Callable[[Order], bool]) -> bool:
        return any(wanted(order) for order in self.orders.values())

    @rule(
        quantities=st.lists(st.integers(0, 2), min_size=3, max_size=3).filter(any),
        out_of_press=st.booleans(),
        at_the_counter=st.booleans(),
    )
    def place(self, quantities: list[int], out_of_press: bool, at_the_counter: bool) -> None:
        kinds = [self.stock.tickets[id_] for id_ in self.ids]
        allocation_id = self.press.id if out_of_press else None
        wanted = cart(*zip(kinds, quantities, strict=True), policy=POLICY, allocation_id=allocation_id)
        before = [self.stock.remaining(kind.id, allocation_id) for kind in kinds if self._can(kind.id, allocation_id)]
        payment = ManualPayment.COMP if at_the_counter else None
        try:
            order = self.office.place(
                wanted, customer(), order_id=uuid4(), issue=issue, now=NOW, manual_payment=payment
            )
        except TicketsUnavailable:
            assert sum(quantities) > min(before, default=0) or len([q for q in quantities if q]) > 1
        except (Conflict, InvalidRequest):
            is_released = self.stock.allocations[self.press.id].is_released
            assert out_of_press
            assert is_released or not any(self._can(id_, allocation_id) for id_ in wanted.ticket_ids)
        else:
            self.orders[order.id] = order

    def _can(self, ticket_id: UUID, allocation_id: UUID | None) -> bool:
        return allocation_id is None or self.stock.draws_on(ticket_id, allocation_id)

    @precondition(lambda self: self._any(lambda order: order.holds_tickets))
    @rule(data=st.data(), paid=st.booleans())
    def end_a_hold(self, data: st.DataObject, paid: bool) -> None:
        order = self._some(data, lambda order: order.holds_tickets)
        self.orders[order.id] = (
            order.completed(receipt(order), self.stock, issue=issue, now=NOW)
            if paid
            else order.released(OrderEvent.SESSION_EXPIRED, self.stock)
        )

    @precondition(lambda self: self._any(lambda order: order.status in RELEASED))
    @rule(data=st.data())
    def pay_late(self, data: st.DataObject) -> None:
        order = self._some(data, lambda order: order.status in RELEASED)
        if self.stock.has(order.lines):
            self.orders[order.id] = order.completed(receipt(order), self.stock, issue=issue, now=NOW)
        else:
            self.orders[order.id] = order.late_payment_returned(receipt(order))

    @precondition(lambda self: self._any(lambda order: order.success))
    @rule(data=st.data(), restock=st.booleans())
    def refund(self, data: st.DataObject, restock: bool) -> None:
        order = self._some(data, lambda order: order.success)
        valid = [attendee.id for attendee in order.attendees if attendee.status is AttendeeStatus.VALID]
        chosen = data.draw(st.lists(st.sampled_from(valid), min_size=1, unique=True))
        self.orders[order.id] = order.refunded(chosen, self.stock, restock=restock)

    @rule(size=st.integers(0, 20))
    def resize_the_house(self, size: int) -> None:
        taken = self.stock.capacities[self.house.id].taken
        try:
            self.stock.resize_capacity(self.house.id, size)
        except Conflict:
            assert size < taken
        else:
            assert size >= taken

    @rule(size=st.integers(0, 8))
    def resize_the_allocation(self, size: int) -> None:
        press, house = self.stock.allocations[self.press.id], self.stock.capacities[self.house.id]
        fits = press.held + press.sold <= size and size - press.size <= house.remaining
        try:
            self.stock.resize_allocation(self.press.id, size)
        except Conflict:
            assert press.is_released or not fits
        else:
            assert fits

    @rule(often=st.integers(0, 3))
    def release_the_allocation(self, often: int) -> None:
        if often:  # rarely: it is over then
            return
        was_released = self.stock.allocations[self.press.id].is_released
        try:
            self.stock.release_allocation(self.press.id, NOW)
        except Conflict:
            assert was_released
        else:
            assert not was_released

    @rule(which=st.integers(0, 1), into_balcony=st.booleans())
    def move_a_kind(self, which: int, into_balcony: bool) -> None:
        kind = self.stock.tickets[self.ids[which]]
        if any(line.allocation_id and line.ticket_id == kind.id for o in self.orders.values() for line in o.lines):
            return  # the use case refuses it
        target = self.balcony if into_balcony else self.house
        moved = replace(kind, capacity_id=target.id)
        places = kind.inventory.held + kind.inventory.sold
        fits = kind.capacity_id == target.id or places <= self.stock.capacities[target.id].remaining
        try:
            with self.stock.all_or_nothing():
                self.stock.change_ticket(moved)
        except Conflict:
            assert not fits
        else:
            assert fits

    @invariant()
    def every_ticket_is_counted(self) -> None:
        for id_ in self.ids:
            kind = self.stock.tickets[id_]
            held = sum(places for ticket_id, _, places in self._held() if ticket_id == id_)
            sold = sum(places for ticket_id, _, places in self._sold() if ticket_id == id_)
            assert kind.inventory == Inventory(kind.inventory.quantity, held // kind.places, sold // kind.places)

    @invariant()
    def every_place_is_counted_where_it_is(self) -> None:
        of = {id_: self.stock.tickets[id_].capacity_id for id_ in self.ids}
        for shared in self.stock.capacities.values():
            assert shared.held == sum(places for id_, _, places in self._held() if of[id_] == shared.id)
            assert shared.sold == sum(places for id_, _, places in self._sold() if of[id_] == shared.id)
            assert shared.remaining >= 0
        press = self.stock.allocations[self.press.id]
        assert press.held == sum(places for _, source, places in self._held() if source == press.id)
        assert press.sold == sum(places for _, source, places in self._sold() if source == press.id)
        assert self.stock.capacities[self.house.id].allocated == press.remaining
        assert self.stock.capacities[self.balcony.id].allocated == 0


TestTheatre = Theatre.TestCase
