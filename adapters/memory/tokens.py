"""TokenRepo in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from domain.access import AccessToken


class MemoryTokenRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, token: AccessToken) -> None:
        self._tables.tokens[token.id] = token

    async def with_hash(self, secret_hash: bytes) -> AccessToken | None:
        return next((t for t in self._tables.tokens.values() if t.secret_hash == secret_hash), None)

    async def get(self, token_id: UUID) -> AccessToken | None:
        return self._tables.tokens.get(token_id)

    async def of_producer(self, producer_id: UUID) -> list[AccessToken]:
        found = [token for token in self._tables.tokens.values() if token.producer_id == producer_id]
        return sorted(found, key=lambda token: (token.created_at, token.id))

    async def used(self, token_id: UUID, *, now: datetime, unless_since: datetime) -> None:
        token = self._tables.tokens[token_id]
        if token.last_used_at is None or token.last_used_at < unless_since:
            self._tables.tokens[token_id] = replace(token, last_used_at=now)

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        token = self._tables.tokens.get(token_id)
        if token is None:
            return False
        self._tables.tokens[token_id] = replace(token, revoked_at=token.revoked_at or now)
        return True
