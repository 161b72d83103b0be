"""InventoryRepo in PostgreSQL: locks and writes the counters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json, update_of
from adapters.postgres.connection import Connection, Rows, compiled, uuids
from adapters.postgres.orders import orders_of, reading
from adapters.postgres.rows import (
    allocation_counters,
    allocation_of,
    capacity_counters,
    capacity_of,
    producer_of,
    promo_code_of,
    show_of,
    ticket_of,
)
from adapters.postgres.tables import (
    allocations,
    capacities,
    orders,
    producer_financials,
    producers,
    shows,
    ticket_claims,
    ticket_orders,
    ticket_promo_codes,
    tickets,
)
from application.ports.inventory import CheckoutData, ClaimQuery, OrdersForUpdate
from domain.cart import Cart
from domain.claims import Claim, Claimed
from domain.orders import Order
from domain.stock import Stock

_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))
_SHOW_IDS = sa.bindparam("show_ids", type_=sa.ARRAY(sa.Uuid))
_TICKET_IDS = sa.bindparam("ticket_ids", type_=sa.ARRAY(sa.Uuid))
_CAPACITY_IDS = sa.bindparam("capacity_ids", type_=sa.ARRAY(sa.Uuid))
_ALLOCATION_IDS = sa.bindparam("allocation_ids", type_=sa.ARRAY(sa.Uuid))
_CODES = sa.bindparam("codes", type_=sa.ARRAY(sa.Text))
_KEYS = sa.bindparam("keys", type_=sa.ARRAY(sa.Text))


def _found_by(ids: sa.Select[Any]) -> sa.ColumnElement[Any]:
    """A condition on the ids as an array, which PostgreSQL computes first. After waiting for a lock it checks the
    locked row again, and would check a joined row again, too. The array also keeps the plan the same for any ids.
    """
    return sa.any_(sa.func.array(ids.scalar_subquery(), type_=sa.ARRAY(sa.Uuid)))


_TICKETS = sa.select(tickets).where(tickets.c.id == sa.any_(_IDS)).order_by(tickets.c.id)
_PROMO_CODES = sa.select(ticket_promo_codes).order_by(ticket_promo_codes.c.id)
_PROMO_CODES_BY_ID = _PROMO_CODES.where(ticket_promo_codes.c.id == sa.any_(_IDS))
_PROMO_CODES_BY_CODE = _PROMO_CODES.where(
    ticket_promo_codes.c.show_id == sa.any_(_IDS), ticket_promo_codes.c.code == sa.any_(_CODES)
)
# The capacities of tickets, which are locked or read first, so they do not change any more.
_CAPACITIES_OF_TICKETS = (
    sa.select(capacities)
    .where(capacities.c.id == _found_by(sa.select(tickets.c.capacity_id).where(tickets.c.id == sa.any_(_IDS))))
    .order_by(capacities.c.id)
)
_ALLOCATIONS = sa.select(allocations).order_by(allocations.c.id)
_ALLOCATIONS_BY_ID = _ALLOCATIONS.where(allocations.c.id == sa.any_(_IDS))
# By their ids, or by the codes that open them. A code that another transaction is changing opens nothing.
_ALLOCATIONS_ON_SALE = _ALLOCATIONS.where(
    allocations.c.id
    == sa.any_(
        sa.func.array_cat(
            _IDS,
            sa.func.array(
                sa.select(ticket_promo_codes.c.allocation_id)
                .where(ticket_promo_codes.c.show_id == sa.any_(_SHOW_IDS), ticket_promo_codes.c.code == sa.any_(_CODES))
                .scalar_subquery(),
                type_=sa.ARRAY(sa.Uuid),
            ),
            type_=sa.ARRAY(sa.Uuid),
        )
    )
)
#: What a checkout reads of a show: all but the rules of its doors.
_SOLD_BY = [column for column in shows.c if column.name not in ("re_entry", "offline_new_codes")]
_SHOWS = sa.select(*_SOLD_BY).where(shows.c.id == sa.any_(_IDS))
_PRODUCERS_OF_SHOWS = (
    sa.select(producers, producer_financials.c.stripe_account_id, producer_financials.c.charges_enabled)
    .join(producer_financials)
    .where(producers.c.id == _found_by(sa.select(shows.c.producer_id).where(shows.c.id == sa.any_(_IDS))))
)
_READ_TICKETS, _LOCK_TICKETS = compiled(_TICKETS), compiled(_TICKETS.with_for_update())
_READ_PROMO_CODES = compiled(_PROMO_CODES_BY_CODE)
_READ_CAPACITIES = compiled(_CAPACITIES_OF_TICKETS)
_LOCK_CAPACITIES = compiled(_CAPACITIES_OF_TICKETS.with_for_update())
_READ_ALLOCATIONS = compiled(_ALLOCATIONS_ON_SALE)
_LOCK_ALLOCATIONS = compiled(_ALLOCATIONS_ON_SALE.with_for_update())
_LOCK_ALLOCATIONS_BY_ID = compiled(_ALLOCATIONS_BY_ID.with_for_update())
_LOCK_PROMO_CODES = compiled(_PROMO_CODES_BY_CODE.with_for_update())
_LOCK_PROMO_CODES_BY_ID = compiled(_PROMO_CODES_BY_ID.with_for_update())
_READ_SHOWS, _READ_PRODUCERS = compiled(_SHOWS), compiled(_PRODUCERS_OF_SHOWS)
# A transaction that has the rows waits for other locks without this limit. In this statement the reset costs no extra
# one.
_READ_SHOWS_AND_WAIT = compiled(_SHOWS.add_columns(sa.literal_column("set_config('lock_timeout', '0', true)")))

# The tickets, allocations and codes of an order never change, so they may be read before the rest is locked.
_TICKETS_OF_ORDERS = _found_by(sa.select(ticket_orders.c.ticket_id).where(ticket_orders.c.order_id == sa.any_(_IDS)))
_THESE_ORDERS = orders.c.id == sa.any_(_IDS)
_LOCK_TICKETS_OF_ORDERS = compiled(
    sa.select(tickets).where(tickets.c.id == _TICKETS_OF_ORDERS).order_by(tickets.c.id).with_for_update()
)
_LOCK_CAPACITIES_OF_ORDERS = compiled(
    sa.select(capacities)
    .where(capacities.c.id == _found_by(sa.select(tickets.c.capacity_id).where(tickets.c.id == _TICKETS_OF_ORDERS)))
    .order_by(capacities.c.id)
    .with_for_update()
)
_LOCK_ALLOCATIONS_OF_ORDERS = compiled(
    sa.select(allocations)
    .where(
        allocations.c.id
        == _found_by(sa.select(ticket_orders.c.allocation_id).where(ticket_orders.c.order_id == sa.any_(_IDS)))
    )
    .order_by(allocations.c.id)
    .with_for_update()
)
# By name or by what draws on it; the tickets are locked first.
_LOCK_THESE_CAPACITIES = compiled(
    sa.select(capacities)
    .where(
        capacities.c.id
        == sa.any_(
            sa.func.array(
                sa.union(
                    sa.select(tickets.c.capacity_id).where(tickets.c.id == sa.any_(_TICKET_IDS)),
                    sa.select(allocations.c.capacity_id).where(allocations.c.id == sa.any_(_ALLOCATION_IDS)),
                    sa.select(sa.func.unnest(_CAPACITY_IDS)),
                ).scalar_subquery(),
                type_=sa.ARRAY(sa.Uuid),
            )
        )
    )
    .order_by(capacities.c.id)
    .with_for_update()
)
_LOCK_PROMO_CODES_OF_ORDERS = compiled(
    _PROMO_CODES.where(
        ticket_promo_codes.c.id == _found_by(sa.select(orders.c.promo_code_id).where(_THESE_ORDERS))
    ).with_for_update()
)
_READ_SHOWS_OF_ORDERS = compiled(
    sa.select(*_SOLD_BY).where(shows.c.id == _found_by(sa.select(orders.c.show_id).where(_THESE_ORDERS)))
)
_USED_KEYS = compiled(sa.select(orders.c.idempotency_key).where(orders.c.idempotency_key == sa.any_(_KEYS)))
# The transaction keeps the keys until it ends. It takes them in one order, after the tickets' rows.
_LOCK_CLAIMANTS = "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS key"
_CLAIMED = """
SELECT claim.key,
    coalesce(sum(claim.tickets) FILTER (WHERE NOT claim.is_free), 0) AS held_tickets,
    count(*) FILTER (WHERE NOT claim.is_free) AS held_orders,
    coalesce(sum(claim.tickets) FILTER (WHERE claim.is_free), 0) AS free_tickets
FROM ticket_claims AS claim JOIN orders ON orders.id = claim.order_id
WHERE claim.key = ANY (%(keys)s::bigint[]) AND claim.ends_at > %(now)s
    AND orders.status = ANY (
        CASE WHEN claim.is_free THEN ARRAY['completed', 'partially_refunded'] ELSE ARRAY['pending', 'processing'] END
    )
GROUP BY claim.key
"""
_CLAIM = insert_of(ticket_claims, "claims")
_FORGET_CLAIMS = """
DELETE FROM ticket_claims WHERE ctid = ANY (ARRAY(SELECT ctid FROM ticket_claims WHERE ends_at <= :now LIMIT :count))
"""
_SAVE_TICKETS = update_of(tickets, ("held", "sold"), "changed")
_SAVE_CAPACITIES = update_of(capacities, ("size", "held", "sold", "allocated"), "changed")
_SAVE_ALLOCATIONS = update_of(allocations, ("size", "held", "sold", "released_at"), "changed")
_SAVE_PROMO_CODES = update_of(ticket_promo_codes, ("uses",), "changed")


@dataclass(frozen=True, slots=True)
class _Way:
    """How tickets and all that limits them are read."""

    tickets: str
    capacities: str
    allocations: str
    promo_codes: str
    locks: bool = True
    passes_over: bool = False


_READING: Final = _Way(_READ_TICKETS, _READ_CAPACITIES, _READ_ALLOCATIONS, _READ_PROMO_CODES, locks=False)
_LOCKING: Final = _Way(_LOCK_TICKETS, _LOCK_CAPACITIES, _LOCK_ALLOCATIONS, _LOCK_PROMO_CODES)
_PASSING_OVER: Final = _Way(
    compiled(_TICKETS.with_for_update(skip_locked=True)),
    compiled(_CAPACITIES_OF_TICKETS.with_for_update(skip_locked=True)),
    compiled(_ALLOCATIONS_ON_SALE.with_for_update(skip_locked=True)),
    compiled(_PROMO_CODES_BY_CODE.with_for_update(skip_locked=True)),
    passes_over=True,
)
#: Sales lock a row only briefly. A longer lock belongs to a person or a process that hangs, and buyers of the show's
#: other tickets do not wait for it. It exceeds the second after which PostgreSQL finds a deadlock, which must come
#: first.
ROWS_WAIT_SECONDS: Final = 1.5


def _name(promo_code: Mapping[str, Any]) -> tuple[UUID, str]:
    return promo_code["show_id"], promo_code["code"]


class PostgresInventoryRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, carts: Sequence[Cart]) -> CheckoutData:
        return await self._sale(carts, _READING)

    async def lock(
        self,
        carts: Sequence[Cart],
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
        pass_over: bool = False,
    ) -> CheckoutData:
        way = _PASSING_OVER if pass_over else _LOCKING
        return await self._sale(carts, way, keys=keys, claimants=claimants)

    async def lock_stock(self, orders: Sequence[Order]) -> Stock:
        ticket_ids = {line.ticket_id for order in orders for line in order.lines}
        allocation_ids = {line.allocation_id for order in orders for line in order.lines if line.allocation_id}
        promo_code_ids = {order.promo_code_id for order in orders if order.promo_code_id}
        these_tickets = {"ids": uuids(ticket_ids)}
        rows, shared, kept, promo_codes = await self._connection.fetch(
            (_LOCK_TICKETS, these_tickets),
            (_LOCK_CAPACITIES, these_tickets),
            (_LOCK_ALLOCATIONS_BY_ID, {"ids": list(allocation_ids)}) if allocation_ids else None,
            (_LOCK_PROMO_CODES_BY_ID, {"ids": list(promo_code_ids)}),
            lock=True,
        )
        return _stock(rows, promo_codes, shared, kept)

    async def lock_places(
        self,
        *,
        ticket_ids: Collection[UUID] = (),
        capacity_ids: Collection[UUID] = (),
        allocation_ids: Collection[UUID] = (),
    ) -> Stock:
        named = {
            "ticket_ids": list(ticket_ids),
            "capacity_ids": list(capacity_ids),
            "allocation_ids": list(allocation_ids),
        }
        rows, shared, kept = await self._connection.fetch(
            (_LOCK_TICKETS, {"ids": list(ticket_ids)}),
            (_LOCK_THESE_CAPACITIES, named),
            (_LOCK_ALLOCATIONS_BY_ID, {"ids": list(allocation_ids)}),
            lock=True,
        )
        return _stock(rows, [], shared, kept)

    async def lock_orders(self, order_ids: Collection[UUID]) -> OrdersForUpdate:
        ids = {"ids": uuids(order_ids)}
        found, lines, attendees, rows, shared, kept, promo_codes, on_sale = await self._connection.fetch(
            *reading(order_ids, lock=True),
            (_LOCK_TICKETS_OF_ORDERS, ids),
            (_LOCK_CAPACITIES_OF_ORDERS, ids),
            (_LOCK_ALLOCATIONS_OF_ORDERS, ids),
            (_LOCK_PROMO_CODES_OF_ORDERS, ids),
            (_READ_SHOWS_OF_ORDERS, ids),
            lock=True,
        )
        return OrdersForUpdate(
            orders=orders_of(found, lines, attendees),
            shows={row["id"]: show_of(row) for row in on_sale},
            stock=_stock(rows, promo_codes, shared, kept),
        )

    async def save(self, stock: Stock) -> None:
        if changed_tickets := stock.changed_tickets:
            counters = rows_json(
                {"id": ticket.id, "held": ticket.inventory.held, "sold": ticket.inventory.sold}
                for ticket in changed_tickets
            )
            self._connection.write(_SAVE_TICKETS, {"changed": counters})
        if changed_capacities := stock.changed_capacities:
            self._connection.write(_SAVE_CAPACITIES, {"changed": rows_json(map(capacity_counters, changed_capacities))})
        if changed_allocations := stock.changed_allocations:
            changed = rows_json(map(allocation_counters, changed_allocations))
            self._connection.write(_SAVE_ALLOCATIONS, {"changed": changed})
        if changed_promo_codes := stock.changed_promo_codes:
            uses = rows_json({"id": promo_code.id, "uses": promo_code.uses} for promo_code in changed_promo_codes)
            self._connection.write(_SAVE_PROMO_CODES, {"changed": uses})

    async def claim(self, claims: Sequence[Claim]) -> None:
        rows = rows_json(
            {
                "key": claim.key,
                "order_id": claim.order_id,
                "tickets": claim.tickets,
                "is_free": claim.is_free,
                "is_network": claim.is_network,
                "ends_at": claim.ends_at,
            }
            for claim in claims
        )
        self._connection.write(_CLAIM, {"claims": rows})

    async def forget_claims(self, *, now: datetime, limit: int) -> int:
        result = await self._connection.execute(sa.text(_FORGET_CLAIMS), {"now": now, "count": limit})
        return result.rowcount

    async def _sale(
        self,
        carts: Sequence[Cart],
        way: _Way,
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
    ) -> CheckoutData:
        show_ids = {cart.show_id for cart in carts}
        ticket_ids = frozenset[UUID]().union(*(cart.ticket_ids for cart in carts))
        allocation_ids = [cart.allocation_id for cart in carts if cart.allocation_id]
        codes = {cart.promo_code for cart in carts if cart.promo_code}
        # Lock first, in one order for all: a statement that begins after the locks sees what was committed while it
        # waited.
        these_tickets, these_shows = {"ids": uuids(ticket_ids)}, {"ids": uuids(show_ids)}
        these_codes = {**these_shows, "codes": list(codes)}
        these_allocations = {"ids": allocation_ids, "show_ids": list(show_ids), "codes": list(codes)}
        some_allocations = bool(allocation_ids or codes)
        (
            rows,
            shared,
            kept,
            promo_codes,
            on_sale,
            behind,
            used,
            _,
            claimed,
            there,
            codes_there,
            kept_there,
        ) = await self._connection.fetch(
            (way.tickets, these_tickets),
            (way.capacities, these_tickets),
            (way.allocations, these_allocations) if some_allocations else None,
            (way.promo_codes, these_codes),
            (_READ_SHOWS_AND_WAIT if way.locks else _READ_SHOWS, these_shows),
            (_READ_PRODUCERS, these_shows),
            (_USED_KEYS, {"keys": list(keys)}) if keys else None,
            (_LOCK_CLAIMANTS, {"keys": sorted(claimants.keys)}) if claimants else None,
            (_CLAIMED, {"keys": list(claimants.keys), "now": claimants.now}) if claimants else None,
            (_READ_TICKETS, these_tickets) if way.passes_over else None,
            (_READ_PROMO_CODES, these_codes) if way.passes_over else None,
            (_READ_ALLOCATIONS, these_allocations) if way.passes_over and some_allocations else None,
            lock=way.locks,
            rows_wait_seconds=ROWS_WAIT_SECONDS,
        )
        if way.passes_over:  # a ticket whose capacity is in use cannot be sold either
            there_are = {row["id"] for row in shared}
            rows = [row for row in rows if row["capacity_id"] is None or row["capacity_id"] in there_are]
            # Nor can a code be used whose allocation is in use.
            passed_over = {row["id"] for row in kept_there}.difference(row["id"] for row in kept)
            promo_codes = [row for row in promo_codes if row["allocation_id"] not in passed_over]
        return CheckoutData(
            shows={row["id"]: show_of(row) for row in on_sale},
            producers={row["id"]: producer_of(row) for row in behind},
            stock=_stock(rows, promo_codes, shared, kept),
            used_keys=frozenset(row["idempotency_key"] for row in used),
            claimed={
                row["key"]: Claimed(int(row["held_tickets"]), row["held_orders"], int(row["free_tickets"]))
                for row in claimed
            },
            in_use=frozenset(
                {row["id"] for row in there}.difference(row["id"] for row in rows)
                | {row["id"] for row in kept_there}.difference(row["id"] for row in kept)
                | {_name(row) for row in codes_there}.difference(map(_name, promo_codes))
            ),
        )


def _stock(tickets: Rows, promo_codes: Rows, capacities: Rows, allocations: Rows) -> Stock:
    return Stock(
        map(ticket_of, tickets),
        map(promo_code_of, promo_codes),
        map(capacity_of, capacities),
        map(allocation_of, allocations),
    )
