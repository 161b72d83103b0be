"""Use case: check-in online (docs/api.md#door)."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from application.checkin.decide_scans import ScanLine, ScanRequest
from application.checkin.passing import CheckInResult
from application.errors import TicketsInUse

#: How soon a scan looks again for an order that another transaction has locked.
LOOK_AGAIN_SECONDS: Final = 0.02


class CheckIn:
    """Admits the holder of a code: once, even if several scanners read it at the same time. Where the show allows it,
    lets them out and in again.
    """

    def __init__(self, line: ScanLine, *, wait_seconds: float = 10) -> None:
        """``wait_seconds`` is how long a scan waits for an order that another transaction has locked."""
        self._line = line
        self._wait_seconds = wait_seconds

    async def __call__(self, request: ScanRequest) -> CheckInResult:
        """The result of the scan. A repeated scan with the same ``scan_id``, because its answer was lost, gets the same
        result.

        Raises NotFound for a show that is not the producer's, InvalidRequest for a device's name, IdempotencyKeyReused
        for a scan_id with which another ticket was admitted, what refuses the bearer, Busy, StorageUnavailable and
        StorageConflict.
        """
        wait_until = time.perf_counter() + self._wait_seconds
        while True:
            try:
                return await self._line.submit(request.show_id, request)
            except TicketsInUse:
                if time.perf_counter() + LOOK_AGAIN_SECONDS > wait_until:
                    raise
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
