"""piquetickets worker, and one pass of its housekeeping by hand."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import click
import uvloop

from entrypoints.cli.engines import data_dir_option, engines
from entrypoints.container import Container, close
from entrypoints.logs import configure_logging
from entrypoints.settings import Settings
from entrypoints.worker import run_worker


@click.command()
@data_dir_option
def worker(data_dir: Path) -> None:
    """Do what must happen after a checkout: mails, tickets, releasing holds."""
    settings = Settings.from_environment(os.environ)
    settings.ensure_fit_for_production()
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    with engines(settings, data_dir) as ready:
        uvloop.run(_work(ready))


@click.command()
@data_dir_option
def sweep(data_dir: Path) -> None:
    """One pass of the sweeper, the relay and the reconciler."""
    settings = Settings.from_environment(os.environ)
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    with engines(settings, data_dir) as ready:
        released, relayed, asked, orphans = uvloop.run(_sweep(ready))
    click.echo(
        f"{released} overdue holds settled, {relayed} due tasks handed over, {asked} quiet orders asked about, "
        f"{orphans} payments without an order."
    )


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM, SIGINT, or the closing of the terminal sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _work(settings: Settings) -> None:
    container = Container(settings=settings)
    try:
        await run_worker(container, stop_signal())
    finally:
        await close(container)


async def _sweep(settings: Settings) -> tuple[int, int, int, int]:
    container = Container(settings=settings)
    try:
        await container.broker().startup()
        reconcile = container.reconcile()
        return (
            await container.release_overdue()(),
            await container.relay_tasks()(),
            await reconcile(),
            await reconcile.look_for_lost_payments(),
        )
    finally:
        await close(container)
