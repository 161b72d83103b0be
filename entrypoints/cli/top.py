"""piquetickets top: how the installation is doing at this moment, in a terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from application.ports.unit_of_work import StorageUnavailable
from entrypoints.cli.engines import data_dir_option, engines
from entrypoints.cli.signals import stop_signal
from entrypoints.container import Container, close
from entrypoints.logs import configure_logging
from entrypoints.settings import Settings
from entrypoints.top.reading import Reading, Readings, as_json, readings
from entrypoints.top.screen import WIDTH, screen


@click.command()
@click.option("--every", type=click.FloatRange(0.2, 3600), default=1, show_default=True, help="Seconds.")
@click.option("--metrics", multiple=True, metavar="URL", help="A server's /metrics: how long its buyers wait.")
@click.option("--once", is_flag=True, help="Print one reading, and end.")
@click.option("--json", "as_lines", is_flag=True, help="One JSON object a reading.")
@data_dir_option
def top(every: float, metrics: tuple[str, ...], once: bool, as_lines: bool, data_dir: Path) -> None:
    """Watch an on-sale: sales, holds, waits, queues, workers and engines, live. Ctrl-C ends it."""
    settings = Settings.from_environment(os.environ)
    configure_logging(level="CRITICAL", log_format=settings.log_format)
    with engines(settings, data_dir, for_doctor=True) as ready:
        asyncio.run(_watch(ready, metrics, every=every, once=once, as_lines=as_lines))


async def _watch(settings: Settings, addresses: tuple[str, ...], *, every: float, once: bool, as_lines: bool) -> None:
    stop = stop_signal()
    async with _read(settings, addresses) as read:
        if once:
            reading = await read()
            if addresses:  # what servers count is told by two readings
                await _pause(every, stop)
                reading = await read()
            _print(reading, as_lines=as_lines)
        elif as_lines:
            await _repeat(read, lambda reading: _print(reading, as_lines=True), every, stop)
        else:
            with Live(console=_console(), screen=True, auto_refresh=False) as live:
                hint = f"every {every:g} s, Ctrl-C ends it"
                await _repeat(read, lambda reading: live.update(screen(reading, hint=hint), refresh=True), every, stop)


async def _repeat(read: Readings, show: Callable[[Reading], None], every: float, stop: asyncio.Event) -> None:
    while not stop.is_set():
        show(await read())
        await _pause(every, stop)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _print(reading: Reading, *, as_lines: bool) -> None:
    if as_lines:
        click.echo(as_json(reading))
    else:
        _console().print(screen(reading))


def _console() -> Console:
    # Where the output is no terminal, its width is not that of one.
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


@asynccontextmanager
async def _read(settings: Settings, addresses: tuple[str, ...]) -> AsyncIterator[Readings]:
    container = Container(settings=settings)
    try:
        with suppress(StorageUnavailable):  # the screen says so
            await container.database_clock().follow()
        async with readings(container.read_pulse(), container.measure_backlog(), addresses) as read:
            yield read
    finally:
        await close(container)
