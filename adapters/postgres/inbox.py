"""EventInbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection
from adapters.postgres.rows import event_of
from adapters.postgres.tables import payment_events
from application.ports.payment import PaymentEvent
from application.ports.storage import ReceivedEvent

_MAX_ERROR_LENGTH = 2000
# Changing nothing makes an event that was received before come back as it is.
_RECEIVE = f"{insert_of(payment_events, 'events')} ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id RETURNING *"
_HANDLED = "UPDATE payment_events SET handled_at = %(now)s, last_error = NULL WHERE id = ANY(%(ids)s)"


class PostgresEventInbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def receive(self, events: Collection[PaymentEvent], *, now: datetime) -> Mapping[str, ReceivedEvent]:
        rows = {
            event.id: {
                "id": event.id,
                "type": event.type,
                "object_id": event.object_id,
                "livemode": event.livemode,
                "received_at": now,
            }
            for event in events
        }
        # In one order for everybody, so that two who receive the same events wait for one another and no more.
        [received] = await self._connection.fetch((_RECEIVE, {"events": rows_json(rows[id_] for id_ in sorted(rows))}))
        return {row["id"]: event_of(row) for row in received}

    async def get(self, event_id: str) -> ReceivedEvent | None:
        found = await self._connection.execute(sa.select(payment_events).where(payment_events.c.id == event_id))
        row = found.mappings().one_or_none()
        return event_of(row) if row else None

    async def handled(self, event_ids: Collection[str], *, now: datetime) -> None:
        self._connection.write(_HANDLED, {"ids": sorted(event_ids), "now": now})

    async def failed(self, event_id: str, *, error: str) -> None:
        await self._connection.execute(
            sa.update(payment_events)
            .where(payment_events.c.id == event_id)
            .values(last_error=error[:_MAX_ERROR_LENGTH].replace("\x00", ""))
        )
