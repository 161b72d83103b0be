"""Stripe's Idempotency-Key: the first answer to a key is the answer to every repetition of it.

As at Stripe, a refusal before an operation begins (bad parameters) is not stored; every answer of the operation is, its
refusals too.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from demo.stripe_sandbox.ledger.table import Table
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A finished answer: HTTP status and JSON body."""

    status: int
    body: bytes


@dataclass(slots=True, kw_only=True)
class KeyUse:
    """One use of a key; ``answer`` is None while the call is in flight, ``request_id`` the first request's."""

    fingerprint: bytes
    request_id: str
    answer: Answer | None = None
    abandoned: bool = False


def fingerprint_of(path: str, params: JsonObject) -> bytes:
    """The same for the same parameters in any order."""
    return hashlib.sha256(msgspec.json.encode([path, params], order="deterministic")).digest()


class IdempotencyKeys:
    """Keys in use and stored answers, separately for each account."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.clear()

    def clear(self) -> None:
        self._uses: Table[KeyUse] = Table(self._capacity)

    def claim(self, account: str | None, key: str, use: KeyUse) -> KeyUse:
        """The use that owns the key: ``use`` itself if the key is new, else the earlier one with its answer.

        Raises StripeRefusal for a key still in flight (409) or used with other parameters (400).
        """
        name = f"{account or ''}:{key}"
        earlier = self._uses.get(name)
        if earlier is None:
            self._uses.add(name, use)
            return use
        if earlier.fingerprint != use.fingerprint:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise StripeRefusal(message, kind="idempotency_error")
        if earlier.abandoned:
            earlier.abandoned = False
            return earlier
        if earlier.answer is None:
            message = (
                f"There is currently another in-progress request using this Idempotency Key '{key}' "
                f"(request {earlier.request_id})."
            )
            raise StripeRefusal(message, status=409, kind="idempotency_error", code="idempotency_key_in_use")
        return earlier
