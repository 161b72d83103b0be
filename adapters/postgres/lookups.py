"""LookupRepo in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.tables import order_lookups, orders
from domain.email_address import both_forms

#: Each request deletes this many old entries: more than it adds, so the table stays small.
_FORGOTTEN_AT_A_TIME: Final = 10

ORDERS_OF = (
    sa.select(orders.c.id)
    .where(sa.func.lower(orders.c.customer_email) == sa.any_(sa.bindparam("emails", type_=sa.ARRAY(sa.Text))))
    .order_by(orders.c.created_at.desc(), orders.c.id.desc())
    .limit(sa.bindparam("count"))
)


class PostgresLookupRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ask(self, address_hash: bytes, *, now: datetime, not_since: datetime) -> bool:
        asking = insert(order_lookups).values(address_hash=address_hash, asked_at=now)
        asked = await self._connection.execute(
            asking.on_conflict_do_update(
                index_elements=[order_lookups.c.address_hash],
                set_={"asked_at": asking.excluded.asked_at},
                where=order_lookups.c.asked_at <= not_since,
            ).returning(order_lookups.c.address_hash)
        )
        is_new = asked.one_or_none() is not None
        long_ago = (
            sa.select(order_lookups.c.address_hash)
            .where(order_lookups.c.asked_at <= not_since)
            .limit(_FORGOTTEN_AT_A_TIME)
            .with_for_update(skip_locked=True)
        )
        await self._connection.execute(sa.delete(order_lookups).where(order_lookups.c.address_hash.in_(long_ago)))
        return is_new

    async def orders_of(self, email: str, *, limit: int) -> list[UUID]:
        return list(
            (await self._connection.scalars(ORDERS_OF, {"emails": list(both_forms(email)), "count": limit})).all()
        )
