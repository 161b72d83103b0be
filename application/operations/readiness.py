"""Use case: check whether this process can do its work."""

from __future__ import annotations

from typing import NamedTuple

from application.ports.readiness import ReadinessCheck


class Readiness(NamedTuple):
    """The engines that can be used. Checkouts need the database; without Redis they are only slower."""

    database: bool
    redis: bool


class CheckReadiness:
    def __init__(self, database: ReadinessCheck, redis: ReadinessCheck) -> None:
        self._database = database
        self._redis = redis

    async def __call__(self) -> Readiness:
        """The readiness of both engines. Never raises; takes at most four seconds."""
        return Readiness(await self._database(), await self._redis())
