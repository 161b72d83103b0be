"""Access to the producer API: bearer tokens with scopes, stored as hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.errors import InvalidRequest

MAX_NAME_LENGTH = 100
#: A token's last use need not be known more exactly.
USE_REMEMBERED_EVERY: Final = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token may touch. ``platform`` creates producers; the other scopes are limited to one producer.

    ``account`` can redirect the producer's money. ``catalog``, for texts and pictures, cannot. ``print`` fetches what a
    printer prints, and nothing else.
    """

    ACCOUNT = "account"
    CATALOG = "catalog"
    ORDERS = "orders"
    CHECKIN = "checkin"
    PRINT = "print"
    PLATFORM = "platform"


def hash_secret(secret: str) -> bytes:
    """The hash that is stored of a token. A token has 256 random bits, so it needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change to a producer's data, as the audit log records it. ``name`` is the name of the token, of
    the person or of the device.

    ``scopes`` are those of the token, of the device, or of the person's role; the command line has all of them.
    ``show_ids`` are the shows that a device is limited to; empty: all of the producer's. ``is_revoked`` says of a
    device that it was revoked: only what it did before may still be taken in.
    """

    producer_id: UUID
    token_id: UUID | None = None
    name: str = "command line"
    scopes: frozenset[Scope] = frozenset(Scope)
    person_id: UUID | None = None
    device_id: UUID | None = None
    show_ids: frozenset[UUID] = frozenset()
    is_revoked: bool = False

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def reaches(self, show_id: UUID) -> bool:
        """Whether the actor may touch this show, if it is the producer's."""
        return not self.show_ids or show_id in self.show_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token as it is stored. ``producer_id`` is None for platform tokens.

    ``last_used_at`` may be up to a minute old (``application.catalog.producers.Authenticate``).
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
                "The scope platform stands alone, without a producer; all other scopes need one", field="scopes"
            )
