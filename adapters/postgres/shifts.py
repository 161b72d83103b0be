"""ShiftRepo in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection, Row, compiled
from adapters.postgres.rows import Values
from adapters.postgres.tables import cash_movements, cash_roundings, counter_sales, orders, shifts, ticket_orders
from application.ports.shifts import ShiftCursor
from domain.money import currency
from domain.shift import CashMovement, CounterPayment, CounterSale, Shift, SoldLine, TillCount

# The sale comes while its tickets are locked, so reading, locking and writing are one round trip.
_ADD_SALE: Final = """
    WITH its AS (SELECT id FROM shifts WHERE id = %(shift_id)s AND closed_at IS NULL FOR SHARE)
    INSERT INTO counter_sales
        (order_id, shift_id, at, payment, seller, amount, given, undone_at, undone_by, given_back, rounding,
         back_rounding)
    SELECT %(order_id)s, its.id, %(at)s, %(payment)s, %(seller)s, %(amount)s, %(given)s, %(undone_at)s, %(undone_by)s,
           %(given_back)s, %(rounding)s, %(back_rounding)s
    FROM its
    RETURNING order_id
"""
_COLUMNS: Final = tuple(column.name for column in counter_sales.columns)
_MOVEMENT: Final = tuple(column.name for column in cash_movements.columns)
_SALES: Final = sa.select(counter_sales, orders.c.show_id).join(orders, orders.c.id == counter_sales.c.order_id)
_LINES: Final = compiled(
    sa.select(
        ticket_orders.c.order_id,
        ticket_orders.c.name,
        ticket_orders.c.quantity,
        (ticket_orders.c.quantity * (ticket_orders.c.price_per_ticket - ticket_orders.c.unit_discount)).label("amount"),
    )
    .where(ticket_orders.c.order_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))))
    .order_by(ticket_orders.c.order_id, ticket_orders.c.line)
)


class PostgresShiftRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, shift: Shift) -> None:
        await self._connection.execute(sa.insert(shifts).values(**_values(shift)))

    async def get(self, shift_id: UUID) -> Shift | None:
        return await self._shift(sa.select(shifts).where(shifts.c.id == shift_id))

    async def open_at(self, producer_id: UUID, till_id: UUID) -> Shift | None:
        query = sa.select(shifts).where(
            shifts.c.producer_id == producer_id, shifts.c.till_id == till_id, shifts.c.closed_at.is_(None)
        )
        return await self._shift(query)

    async def lock(self, shift_id: UUID, *, shared: bool = False) -> Shift | None:
        return await self._shift(sa.select(shifts).where(shifts.c.id == shift_id).with_for_update(read=shared))

    async def save(self, shift: Shift) -> None:
        await self._connection.execute(sa.update(shifts).where(shifts.c.id == shift.id).values(**_values(shift)))

    async def page(
        self, producer_id: UUID, *, till_id: UUID | None = None, after: ShiftCursor | None, limit: int
    ) -> list[Shift]:
        query = sa.select(shifts).where(shifts.c.producer_id == producer_id)
        if till_id is not None:
            query = query.where(shifts.c.till_id == till_id)
        if after is not None:
            last = sa.tuple_(sa.literal(after.opened_at, shifts.c.opened_at.type), sa.literal(after.shift_id))
            query = query.where(sa.tuple_(shifts.c.opened_at, shifts.c.id) < last)
        query = query.order_by(shifts.c.opened_at.desc(), shifts.c.id.desc()).limit(limit)
        return [_shift_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def cash_rounding(self, producer_id: UUID) -> int:
        query = sa.select(cash_roundings.c.step).where(cash_roundings.c.producer_id == producer_id)
        return int((await self._connection.execute(query)).scalar() or 0)

    async def save_cash_rounding(self, producer_id: UUID, step: int) -> None:
        statement = insert(cash_roundings).values(producer_id=producer_id, step=step)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["producer_id"], set_={"step": step})
        )

    async def add_sale(self, sale: CounterSale) -> bool:
        values = {name: getattr(sale, name) for name in _COLUMNS}
        [rows] = await self._connection.fetch((_ADD_SALE, values))
        return bool(rows)

    async def save_sale(self, sale: CounterSale) -> None:
        changed = {name: getattr(sale, name) for name in ("undone_at", "undone_by", "given_back", "back_rounding")}
        await self._connection.execute(
            sa.update(counter_sales).where(counter_sales.c.order_id == sale.order_id).values(changed)
        )

    async def sale(self, order_id: UUID) -> CounterSale | None:
        found = await self._sales(_SALES.where(counter_sales.c.order_id == order_id))
        return found[0] if found else None

    async def sales(self, shift_id: UUID, *, latest: int | None = None) -> list[CounterSale]:
        newest = (counter_sales.c.at.desc(), counter_sales.c.order_id.desc())
        return await self._sales(_SALES.where(counter_sales.c.shift_id == shift_id).order_by(*newest).limit(latest))

    async def add_movement(self, movement: CashMovement) -> None:
        values = {name: getattr(movement, name) for name in _MOVEMENT}
        await self._connection.execute(sa.insert(cash_movements).values(**values))

    async def movements(self, shift_id: UUID) -> list[CashMovement]:
        query = (
            sa.select(cash_movements)
            .where(cash_movements.c.shift_id == shift_id)
            .order_by(cash_movements.c.at, cash_movements.c.id)
        )
        rows = (await self._connection.execute(query)).mappings()
        return [CashMovement(**{name: row[name] for name in _MOVEMENT}) for row in rows]

    async def given_back_elsewhere(self, shift_ids: Collection[UUID]) -> Mapping[UUID, int]:
        back = sa.func.sum(orders.c.refunded_amount - counter_sales.c.given_back)
        query = (
            sa.select(counter_sales.c.shift_id, back.label("back"))
            .join(orders, orders.c.id == counter_sales.c.order_id)
            .where(counter_sales.c.shift_id.in_(shift_ids), orders.c.refunded_amount > counter_sales.c.given_back)
            .group_by(counter_sales.c.shift_id)
        )
        return {row.shift_id: int(row.back) for row in await self._connection.execute(query)}

    async def _shift(self, query: sa.Select[Any]) -> Shift | None:
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return _shift_of(row) if row else None

    async def _sales(self, query: sa.Select[Any]) -> list[CounterSale]:
        rows = (await self._connection.execute(query)).mappings().all()
        if not rows:
            return []
        lines: dict[UUID, list[SoldLine]] = defaultdict(list)
        [found] = await self._connection.fetch((_LINES, {"ids": [row["order_id"] for row in rows]}))
        for line in found:
            lines[line["order_id"]].append(SoldLine(line["name"], line["quantity"], line["amount"]))
        return [_sale_of(row, lines[row["order_id"]]) for row in rows]


def _values(shift: Shift) -> Values:
    count = shift.count
    return {
        "id": shift.id,
        "producer_id": shift.producer_id,
        "till_id": shift.till_id,
        "till": shift.till,
        "currency": shift.currency.code,
        "opened_at": shift.opened_at,
        "opened_by": shift.opened_by,
        "opening_cash": shift.opening_cash,
        "cash_rounding": shift.cash_rounding,
        "sellers": list(shift.sellers),
        "closed_at": shift.closed_at,
        "closed_by": shift.closed_by,
        "expected": None if shift.expected is None else dict(shift.expected),
        "counted": None if count is None else dict(count.amounts),
        "pieces": {} if count is None else {str(value): pieces for value, pieces in count.pieces.items()},
        "note": shift.note.replace("\x00", ""),
    }


def _shift_of(row: Row) -> Shift:
    return Shift(
        id=row["id"],
        producer_id=row["producer_id"],
        till_id=row["till_id"],
        till=row["till"],
        currency=currency(row["currency"]),
        opened_at=row["opened_at"],
        opened_by=row["opened_by"],
        opening_cash=row["opening_cash"],
        cash_rounding=row["cash_rounding"],
        sellers=tuple(row["sellers"]),
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        expected=None if row["expected"] is None else _amounts(row["expected"]),
        count=None
        if row["counted"] is None
        else TillCount(
            amounts=_amounts(row["counted"]),
            pieces={int(value): pieces for value, pieces in row["pieces"].items()},
        ),
        note=row["note"],
    )


def _amounts(stored: Mapping[str, int]) -> dict[CounterPayment, int]:
    return {CounterPayment(payment): amount for payment, amount in stored.items()}


def _sale_of(row: Row, lines: list[SoldLine]) -> CounterSale:
    values = {name: row[name] for name in _COLUMNS}
    return CounterSale(
        **{**values, "payment": CounterPayment(row["payment"])}, show_id=row["show_id"], lines=tuple(lines)
    )
