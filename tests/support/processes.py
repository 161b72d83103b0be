"""The command line as processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

START_SECONDS = 120
STOP_SECONDS = 60
_KEPT = frozenset({"PATH", "HOME", "LANG", "TMPDIR"})


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


def command(*arguments: str) -> list[str]:
    """piquetickets with the tests' interpreter."""
    return [sys.executable, "-m", "entrypoints.cli", *arguments]


def clean_environment(**variables: str) -> dict[str, str]:
    """What a process needs to run, and no setting of the surroundings."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    return {**kept, **variables}


async def run(
    *arguments: str, environment: Mapping[str, str] | None = None, seconds: float = START_SECONDS
) -> Finished:
    """Run a command to its end, which must come within so many seconds."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments),
        env=clean_environment(**(environment or {})),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), seconds)
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def running_command(*arguments: str, environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that goes on until the end of the block, where SIGTERM must end it with code 0."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments), env=clean_environment(**environment), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.communicate(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise
    assert process.returncode == 0


async def until_ready(url: str) -> None:
    """Wait until the service can work."""
    async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"{url}/health/ready") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
