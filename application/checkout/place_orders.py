"""Deciding many checkouts in one transaction: which carts get their tickets, and what is written."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from typing_extensions import override

from application.access.audit_log import AuditLog
from application.checkout.ticket_issuer import new_order_id
from application.checkout.ticket_locks import TicketLocks, ticket_locks
from application.concurrency.group_commit import BatchDecider, GroupCommit, HandOver, Preparation, nothing_to_hand_over
from application.concurrency.retry import retry_on_conflict
from application.errors import (
    IdempotencyKeyReused,
    TicketsInUse,
)
from application.notifications.reminder_task import reminder_of
from application.ports.inventory import CheckoutData, ClaimQuery
from application.ports.lock import Lock
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import RowsInUse, UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Scan, admit_when_sold
from domain.audit_log import Action
from domain.cart import Cart
from domain.claims import Claimant, Claims
from domain.customer import Customer
from domain.errors import DomainError
from domain.orders import Idempotency, IssueTicket, ManualPayment, Order, number_of
from domain.policy import CheckoutPolicy
from domain.pricing import Quote
from domain.stock import Stock
from domain.tasks import OutboxTask, TaskKind

log = logging.getLogger(__name__)

#: More ticket types than are on sale at once; beyond it, the hints are collected again.
MAX_KNOWN_CAPACITIES: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRequest:
    """A buyer's request, or the request of a producer (``placed_by``), who already has the money (``manual_payment``).

    ``expected_total`` is the total that the buyer saw, in the currency's main unit. ``claimant`` is the buyer for whom
    the tickets count until they are paid; None for a producer's own orders, and without limits. ``checked_in``: the
    producer lets the people in with the sale.
    """

    cart: Cart
    customer: Customer
    expected_total: Decimal | None = None
    idempotency: Idempotency | None = None
    manual_payment: ManualPayment | None = None
    placed_by: Actor | None = None
    claimant: Claimant | None = None
    checked_in: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """The order of a request: placed now, or earlier with the same Idempotency-Key. ``scans`` let its people in."""

    order: Order
    is_new: bool
    scans: tuple[Scan, ...] = ()


#: Whether the outcomes of a decision are to be written.
Keep = Callable[[Sequence[Placement | Exception]], bool]
#: Told the outcomes in the transaction of the decision, to write something with it.
Note = Callable[[UnitOfWork, Sequence[Placement | Exception]], Awaitable[None]]


def _always(_: Sequence[Placement | Exception]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Decided:
    """A common decision: an outcome for each request, and the new orders among them."""

    outcomes: list[Placement | Exception]
    placed: list[Order]


@dataclass(frozen=True, slots=True)
class _Locked(Preparation[CheckoutRequest]):
    """The locks of a batch; ``locks_of`` gives those that a request needs."""

    locks: TicketLocks
    locks_of: Callable[[Sequence[CheckoutRequest]], frozenset[UUID]]

    @override
    def covers(self, request: CheckoutRequest) -> bool:
        return self.locks_of([request]) <= self.locks.tickets

    @override
    def let_go(self) -> None:
        self.locks.let_go()


class PlaceOrders(BatchDecider[CheckoutRequest, Placement]):
    """Decides checkouts together: the locks of all their tickets, then one transaction."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        lock: Lock,
        clock: Clock,
        ids: Ids,
        issue: IssueTicket,
        policy: CheckoutPolicy,
        audit: AuditLog,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._lock = lock
        self._clock = clock
        self._ids = ids
        self._issue = issue
        self._policy = policy
        self._counter_policy = policy.at_the_counter()
        self._audit = audit
        self._in_use: frozenset[Hashable] = frozenset()
        # The capacity that a ticket type shares, as the last decision found it: a hint for the locks, nothing more.
        self._capacity_ids: dict[UUID, UUID] = {}

    @override
    @asynccontextmanager
    async def prepare(
        self, requests: Sequence[CheckoutRequest], waiting: Callable[[], Sequence[CheckoutRequest]]
    ) -> AsyncIterator[Preparation[CheckoutRequest]]:
        """Hold the locks of all requested tickets and of their capacities, and of tickets of waiting requests as far as
        they are free. A waiting request is covered if all of its tickets are locked. They are let go when the orders
        are being written: the next batch waits for the row locks, and goes on the moment that they are committed.

        Raises Busy.
        """
        async with ticket_locks(self._lock, self._locks_of(requests), lambda: self._locks_of(waiting())) as locks:
            yield _Locked(locks, self._locks_of)

    @override
    async def decide(
        self, requests: Sequence[CheckoutRequest], hand_over: HandOver = nothing_to_hand_over
    ) -> list[Placement | Exception]:
        """A placement or refusal for each request. It is TicketsInUse if another transaction locks the rows for long:
        the batch waits for them once, and then passes them over until they are free again.

        Raises StorageUnavailable, StorageConflict for all of them.
        """
        pass_over = not self._in_use.isdisjoint(_rows_of(requests))
        try:
            decided = await retry_on_conflict(lambda: self._transact(requests, hand_over, pass_over=pass_over))
        except RowsInUse as error:
            log.warning("Rows are locked by another transaction, and passed over from now on: %s", error)
            decided = await retry_on_conflict(lambda: self._transact(requests, hand_over, pass_over=True))
        return decided.outcomes

    async def decide_together(
        self, requests: Sequence[CheckoutRequest], keep: Keep, note: Note | None = None
    ) -> list[Placement | Exception]:
        """As ``decide``, for requests of one producer: where ``keep`` says no to the outcomes, no order is written.
        ``note`` writes in the same transaction; it is asked again where that is repeated.

        Rows that another transaction locks for long are not passed over. Raises Busy, StorageUnavailable,
        StorageConflict.
        """
        async with self.prepare(requests, list):
            decided = await retry_on_conflict(
                lambda: self._transact(requests, nothing_to_hand_over, pass_over=False, keep=keep, note=note)
            )
        for order in decided.placed:
            log.info("Order %s created by its producer, number %s", order.id, number_of(order.id))
        return decided.outcomes

    async def _transact(
        self,
        requests: Sequence[CheckoutRequest],
        hand_over: HandOver,
        *,
        pass_over: bool,
        keep: Keep = _always,
        note: Note | None = None,
    ) -> Decided:
        started = time.perf_counter()
        async with self._unit_of_work() as uow:
            decided = await self._place_all(uow, requests, pass_over=pass_over, keep=keep)
            if note is not None:
                await note(uow, decided.outcomes)
            hand_over()
            await uow.commit()
        log.info("Transaction completed in %.2fs: %d orders", time.perf_counter() - started, len(decided.placed))
        return decided

    async def _place_all(
        self, uow: UnitOfWork, requests: Sequence[CheckoutRequest], *, pass_over: bool, keep: Keep
    ) -> Decided:
        # An earlier order with one of the keys is committed by the time the tickets are locked.
        keys = {request.idempotency.key for request in requests if request.idempotency}
        limits = self._policy.claims
        claimants = frozenset(key for r in requests if r.claimant for key in limits.limited_keys(r.claimant))
        data = await uow.inventory.lock(
            [request.cart for request in requests],
            keys=keys,
            claimants=ClaimQuery(claimants, self._clock.now()) if claimants else None,
            pass_over=pass_over,
        )
        if pass_over:
            self._in_use = self._in_use.difference(_rows_of(requests)) | data.in_use
        self._remember_capacities(data.stock)
        claims = Claims(data.claimed, limits)
        known = dict(await uow.orders.with_idempotency_keys(data.used_keys)) if data.used_keys else {}
        now = self._clock.now()
        outcomes: list[Placement | Exception] = []
        for request in requests:
            is_free = not data.in_use or data.in_use.isdisjoint(_rows_of([request]))
            outcome = self._repeat(request, known) or (
                self._place(request, data, claims, now) if is_free else TicketsInUse()
            )
            if isinstance(outcome, Placement) and request.idempotency:
                known[request.idempotency.key] = outcome.order
            outcomes.append(outcome)
        if not keep(outcomes):
            return Decided(outcomes, [])
        new = [outcome for outcome in outcomes if isinstance(outcome, Placement) and outcome.is_new]
        placed = [outcome.order for outcome in new]
        tasks = [task for order in placed if order.success for task in self._tasks_after(order, data, now)]
        if placed:
            await uow.orders.add(placed)
            await uow.inventory.save(data.stock)
            if claims.new:
                await uow.inventory.claim(claims.new)
            await uow.outbox.add(tasks)
            if scans := [scan for placement in new for scan in placement.scans]:
                await uow.check_ins.add(scans)
            await self._remember_who_placed(uow, requests, outcomes)
        return Decided(outcomes, placed)

    def _locks_of(self, requests: Sequence[CheckoutRequest]) -> frozenset[UUID]:
        """The tickets that are locked for these requests, and their capacities, as far as they are known. Processes
        that sell different tickets of one capacity would otherwise queue on its row.
        """
        tickets = _tickets_of(requests)
        known = self._capacity_ids
        return tickets.union(known[id_] for id_ in tickets if id_ in known) if known else tickets

    def _remember_capacities(self, stock: Stock) -> None:
        if not (stock.capacities or self._capacity_ids):
            return
        if len(self._capacity_ids) > MAX_KNOWN_CAPACITIES:
            self._capacity_ids.clear()
        for ticket in stock.tickets.values():
            if ticket.capacity_id is not None:
                self._capacity_ids[ticket.id] = ticket.capacity_id
            else:
                self._capacity_ids.pop(ticket.id, None)

    async def _remember_who_placed(
        self, uow: UnitOfWork, requests: Sequence[CheckoutRequest], outcomes: Sequence[Placement | Exception]
    ) -> None:
        for request, outcome in zip(requests, outcomes, strict=True):
            if request.placed_by and isinstance(outcome, Placement) and outcome.is_new:
                order = outcome.order
                facts = {
                    "payment": order.manual_payment,
                    "tickets": sum(line.quantity for line in order.lines),
                    "total": order.quote.total,
                }
                await self._audit.record(
                    uow, request.placed_by, Action.ORDER_PLACED, order.id, show_id=order.show_id, after=facts
                )

    def _tasks_after(self, order: Order, data: CheckoutData, now: datetime) -> list[OutboxTask]:
        if not order.customer.has_address:
            return []
        confirmation = OutboxTask(id=self._ids.new(), kind=TaskKind.CONFIRMATION_MAIL, order_id=order.id, due_at=now)
        if all(attendee.checked_in_at for attendee in order.attendees):
            return [confirmation]
        return [confirmation, *reminder_of(order.id, data.shows[order.show_id], ids=self._ids, now=now)]

    def _repeat(self, request: CheckoutRequest, known: Mapping[str, Order]) -> Placement | Exception | None:
        order = known.get(request.idempotency.key) if request.idempotency else None
        if order is None:
            return None
        return Placement(order, is_new=False) if order.idempotency == request.idempotency else IdempotencyKeyReused()

    def _place(
        self, request: CheckoutRequest, data: CheckoutData, claims: Claims, now: datetime
    ) -> Placement | Exception:
        tickets, claimant = sum(line.quantity for line in request.cart.lines), request.claimant

        def permit(quote: Quote) -> None:
            if claimant is not None:
                claims.ensure(claimant, tickets, is_free=quote.is_free)

        try:
            policy = self._counter_policy if request.manual_payment else self._policy
            order = data.offering(request.cart.show_id, policy).place(
                request.cart,
                request.customer,
                order_id=new_order_id(self._ids),
                issue=self._issue,
                now=now,
                expected_total=request.expected_total,
                idempotency=request.idempotency,
                manual_payment=request.manual_payment,
                permit=permit,
            )
        except DomainError as refusal:
            return refusal
        if request.checked_in and request.placed_by:
            device = request.placed_by.name
            admitted, scans = admit_when_sold(order, device_id=device, now=now, new_id=self._ids.new)
            return Placement(admitted, is_new=True, scans=scans)
        if claimant is not None:
            if order.expires_at is not None:
                claims.add(claimant, order.id, tickets, hold_ends_at=order.expires_at)
            else:
                show_ends_at = data.shows[order.show_id].end_time
                claims.add_free(claimant, order.id, tickets, now=now, show_ends_at=show_ends_at)
        return Placement(order, is_new=True)


#: The line in which checkouts wait until PlaceOrders decides them.
CheckoutLine = GroupCommit[UUID, CheckoutRequest, Placement]


def _tickets_of(requests: Sequence[CheckoutRequest]) -> frozenset[UUID]:
    return frozenset[UUID]().union(*(request.cart.ticket_ids for request in requests))


def _rows_of(requests: Sequence[CheckoutRequest]) -> frozenset[Hashable]:
    """The rows that the requests lock, by their names in ``CheckoutData.in_use``."""
    carts = [request.cart for request in requests]
    codes = ((cart.show_id, cart.promo_code) for cart in carts if cart.promo_code)
    return _tickets_of(requests).union(codes, (cart.allocation_id for cart in carts if cart.allocation_id))
