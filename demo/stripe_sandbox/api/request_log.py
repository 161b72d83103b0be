"""The requests that the API received, for tests and people to read."""

from collections import Counter, deque
from dataclasses import dataclass

from demo.stripe_sandbox.protocol.json_types import JsonObject


@dataclass(slots=True, kw_only=True)
class ReceivedRequest:
    """One API request. ``status`` is None until answered, and stays so when no answer was sent.

    ``params`` is the decoded form or query as it came: nested dicts of text. ``received_at`` is in seconds since
    the epoch by the sandbox's clock.
    """

    request_id: str
    operation: str
    path: str
    params: JsonObject
    account: str | None
    idempotency_key: str | None
    received_at: int
    status: int | None = None
    replayed: bool = False


class RequestLog:
    """The latest requests, and the total number of each operation."""

    def __init__(self, capacity: int) -> None:
        self._requests: deque[ReceivedRequest] = deque(maxlen=capacity)
        self.counts: Counter[str] = Counter()

    def add(self, request: ReceivedRequest) -> None:
        self._requests.append(request)
        self.counts[request.operation] += 1

    def requests(self, operation: str | None = None) -> list[ReceivedRequest]:
        """The requests, oldest first; only those of one operation if it is named."""
        return [request for request in self._requests if operation in (None, request.operation)]

    def clear(self) -> None:
        self._requests.clear()
        self.counts.clear()
