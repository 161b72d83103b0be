"""Events, stored for the events API and passed to webhook delivery."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from demo.stripe_sandbox.ledger.table import Table
from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject, encode


@dataclass(slots=True, kw_only=True)
class RecordedEvent:
    """One event; ``body`` is the exact JSON that is signed and delivered. Mutable: delivery marks its success."""

    event_id: str
    event_type: str
    account: str | None
    created: int
    body: bytes
    delivered: bool = False

    def to_json(self) -> JsonObject:
        event: JsonObject = msgspec.json.decode(self.body)
        if self.delivered:
            event["pending_webhooks"] = 0
        return event


class EventLog:
    """Stores events and passes each to the subscriber (webhook delivery)."""

    def __init__(self, *, api_version: str, livemode: bool, capacity: int) -> None:
        self._api_version = api_version
        self._livemode = livemode
        self._capacity = capacity
        self.table: Table[RecordedEvent] = Table(capacity)
        self.subscriber: Callable[[RecordedEvent], None] | None = None
        self._request: tuple[str | None, str | None] = (None, None)

    def attribute_to(self, request_id: str | None, idempotency_key: str | None) -> None:
        """Name the API request that causes the events recorded from now on; (None, None) for none."""
        self._request = (request_id, idempotency_key)

    def record(
        self,
        event_type: str,
        subject: JsonObject,
        *,
        created: int,
        account: str | None,
        previous: JsonObject | None = None,
    ) -> RecordedEvent:
        """Keep an event holding ``subject`` as it is now; ``previous`` are the values before an update."""
        request_id, idempotency_key = self._request
        data = {"object": subject} if previous is None else {"object": subject, "previous_attributes": previous}
        event_id = new_id("evt")
        event = {
            "id": event_id,
            "object": "event",
            "api_version": self._api_version,
            "created": created,
            "data": data,
            "livemode": self._livemode,
            "pending_webhooks": 1,
            "request": {"id": request_id, "idempotency_key": idempotency_key},
            "type": event_type,
        }
        if account is not None:
            event["account"] = account
        recorded = RecordedEvent(
            event_id=event_id, event_type=event_type, account=account, created=created, body=encode(event)
        )
        self.table.add(event_id, recorded)
        if self.subscriber is not None:
            self.subscriber(recorded)
        return recorded

    def clear(self) -> None:
        """Forget every event."""
        self.table = Table(self._capacity)
