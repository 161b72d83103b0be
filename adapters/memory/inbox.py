"""EventInbox in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from adapters.memory.orders import MemoryOrderRepo
from adapters.memory.tables import Tables
from application.ports.payment import PaymentEvent
from application.ports.webhooks import EventContext, ReceivedEvent


class MemoryEventInbox:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def get(self, event_id: str) -> ReceivedEvent | None:
        return self._tables.inbox.get(event_id)

    async def contexts(self, events: Collection[PaymentEvent]) -> Mapping[str, EventContext]:
        orders = await MemoryOrderRepo(self._tables).of_sessions([event.object_id for event in events])
        handled = {event_id for event_id, received in self._tables.inbox.items() if received.handled_at}
        return {event.id: EventContext(event, event.id in handled, orders.get(event.object_id)) for event in events}

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
