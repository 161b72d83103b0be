"""Access tokens of the producer API, and the log of what was done with them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.access import AccessToken
from domain.audit_log import AuditCursor, AuditEntry, AuditFilter


class TokenRepo(Protocol):
    """Access tokens of the producer API."""

    async def add(self, token: AccessToken) -> None: ...

    async def with_hash(self, secret_hash: bytes) -> AccessToken | None: ...

    async def of_producer(self, producer_id: UUID) -> list[AccessToken]:
        """A producer's tokens, revoked ones too, oldest first."""
        ...

    async def used(self, token_id: UUID, *, now: datetime, unless_since: datetime) -> None:
        """Remember that the token was used, unless a use since then is remembered already."""
        ...

    async def get(self, token_id: UUID) -> AccessToken | None: ...

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        """False when there is no such token."""
        ...


class AuditLogRepo(Protocol):
    """What producers' tokens did. Entries are added, and never changed."""

    async def add(self, entry: AuditEntry) -> None: ...

    async def page(
        self, producer_id: UUID, *, only: AuditFilter, after: AuditCursor | None, limit: int
    ) -> list[AuditEntry]:
        """Newest first."""
        ...
