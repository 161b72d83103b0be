"""Who may use the producer API: bearer tokens, stored hashed, with scopes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.errors import InvalidRequest

MAX_NAME_LENGTH = 100


class Scope(StrEnum):
    """What a token may touch. ``platform`` creates producers; the others belong to one producer.

    ``account`` may send the producer's money elsewhere. A token for texts and pictures (``catalog``) may not.
    """

    ACCOUNT = "account"
    CATALOG = "catalog"
    ORDERS = "orders"
    CHECKIN = "checkin"
    PLATFORM = "platform"


def hash_secret(secret: str) -> bytes:
    """What is stored of a token. Its 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something of a producer's: the audit trail remembers it. ``name`` is the token's, if it was one.

    ``scopes`` are the token's; the command line may do everything.
    """

    producer_id: UUID
    token_id: UUID | None = None
    name: str = "command line"
    scopes: frozenset[Scope] = frozenset(Scope)

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token as it is stored. ``producer_id`` is None for platform tokens.

    ``last_used_at`` may lie up to a minute behind (``application.catalog.producers.Authenticate``).
    """

    id: UUID
    producer_id: UUID | None
    name: str
    scopes: frozenset[Scope]
    secret_hash: bytes = field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= MAX_NAME_LENGTH:
            raise InvalidRequest(f"name must have 1 to {MAX_NAME_LENGTH} characters", field="name")
        if not self.scopes:
            raise InvalidRequest("A token needs at least one scope", field="scopes")
        is_platform = Scope.PLATFORM in self.scopes
        if is_platform != (self.producer_id is None) or (is_platform and len(self.scopes) > 1):
            raise InvalidRequest(
                "The scope platform stands alone and belongs to no producer; all others belong to one", field="scopes"
            )
