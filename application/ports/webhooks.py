"""Webhooks that were received, and their outcome."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from application.ports.orders import OrderRef
from application.ports.payment import PaymentEvent

#: The beginning of the error of an event that is not about our orders.
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
        """Whether it waits because of an error.

        An event about another seller's payment is not one: others may use the same Stripe account.
        """
        return self.handled_at is None and not (self.last_error or "").startswith(NOT_OURS)


@dataclass(frozen=True, slots=True)
class EventContext:
    """An event, whether it was ``handled`` before, and the order whose session it is about, if any."""

    event: PaymentEvent
    handled: bool
    order: OrderRef | None


class EventInbox(Protocol):
    """Webhooks, each stored once, with its outcome (docs/domain-rules.md#webhooks)."""

    async def get(self, event_id: str) -> ReceivedEvent | None: ...

    async def contexts(self, events: Collection[PaymentEvent]) -> Mapping[str, EventContext]:
        """The context of every event, by the event's id."""
        ...

    async def handled(self, events: Collection[PaymentEvent], *, now: datetime) -> None:
        """Store the events as handled; repeating it changes nothing.

        Call it in the transaction that does what an event asks for: then both happen or neither does.
        """
        ...

    async def failed_events(self, *, after: ReceivedEvent | None, limit: int) -> list[ReceivedEvent]:
        """Events that wait with an error, oldest first, from the one after ``after``.

        Events that are not about our orders are left out.
        """
        ...

    async def failed(self, event: PaymentEvent, *, error: str, now: datetime) -> None:
        """Store the event as waiting, with its error for an operator to see."""
        ...
