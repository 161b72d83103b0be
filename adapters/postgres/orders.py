"""OrderRepo in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json, update_of
from adapters.postgres.connection import Connection, Rows, Statement, compiled, uuids
from adapters.postgres.order_rows import (
    attendee_values,
    customer_values,
    line_values,
    new_order_values,
    order_of,
    order_state_values,
)
from adapters.postgres.rows import ORDER_STATE
from adapters.postgres.tables import order_exchanges, orders, replaced_codes, ticket_attendees, ticket_orders
from application.ports.orders import OrderPayment, OrderRef
from domain.orders import Order, OrderStatus, ReplacedCode

# Foreign keys are checked when the statement ends, so one statement writes all three tables.
_ADD = (
    f"WITH new_orders AS ({insert_of(orders, 'orders')}), "
    f"new_lines AS ({insert_of(ticket_orders, 'lines')}) "
    f"{insert_of(ticket_attendees, 'attendees')}"
)
_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))
_KEYS = sa.bindparam("keys", type_=sa.ARRAY(sa.Text))

_BY_ID = sa.select(orders).where(orders.c.id == sa.any_(_IDS)).order_by(orders.c.id)
# FOR NO KEY UPDATE: a row that refers to an order may be written meanwhile. Who changes a show has its tickets as it
# writes the mails to its buyers, and who changes an order waits for those tickets: FOR UPDATE was a deadlock of both.
_ORDERS, _LOCKED_ORDERS = compiled(_BY_ID), compiled(_BY_ID.with_for_update(key_share=True))
_PAYMENTS = sa.select(orders.c.id, orders.c.status, orders.c.payment_intent_id).where(orders.c.id == sa.any_(_IDS))
_ORDERS_WITH_KEYS = compiled(sa.select(orders).where(orders.c.idempotency_key == sa.any_(_KEYS)))
_ORDERS_OF_SESSIONS = compiled(
    sa.select(orders.c.id, orders.c.session_id, orders.c.status).where(orders.c.session_id == sa.any_(_KEYS))
)
_EXCHANGES = compiled(
    sa.select(orders.c.id, order_exchanges.c.exchanged_from, orders.c.status)
    .join(order_exchanges, order_exchanges.c.order_id == orders.c.id)
    .where(order_exchanges.c.exchanged_from == sa.any_(_IDS))
    .order_by(orders.c.id)
)
_LINES = compiled(
    sa.select(ticket_orders)
    .where(ticket_orders.c.order_id == sa.any_(_IDS))
    .order_by(ticket_orders.c.order_id, ticket_orders.c.line)
)
_ATTENDEES = compiled(
    sa.select(ticket_attendees)
    .where(ticket_attendees.c.order_id == sa.any_(_IDS))
    .order_by(ticket_attendees.c.order_id, ticket_attendees.c.line, ticket_attendees.c.id)
)
_SAVE = update_of(
    orders,
    ORDER_STATE,
    "orders",
    session_id="CASE WHEN new.payment_intent_id IS NULL THEN orders.session_id "
    "ELSE coalesce(new.session_id, orders.session_id) END",
)
_SAVE_ATTENDEES = (
    f"{insert_of(ticket_attendees, 'attendees')} ON CONFLICT (id) DO UPDATE "
    "SET status = EXCLUDED.status, restocked = EXCLUDED.restocked, checked_in_at = EXCLUDED.checked_in_at"
)
_SAVE_NAMES = update_of(ticket_attendees, ["name", "code"], "attendees")
_ADD_EXCHANGES = insert_of(order_exchanges, "exchanges")
_ADD_REPLACED = insert_of(replaced_codes, "replaced")
# Written out as in the partial index, not as parameters; only so can the planner use the index.
_IS_HOLDING = sa.text("status IN ('pending', 'processing')")
_IS_PENDING = sa.text("status IN ('pending', 'processing') AND status = 'pending'")
OVERDUE = (
    sa.select(orders.c.id)
    .where(
        _IS_PENDING,
        orders.c.expires_at <= sa.bindparam("now"),
        sa.or_(orders.c.release_after.is_(None), orders.c.release_after <= sa.bindparam("now")),
    )
    .order_by(orders.c.release_after.nulls_first(), orders.c.expires_at)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, key_share=True)
)
WITHOUT_SESSION = (
    sa.select(orders.c.id)
    .where(_IS_PENDING, orders.c.session_id.is_(None), orders.c.created_at < sa.bindparam("created_before"))
    .order_by(orders.c.expires_at)
    .limit(sa.bindparam("count"))
)
_LAST_CHECK = sa.func.coalesce(orders.c.checked_at, orders.c.created_at)
UNCONFIRMED = (
    sa.select(orders.c.id)
    .where(_IS_HOLDING, orders.c.session_id.is_not(None), sa.bindparam("checked_before") > _LAST_CHECK)
    .order_by(_LAST_CHECK)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, key_share=True)
)


class PostgresOrderRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: Sequence[Order]) -> None:
        if not new:
            return
        self._connection.write(
            _ADD,
            {
                "orders": rows_json(new_order_values(order) for order in new),
                "lines": rows_json(row for order in new for row in line_values(order)),
                "attendees": rows_json(row for order in new for row in attendee_values(order)),
            },
        )
        if exchanged := [order for order in new if order.exchange]:
            rows = [{"order_id": o.id, "exchanged_from": o.exchange.order_id} for o in exchanged if o.exchange]
            self._connection.write(_ADD_EXCHANGES, {"exchanges": rows_json(rows)})

    async def get(self, order_id: UUID) -> Order | None:
        return orders_of(*await self._connection.fetch(*reading([order_id]))).get(order_id)

    async def get_all(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        return orders_of(*await self._connection.fetch(*reading(order_ids)))

    async def lock(self, order_ids: Collection[UUID]) -> Mapping[UUID, Order]:
        return orders_of(*await self._connection.fetch(*reading(order_ids, lock=True)))

    async def with_idempotency_keys(self, keys: Collection[str]) -> Mapping[str, Order]:
        [found] = await self._connection.fetch((_ORDERS_WITH_KEYS, {"keys": list(keys)}))
        parts = await self._connection.fetch(*_parts(uuids(row["id"] for row in found))) if found else ([], [])
        return {order.idempotency.key: order for order in orders_of(found, *parts).values() if order.idempotency}

    async def of_sessions(self, session_ids: Collection[str]) -> Mapping[str, OrderRef]:
        [found] = await self._connection.fetch((_ORDERS_OF_SESSIONS, {"keys": list(session_ids)}))
        return {row["session_id"]: OrderRef(row["id"], OrderStatus(row["status"])) for row in found}

    async def payments(self, order_ids: Collection[UUID]) -> Mapping[UUID, OrderPayment]:
        rows = await self._connection.execute(_PAYMENTS, {"ids": list(order_ids)})
        return {row.id: OrderPayment(OrderStatus(row.status), row.payment_intent_id) for row in rows}

    async def exchanges_of(self, order_ids: Collection[UUID]) -> Mapping[UUID, list[OrderRef]]:
        [rows] = await self._connection.fetch((_EXCHANGES, {"ids": list(order_ids)}))
        found: defaultdict[UUID, list[OrderRef]] = defaultdict(list)
        for row in rows:
            found[row["exchanged_from"]].append(OrderRef(row["id"], OrderStatus(row["status"])))
        return found

    async def id_of_intent(self, payment_intent_id: str) -> UUID | None:
        query = sa.select(orders.c.id).where(orders.c.payment_intent_id == payment_intent_id)
        found = await self._connection.scalar(query)
        return found if isinstance(found, UUID) else None

    async def attach_session(self, order_id: UUID, *, session_id: str, checkout_url: str | None) -> None:
        await self._connection.execute(
            sa.update(orders)
            .where(orders.c.id == order_id, orders.c.payment_intent_id.is_(None))
            .values(session_id=session_id, checkout_url=checkout_url)
        )

    async def save(self, changed: Sequence[Order]) -> None:
        states = rows_json({"id": order.id, **order_state_values(order)} for order in changed)
        self._connection.write(_SAVE, {"orders": states})
        if attendees := [row for order in changed for row in attendee_values(order)]:
            self._connection.write(_SAVE_ATTENDEES, {"attendees": rows_json(attendees)})

    async def save_customer(self, order: Order, *, replaced: Sequence[ReplacedCode] = ()) -> None:
        change = sa.update(orders).where(orders.c.id == order.id).values(customer_values(order))
        await self._connection.execute(change)
        names = rows_json({"id": each.id, "name": each.name, "code": each.code} for each in order.attendees)
        self._connection.write(_SAVE_NAMES, {"attendees": names})
        if replaced:
            self._connection.write(_ADD_REPLACED, {"replaced": rows_json(asdict(each) for each in replaced)})

    async def exist(
        self, *, show_id: UUID | None = None, ticket_id: UUID | None = None, promo_code_id: UUID | None = None
    ) -> bool:
        for column, wanted in (
            (orders.c.show_id, show_id),
            (ticket_orders.c.ticket_id, ticket_id),
            (orders.c.promo_code_id, promo_code_id),
        ):
            if wanted is not None and await self._connection.scalar(sa.select(sa.exists().where(column == wanted))):
                return True
        return False


class PostgresOrderWatchlist:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def without_session(self, *, created_before: datetime, limit: int) -> list[UUID]:
        parameters = {"created_before": created_before, "count": limit}
        return list((await self._connection.scalars(WITHOUT_SESSION, parameters)).all())

    async def unconfirmed(self, *, checked_before: datetime, limit: int) -> list[UUID]:
        parameters = {"checked_before": checked_before, "count": limit}
        return list((await self._connection.scalars(UNCONFIRMED, parameters)).all())

    async def checked(self, order_ids: Collection[UUID], *, now: datetime) -> None:
        change = sa.update(orders).where(orders.c.id == sa.any_(_IDS)).values(checked_at=now)
        await self._connection.execute(change, {"ids": list(order_ids)})

    async def release_after(self, order_ids: Collection[UUID], *, moment: datetime) -> None:
        change = sa.update(orders).where(orders.c.id == sa.any_(_IDS)).values(release_after=moment)
        await self._connection.execute(change, {"ids": list(order_ids)})

    async def overdue(self, *, now: datetime, limit: int) -> list[UUID]:
        return list((await self._connection.scalars(OVERDUE, {"now": now, "count": limit})).all())


def reading(order_ids: Collection[UUID], *, lock: bool = False) -> list[Statement]:
    """Statements that read orders, their lines and their attendees.

    Lines and attendees are read after the orders are locked, so they are fresh.
    """
    ids = uuids(order_ids)
    return [(_LOCKED_ORDERS if lock else _ORDERS, {"ids": ids}), *_parts(ids)]


def _parts(ids: str) -> list[Statement]:
    return [(_LINES, {"ids": ids}), (_ATTENDEES, {"ids": ids})]


def orders_of(found: Rows, lines: Rows, attendees: Rows) -> dict[UUID, Order]:
    """The orders in the answer to ``reading``, in its order."""
    lines_of, attendees_of = _by_order(lines), _by_order(attendees)
    return {row["id"]: order_of(row, lines_of[row["id"]], attendees_of[row["id"]]) for row in found}


def _by_order(rows: Rows) -> Mapping[UUID, Rows]:
    grouped: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["order_id"]].append(row)
    return grouped
