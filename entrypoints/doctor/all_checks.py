"""The whole examination."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from application.ports.unit_of_work import StorageUnavailable
from entrypoints.container import Container, close
from entrypoints.doctor.engines import of_engines
from entrypoints.doctor.findings import Finding
from entrypoints.doctor.installation import of_the_installation
from entrypoints.doctor.sale_times import of_sale_times
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
        installation, engines = of_the_installation(container), of_engines(container)
        examinations = [
            *installation,
            *engines,
            *of_workers(container),
            *of_time_zones(container),
            *of_sale_times(container),
            *of_stripe(container),
        ]
        return list(await asyncio.gather(*(look() for look in examinations)))
    finally:
        await close(container)
