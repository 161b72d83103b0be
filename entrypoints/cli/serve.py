"""piquetickets serve: the API, in any number of processes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvloop

from entrypoints.cli.children import child_command, run_children
from entrypoints.cli.engines import data_dir_option, engines, environment_of
from entrypoints.cli.running import tell_what_is_questionable
from entrypoints.cli.signals import stop_signal
from entrypoints.container import Container
from entrypoints.fitness import ensure_fit
from entrypoints.http.app import create_app, create_metrics_app
from entrypoints.logs import configure_logging
from entrypoints.server.server import bind, create_server
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
    tell_what_is_questionable(settings)
    if not shared_port:
        _ensure_free(host, port)
        if settings.metrics_address:
            _ensure_free(*settings.metrics_address)
    with engines(settings, data_dir) as ready:
        if workers == 1 and not with_worker:
            uvloop.run(_serve(ready, host, port, shared_port=shared_port))
        else:
            server = child_command("serve", "--host", host, "--port", str(port), "--shared-port")
            commands = [server] * workers + [child_command("worker")] * with_worker
            # Each process counts in a separate file here, and /metrics of any of them adds up all files.
            with TemporaryDirectory(prefix="piquetickets-metrics-") as counted:
                environment = {**environment_of(ready), "PROMETHEUS_MULTIPROC_DIR": counted}
                uvloop.run(run_children(commands, environment))


async def _serve(settings: Settings, host: str, port: int, *, shared_port: bool) -> None:
    stop, container = stop_signal(), Container(settings=settings)
    apps = [(create_app(container), (host, port))]
    if settings.metrics_address:
        apps.append((create_metrics_app(container), settings.metrics_address))
    servers = [create_server(app, trusted_proxies=settings.trusted_proxies) for app, _ in apps]
    serving = [
        asyncio.create_task(server.serve(sockets=[bind(*address, shared=shared_port)]))
        for server, (_, address) in zip(servers, apps, strict=True)
    ]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({*serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)
    if not all(server.started for server in servers):
        raise InvalidSettings("the server did not start, see the log above")


def _ensure_free(host: str, port: int) -> None:
    try:
        bind(host, port).close()
    except OSError as error:
        raise InvalidSettings(f"cannot serve on {host} port {port}: {error.strerror}") from error
