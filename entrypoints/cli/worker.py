"""piquetickets worker, and one pass of its housekeeping by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import uvloop

from entrypoints.cli.engines import data_dir_option, engines
from entrypoints.cli.signals import stop_signal
from entrypoints.container import Container, close
from entrypoints.fitness import ensure_fit, warn_of_questionable
from entrypoints.logs import configure_logging
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings
from entrypoints.tracing_setting import tracing
from entrypoints.worker import run_worker


@click.command()
@data_dir_option
def worker(data_dir: Path) -> None:
    """Do the work that follows a checkout: mails, tickets, releasing holds."""
    settings = Settings.from_environment(os.environ)
    ensure_fit(settings)
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    warn_of_questionable(settings)
    with engines(settings, data_dir) as ready:
        uvloop.run(_work(ready))


@click.command()
@data_dir_option
def sweep(data_dir: Path) -> None:
    """One pass of the sweeper, the relay and the reconciler."""
    settings = Settings.from_environment(os.environ)
    ensure_fit(settings)
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    with engines(settings, data_dir) as ready:
        released, relayed, asked, orphans = uvloop.run(_sweep(ready))
    click.echo(
        f"{released} overdue holds settled, {relayed} due tasks dispatched, {asked} quiet orders asked about, "
        f"{orphans} payments without an order."
    )


async def _work(settings: Settings) -> None:
    container = Container(settings=settings)
    try:
        with tracing(settings, container), _metrics_served(container, settings.worker_metrics_address):
            await run_worker(container, stop_signal())
    finally:
        await close(container)


@contextmanager
def _metrics_served(container: Container, address: tuple[str, int] | None) -> Iterator[None]:
    """Serve the worker's metrics, if they have an address. Raises InvalidSettings where it cannot be had."""
    with ExitStack() as stack:
        if address:
            host, port = address
            try:
                stack.enter_context(container.metrics().served(host, port))
            except OSError as error:
                raise InvalidSettings(
                    f"WORKER_METRICS_LISTEN: cannot serve on {host} port {port}: {error.strerror}"
                ) from error
        yield


async def _sweep(settings: Settings) -> tuple[int, int, int, int]:
    container = Container(settings=settings)
    try:
        await container.follow_clocks()()
        reconcile = container.reconcile()
        await container.release_due_allocations()()
        return (
            await container.release_overdue()(),
            await container.relay_tasks()(),
            await reconcile(),
            await reconcile.look_for_lost_payments(),
        )
    finally:
        await close(container)
