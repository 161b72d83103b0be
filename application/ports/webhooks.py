"""Webhooks that were received, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from application.ports.orders import OrderRef
from application.ports.payment import PaymentEvent

#: How the error of an event begins that is about none of our orders.
NOT_OURS: Final = "NotFound:"


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A webhook in the inbox."""

    event: PaymentEvent
    received_at: datetime
    handled_at: datetime | None = None
    last_error: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it waits because of an error. That an order of ours has nothing to do with it is none: others may
        sell by the same Stripe account.
        """
        return self.handled_at is None and not (self.last_error or "").startswith(NOT_OURS)


@dataclass(frozen=True, slots=True)
class EventContext:
    """An event, whether it was ``handled`` before, and the order whose session it is about, if any."""

    event: PaymentEvent
    handled: bool
    order: OrderRef | None


class EventInbox(Protocol):
    """Webhooks, each kept once, with what became of it (docs/domain-rules.md#webhooks)."""

    async def get(self, event_id: str) -> ReceivedEvent | None: ...

    async def contexts(self, events: Collection[PaymentEvent]) -> Mapping[str, EventContext]:
        """What is known of every event, by the event's id."""
        ...

    async def handled(self, events: Collection[PaymentEvent], *, now: datetime) -> None:
        """Keep them as handled; keeping one again changes nothing.

        In the transaction that does what an event asks for, both happen or neither does.
        """
        ...

    async def failed_events(self, *, after: ReceivedEvent | None, limit: int) -> list[ReceivedEvent]:
        """Events that wait with an error, oldest first, from the one after ``after`` on. Those that are about none of
        our orders are left out.
        """
        ...

    async def failed(self, event: PaymentEvent, *, error: str, now: datetime) -> None:
        """Keep it as one that waits, with its error for an operator to see."""
        ...
