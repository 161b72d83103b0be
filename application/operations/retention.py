"""Use case: delete what need not be kept any longer, in pieces that a sale does not notice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from application.ports.retention import Disposable, Retention
from application.ports.system import Clock

log = logging.getLogger(__name__)

#: Between two pieces, so that the database has most of its time for others.
PAUSE_SECONDS: Final = 0.02


class DeleteOld:
    def __init__(
        self,
        retention: Retention,
        clock: Clock,
        periods: Mapping[Disposable, timedelta],
        *,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        """``periods`` says how long each is kept."""
        self._retention = retention
        self._clock = clock
        self._periods = periods
        self._pause_seconds = pause_seconds

    async def preview(self) -> Mapping[Disposable, int]:
        """How many would be deleted. Orders whose tasks go first may be some more. Raises StorageUnavailable."""
        now = self._clock.now()
        return {what: await self._retention.count(what, before=now - kept) for what, kept in self._periods.items()}

    async def __call__(self) -> Mapping[Disposable, int]:
        """How many were deleted. It can be broken off at any time, and by any number of workers at once be done.

        Raises StorageUnavailable.
        """
        now = self._clock.now()
        deleted = dict.fromkeys(self._periods, 0)
        for what, kept in self._periods.items():
            async for count in self._retention.delete(what, before=now - kept):
                deleted[what] += count
                await asyncio.sleep(self._pause_seconds)
        log.info("Deleted as too old: %s", ", ".join(f"{count} {what}" for what, count in deleted.items()))
        return deleted
