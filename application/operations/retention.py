"""Use case: delete what need not be kept any longer, in pieces that sales do not notice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from application.ports.retention import Disposable, Retention
from application.ports.system import Clock

log = logging.getLogger(__name__)

#: Between two pieces, to leave most of the database's time to others.
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
        """``periods`` is how long each is kept."""
        self._retention = retention
        self._clock = clock
        self._periods = periods
        self._pause_seconds = pause_seconds

    async def preview(self) -> Mapping[Disposable, int]:
        """How many would be deleted. It may be a few more, orders whose tasks are deleted first.

        Raises StorageUnavailable.
        """
        now = self._clock.now()
        return {what: await self._retention.count(what, before=now - kept) for what, kept in self._periods.items()}

    async def __call__(self) -> Mapping[Disposable, int]:
        """Delete what is old. Returns how many. It can be interrupted at any time, and any number of workers can do it
        at once.

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
