"""Use cases: how the installation is doing at this moment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from application.ports.pulse import Holds, PulseReader, Sessions, ShowPulse, Workforce, WorkforceReader
from application.ports.system import Clock
from application.ports.unit_of_work import StorageUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePulse:
    """What the database knows, and how many seconds it took to say so."""

    shows: tuple[ShowPulse, ...]
    holds: Holds
    failed_events: int
    sessions: Sessions
    took_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """``database`` and ``workforce`` are None while the database or Redis is away."""

    at: datetime
    database: DatabasePulse | None
    workforce: Workforce | None


class ReadPulse:
    def __init__(self, reader: PulseReader, workforce: WorkforceReader, clock: Clock) -> None:
        self._reader = reader
        self._workforce = workforce
        self._clock = clock

    async def __call__(self) -> Pulse:
        """The pulse. Never raises for an engine that is away."""
        now = self._clock.now()
        return Pulse(at=now, database=await self._of_database(now), workforce=await self._workforce())

    async def _of_database(self, now: datetime) -> DatabasePulse | None:
        started = time.perf_counter()
        try:
            return DatabasePulse(
                shows=tuple(await self._reader.sales(now=now)),
                holds=await self._reader.holds(now=now),
                failed_events=await self._reader.failed_events(),
                sessions=await self._reader.sessions(),
                took_seconds=time.perf_counter() - started,
            )
        except StorageUnavailable:
            return None


class ReadHolding:
    """What monitoring asks for every few seconds: less than the whole pulse, and no sales."""

    def __init__(self, reader: PulseReader, workforce: WorkforceReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self.workforce = workforce

    async def __call__(self) -> tuple[Holds, int]:
        """The holds, and how many events could not be handled. Raises StorageUnavailable."""
        return await self._reader.holds(now=self._clock.now()), await self._reader.failed_events()
