"""Access tokens of the producer API, and the log of changes made with them."""

from __future__ import annotations

from collections.abc import Collection
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
        """A producer's tokens, including revoked ones, oldest first."""
        ...

    async def used(self, token_id: UUID, *, now: datetime, unless_since: datetime) -> None:
        """Record that the token was used, unless a use since ``unless_since`` is already recorded."""
        ...

    async def get(self, token_id: UUID) -> AccessToken | None: ...

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        """Revoke the token. False if there is no such token."""
        ...


class AuditLogRepo(Protocol):
    """Changes made with producers' tokens. Entries are added, and never changed."""

    async def add(self, entry: AuditEntry) -> None: ...

    async def of_subjects(self, producer_id: UUID, subject_ids: Collection[UUID], *, limit: int) -> list[AuditEntry]:
        """The producer's entries about these objects, oldest first."""
        ...

    async def page(
        self, producer_id: UUID, *, only: AuditFilter, after: AuditCursor | None, limit: int
    ) -> list[AuditEntry]:
        """A page of entries, newest first."""
        ...
