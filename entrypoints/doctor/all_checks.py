"""The whole examination."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from application.ports.unit_of_work import StorageUnavailable
from entrypoints.container import Container, close
from entrypoints.doctor.engines import of_engines
from entrypoints.doctor.findings import Finding
from entrypoints.doctor.house import of_the_house
from entrypoints.doctor.stripe import of_stripe
from entrypoints.doctor.timezones import of_time_zones
from entrypoints.doctor.workers import of_workers
from entrypoints.settings import Settings


async def examine(settings: Settings) -> list[Finding]:
    """One finding for each thing that must work. The settings must name the engines. Changes nothing."""
    container = Container(settings=settings)
    try:
        with suppress(StorageUnavailable):  # the examination of the database reports it
            await container.database_clock().follow()
        house, engines = of_the_house(container), of_engines(container)
        examinations = [*house, *engines, *of_workers(container), *of_time_zones(container), *of_stripe(container)]
        return list(await asyncio.gather(*(look() for look in examinations)))
    finally:
        await close(container)
