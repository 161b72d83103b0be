"""What must be true, counted again from orders, Stripe's ledger, mails and scans. Pure: facts in, violations out.

The audit (application/operations/consistency.py) is asked as well; what is here does not trust it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.payment import DisputeState, RefundState
from domain.admission import ScanResult
from domain.audit_log import Action
from domain.orders import HOLDING, PAID, Order
from domain.refunds import FAILED_STATUSES, RefundStatus
from domain.shift import CounterPayment, Shift
from domain.tasks import RENAMED, TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is at the end of a run. ``charges`` and ``owners`` are Stripe's ledger, ``sent`` the Message-IDs of mails
    that the mail server took, ``doubts`` how often each was named as perhaps sent. ``told_…`` is what clients know.
    """

    tables: Tables
    charges: Mapping[str, int]
    owners: Mapping[str, UUID]
    refunds: Sequence[RefundState]
    disputes: Sequence[DisputeState]
    sent: Sequence[str]
    doubts: Mapping[str, int]
    told_orders: Mapping[UUID, str]
    told_completed: frozenset[UUID]
    told_released: frozenset[UUID]
    told_admitted: Mapping[UUID, Sequence[str]]


def violations(facts: Facts) -> Iterator[str]:
    """Every violation, in words."""
    yield from oversold(facts.tables)
    yield from _money(facts)
    yield from _mails(facts)
    yield from _holds(facts.tables)
    yield from _tills(facts.tables)
    yield from _exchanges(facts.tables)
    yield from _door(facts)
    yield from _told(facts)


def oversold(tables: Tables) -> Iterator[str]:
    """Capacities, allocations and ticket types of which more is held and sold than there is."""
    taken: Counter[UUID] = Counter()
    out_of: Counter[UUID | None] = Counter()
    for order in tables.orders.values():
        for number, line in enumerate(order.lines):
            count = line.quantity if order.status in HOLDING else _kept(order, number)
            taken[line.ticket_id] += count
            out_of[line.allocation_id] += count * tables.tickets[line.ticket_id].places
    for ticket in tables.tickets.values():
        if ticket.inventory.quantity is not None and taken[ticket.id] > ticket.inventory.quantity:
            yield f"oversold: {taken[ticket.id]} of the {ticket.inventory.quantity} tickets {ticket.name}"
    for allocation in tables.allocations.values():
        # One that is released only counts its orders: what they buy later comes from the public.
        if not allocation.is_released and out_of[allocation.id] > allocation.size:
            yield f"oversold: {out_of[allocation.id]} of the {allocation.size} places of {allocation.name}"
    for capacity in tables.capacities.values():
        public = sum(taken[t.id] * t.places for t in tables.tickets.values() if t.capacity_id == capacity.id)
        kept = [a for a in tables.allocations.values() if a.capacity_id == capacity.id and not a.is_released]
        places = public + sum(allocation.size - out_of[allocation.id] for allocation in kept)
        if places > capacity.size:
            yield f"oversold: {places} of the {capacity.size} places of {capacity.name}"


def _kept(order: Order, line: int) -> int:
    return sum(1 for attendee in order.attendees if attendee.line == line and not attendee.restocked)


def _money(facts: Facts) -> Iterator[str]:
    by_intent: dict[str | None, dict[str, tuple[int, str]]] = defaultdict(dict)
    for state in facts.refunds:
        by_intent[state.payment_intent_id][state.provider_refund_id] = (state.amount, state.status)
    for intent_id in facts.charges:
        yield from _charge(facts, intent_id, by_intent[intent_id])
    for order in facts.tables.orders.values():
        if order.payment_intent_id is not None and order.payment_intent_id not in facts.charges:
            yield "ledger: an order says that it was paid, and Stripe has no such payment"
    for refund in facts.tables.refunds.values():
        if refund.status is RefundStatus.REQUESTED:
            yield f"money: a refund of {refund.amount} was never asked for"
    yield from _disputes(facts)


def _charge(facts: Facts, intent_id: str, refunds: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    """What is wrong about one payment at Stripe, which has these refunds."""
    tables, amount = facts.tables, facts.charges[intent_id]
    order = tables.orders.get(facts.owners[intent_id])
    back = sum(part for part, status in refunds.values() if status not in FAILED_STATUSES)
    lost = sum(each.lost for each in facts.disputes if each.payment_intent_id == intent_id)
    if order is None:
        yield f"money: {amount} were paid for an order that does not exist"
    elif order.payment_intent_id == intent_id:
        yield from _payment_of(order, amount, back, lost)
        booked: dict[str, tuple[int, str]] = {
            r.provider_refund_id: (r.amount, r.status)
            for r in tables.refunds.values()
            if r.order_id == order.id and r.provider_refund_id
        }
        if booked != refunds:
            yield f"ledger: Stripe has the refunds {_list(refunds)} of a payment, we have {_list(booked)}"
    elif intent_id not in tables.duplicate_payments:
        yield f"money: a payment of {amount} is in no books (its order is {order.status})"
    elif back + lost < amount:
        yield f"money: a second payment of {amount} is not back: {back} were refunded, {lost} taken by the bank"
    elif tables.duplicate_payments[intent_id].recovered < lost:
        yield f"money: a bank took {lost} of a second payment, and the producer kept them"


def _payment_of(order: Order, amount: int, back: int, lost: int) -> Iterator[str]:
    if order.own_payment != amount:
        yield f"ledger: Stripe has a payment of {amount}, the order says {order.own_payment}"
    if order.status not in PAID:
        yield f"money: {amount} were paid, and the order is {order.status}"
    if order.completed_at is None and back + lost < amount:
        yield f"money: {amount} were paid for no tickets, and {back} went back"
    if back > amount:
        yield f"money: {back} went back of a payment of {amount}"


def _disputes(facts: Facts) -> Iterator[str]:
    duplicates = facts.tables.duplicate_payments
    for dispute in facts.disputes:
        if dispute.payment_intent_id in duplicates:
            continue
        known = facts.tables.disputes.get(dispute.id)
        if known is None or (known.status, known.lost) != (dispute.status, dispute.lost):
            yield f"ledger: Stripe's dispute is {dispute.status}, ours is {known.status if known else 'unknown'}"


def _list(refunds: Mapping[str, tuple[int, str]]) -> str:
    return ", ".join(f"{amount} {status}" for amount, status in sorted(refunds.values())) or "none"


def _mails(facts: Facts) -> Iterator[str]:
    tables, sent = facts.tables, Counter(facts.sent)
    tasks = {task.message_id: task for task in tables.outbox.values()}
    confirmed: set[UUID | None] = set()
    for message_id, count in sent.items():
        task = tasks.get(message_id)
        if task is None:
            yield "mail: one was sent that no task asked for"
            continue
        if task.kind is TaskKind.CONFIRMATION_MAIL:
            confirmed.add(task.order_id)
        if count > 1 + facts.doubts.get(message_id, 0):
            yield f"mail: {task.kind} was sent {count} times, with {facts.doubts.get(message_id, 0)} doubts named"
    asked_for = Counter(
        task.order_id
        for task in tables.outbox.values()
        if task.kind is TaskKind.CONFIRMATION_MAIL and RENAMED not in task.details
    )
    sends_again = {Action.ORDER_RESENT, Action.ORDER_CUSTOMER_CHANGED}
    again = Counter(entry.subject_id for entry in tables.audit.values() if entry.action in sends_again)
    for order in tables.orders.values():
        if not order.customer.has_address:
            continue
        if order.success and order.id not in confirmed:
            yield "mail: a completed order has no confirmation"
        if asked_for[order.id] > (order.completed_at is not None) + again[order.id]:
            yield f"mail: {asked_for[order.id]} confirmations of one order"


def _holds(tables: Tables) -> Iterator[str]:
    for order in tables.orders.values():
        if order.holds_tickets:
            yield f"hold: an order is {order.status} long after its time"
        tickets = sum(line.quantity for line in order.lines)
        if len(order.attendees) != (tickets if order.completed_at else 0):
            yield f"attendees: {len(order.attendees)} of an order of {tickets} tickets that is {order.status}"
    keys = Counter(order.idempotency.key for order in tables.orders.values() if order.idempotency)
    yield from (f"key: {count} orders of one Idempotency-Key" for count in keys.values() if count > 1)


def _tills(tables: Tables) -> Iterator[str]:
    for sale in tables.counter_sales.values():
        if sale.undone_at is None:
            continue
        refunds = [each for each in tables.refunds.values() if each.order_id == sale.order_id]
        back = sum(each.amount for each in refunds if each.created_at >= sale.undone_at)
        if sale.given_back != back:
            yield f"till: undoing a sale gave {back} back, and its shift says {sale.given_back}"
    taken_back = Counter(each.takes_back for each in tables.cash_movements.values() if each.takes_back)
    yield from (f"till: a movement of cash was taken back {count} times" for count in taken_back.values() if count > 1)
    for shift in tables.shifts.values():
        if shift.expected is None:
            continue
        cash = shift.opening_cash + _cash_of(shift, tables)
        if shift.expected[CounterPayment.CASH] != cash:
            yield f"till: {shift.expected[CounterPayment.CASH]} in cash should be there, and {cash} are"


def _cash_of(shift: Shift, tables: Tables) -> int:
    """What came into the till in cash, in coins that there are, less what went out."""
    cash = sum(each.amount for each in tables.cash_movements.values() if each.shift_id == shift.id)
    for sale in tables.counter_sales.values():
        if sale.shift_id == shift.id and sale.payment is CounterPayment.CASH:
            cash += _in_coins(tables.orders[sale.order_id].amount_paid, shift.cash_rounding)
            cash -= _in_coins(sale.given_back, shift.cash_rounding)
    return cash


def _in_coins(amount: int, coin: int) -> int:
    if not coin:
        return amount
    over = amount % coin
    return amount - over if 2 * over < coin else amount - over + coin


def _exchanges(tables: Tables) -> Iterator[str]:
    for order in tables.orders.values():
        if order.exchange is None or order.completed_at is None:
            continue
        earlier = tables.orders[order.exchange.order_id]
        old = [attendee for attendee in earlier.attendees if attendee.id in order.exchange.attendee_ids]
        if any(attendee.is_valid for attendee in old) or len(old) != len(order.attendees):
            yield f"exchange: {len(order.attendees)} tickets for {len(old)}, of which some are still valid"


def _door(facts: Facts) -> Iterator[str]:
    counting = Counter(
        scan.attendee_id
        for scan in facts.tables.scans.values()
        if scan.result is ScanResult.ADMITTED and scan.undone_at is None
    )
    yield from (f"door: {count} admissions of one ticket" for count in counting.values() if count > 1)
    stored = {str(scan.id): scan for scan in facts.tables.scans.values()}
    for attendee_id, scan_ids in facts.told_admitted.items():
        for scan_id in set(scan_ids):
            if scan_id not in stored or stored[scan_id].attendee_id != attendee_id:
                yield "door: a ticket was admitted, and no scan says so"


def _told(facts: Facts) -> Iterator[str]:
    orders = facts.tables.orders
    for order_id, who in facts.told_orders.items():
        if order_id not in orders:
            yield f"told: {who} was told of an order that does not exist"
        elif order_id in facts.told_completed and orders[order_id].completed_at is None:
            yield f"told: {who} was told of a sale, and the order is {orders[order_id].status}"
