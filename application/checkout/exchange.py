"""Use cases: exchange tickets of an order for another performance or ticket type, and preview it
(docs/domain-rules.md#exchanges).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.checkout.checkout import payable
from application.checkout.ticket_issuer import new_order_id
from application.checkout.ticket_locks import ticket_locks
from application.concurrency.retry import retry_on_conflict
from application.notifications.refund import refund_mail
from application.notifications.reminder_task import reminder_of
from application.orders.rename import BUYER
from application.payments.session import OpenSession
from application.ports.inventory import CheckoutData
from application.ports.lock import Lock
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.refunds.refund_order import money_of, submissions, write_refunds
from domain.access import Actor
from domain.audit_log import Action
from domain.cart import Cart, CartLine
from domain.catalog import Show
from domain.errors import Conflict, DonationTooSmall, InvalidRequest, NotFound, TicketNotFound
from domain.exchanges import ExchangeTerms, OrderMoney, RefundRows, decide_exchange, moved_payment, refund_rows
from domain.orders import HOLDING, IssueTicket, ManualPayment, Order, OrderStatus, admissions, number_of
from domain.policy import CheckoutPolicy
from domain.tasks import OutboxTask, TaskKind
from domain.tax import TaxMode

log = logging.getLogger(__name__)


#: The reason of what goes back when the new tickets cost less.
DIFFERENCE: Final = "the tickets that were got in exchange cost less"


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """The show of the new tickets, and the attendees who get each ticket type of it (None: all who have a ticket)."""

    show_id: UUID
    wanted: Sequence[tuple[UUID, Sequence[UUID] | None]]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The new order: completed, or pending until the difference is paid. ``earlier`` is the one that it came from, and
    ``back`` what goes back of it, in minor units.
    """

    order: Order
    earlier: Order
    back: int


@dataclass(frozen=True, slots=True)
class _Decision:
    exchanged: Exchanged
    refunds: RefundRows
    data: CheckoutData


class ExchangeTickets:
    """Voids tickets and sells others in one decision, over one show or two. Where a difference is due, the old tickets
    stay valid, and the new ones are held, until it is paid.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        lock: Lock,
        clock: Clock,
        ids: Ids,
        issue: IssueTicket,
        policy: CheckoutPolicy,
        audit: AuditLog,
        open_session: OpenSession,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._lock = lock
        self._clock = clock
        self._ids = ids
        self._issue = issue
        self._policy = policy
        self._audit = audit
        self._open_session = open_session

    async def __call__(self, order_id: UUID, request: ExchangeRequest, *, by: Actor | None = None) -> Exchanged:
        """The exchange, by the producer (``by``) or the buyer.

        Raises NotFound for an order, show or attendee that is not the producer's, Conflict where it cannot be
        exchanged (any more), what ``Offering.price_of`` and ``decide_exchange`` raise, TicketsUnavailable,
        ProducerPaymentMissing, Busy, and what ``payable`` raises.
        """
        carts = await self._carts(order_id, request, by)
        ids = frozenset[UUID]().union(*(cart.ticket_ids for cart in carts))
        async with ticket_locks(self._lock, ids):
            exchanged = await retry_on_conflict(lambda: self._transact(order_id, request, carts, by))
        if exchanged.order.holds_tickets:
            return replace(exchanged, order=await payable(self._open_session, exchanged.order))
        return exchanged

    async def preview(self, order_id: UUID, request: ExchangeRequest, *, by: Actor | None = None) -> Exchanged:
        """What the same exchange would do; nothing is changed. Raises as the exchange does."""
        carts = await self._carts(order_id, request, by)
        async with self._unit_of_work() as uow:
            books = await money_of(uow, order_id)
            data = await uow.inventory.read(carts)
            decision = await self._decide(uow, books, data, request, carts[0], by)
        return decision.exchanged

    async def unpaid(self, order_id: UUID) -> Order | None:
        """The exchange of this order that waits for its payment, or None."""
        async with self._unit_of_work(read_only=True) as uow:
            waiting = await _waiting_for_payment(uow, order_id)
            return await uow.orders.get(waiting) if waiting else None

    async def _carts(self, order_id: UUID, request: ExchangeRequest, by: Actor | None) -> list[Cart]:
        """The new tickets, and the old order with all that it has of its show: both are locked together."""
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, by, order_id) if by else await uow.orders.get(order_id)
            if order is None:
                raise NotFound("No such order")
            promo_code = await uow.promo_codes.get(order.promo_code_id) if order.promo_code_id else None
        wanted = [
            CartLine(position, ticket_id, len(_attendees(order, chosen)))
            for position, (ticket_id, chosen) in enumerate(request.wanted)
        ]
        if not any(line.quantity for line in wanted):
            raise Conflict(f"Order {order.number} has no valid tickets: it is {order.status}")
        had = [CartLine(position, line.ticket_id, line.quantity) for position, line in enumerate(order.lines)]
        allocation_id = next((line.allocation_id for line in order.lines if line.allocation_id), None)
        old = Cart(order.show_id, tuple(had), promo_code.code if promo_code else None, allocation_id)
        return [Cart.of(request.show_id, wanted, policy=self._policy.at_the_counter()), old]

    async def _transact(
        self, order_id: UUID, request: ExchangeRequest, carts: Sequence[Cart], by: Actor | None
    ) -> Exchanged:
        async with self._unit_of_work() as uow:
            books = await money_of(uow, order_id, lock=True)
            data = await uow.inventory.lock(carts)
            decision = await self._decide(uow, books, data, request, carts[0], by)
            new, old = decision.exchanged.order, decision.exchanged.earlier
            await uow.orders.add([new])
            if not new.holds_tickets:
                await uow.orders.save([old])
            await uow.inventory.save(data.stock)
            await write_refunds(uow, decision.refunds)
            await uow.outbox.add(self._tasks_after(decision, new.created_at))
            await self._remember(uow, decision, by)
            await uow.commit()
        log.info("Order %s created, number %s, for tickets of order %s", new.id, number_of(new.id), old.id)
        return decision.exchanged

    async def _decide(
        self,
        uow: UnitOfWork,
        books: Sequence[OrderMoney],
        data: CheckoutData,
        request: ExchangeRequest,
        cart: Cart,
        by: Actor | None,
    ) -> _Decision:
        order, refunds, disputes = books[0].order, books[0].refunds, books[0].disputes
        now = self._clock.now()
        _ensure_same_producer(order, data, request.show_id)
        if by is None:
            _ensure_buyers_may(data.shows[order.show_id], order, now)
        if await _waiting_for_payment(uow, order.id):
            raise Conflict("An exchange of this order waits for its payment: pay it or cancel it first")
        offering = data.offering(request.show_id, self._policy)
        at_the_counter = ManualPayment.OTHER if by else None
        try:
            priced = offering.price_of(cart, now=now, manual_payment=order.manual_payment or at_the_counter)
        except DonationTooSmall as error:
            raise _not_in_exchange(error.field) from None
        _ensure_other_tickets(order, request, data)
        attendee_ids = [id_ for _, chosen in request.wanted for id_ in _attendees(order, chosen)]
        if len(attendee_ids) != cart.quantities().total():
            raise Conflict("The order has changed in this moment: please look at it again")
        terms = decide_exchange(order, refunds, attendee_ids, priced.lines, self._policy, disputes=disputes)
        new = self._new_order(order, terms, data.shows[request.show_id], now)
        with data.stock.all_or_nothing():
            if new.due and not new.is_manual_order:
                return self._held(new, terms, order, cart, data)
            return self._sold(new, books, terms, cart, data)

    def _new_order(self, order: Order, terms: ExchangeTerms, show: Show, now: datetime) -> Order:
        named = {attendee.id: attendee.name for attendee in order.attendees}
        names = tuple(named[id_] if named[id_] != order.customer.name else "" for id_ in terms.exchange.attendee_ids)
        return Order(
            id=new_order_id(self._ids),
            show_id=show.id,
            show_title=show.title,
            customer=order.customer,
            quote=terms.quote,
            status=OrderStatus.PENDING,
            created_at=now,
            manual_payment=order.manual_payment,
            tax_mode=order.tax_mode,
            names=names if any(names) else (),
            exchange=terms.exchange,
        )

    def _held(self, new: Order, terms: ExchangeTerms, order: Order, cart: Cart, data: CheckoutData) -> _Decision:
        """The new tickets on hold until the difference is paid. The old ones stay as they are."""
        offering = data.offering(cart.show_id, self._policy)
        data.stock.ensure_available(cart.lines)
        data.stock.hold(new.lines, None)
        held = replace(
            new,
            expires_at=new.created_at + self._policy.hold,
            doors_at=offering.show.door_time,
            stripe_account_id=offering.producer.payout_account(),
            venue_address=None if order.tax_mode is TaxMode.OFF else offering.show.venue_address,
        )
        return _Decision(Exchanged(held, order, terms.back), RefundRows([], []), data)

    def _sold(
        self, new: Order, books: Sequence[OrderMoney], terms: ExchangeTerms, cart: Cart, data: CheckoutData
    ) -> _Decision:
        """The old tickets void and on sale again, and then the new ones sold: the old place may be the new one."""
        old = terms.voided(books[0].order, data.stock)
        data.stock.ensure_available(cart.lines)
        data.stock.sell(new.lines, None)
        now = new.created_at
        sold = replace(
            new,
            status=OrderStatus.COMPLETED,
            completed_at=now,
            amount_paid=new.due + terms.exchange.credit,
            tax=terms.exchange.tax,
            names=(),
            attendees=admissions(new.show_id, new.customer, new.quote, self._issue, names=new.names),
        )
        return _Decision(Exchanged(sold, old, terms.back), self._refunds(sold, books, terms.back, now), data)

    def _refunds(self, new: Order, books: Sequence[OrderMoney], back: int, now: datetime) -> RefundRows:
        """The record of what counts as paid in the new order, and the refunds of the difference. That goes back as any
        refund does: of the old order's own payment first, and then of those that paid for it before.
        """
        record = moved_payment(new, books[0].refunds, id=self._ids.new(), now=now)
        moved = [record] if record else []
        if not back:
            return RefundRows(moved, [])
        books = [replace(books[0], refunds=[*books[0].refunds, *moved]), *books[1:]]
        rows = refund_rows(books, back, refund_fees=False, reason=DIFFERENCE, now=now, new_id=self._ids.new)
        return RefundRows([*moved, *rows.added], rows.changed)

    def _tasks_after(self, decision: _Decision, now: datetime) -> list[OutboxTask]:
        new, old = decision.exchanged.order, decision.exchanged.earlier
        if new.holds_tickets:
            return []
        tasks = []
        if new.customer.has_address:
            tasks.append(OutboxTask(id=self._ids.new(), kind=TaskKind.CONFIRMATION_MAIL, order_id=new.id, due_at=now))
            tasks += reminder_of(new.id, decision.data.shows[new.show_id], ids=self._ids, now=now)
        if decision.exchanged.back and not old.is_manual_order:
            difference = [each for each in decision.refunds.added if each.order_id == old.id and each.through != new.id]
            tasks += submissions(decision.refunds, ids=self._ids, now=now)
            tasks.append(refund_mail(old.id, *difference, ids=self._ids, now=now))
        return tasks

    async def _remember(self, uow: UnitOfWork, decision: _Decision, by: Actor | None) -> None:
        new, old = decision.exchanged.order, decision.exchanged.earlier
        producer_id = decision.data.shows[new.show_id].producer_id
        facts = {
            "new_order_id": new.id,
            "tickets": new.quote.tickets,
            "due": new.due if new.holds_tickets else 0,
            "back": decision.exchanged.back,
        }
        actor = by or Actor(producer_id, None, BUYER, frozenset())
        await self._audit.record(uow, actor, Action.ORDER_EXCHANGED, old.id, show_id=old.show_id, after=facts)


def _attendees(order: Order, chosen: Sequence[UUID] | None) -> Sequence[UUID]:
    return [attendee.id for attendee in order.attendees if attendee.is_valid] if chosen is None else chosen


async def _waiting_for_payment(uow: UnitOfWork, order_id: UUID) -> UUID | None:
    exchanges = (await uow.orders.exchanges_of([order_id])).get(order_id, [])
    return next((each.id for each in exchanges if each.status in HOLDING), None)


def _ensure_same_producer(order: Order, data: CheckoutData, show_id: UUID) -> None:
    """Raises NotFound for a show of another producer, and Conflict for one that sells in another currency."""
    show, old = data.shows.get(show_id), data.shows[order.show_id]
    if show is None or show.producer_id != old.producer_id:
        raise NotFound("No such show", field="show_id")
    currency = data.producers[show.producer_id].currency
    if currency != order.quote.currency:
        raise Conflict(f"This show sells in {currency.code}, and the order was paid in {order.quote.currency.code}")


def _ensure_other_tickets(order: Order, request: ExchangeRequest, data: CheckoutData) -> None:
    """Raises Conflict for a ticket that an attendee has already, and InvalidRequest for one that has no price."""
    has = {attendee.id: attendee.ticket_id for attendee in order.attendees}
    for position, (ticket_id, chosen) in enumerate(request.wanted):
        ticket = data.stock.tickets.get(ticket_id)
        if ticket is None:
            raise TicketNotFound("No such ticket in this show", field=f"tickets[{position}].ticket_id")
        if ticket.is_donation_based:
            raise _not_in_exchange(f"tickets[{position}].ticket_id")
        if any(has.get(id_) == ticket_id for id_ in _attendees(order, chosen)):
            raise Conflict("These attendees have this ticket already")


def _not_in_exchange(field: str | None) -> InvalidRequest:
    return InvalidRequest("A ticket whose price the buyer names cannot be got in exchange", field=field)


def _ensure_buyers_may(show: Show, order: Order, now: datetime) -> None:
    if show.exchanges_until is None:
        raise Conflict("Tickets to this show cannot be exchanged")
    if show.exchanges_until <= now:
        raise Conflict("It is too late to exchange tickets to this show")
    if order.is_manual_order:
        raise Conflict("Tickets that were sold at the counter are exchanged there")
