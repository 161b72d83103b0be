"""EventInbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import payment_events
from application.ports.orders import OrderRef
from application.ports.payment import PaymentEvent
from application.ports.webhooks import NOT_OURS, EventContext, ReceivedEvent
from domain.orders import OrderStatus

_MAX_ERROR_LENGTH: Final = 2000
_CONTEXTS = (
    "SELECT asked.id, events.handled_at IS NOT NULL AS handled, orders.id AS order_id, orders.status "
    "FROM unnest(%(ids)s::text[], %(object_ids)s::text[]) AS asked (id, object_id) "
    "LEFT JOIN payment_events AS events USING (id) LEFT JOIN orders ON orders.session_id = asked.object_id"
)
_KEEP = (
    f"{insert_of(payment_events, 'events')} ON CONFLICT (id) DO UPDATE "
    "SET handled_at = coalesce(EXCLUDED.handled_at, payment_events.handled_at), last_error = EXCLUDED.last_error"
)


class PostgresEventInbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, event_id: str) -> ReceivedEvent | None:
        found = await self._connection.execute(sa.select(payment_events).where(payment_events.c.id == event_id))
        row = found.mappings().one_or_none()
        return event_of(row) if row else None

    async def contexts(self, events: Collection[PaymentEvent]) -> Mapping[str, EventContext]:
        asked = {"ids": [event.id for event in events], "object_ids": [event.object_id for event in events]}
        [found] = await self._connection.fetch((_CONTEXTS, asked))
        by_id = {event.id: event for event in events}
        return {row["id"]: EventContext(by_id[row["id"]], row["handled"], _order_of(row)) for row in found}

    async def handled(self, events: Collection[PaymentEvent], *, now: datetime) -> None:
        self._keep(ReceivedEvent(event, now, handled_at=now) for event in events)

    async def failed_events(self, *, after: ReceivedEvent | None, limit: int) -> list[ReceivedEvent]:
        query = sa.select(payment_events).where(
            sa.text("payment_events.handled_at IS NULL"),  # as in the partial index
            sa.not_(sa.func.coalesce(payment_events.c.last_error, "").startswith(NOT_OURS)),
        )
        if after is not None:
            place = sa.tuple_(payment_events.c.received_at, payment_events.c.id)
            query = query.where(place > sa.tuple_(after.received_at, after.event.id))
        ordered = query.order_by(payment_events.c.received_at, payment_events.c.id).limit(limit)
        return [event_of(row) for row in (await self._connection.execute(ordered)).mappings()]

    async def failed(self, event: PaymentEvent, *, error: str, now: datetime) -> None:
        told = error[:_MAX_ERROR_LENGTH].replace("\x00", "")
        self._keep([ReceivedEvent(event, now, last_error=told)])

    def _keep(self, received: Iterable[ReceivedEvent]) -> None:
        # Without duplicates and in one order for all: two transactions that keep the same events wait for each other,
        # but do not deadlock.
        by_id = {each.event.id: event_values(each) for each in received}
        self._connection.write(_KEEP, {"events": rows_json(by_id[id_] for id_ in sorted(by_id))})


def _order_of(row: Row) -> OrderRef | None:
    return OrderRef(row["order_id"], OrderStatus(row["status"])) if row["order_id"] else None


def event_of(row: Row) -> ReceivedEvent:
    event = PaymentEvent(id=row["id"], type=row["type"], object_id=row["object_id"], livemode=row["livemode"])
    return ReceivedEvent(event, row["received_at"], row["handled_at"], row["last_error"])


def event_values(received: ReceivedEvent) -> Values:
    event = received.event
    return {
        "id": event.id,
        "type": event.type,
        "object_id": event.object_id,
        "livemode": event.livemode,
        "received_at": received.received_at,
        "handled_at": received.handled_at,
        "last_error": received.last_error,
    }
