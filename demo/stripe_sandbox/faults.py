"""Faults on request: what a network and a payment provider do on a bad day, chosen for each operation."""

from dataclasses import dataclass
from enum import StrEnum

# Faults under this name strike the next call of any API operation.
ANY_OPERATION = "*"


class FaultKind(StrEnum):
    """Where the call is when it goes wrong.

    timeout_before, connection_reset, rate_limited and server_error happen before the call is processed (nothing
    is done, no idempotency key is used); card_declined answers 402 and failed_within 500 from within it, which the
    key remembers; not_found answers 404 from within it, about an object that is there; failed_after does the work
    and answers 500 all the same; answer_lost processes the call and closes the connection without answering; slow
    only takes ``delay_seconds``.
    """

    TIMEOUT_BEFORE = "timeout_before"
    CONNECTION_RESET = "connection_reset"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CARD_DECLINED = "card_declined"
    FAILED_WITHIN = "failed_within"
    NOT_FOUND = "not_found"
    FAILED_AFTER = "failed_after"
    ANSWER_LOST = "answer_lost"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One occurrence. ``delay_seconds`` passes first; a timeout_before hangs for so long, or until the client goes."""

    kind: FaultKind
    delay_seconds: float = 0.0


class FaultPlan:
    """Faults waiting for their operation ("POST /v1/refunds"), first in, first out."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Fault]] = {}

    def add(self, operation: str, fault: Fault, times: int) -> None:
        """Let the next ``times`` calls of an operation go wrong."""
        self._waiting.setdefault(operation, []).extend([fault] * times)

    def next_for(self, operation: str) -> Fault | None:
        """Take the fault for the call that was just received."""
        waiting = self._waiting.get(operation)
        return waiting.pop(0) if waiting else None

    def waiting(self) -> dict[str, list[Fault]]:
        """The faults that have not happened yet, by operation."""
        return {operation: list(faults) for operation, faults in self._waiting.items() if faults}

    def clear(self) -> None:
        self._waiting.clear()
