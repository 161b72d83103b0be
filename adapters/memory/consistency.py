"""ConsistencyChecker in memory: every invariant again, in terms of objects instead of rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import md5
from uuid import UUID

from adapters.memory.money_back import is_owed
from adapters.memory.tables import Tables, disputes_by_order, refunds_by_order
from adapters.memory.unit_of_work import MemoryDatabase
from application.catalog.sale_times import ShowToCome, never_on_sale
from application.catalog.timezones import outdated
from domain.admission import ScanResult
from domain.consistency import EXAMPLES, Finding, Findings, Invariant
from domain.disputes import is_contested
from domain.orders import HOLDING, SOLD, AttendeeStatus, Order, OrderStatus
from domain.promotions import TicketPromoCode, UseCount
from domain.refunds import Refund, left_to_refund
from domain.shift import CashMovement, CounterSale, ShiftFigures
from domain.tasks import TaskState

_Found = Iterator[tuple[Invariant, UUID]]


class MemoryConsistencyChecker:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def findings(
        self, *, now: datetime, overdue_since: datetime, behind_since: datetime
    ) -> Mapping[Invariant, Findings]:
        tables = self._database.snapshot()
        found = defaultdict(list)
        checks = (
            counters_off(tables),
            _places(tables),
            _allocations(tables),
            _productions(tables),
            orders_off(tables),
            _duplicate_payments(tables),
            _money_back(tables),
            _events(tables),
            _admissions(tables),
            _shifts(tables),
            _overdue_holds(tables, overdue_since),
            _tasks(tables, now),
            _backlog(tables, now, behind_since),
        )
        for check in checks:
            for invariant, subject_id in check:
                found[invariant].append(Finding(subject_id, "does not add up"))
        to_come = [
            ShowToCome(show, [t for t in tables.tickets.values() if t.show_id == show.id and t.has_sale_times])
            for show in tables.shows.values()
            if show.end_time > overdue_since
        ]
        found[Invariant.SHOW_TIMES] = [Finding(each.stored.id, each.words) for each in outdated(to_come)]
        found[Invariant.SALE_TIMES] = [Finding(each.subject_id, each.words) for each in never_on_sale(to_come)]
        return {each: Findings(len(those), tuple(those[:EXAMPLES])) for each, those in found.items()}


def counters_off(tables: Tables) -> _Found:
    held: Counter[UUID] = Counter()
    sold: Counter[UUID] = Counter()
    uses: Counter[UUID] = Counter()
    for order in tables.orders.values():
        if order.status in HOLDING:
            for line in order.lines:
                held[line.ticket_id] += line.quantity
        sold.update(attendee.ticket_id for attendee in order.attendees if not attendee.restocked)
        if order.promo_code_id is not None:
            uses[order.promo_code_id] += _uses(order, tables.promo_codes[order.promo_code_id])
    for ticket in tables.tickets.values():
        inventory = ticket.inventory
        if inventory.held != held[ticket.id]:
            yield Invariant.HELD, ticket.id
        if inventory.sold != sold[ticket.id]:
            yield Invariant.SOLD, ticket.id
    for promo_code in tables.promo_codes.values():
        if promo_code.uses != uses[promo_code.id]:
            yield Invariant.PROMO_USES, promo_code.id


def _uses(order: Order, promo_code: TicketPromoCode) -> int:
    """The order's uses of its promo code: for what it holds, or for places that are not on sale again."""
    if order.completed_at is None:
        places = Counter({index: line.quantity for index, line in enumerate(order.lines)})
        kept = places if order.status in HOLDING else Counter[int]()
    else:
        kept = Counter(attendee.line for attendee in order.attendees if not attendee.restocked)
    if promo_code.counts is UseCount.ORDERS:
        return 1 if kept else 0
    return sum(count for index, count in kept.items() if order.lines[index].uses_promo_code)


def _places(tables: Tables) -> _Found:
    counted: Counter[tuple[UUID | None, str]] = Counter()
    for ticket in tables.tickets.values():
        counted[ticket.capacity_id, "held"] += ticket.inventory.held * ticket.places
        counted[ticket.capacity_id, "sold"] += ticket.inventory.sold * ticket.places
        if ticket.capacity_id and tables.capacities[ticket.capacity_id].show_id != ticket.show_id:
            yield Invariant.PLACES, ticket.id
    for allocation in tables.allocations.values():
        counted[allocation.capacity_id, "allocated"] += allocation.remaining
    for capacity in tables.capacities.values():
        if any(getattr(capacity, name) != counted[capacity.id, name] for name in ("held", "sold", "allocated")):
            yield Invariant.PLACES, capacity.id


def _allocations(tables: Tables) -> _Found:
    held: Counter[UUID | None] = Counter()
    sold: Counter[UUID | None] = Counter()
    for order in tables.orders.values():
        taken = Counter(attendee.line for attendee in order.attendees if not attendee.restocked)
        for number, line in enumerate(order.lines):
            places = tables.tickets[line.ticket_id].places
            held[line.allocation_id] += line.quantity * places if order.status in HOLDING else 0
            sold[line.allocation_id] += taken[number] * places
    for allocation in tables.allocations.values():
        if (allocation.held, allocation.sold) != (held[allocation.id], sold[allocation.id]):
            yield Invariant.ALLOCATIONS, allocation.id


def _productions(tables: Tables) -> _Found:
    for show in tables.shows.values():
        if show.production_id and tables.productions[show.production_id].producer_id != show.producer_id:
            yield Invariant.PRODUCTIONS, show.id


def orders_off(tables: Tables) -> _Found:
    refunds = refunds_by_order(tables)
    payments = Counter(order.payment_intent_id for order in tables.orders.values())
    for order in tables.orders.values():
        tickets = Counter({line: order.lines[line].quantity for line in range(len(order.lines))})
        if Counter(a.line for a in order.attendees) != (tickets if order.completed_at else Counter()):
            yield Invariant.ATTENDEES, order.id
        quote = order.quote
        lines = sum(line.total_price for line in order.lines)
        discounts = sum(line.discount_amount for line in order.lines)
        adds_up = quote.total == lines + quote.fees_on_top and (quote.fees <= quote.total or not quote.fees_included)
        if (quote.subtotal, quote.promo_code_discount) != (lines, discounts) or not adds_up:
            yield Invariant.ORDER_TOTALS, order.id
        if not _paid_once(order) or (order.payment_intent_id and payments[order.payment_intent_id] > 1):
            yield Invariant.PAID_ONCE, order.id
        returned = sum(refund.amount for refund in refunds[order.id] if refund.is_effective)
        if order.refunded_amount != min(returned, order.amount_paid):
            yield Invariant.REFUNDS, order.id
        if not _moved_as_exchanged(order, refunds):
            yield Invariant.EXCHANGES, order.id
        unborne = not any(line.total_price for line in order.lines) and (order.quote.fees or order.tax)
        if order.completed_at and unborne:
            yield Invariant.REPORT, order.id


def _money_back(tables: Tables) -> _Found:
    refunds, disputes = refunds_by_order(tables), disputes_by_order(tables)
    for order in tables.orders.values():
        theirs = disputes[order.id]
        if not is_contested(order, theirs):
            if is_owed(order, refunds[order.id], theirs):
                yield Invariant.LOST_REFUNDS, order.id
            if tables.shows[order.show_id].cancelled and order.success and left_to_refund(order, theirs):
                yield Invariant.CANCELLED_SHOWS, order.id
        if theirs and order.disputed != any(dispute.is_contested or dispute.is_lost for dispute in theirs):
            yield Invariant.DISPUTES, order.id
        for dispute in theirs:
            if dispute.has_to_be_repaid:
                yield Invariant.DISPUTES, order.id
        if not order.disputed and not theirs and not _void_as_refunded(order):
            yield Invariant.VOID_TICKETS, order.id


def _events(tables: Tables) -> _Found:
    for received in tables.inbox.values():
        if received.has_failed:
            yield Invariant.EVENTS, UUID(md5(received.event.id.encode(), usedforsecurity=False).hexdigest())


def _duplicate_payments(tables: Tables) -> _Found:
    for payment in tables.duplicate_payments.values():
        if not payment.is_back:
            yield Invariant.DUPLICATE_PAYMENTS, payment.order_id


def _admissions(tables: Tables) -> _Found:
    admitted = {
        scan.attendee_id: scan.scanned_at
        for scan in tables.scans.values()
        if scan.result is ScanResult.ADMITTED and scan.undone_at is None
    }
    for order in tables.orders.values():
        for attendee in order.attendees:
            if attendee.checked_in_at != admitted.get(attendee.id):
                yield Invariant.ADMISSIONS, attendee.id
            if attendee.code in tables.replaced_codes:
                yield Invariant.CODES, attendee.id


def _shifts(tables: Tables) -> _Found:
    by_shift: dict[UUID, list[CounterSale]] = defaultdict(list)
    for sale in tables.counter_sales.values():
        by_shift[sale.shift_id].append(sale)
        order = tables.orders[sale.order_id]
        is_paid_so = (sale.amount, sale.payment.of_order) == (order.amount_paid, order.manual_payment)
        is_undone_so = not sale.given_back
        if sale.is_undone:
            is_undone_so = order.status is OrderStatus.REFUNDED and sale.given_back <= order.refunded_amount
        is_rounded_so = sale == sale.rounded(tables.shifts[sale.shift_id].cash_rounding)
        if not (is_paid_so and is_undone_so and is_rounded_so):
            yield Invariant.SHIFTS, sale.order_id
    moved: dict[UUID, list[CashMovement]] = defaultdict(list)
    for movement in tables.cash_movements.values():
        moved[movement.shift_id].append(movement)
    for shift in tables.shifts.values():
        expected = shift.expects(ShiftFigures.of(by_shift[shift.id]), moved[shift.id])
        if not shift.is_open and shift.expected != expected:
            yield Invariant.SHIFTS, shift.id


def _overdue_holds(tables: Tables, overdue_since: datetime) -> _Found:
    for order in tables.orders.values():
        if order.status is OrderStatus.PENDING and order.expires_at and order.expires_at < overdue_since:
            yield Invariant.OVERDUE_HOLDS, order.id


def _tasks(tables: Tables, now: datetime) -> _Found:
    for task in tables.outbox.values():
        in_doubt = task.state is TaskState.PENDING and task.sending_since is not None
        if task.state is TaskState.DEAD or (in_doubt and tables.claims.get(task.id, now) <= now):
            yield Invariant.TASKS, task.id


def _backlog(tables: Tables, now: datetime, behind_since: datetime) -> _Found:
    pending = [task for task in tables.outbox.values() if task.state is TaskState.PENDING]
    due = sorted(
        (task for task in pending if task.due_at < behind_since and tables.claims.get(task.id, now) <= now),
        key=lambda task: (task.due_at, task.id),
    )
    for oldest in {task.kind: task for task in reversed(due)}.values():
        yield Invariant.BACKLOG, oldest.id


def _moved_as_exchanged(order: Order, refunds: Mapping[UUID, Sequence[Refund]]) -> bool:
    if order.exchange is None:
        return True
    here, there = order.id, order.exchange.order_id
    moved = [r for r in refunds[there] if r.through == here] + [r for r in refunds[here] if r.through == there]
    amount = sum(refund.amount for refund in moved if refund.is_effective)
    return amount == (order.exchange.credit if order.completed_at else 0)


def _paid_once(order: Order) -> bool:
    if order.completed_at is None:
        returned = order.status is OrderStatus.REFUNDED
        return order.status not in SOLD and (returned or not order.amount_paid)
    by_stripe = not order.is_manual_order and order.quote.total > 0
    owed = order.quote.total + (order.tax_added if by_stripe else 0)
    has_own = by_stripe and order.own_payment != 0
    return order.amount_paid == owed and has_own == (order.payment_intent_id is not None)


def _void_as_refunded(order: Order) -> bool:
    void = {attendee.status is AttendeeStatus.VOID for attendee in order.attendees}
    expected = {
        OrderStatus.COMPLETED: {False},
        OrderStatus.PARTIALLY_REFUNDED: {False, True},
        OrderStatus.REFUNDED: {True},
    }
    return not void or void == expected.get(order.status, void)
