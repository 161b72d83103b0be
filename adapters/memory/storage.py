"""The whole database as dictionaries: a unit of work gets a copy, and commit puts the copy in place.

Only one unit of work exists at a time, so every lock is had at once. Constraints which the real schema has and the
domain does not check are checked here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from adapters.memory.audit_log import MemoryAuditRepo
from adapters.memory.catalog import MemoryCatalogRepo
from adapters.memory.checkin import MemoryDoorRepo
from adapters.memory.duplicate_payments import MemoryDuplicatePaymentRepo
from adapters.memory.lookups import MemoryLookupRepo
from adapters.memory.order_lists import MemoryOrderListRepo
from adapters.memory.outbox import MemoryOutboxRepo
from adapters.memory.personal_data import MemoryBuyerRepo, MemoryNoteRepo
from adapters.memory.show_refunds import MemoryCancellationRepo
from adapters.memory.system import RunningClock
from application.ports.payment import PaymentEvent
from application.ports.show_refunds import ShowRefund
from application.ports.storage import (
    Background,
    ClaimQuery,
    FoundOrder,
    OrderPayment,
    ReceivedEvent,
    RowsInUse,
    Sale,
    SoldOrders,
    StorageConflict,
    StorageUnavailable,
)
from application.ports.system import Clock
from domain.access import AccessToken
from domain.admission import Scan
from domain.audit_log import AuditEntry
from domain.branding import Picture
from domain.cart import Cart
from domain.catalog import Producer, Show, Ticket
from domain.claims import Claim, Claimed
from domain.disputes import Dispute
from domain.duplicate_payments import DuplicatePayment
from domain.notes import OrderNote
from domain.orders import HOLDING, SOLD, Order, OrderStatus
from domain.promotions import TicketPromoCode
from domain.refunds import Refund, RefundStatus
from domain.stock import Stock
from domain.tasks import OutboxTask

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Tables:
    producers: dict[UUID, Producer] = field(default_factory=dict)
    shows: dict[UUID, Show] = field(default_factory=dict)
    tickets: dict[UUID, Ticket] = field(default_factory=dict)
    promo_codes: dict[UUID, TicketPromoCode] = field(default_factory=dict)
    orders: dict[UUID, Order] = field(default_factory=dict)
    ticket_claims: dict[tuple[int, UUID], Claim] = field(default_factory=dict)
    outbox: dict[UUID, OutboxTask] = field(default_factory=dict)
    claims: dict[UUID, datetime] = field(default_factory=dict)
    relays: dict[UUID, datetime] = field(default_factory=dict)
    lookups: dict[bytes, datetime] = field(default_factory=dict)
    refunds: dict[UUID, Refund] = field(default_factory=dict)
    duplicate_payments: dict[str, DuplicatePayment] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    inbox: dict[str, ReceivedEvent] = field(default_factory=dict)
    checks: dict[UUID, datetime] = field(default_factory=dict)
    release_pauses: dict[UUID, datetime] = field(default_factory=dict)
    tokens: dict[UUID, AccessToken] = field(default_factory=dict)
    pictures: dict[Picture, bytes] = field(default_factory=dict)
    audit: dict[UUID, AuditEntry] = field(default_factory=dict)
    scans: dict[tuple[UUID, UUID], Scan] = field(default_factory=dict)
    notes: dict[UUID, OrderNote] = field(default_factory=dict)
    show_refunds: dict[UUID, ShowRefund] = field(default_factory=dict)
    refund_claims: dict[UUID, datetime] = field(default_factory=dict)
    refund_refusals: dict[UUID, str] = field(default_factory=dict)

    def snapshot(self) -> _Tables:
        return _Tables(*(copy(getattr(self, name)) for name in self.__slots__))


class MemoryDatabase:
    """Callable as a UnitOfWorkFactory. ``available`` False makes every unit of work fail to begin."""

    def __init__(self, clock: Clock | None = None) -> None:
        """``clock`` is the store's own, by which claims are judged where they must be."""
        self.available = True
        #: Rows that somebody keeps, by the names that ``Sale.in_use`` has for them.
        self.in_use: set[Hashable] = set()
        self.clock: Clock = clock or RunningClock()
        self._tables = _Tables()
        self._one_at_a_time = asyncio.Lock()

    def __call__(self, *, read_only: bool = False) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self, read_only=read_only)

    async def begin(self) -> _Tables:
        """A copy to work on."""
        if not self.available:
            raise StorageUnavailable("switched off")
        await self._one_at_a_time.acquire()
        return self._tables.snapshot()

    def replace(self, tables: _Tables) -> None:
        """What a unit of work has committed."""
        self._tables = tables.snapshot()

    def end(self) -> None:
        """The next unit of work may begin."""
        self._one_at_a_time.release()


class MemoryUnitOfWork:
    def __init__(self, database: MemoryDatabase, *, read_only: bool = False) -> None:
        self._database = database
        self._read_only = read_only
        self._tables: _Tables

    async def __aenter__(self) -> Self:
        self._tables = await self._database.begin()
        self.sales = MemorySalesRepo(self._tables, self._database.in_use)
        self.catalog = MemoryCatalogRepo(self._tables)
        self.orders = MemoryOrderRepo(self._tables)
        self.outbox = MemoryOutboxRepo(self._tables, self._database.clock)
        self.lookups = MemoryLookupRepo(self._tables)
        self.refunds = MemoryRefundRepo(self._tables)
        self.duplicate_payments = MemoryDuplicatePaymentRepo(self._tables)
        self.disputes = MemoryDisputeRepo(self._tables)
        self.inbox = MemoryEventInbox(self._tables)
        self.tokens = MemoryTokenRepo(self._tables)
        self.pictures = MemoryPictureRepo(self._tables)
        self.audit = MemoryAuditRepo(self._tables)
        self.order_lists = MemoryOrderListRepo(self._tables)
        self.door = MemoryDoorRepo(self._tables)
        self.notes = MemoryNoteRepo(self._tables)
        self.buyers = MemoryBuyerRepo(self._tables)
        self.cancellations = MemoryCancellationRepo(self._tables)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.end()

    @property
    def tables(self) -> _Tables:
        """What this unit of work sees, and may change."""
        return self._tables

    async def commit(self) -> None:
        if self._read_only:
            raise RuntimeError("a read-only unit of work does not write")
        self._database.replace(self._tables)


class MemorySalesRepo:
    def __init__(self, tables: _Tables, in_use: Collection[Hashable] = ()) -> None:
        self._tables = tables
        self._in_use = in_use

    async def read(self, carts: Sequence[Cart]) -> Sale:
        tables = self._tables
        show_ids = {cart.show_id for cart in carts}
        ticket_ids = {ticket_id for cart in carts for ticket_id in cart.ticket_ids}
        shows = {id_: show for id_, show in tables.shows.items() if id_ in show_ids}
        return Sale(
            shows=shows,
            producers={show.producer_id: tables.producers[show.producer_id] for show in shows.values()},
            stock=Stock(
                [ticket for id_, ticket in tables.tickets.items() if id_ in ticket_ids],
                [promo for promo in tables.promo_codes.values() if promo.show_id in show_ids],
            ),
        )

    async def lock(
        self,
        carts: Sequence[Cart],
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
        pass_over: bool = False,
    ) -> Sale:
        used = {order.idempotency.key for order in self._tables.orders.values() if order.idempotency}
        sale = await self.read(carts)
        tickets = sale.stock.tickets
        wanted = {(cart.show_id, cart.promo_code) for cart in carts if cart.promo_code}
        codes = [promo for promo in self._tables.promo_codes.values() if (promo.show_id, promo.code) in wanted]
        in_use = frozenset(self._in_use).intersection([*tickets, *((promo.show_id, promo.code) for promo in codes)])
        if in_use and not pass_over:
            raise RowsInUse("a row is in use")
        return replace(
            sale,
            stock=Stock(
                [ticket for id_, ticket in tickets.items() if id_ not in in_use],
                [promo for promo in codes if (promo.show_id, promo.code) not in in_use],
            ),
            in_use=in_use,
            used_keys=frozenset(used.intersection(keys)),
            claimed=self._claimed(claimants) if claimants else {},
        )

    def _claimed(self, claimants: ClaimQuery) -> dict[int, Claimed]:
        claimed: dict[int, Claimed] = {}
        for claim in self._tables.ticket_claims.values():
            order = self._tables.orders[claim.order_id]
            counts = order.status in (SOLD if claim.is_free else HOLDING)
            if claim.key not in claimants.keys or claim.ends_at <= claimants.now or not counts:
                continue
            had = claimed.get(claim.key, Claimed())
            claimed[claim.key] = Claimed(
                had.held_tickets + (0 if claim.is_free else claim.tickets),
                had.held_orders + (0 if claim.is_free else 1),
                had.free_tickets + (claim.tickets if claim.is_free else 0),
            )
        return claimed

    async def claim(self, claims: Sequence[Claim]) -> None:
        self._tables.ticket_claims.update({(claim.key, claim.order_id): claim for claim in claims})

    async def forget_claims(self, *, now: datetime, limit: int) -> int:
        ended = [place for place, claim in self._tables.ticket_claims.items() if claim.ends_at <= now][:limit]
        for place in ended:
            del self._tables.ticket_claims[place]
        return len(ended)

    async def lock_stock(self, orders: Sequence[Order]) -> Stock:
        ticket_ids = {line.ticket_id for order in orders for line in order.lines}
        promo_code_ids = {order.promo_code_id for order in orders if order.promo_code_id}
        return Stock(
            [self._tables.tickets[id_] for id_ in ticket_ids],
            [self._tables.promo_codes[id_] for id_ in promo_code_ids],
        )

    async def lock_orders(self, order_ids: Collection[UUID]) -> SoldOrders:
        orders = await MemoryOrderRepo(self._tables).lock(order_ids)
        return SoldOrders(
            orders=orders,
            shows={order.show_id: self._tables.shows[order.show_id] for order in orders.values()},
            stock=await self.lock_stock(list(orders.values())),
        )

    async def save(self, stock: Stock) -> None:
        for ticket in stock.changed_tickets:
            current = self._tables.tickets[ticket.id]
            self._tables.tickets[ticket.id] = replace(current, inventory=ticket.inventory)
        for promo_code in stock.changed_promo_codes:
            self._tables.promo_codes[promo_code.id] = promo_code


class MemoryOrderRepo:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def add(self, orders: Sequence[Order]) -> None:
        for order in orders:
            if order.idempotency and await self.with_idempotency_keys([order.idempotency.key]):
                raise StorageConflict("Idempotency-Key used at the same time")
            self._tables.orders[order.id] = order

    async def get(self, order_id: UUID) -> Order | None:
        return self._tables.orders.get(order_id)

    async def get_all(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        return {id_: self._tables.orders[id_] for id_ in order_ids if id_ in self._tables.orders}

    async def lock(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        return {id_: self._tables.orders[id_] for id_ in sorted(order_ids) if id_ in self._tables.orders}

    async def with_idempotency_keys(self, keys: Collection[str]) -> Mapping[str, Order]:
        return {
            order.idempotency.key: order
            for order in self._tables.orders.values()
            if order.idempotency and order.idempotency.key in keys
        }

    async def of_sessions(self, session_ids: Collection[str]) -> Mapping[str, FoundOrder]:
        orders = self._tables.orders.values()
        return {
            order.session_id: (order.id, order.status)
            for order in orders
            if order.session_id and order.session_id in session_ids
        }

    async def payments(self, order_ids: Collection[UUID]) -> Mapping[UUID, OrderPayment]:
        found = {id_: self._tables.orders[id_] for id_ in order_ids if id_ in self._tables.orders}
        return {id_: OrderPayment(order.status, order.payment_intent_id) for id_, order in found.items()}

    async def id_of_intent(self, payment_intent_id: str) -> UUID | None:
        found = (o.id for o in self._tables.orders.values() if o.payment_intent_id == payment_intent_id)
        return next(found, None)

    async def without_session(self, *, created_before: datetime, limit: int) -> list[UUID]:
        found = [
            o
            for o in self._tables.orders.values()
            if o.status is OrderStatus.PENDING and o.session_id is None and o.created_at < created_before
        ]
        return [o.id for o in sorted(found, key=lambda o: (o.expires_at or o.created_at, o.id))[:limit]]

    async def unconfirmed(self, *, checked_before: datetime, limit: int) -> list[UUID]:
        holding = [o for o in self._tables.orders.values() if o.holds_tickets and o.session_id is not None]
        checks = sorted((self._tables.checks.get(o.id, o.created_at), o.id) for o in holding)
        return [order_id for checked_at, order_id in checks if checked_at < checked_before][:limit]

    async def checked(self, order_ids: Collection[UUID], *, now: datetime) -> None:
        self._tables.checks.update(dict.fromkeys(order_ids, now))

    async def attach_session(self, order_id: UUID, *, session_id: str, checkout_url: str | None) -> None:
        order = self._tables.orders[order_id]
        if order.payment_intent_id is None:
            self._tables.orders[order_id] = replace(order, session_id=session_id, checkout_url=checkout_url)

    async def save(self, orders: Sequence[Order]) -> None:
        for order in orders:
            stored = self._tables.orders[order.id]
            session_id = (order.session_id if order.payment_intent_id else None) or stored.session_id
            self._tables.orders[order.id] = replace(order, session_id=session_id, checkout_url=stored.checkout_url)

    async def save_customer(self, order: Order) -> None:
        stored = self._tables.orders[order.id]
        names = {attendee.id: attendee.name for attendee in order.attendees}
        attendees = tuple(replace(each, name=names.get(each.id, each.name)) for each in stored.attendees)
        self._tables.orders[order.id] = replace(stored, customer=order.customer, attendees=attendees)

    async def overdue(self, *, now: datetime, limit: int) -> list[UUID]:
        put_off = self._tables.release_pauses
        holding = [o for o in self._tables.orders.values() if o.status is OrderStatus.PENDING]
        deadlines = sorted(
            (put_off.get(o.id, _NEVER), o.expires_at, o.id)
            for o in holding
            if o.expires_at and o.expires_at <= now and put_off.get(o.id, _NEVER) <= now
        )
        return [order_id for _, _, order_id in deadlines[:limit]]

    async def release_after(self, order_ids: Collection[UUID], *, moment: datetime) -> None:
        self._tables.release_pauses.update(dict.fromkeys(order_ids, moment))


class MemoryRefundRepo:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def add(self, refund: Refund) -> None:
        self._tables.refunds[refund.id] = refund

    async def of_order(self, order_id: UUID) -> list[Refund]:
        found = [refund for refund in self._tables.refunds.values() if refund.order_id == order_id]
        return sorted(found, key=lambda refund: refund.sequence)

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Refund]]:
        return {id_: found for id_ in order_ids if (found := await self.of_order(id_))}

    async def statuses(self, stripe_refund_ids: Collection[str]) -> Mapping[str, RefundStatus]:
        refunds = self._tables.refunds.values()
        return {r.stripe_refund_id: r.status for r in refunds if r.stripe_refund_id in set(stripe_refund_ids)}

    async def save(self, refund: Refund) -> None:
        self._tables.refunds[refund.id] = refund


class MemoryDisputeRepo:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def of_order(self, order_id: UUID) -> list[Dispute]:
        found = [dispute for dispute in self._tables.disputes.values() if dispute.order_id == order_id]
        return sorted(found, key=lambda dispute: (dispute.opened_at, dispute.id))

    async def of_orders(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[Dispute]]:
        return {id_: found for id_ in order_ids if (found := await self.of_order(id_))}

    async def save(self, dispute: Dispute) -> None:
        self._tables.disputes[dispute.id] = dispute


class MemoryEventInbox:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def get(self, event_id: str) -> ReceivedEvent | None:
        return self._tables.inbox.get(event_id)

    async def background(self, events: Collection[PaymentEvent]) -> Mapping[str, Background]:
        orders = await MemoryOrderRepo(self._tables).of_sessions([event.object_id for event in events])
        handled = {event_id for event_id, received in self._tables.inbox.items() if received.handled_at}
        return {event.id: Background(event.id in handled, orders.get(event.object_id)) for event in events}

    async def handled(self, events: Collection[PaymentEvent], *, now: datetime) -> None:
        for event in events:
            self._tables.inbox[event.id] = replace(self._kept(event, now), handled_at=now, last_error=None)

    async def failed_events(self, *, after: ReceivedEvent | None, limit: int) -> list[ReceivedEvent]:
        waiting = [received for received in self._tables.inbox.values() if received.has_failed]
        ordered = sorted(waiting, key=lambda received: (received.received_at, received.event.id))
        place = (after.received_at, after.event.id) if after else None
        return [r for r in ordered if place is None or (r.received_at, r.event.id) > place][:limit]

    async def failed(self, event: PaymentEvent, *, error: str, now: datetime) -> None:
        self._tables.inbox[event.id] = replace(self._kept(event, now), last_error=error)

    def _kept(self, event: PaymentEvent, now: datetime) -> ReceivedEvent:
        return self._tables.inbox.get(event.id, ReceivedEvent(event, now))


class MemoryTokenRepo:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def add(self, token: AccessToken) -> None:
        self._tables.tokens[token.id] = token

    async def with_hash(self, secret_hash: bytes) -> AccessToken | None:
        return next((t for t in self._tables.tokens.values() if t.secret_hash == secret_hash), None)

    async def get(self, token_id: UUID) -> AccessToken | None:
        return self._tables.tokens.get(token_id)

    async def of_producer(self, producer_id: UUID) -> list[AccessToken]:
        found = [token for token in self._tables.tokens.values() if token.producer_id == producer_id]
        return sorted(found, key=lambda token: (token.created_at, token.id))

    async def used(self, token_id: UUID, *, now: datetime, unless_since: datetime) -> None:
        token = self._tables.tokens[token_id]
        if token.last_used_at is None or token.last_used_at < unless_since:
            self._tables.tokens[token_id] = replace(token, last_used_at=now)

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        token = self._tables.tokens.get(token_id)
        if token is None:
            return False
        self._tables.tokens[token_id] = replace(token, revoked_at=token.revoked_at or now)
        return True


class MemoryPictureRepo:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def add(self, picture: Picture, content: bytes) -> None:
        self._tables.pictures[picture] = content

    async def content(self, picture: Picture) -> bytes | None:
        return self._tables.pictures.get(picture)

    async def remove_unused(self, picture: Picture) -> None:
        used = {show.image for show in self._tables.shows.values()}
        used |= {producer.branding.logo for producer in self._tables.producers.values()}
        if picture not in used:
            self._tables.pictures.pop(picture, None)
