"""OrderRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.orders import OrderPayment, OrderRef
from application.ports.unit_of_work import StorageConflict
from domain.orders import Order, OrderStatus, ReplacedCode

_NEVER = datetime.min.replace(tzinfo=UTC)


class MemoryOrderRepo:
    def __init__(self, tables: Tables) -> None:
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

    async def of_sessions(self, session_ids: Collection[str]) -> Mapping[str, OrderRef]:
        orders = self._tables.orders.values()
        return {
            order.session_id: OrderRef(order.id, order.status)
            for order in orders
            if order.session_id and order.session_id in session_ids
        }

    async def payments(self, order_ids: Collection[UUID]) -> Mapping[UUID, OrderPayment]:
        found = {id_: self._tables.orders[id_] for id_ in order_ids if id_ in self._tables.orders}
        return {id_: OrderPayment(order.status, order.payment_intent_id) for id_, order in found.items()}

    async def exchanges_of(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[OrderRef]]:
        orders = sorted(self._tables.orders.values(), key=lambda order: order.id)
        return {
            id_: [OrderRef(o.id, o.status) for o in orders if o.exchange and o.exchange.order_id == id_]
            for id_ in order_ids
        }

    async def id_of_intent(self, payment_intent_id: str) -> UUID | None:
        found = (o.id for o in self._tables.orders.values() if o.payment_intent_id == payment_intent_id)
        return next(found, None)

    async def attach_session(self, order_id: UUID, *, session_id: str, checkout_url: str | None) -> None:
        order = self._tables.orders[order_id]
        if order.payment_intent_id is None:
            self._tables.orders[order_id] = replace(order, session_id=session_id, checkout_url=checkout_url)

    async def save(self, orders: Sequence[Order]) -> None:
        for order in orders:
            stored = self._tables.orders[order.id]
            session_id = (order.session_id if order.payment_intent_id else None) or stored.session_id
            self._tables.orders[order.id] = replace(order, session_id=session_id, checkout_url=stored.checkout_url)

    async def save_customer(self, order: Order, *, replaced: Sequence[ReplacedCode] = ()) -> None:
        stored = self._tables.orders[order.id]
        changed = {attendee.id: attendee for attendee in order.attendees}
        attendees = tuple(
            replace(each, name=changed[each.id].name, code=changed[each.id].code) for each in stored.attendees
        )
        self._tables.replaced_codes.update({each.code: each for each in replaced})
        self._tables.orders[order.id] = replace(stored, customer=order.customer, attendees=attendees)

    async def exist(
        self, *, show_id: UUID | None = None, ticket_id: UUID | None = None, promo_code_id: UUID | None = None
    ) -> bool:
        return any(
            (show_id is not None and order.show_id == show_id)
            or (promo_code_id is not None and order.promo_code_id == promo_code_id)
            or any(line.ticket_id == ticket_id for line in order.lines)
            for order in self._tables.orders.values()
        )


class MemoryOrderWatchlist:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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
