"""piquetickets demo: the whole system on one machine, without configuration."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import click
import msgspec
import uvloop

from demo.cli.theatre import DemoAccess, open_demo, open_office
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.cli.children import child_command, child_environment
from entrypoints.cli.engines import engines, environment_of
from entrypoints.cli.signals import stop_signal
from entrypoints.container import Container, close
from entrypoints.fitness import ensure_fit
from entrypoints.logs import configure_logging
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings

HOST = "127.0.0.1"
SANDBOX_API_KEY = "sk_test_sandbox"
READY_SECONDS = 60
STOP_SECONDS = 15


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Keep the data here.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all addresses and tokens.")
def demo(port: int, data_dir: Path | None, as_json: bool) -> None:
    """Try everything: a theatre with shows, a Stripe sandbox, a mailbox, the API and a worker. Ctrl-C stops it."""
    # By this name: passkeys work on localhost, and on no address that is a number.
    settings = Settings.from_environment({"PUBLIC_URL": f"http://localhost:{port}", **os.environ})
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    # It would log each delivery of a webhook.
    logging.getLogger("demo.stripe_sandbox").setLevel(logging.WARNING)
    _ensure_free(port)
    with _directory(data_dir) as directory, engines(settings, directory) as ready:
        uvloop.run(_run(ready, port, keep_in=data_dir, as_json=as_json))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addresses:
    url: str
    office_url: str
    docs_url: str
    sandbox_url: str
    mailbox_url: str
    database_url: str
    redis_url: str


async def _run(settings: Settings, port: int, *, keep_in: Path | None, as_json: bool) -> None:
    stop = stop_signal()
    sandbox = StripeSandbox(SandboxOptions(host=HOST, webhook_url=f"http://{HOST}:{port}/api/v1/webhooks/stripe"))
    async with sandbox, MailCatcher(HOST) as mailbox:
        settings = msgspec.structs.replace(
            settings,
            stripe_api_key=settings.stripe_api_key or SANDBOX_API_KEY,
            stripe_webhook_secret=settings.stripe_webhook_secret or sandbox.options.webhook_secret,
            stripe_api_base=sandbox.url if not os.environ.get("STRIPE_API_BASE") else settings.stripe_api_base,
            smtp_url=mailbox.smtp_url if not os.environ.get("SMTP_URL") else settings.smtp_url,
        )
        ensure_fit(settings)
        access, office_url = await _open(settings, keep_in)
        environment = environment_of(settings)
        async with (
            _process("serve", "--port", str(port), environment=environment) as server,
            _process("worker", environment=environment) as worker,
        ):
            await _until_any(stop.wait(), _until_ready(f"http://{HOST}:{port}/health/ready", server))
            addresses = _Addresses(
                url=settings.public_url,
                office_url=office_url,
                docs_url=f"{settings.public_url}/developers",
                sandbox_url=sandbox.url,
                mailbox_url=mailbox.url,
                database_url=settings.database_url or "",
                redis_url=settings.redis_url or "",
            )
            _announce(addresses, access, as_json=as_json)
            await _until_any(stop.wait(), server.wait(), worker.wait())
        if not stop.is_set():
            raise InvalidSettings("a part of the demo ended unexpectedly, see the log above")


async def _until_any(*things: Coroutine[Any, Any, object]) -> None:
    """Wait for the first coroutine to end. Raises what it raises."""
    waiting = [asyncio.ensure_future(thing) for thing in things]
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for thing in done:
        thing.result()


def _announce(addresses: _Addresses, access: DemoAccess, *, as_json: bool) -> None:
    fields = {name: getattr(addresses, name) for name in _Addresses.__slots__}
    if as_json:
        keys = {name: getattr(access, name) for name in DemoAccess.__slots__}
        click.echo(json.dumps({**fields, **keys}))
        return
    click.echo(
        f"PiqueTickets is ready: {addresses.url}\n"
        f"  Office          {addresses.office_url}\n"
        f"  Shows           {addresses.url}/api/v1/shows\n"
        f"  API             {addresses.docs_url}\n"
        f"  Stripe sandbox  {addresses.sandbox_url}\n"
        f"  Mailbox         {addresses.mailbox_url}\n"
        f"  Producer token  {access.producer_token}\n"
        f"  Platform token  {access.platform_token}\n"
        "Ctrl-C stops everything."
    )


async def _open(settings: Settings, keep_in: Path | None) -> tuple[DemoAccess, str]:
    """The keys of the demo, and a link into its office."""
    container = Container(settings=settings)
    try:
        access = await open_demo(container, keep_in)
        return access, await open_office(container, access)
    finally:
        await close(container)


@asynccontextmanager
async def _process(*arguments: str, environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command in its own session: Ctrl-C reaches it only through this process, in order."""
    process = await asyncio.create_subprocess_exec(
        *child_command(*arguments), env=child_environment(environment), stdout=sys.stderr, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _until_ready(url: str, server: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as client:
        while server.returncode is None:
            try:
                async with client.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
    raise InvalidSettings("the server did not start, see the log above")


@contextmanager
def _directory(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        data_dir.mkdir(parents=True, exist_ok=True)
        yield data_dir
    else:
        with tempfile.TemporaryDirectory(prefix="piquetickets-demo-") as directory:
            yield Path(directory)


def _ensure_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InvalidSettings(f"port {port} is in use, choose another one with --port") from error
