"""No sequence of events loses, invents or sells twice a ticket or a use of a promo code.

A state machine plays a box office: orders are placed, paid, released, paid late, refunded and disputed at random. A
model counts, person by person, what ought to be; the domain must agree after every step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.errors import IllegalTransition, PromoCodeExhausted, TicketNotFound, TicketsUnavailable
from domain.offering import Offering
from domain.orders import RELEASED, SOLD, AttendeeStatus, Order, OrderEvent, OrderStatus
from domain.policy import CheckoutPolicy
from domain.promotions import UseCount
from tests.support.factories import NOW, cart, customer, issue, offering, promo_code, receipt, show, ticket

POLICY = CheckoutPolicy(max_tickets_per_order=6, max_order_amount=Decimal(10**6))
RELEASING = [OrderEvent.SESSION_EXPIRED, OrderEvent.PAYMENT_FAILED, OrderEvent.CANCELLED]
MAX_ORDERS = 4
MAX_TICKETS = 7
MAX_PER_ORDER = 2


class BoxOffice(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        evening = show()
        self.tickets = [
            ticket(of=evening, price=2500, quantity=8),
            ticket(of=evening, price=1, quantity=3),
            ticket(of=evening, price=0, quantity=5),
            ticket(of=evening, price=700, quantity=5, hidden=True),
        ]
        self.capacity = {kind.id: kind.inventory.quantity or 0 for kind in self.tickets}
        self.by_orders = promo_code(of=evening, code="HALF", discount="0.5", max_uses=MAX_ORDERS)
        self.by_tickets = promo_code(
            of=evening,
            code="MEMBER",
            discount="0",
            amount_off=1000,
            ticket_ids=frozenset({self.tickets[0].id}),
            opens_ticket_ids=frozenset({self.tickets[3].id}),
            counts=UseCount.TICKETS,
            max_uses=MAX_TICKETS,
            max_per_order=MAX_PER_ORDER,
        )
        self.office: Offering = offering(*self.tickets, promo_codes=[self.by_orders, self.by_tickets], policy=POLICY)
        self.stock = self.office.stock
        self.orders: dict[UUID, Order] = {}
        #: The model: what is held, and what was sold and not restocked; the uses of each code.
        self.held: Counter[UUID] = Counter()
        self.sold: Counter[UUID] = Counter()
        self.uses: Counter[UUID] = Counter()
        #: The order's tickets that a code applies to, by the order.
        self.with_code: dict[UUID, Counter[UUID]] = {}

    def _some(self, data: st.DataObject, wanted: Callable[[Order], bool]) -> Order:
        return data.draw(st.sampled_from([order for order in self.orders.values() if wanted(order)]))

    def _any(self, wanted: Callable[[Order], bool]) -> bool:
        return any(wanted(order) for order in self.orders.values())

    @rule(
        quantities=st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(lambda q: 0 < sum(q) <= 6),
        code=st.sampled_from([None, "HALF", "MEMBER", "MEMBER"]),
    )
    def place(self, quantities: list[int], code: str | None) -> None:
        wanted = cart(*zip(self.tickets, quantities, strict=True), promo_code=code)
        try:
            order = self.office.place(wanted, customer(), order_id=uuid4(), issue=issue, now=NOW)
        except TicketsUnavailable:
            assert any(self._taken(id_) + count > self.capacity[id_] for id_, count in wanted.quantities().items())
            return
        except TicketNotFound:
            assert quantities[3]
            assert code != "MEMBER"
            return
        except PromoCodeExhausted:
            assert self._is_exhausted(code, opened=quantities[3])
            return
        assert not quantities[3] or code == "MEMBER"
        self.orders[order.id] = order
        (self.sold if order.quote.is_free else self.held).update(wanted.quantities())
        self._check_code(order, code, quantities)
        self._use(order)

    def _is_exhausted(self, code: str | None, *, opened: int) -> bool:
        if code == "HALF":
            return self.uses[self.by_orders.id] >= MAX_ORDERS
        left = MAX_TICKETS - self.uses[self.by_tickets.id]
        return code == "MEMBER" and (left <= 0 or opened > min(left, MAX_PER_ORDER))

    def _check_code(self, order: Order, code: str | None, quantities: list[int]) -> None:
        stalls, penny, _, hidden = quantities
        expected = 0
        if code == "HALF":
            expected = stalls + penny
        elif code == "MEMBER":
            expected = min(stalls + hidden, MAX_PER_ORDER, MAX_TICKETS - self.uses[self.by_tickets.id])
        applied: Counter[UUID] = Counter()
        for line in order.lines:
            applied[line.ticket_id] += line.quantity if line.uses_promo_code else 0
        assert applied.total() == expected
        assert applied[self.tickets[3].id] == hidden
        assert (order.quote.promo_code is not None) == (order.promo_code_id is not None) == (expected > 0)
        self.with_code[order.id] = applied

    def _use(self, order: Order, times: int = 1) -> None:
        if order.promo_code_id == self.by_orders.id:
            self.uses[self.by_orders.id] += times
        elif order.promo_code_id:
            self.uses[self.by_tickets.id] += times * self.with_code[order.id].total()

    @precondition(lambda self: self._any(lambda order: order.holds_tickets))
    @rule(data=st.data())
    def pay_by_delayed_method(self, data: st.DataObject) -> None:
        order = self._some(data, lambda order: order.holds_tickets)
        if order.status is OrderStatus.PENDING:
            self.orders[order.id] = order.awaiting_delayed_payment()

    @precondition(lambda self: self._any(lambda order: order.holds_tickets))
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        order = self._some(data, lambda order: order.holds_tickets)
        self._complete(order)
        self.held -= _units(order)
        self.sold += _units(order)

    @precondition(lambda self: self._any(lambda order: order.holds_tickets))
    @rule(data=st.data(), event=st.sampled_from(RELEASING))
    def release(self, data: st.DataObject, event: OrderEvent) -> None:
        order = self._some(data, lambda order: order.holds_tickets)
        self.orders[order.id] = order.released(event, self.stock)
        self.held -= _units(order)
        self._use(order, -1)

    @precondition(lambda self: self._any(lambda order: order.status in RELEASED))
    @rule(data=st.data())
    def pay_late(self, data: st.DataObject) -> None:
        order = self._some(data, lambda order: order.status in RELEASED)
        there = all(self._taken(id_) + count <= self.capacity[id_] for id_, count in _units(order).items())
        assert self.stock.has(order.lines) == there
        if there:
            self._complete(order)
            self.sold += _units(order)
            self._use(order)
        else:
            self.orders[order.id] = order.late_payment_returned(receipt(order))

    @precondition(lambda self: self._any(lambda order: order.success))
    @rule(data=st.data(), restock=st.booleans(), everybody=st.booleans())
    def refund(self, data: st.DataObject, restock: bool, everybody: bool) -> None:
        order = self._some(data, lambda order: order.success)
        valid = [attendee for attendee in order.attendees if attendee.status is AttendeeStatus.VALID]
        chosen = (
            valid if everybody else data.draw(st.lists(st.sampled_from(valid), min_size=1, unique_by=lambda a: a.id))
        )
        ids = None if everybody else [attendee.id for attendee in chosen]
        self.orders[order.id] = order.refunded(ids, self.stock, restock=restock)
        if restock:
            self.sold -= Counter(attendee.ticket_id for attendee in chosen)
            if order.promo_code_id == self.by_tickets.id:
                self.uses[self.by_tickets.id] -= sum(order.lines[each.line].uses_promo_code for each in chosen)
            elif all(attendee.restocked for attendee in self.orders[order.id].attendees):
                self._use(order, -1)

    @precondition(lambda self: self._any(lambda order: order.status in SOLD))
    @rule(
        data=st.data(),
        event=st.sampled_from([OrderEvent.DISPUTE_OPENED, OrderEvent.DISPUTE_WON, OrderEvent.DISPUTE_LOST]),
    )
    def dispute(self, data: st.DataObject, event: OrderEvent) -> None:
        order = self._some(data, lambda order: order.status in SOLD)
        self.orders[order.id] = order.dispute(event)

    @precondition(lambda self: self._any(lambda order: not order.holds_tickets))
    @rule(data=st.data(), event=st.sampled_from(RELEASING))
    def release_again(self, data: st.DataObject, event: OrderEvent) -> None:
        order = self._some(data, lambda order: not order.holds_tickets)
        try:
            order.released(event, self.stock)
        except IllegalTransition:
            return
        raise AssertionError("released an order that holds nothing")

    @invariant()
    def counters_are_what_the_model_says(self) -> None:
        for id_, kind in self.stock.tickets.items():
            assert self.stock.remaining(id_) >= 0
            assert (kind.inventory.held, kind.inventory.sold) == (self.held[id_], self.sold[id_])
            assert kind.inventory.quantity == self.capacity[id_]

    @invariant()
    def promo_uses_are_what_the_model_says(self) -> None:
        for id_, promo in self.stock.promo_codes.items():
            assert promo.uses == self.uses[id_]

    @invariant()
    def everybody_who_may_enter_has_a_sold_ticket(self) -> None:
        admitted = Counter(
            attendee.ticket_id
            for order in self.orders.values()
            for attendee in order.attendees
            if attendee.status is AttendeeStatus.VALID
        )
        assert admitted <= self.sold
        assert all(order.success == (order.status in SOLD and _has_valid(order)) for order in self.orders.values())

    def _complete(self, order: Order) -> None:
        self.orders[order.id] = order.completed(receipt(order), self.stock, issue=issue, now=NOW)

    def _taken(self, ticket_id: UUID) -> int:
        return self.held[ticket_id] + self.sold[ticket_id]


def _units(order: Order) -> Counter[UUID]:
    counts: Counter[UUID] = Counter()
    for line in order.lines:
        counts[line.ticket_id] += line.quantity
    return counts


def _has_valid(order: Order) -> bool:
    return any(attendee.status is AttendeeStatus.VALID for attendee in order.attendees)


TestBoxOffice = BoxOffice.TestCase
