"""DigestRepo in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.tables import digests
from domain.digest import Digest


class PostgresDigestRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, person_id: UUID, producer_id: UUID) -> Digest | None:
        query = sa.select(digests).where(digests.c.person_id == person_id, digests.c.producer_id == producer_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return Digest(**row) if row else None

    async def put(self, digest: Digest) -> None:
        values = {name: getattr(digest, name) for name in Digest.__slots__}
        await self._connection.execute(
            insert(digests)
            .values(values)
            .on_conflict_do_update(index_elements=[digests.c.producer_id, digests.c.person_id], set_=values)
        )

    async def remove(self, person_id: UUID, producer_id: UUID) -> None:
        await self._connection.execute(
            sa.delete(digests).where(digests.c.person_id == person_id, digests.c.producer_id == producer_id)
        )

    async def lock_due(self, *, now: datetime, limit: int) -> list[Digest]:
        query = (
            sa.select(digests)
            .where(digests.c.due_at <= now)
            .order_by(digests.c.due_at, digests.c.person_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [Digest(**row) for row in (await self._connection.execute(query)).mappings()]
