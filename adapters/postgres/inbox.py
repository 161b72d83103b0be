"""EventInbox in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.rows import event_of
from adapters.postgres.tables import payment_events
from application.ports.payment import PaymentEvent
from application.ports.storage import ReceivedEvent

_MAX_ERROR_LENGTH = 2000


class PostgresEventInbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def receive(self, event: PaymentEvent, *, now: datetime) -> ReceivedEvent:
        new = insert(payment_events).values(
            id=event.id, type=event.type, object_id=event.object_id, livemode=event.livemode, received_at=now
        )
        # Changing nothing makes an event that was received before come back as it is.
        kept = new.on_conflict_do_update(index_elements=[payment_events.c.id], set_={"id": new.excluded.id})
        row = (await self._connection.execute(kept.returning(payment_events))).mappings().one()
        return event_of(row)

    async def get(self, event_id: str) -> ReceivedEvent | None:
        found = await self._connection.execute(sa.select(payment_events).where(payment_events.c.id == event_id))
        row = found.mappings().one_or_none()
        return event_of(row) if row else None

    async def handled(self, event_id: str, *, now: datetime) -> None:
        await self._connection.execute(
            sa.update(payment_events).where(payment_events.c.id == event_id).values(handled_at=now, last_error=None)
        )

    async def failed(self, event_id: str, *, error: str) -> None:
        await self._connection.execute(
            sa.update(payment_events)
            .where(payment_events.c.id == event_id)
            .values(last_error=error[:_MAX_ERROR_LENGTH].replace("\x00", ""))
        )
