"""piquetickets serve: the API, in any number of processes."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvloop

from entrypoints.cli.children import run_children
from entrypoints.cli.engines import data_dir_option, engines, environment_of
from entrypoints.fitness import ensure_fit, warn_of_questionable
from entrypoints.logs import configure_logging
from entrypoints.server.gc_tuning import loading
from entrypoints.server.sockets import bind
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Server processes.")
@click.option("--with-worker", is_flag=True, help="Run the task worker beside it.")
@click.option("--shared-port", is_flag=True, hidden=True, help="One of several processes on the port.")
@data_dir_option
def serve(host: str, port: int, workers: int, with_worker: bool, shared_port: bool, data_dir: Path) -> None:
    """Serve the API. Where DATABASE_URL or REDIS_URL is not set, it runs its own engines."""
    settings = Settings.from_environment(os.environ)
    ensure_fit(settings)
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    warn_of_questionable(settings)
    if not shared_port:
        _ensure_free(host, port)
        if settings.metrics_address:
            _ensure_free(*settings.metrics_address)
    with engines(settings, data_dir) as ready:
        if workers == 1 and not with_worker:
            with loading():
                serving = import_module("entrypoints.cli.serving")
            uvloop.run(serving.serve_until_stopped(ready, host, port, shared_port=shared_port))
        else:
            server = ("serve", "--host", host, "--port", str(port), "--shared-port")
            commands = [server] * workers + [("worker",)] * with_worker
            # Each process counts in a separate file here, and /metrics of any of them adds up all files.
            with TemporaryDirectory(prefix="piquetickets-metrics-") as counted:
                _load(with_worker=with_worker)
                run_children(commands, {**environment_of(ready), "PROMETHEUS_MULTIPROC_DIR": counted})


def _load(*, with_worker: bool) -> None:
    """Load what the processes need, before they part."""
    with loading():
        import_module("entrypoints.cli.serving")
        if with_worker:
            import_module("entrypoints.cli.worker")


def _ensure_free(host: str, port: int) -> None:
    try:
        bind(host, port).close()
    except OSError as error:
        raise InvalidSettings(f"cannot serve on {host} port {port}: {error.strerror}") from error
