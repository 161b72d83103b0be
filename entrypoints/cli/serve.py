"""piquetickets serve: the API, in any number of processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from entrypoints.cli.children import child_command, child_environment, forks_end_with_us
from entrypoints.cli.engines import data_dir_option, engines, environment_of
from entrypoints.logs import configure_logging
from entrypoints.settings import Settings

APP = "entrypoints.http.app:from_environment"
#: A server process finishes the requests that it has, then it is killed.
STOP_SECONDS = 20
#: A worker finishes what it is doing, then it is told more firmly.
WORKER_STOP_SECONDS = 15


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Server processes.")
@click.option("--with-worker", is_flag=True, help="Run the task worker beside it.")
@data_dir_option
def serve(host: str, port: int, workers: int, with_worker: bool, data_dir: Path) -> None:
    """Serve the API. Engines are our own where DATABASE_URL or REDIS_URL is not set."""
    settings = Settings.from_environment(os.environ)
    settings.ensure_fit_for_production()
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    with ExitStack() as stack:
        ready = stack.enter_context(engines(settings, data_dir))
        # Server processes read their settings from the environment that they inherit.
        os.environ.update(environment_of(ready))
        # Each process counts in a file of its own here, and /metrics of any of them adds up all files.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(TemporaryDirectory(prefix="piquetickets-metrics-"))
        with _worker_beside() if with_worker else _nothing_beside():
            serve_app(host, port, workers=workers)


def serve_app(host: str, port: int, *, workers: int) -> None:
    """Serve until SIGTERM or SIGINT. A server process that dies is replaced."""
    forks_end_with_us()
    Granian(
        APP,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    ).serve()


@contextmanager
def _worker_beside() -> Iterator[None]:
    worker = subprocess.Popen(  # noqa: S603  # our own command
        child_command("worker"), env=child_environment(dict(os.environ)), start_new_session=True
    )
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(WORKER_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


@contextmanager
def _nothing_beside() -> Iterator[None]:
    yield
