"""Use case: whether this process can do its work."""

from __future__ import annotations

from typing import NamedTuple

from application.ports.readiness import ReadinessCheck


class Readiness(NamedTuple):
    """Which engines can be worked with. Checkouts need the database; without Redis they are only slower."""

    database: bool
    redis: bool


class CheckReadiness:
    def __init__(self, database: ReadinessCheck, redis: ReadinessCheck) -> None:
        self._database = database
        self._redis = redis

    async def __call__(self) -> Readiness:
        """Never raises; takes four seconds at most."""
        return Readiness(await self._database(), await self._redis())
