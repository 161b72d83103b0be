"""DigestRepo in memory."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from domain.digest import Digest


class MemoryDigestRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def of(self, person_id: UUID, producer_id: UUID) -> Digest | None:
        return self._tables.digests.get((producer_id, person_id))

    async def put(self, digest: Digest) -> None:
        if (digest.producer_id, digest.person_id) not in self._tables.memberships:
            raise AssertionError("digests_producer_id_fkey: the person is no member")
        self._tables.digests[digest.producer_id, digest.person_id] = digest

    async def remove(self, person_id: UUID, producer_id: UUID) -> None:
        self._tables.digests.pop((producer_id, person_id), None)

    async def lock_due(self, *, now: datetime, limit: int) -> list[Digest]:
        due = [digest for digest in self._tables.digests.values() if digest.due_at <= now]
        return sorted(due, key=lambda digest: (digest.due_at, digest.person_id))[:limit]
