"""Who gets the daily digest of a producer, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.digest import Digest


class DigestRepo(Protocol):
    """Wishes for the daily digest. They end with the person's membership."""

    async def of(self, person_id: UUID, producer_id: UUID) -> Digest | None: ...

    async def put(self, digest: Digest) -> None:
        """Store the wish, in place of an earlier one for the same person and producer."""
        ...

    async def remove(self, person_id: UUID, producer_id: UUID) -> None:
        """End the wish, if there is one."""
        ...

    async def lock_due(self, *, now: datetime, limit: int) -> list[Digest]:
        """Digests that are due, longest first, locked. Those that another worker has locked are left to it."""
        ...
