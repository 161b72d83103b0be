"""Running one use case from the command line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from entrypoints.cli.engines import engines
from entrypoints.container import Container, close
from entrypoints.fitness import ensure_fit
from entrypoints.settings import Settings

Result = TypeVar("Result")


def run_use_case(data_dir: Path, use_case: Callable[[Container], Awaitable[Result]]) -> Result:
    """The result of a use case: start what is needed, run it, and close everything."""

    async def run(settings: Settings) -> Result:
        container = Container(settings=settings)
        try:
            await container.database_clock().follow()
            return await use_case(container)
        finally:
            await close(container)

    settings = Settings.from_environment(os.environ)
    ensure_fit(settings)
    with engines(settings, data_dir) as ready:
        return asyncio.run(run(ready))
