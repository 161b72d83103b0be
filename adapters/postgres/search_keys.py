"""Filling in the search keys of orders that an earlier version placed.

Only the domain can fold names, so this is not SQL. It works in pieces, each in a separate transaction, while sales go
on. Until its key is filled in, an order is found by its name and address as they stand.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.tables import orders
from domain.customer import Customer
from domain.order_search import search_key

_PIECE: Final = 1000
_FIRST: Final = UUID(int=0)
_WITHOUT: Final = (
    sa.select(orders.c.id, orders.c.customer_name, orders.c.customer_email)
    .where(orders.c.search_key.is_(None), orders.c.id > sa.bindparam("after"))
    .order_by(orders.c.id)
    .limit(_PIECE)
    .with_for_update(key_share=True)
)
_FILL: Final = (
    sa.update(orders).where(orders.c.id == sa.bindparam("order_id")).values(search_key=sa.bindparam("key_of_order"))
)


def fill_search_keys(connection: sa.Connection) -> int:
    """Fill in the key of every order that lacks it. Returns how many there were. Commits."""
    filled, after = 0, _FIRST
    while rows := connection.execute(_WITHOUT, {"after": after}).all():
        connection.execute(
            _FILL,
            [
                {"order_id": row.id, "key_of_order": search_key(Customer(row.customer_name, row.customer_email))}
                for row in rows
            ],
        )
        connection.commit()
        filled, after = filled + len(rows), rows[-1].id
    return filled
