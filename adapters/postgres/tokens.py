"""TokenRepo in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, Row, compiled
from adapters.postgres.rows import Values
from adapters.postgres.tables import access_tokens
from domain.access import AccessToken, Scope

#: Every request of a producer runs this.
_WITH_HASH = compiled(
    sa.select(access_tokens).where(access_tokens.c.secret_hash == sa.bindparam("hash", type_=sa.LargeBinary))
)

#: As ``_WITH_HASH``, for many scans at once.
TOKENS_WITH_HASHES = compiled(
    sa.select(access_tokens).where(
        access_tokens.c.secret_hash == sa.any_(sa.bindparam("hashes", type_=sa.ARRAY(sa.LargeBinary)))
    )
)


class PostgresTokenRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, token: AccessToken) -> None:
        await self._connection.execute(sa.insert(access_tokens).values(token_values(token)))

    async def with_hash(self, secret_hash: bytes) -> AccessToken | None:
        [rows] = await self._connection.fetch((_WITH_HASH, {"hash": secret_hash}))
        return token_of(rows[0]) if rows else None

    async def get(self, token_id: UUID) -> AccessToken | None:
        query = sa.select(access_tokens).where(access_tokens.c.id == token_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return token_of(row) if row else None

    async def of_producer(self, producer_id: UUID) -> list[AccessToken]:
        found = await self._connection.execute(
            sa.select(access_tokens)
            .where(access_tokens.c.producer_id == producer_id)
            .order_by(access_tokens.c.created_at, access_tokens.c.id)
        )
        return [token_of(row) for row in found.mappings()]

    async def used(self, token_id: UUID, *, now: datetime, unless_since: datetime) -> None:
        last_used_at = access_tokens.c.last_used_at
        await self._connection.execute(
            sa.update(access_tokens)
            .where(access_tokens.c.id == token_id, sa.or_(last_used_at.is_(None), last_used_at < unless_since))
            .values(last_used_at=now)
        )

    async def revoke(self, token_id: UUID, *, now: datetime) -> bool:
        revoked = await self._connection.execute(
            sa.update(access_tokens)
            .where(access_tokens.c.id == token_id)
            .values(revoked_at=sa.func.coalesce(access_tokens.c.revoked_at, now))
        )
        return revoked.rowcount > 0


def token_of(row: Row) -> AccessToken:
    return AccessToken(
        id=row["id"],
        producer_id=row["producer_id"],
        name=row["name"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        secret_hash=row["secret_hash"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )


def token_values(token: AccessToken) -> Values:
    return {
        "id": token.id,
        "producer_id": token.producer_id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "secret_hash": token.secret_hash,
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    }
