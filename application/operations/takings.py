"""Use cases: keep the sums that reports read, and make them afresh (``piquetickets recount``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from application.ports.report import TakingsKeeper
from application.ports.unit_of_work import StorageConflict, StorageUnavailable

#: Shows without sums that are counted in one round: after an update all of them, otherwise those that are new.
SHOWS_AT_ONCE: Final = 100
#: How often a count is tried while a worker adds to the sums, which takes it a moment.
TRIES: Final = 60
PAUSE_SECONDS: Final = 0.5


class KeepTakings:
    """One round of a worker."""

    def __init__(self, keeper: TakingsKeeper) -> None:
        self._keeper = keeper

    async def __call__(self) -> int:
        """Count the shows that have no sums yet, and add to the sums what happened since the last round. Returns how
        many changes were added. Raises StorageUnavailable and StorageConflict.
        """
        for show_id in await self._keeper.shows_to_count(limit=SHOWS_AT_ONCE):
            if not await self._keeper.count(show_id):
                break
        added = 0
        while changes := await self._keeper.add_changes():
            added += changes
        return added


class RecountTakings:
    def __init__(self, keeper: TakingsKeeper) -> None:
        self._keeper = keeper

    async def __call__(self, show_ids: Sequence[UUID] = ()) -> AsyncIterator[UUID]:
        """Make the sums of these shows afresh (none: of all that have orders). Yields each show that was counted.
        Raises StorageUnavailable.
        """
        for show_id in show_ids or await self._keeper.all_shows():
            await self._count(show_id)
            yield show_id

    async def _count(self, show_id: UUID) -> None:
        for _ in range(TRIES):
            try:
                if await self._keeper.count(show_id):
                    return
            except StorageConflict:
                pass
            await asyncio.sleep(PAUSE_SECONDS)
        raise StorageUnavailable("another process has been changing the sums for very long")
