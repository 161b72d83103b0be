"""One reading of an installation, and how it is written for programs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Final

import aiohttp
import msgspec

from application.operations.pulse import Pulse, ReadPulse
from application.ports.unit_of_work import StorageUnavailable
from application.tasks.backlog import Backlog, MeasureBacklog
from entrypoints.top.servers import Counts, Servers, between, read_counts

_OF_BACKLOG: Final = ("pending", "dead", "perhaps_sent", "due", "oldest")


@dataclass(frozen=True, slots=True)
class Reading:
    """``backlog`` is None while the database is away, ``servers`` without addresses, and at the first reading."""

    pulse: Pulse
    backlog: Backlog | None
    servers: Servers | None


class Readings:
    """Reads an installation again and again. Never raises for a part that is away."""

    def __init__(
        self,
        read_pulse: ReadPulse,
        measure_backlog: MeasureBacklog,
        client: aiohttp.ClientSession,
        addresses: Sequence[str],
    ) -> None:
        self._read_pulse = read_pulse
        self._measure_backlog = measure_backlog
        self._client = client
        self._addresses = addresses
        self._before: Counts | None = None

    async def __call__(self) -> Reading:
        """The installation now; the servers since the last reading."""
        pulse = await self._read_pulse()
        return Reading(pulse, await self._backlog() if pulse.database else None, await self._servers())

    async def _backlog(self) -> Backlog | None:
        try:
            return await self._measure_backlog()
        except StorageUnavailable:
            return None

    async def _servers(self) -> Servers | None:
        if not self._addresses:
            return None
        after = await read_counts(self._client, self._addresses)
        before, self._before = self._before, after
        return between(before, after, addresses=len(self._addresses)) if before else None


@asynccontextmanager
async def readings(
    read_pulse: ReadPulse, measure_backlog: MeasureBacklog, addresses: Sequence[str]
) -> AsyncIterator[Readings]:
    """Readings whose connections to servers end with the block."""
    async with aiohttp.ClientSession() as client:
        yield Readings(read_pulse, measure_backlog, client, addresses)


def as_json(reading: Reading) -> str:
    """One line of JSON. Durations are seconds; a part that is away is null."""
    backlog = reading.backlog
    line = {
        "at": reading.pulse.at,
        "database": reading.pulse.database,
        "workforce": reading.pulse.workforce,
        "backlog": backlog and {name: getattr(backlog, name) for name in _OF_BACKLOG},
        "servers": reading.servers,
    }
    return msgspec.json.encode(_plain(line)).decode()


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
