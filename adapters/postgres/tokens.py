"""TokenRepo in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.rows import token_of, token_values
from adapters.postgres.tables import access_tokens
from application.access import AccessToken


class PostgresTokenRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, token: AccessToken) -> None:
        await self._connection.execute(sa.insert(access_tokens).values(token_values(token)))

    async def with_hash(self, secret_hash: bytes) -> AccessToken | None:
        found = await self._connection.execute(
            sa.select(access_tokens).where(access_tokens.c.secret_hash == secret_hash)
        )
        row = found.mappings().one_or_none()
        return token_of(row) if row else None

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        revoked = await self._connection.execute(
            sa.update(access_tokens)
            .where(access_tokens.c.id == token_id)
            .values(revoked_at=sa.func.coalesce(access_tokens.c.revoked_at, now))
        )
        return revoked.rowcount > 0
