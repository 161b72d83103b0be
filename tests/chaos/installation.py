"""An installation that can be hurt: engines, API hosts and workers as processes, each started again when it ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil

from adapters.postgres import schema
from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from application.ports.unit_of_work import UnitOfWorkFactory
from demo.embedded import EmbeddedPostgres, EmbeddedRedis, EngineError
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.processes import Process, start, until_ready
from tests.support.server import free_port
from tests.support.stripe_world import own_settings

#: A service manager starts a program again after this pause.
RESTART_PAUSE_SECONDS: Final = 0.2
STOP_SECONDS: Final = 40
#: The disk of the engines, where they have one for themselves.
DISK_MEGABYTES: Final = 320
_LOG_LINES: Final = 4000
#: PostgreSQL's own log fits on the small disk, too.
_POSTGRES: Final = {"max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "64MB"}


class Program:
    """A ``piquetickets`` process and its children, under a service manager that starts it again when it ends."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str], *, namespace: str = ""
    ) -> None:
        """``namespace`` is the network namespace of its host."""
        self.name = name
        self._namespace = namespace
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        #: Variables for the next start, in addition.
        self.extra: dict[str, str] = {}
        self._arguments = arguments
        self._environment = environment
        self._process: Process | None = None
        self._is_wanted = True
        self._keeping: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    @property
    def family(self) -> list[psutil.Process]:
        """The process and its children; none while it is between two starts."""
        if self._process is None or self._process.returncode is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def kill(self) -> None:
        """kill -9 of all of it, as when the machine runs out of memory."""
        for process in self.family:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    async def restart(self, **extra: str) -> None:
        """Stop it as a deployment does, and start it again with these variables."""
        self.extra = extra
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), STOP_SECONDS)

    async def stop(self) -> None:
        self._is_wanted = False
        await self.restart()
        self.kill()
        if self._keeping:
            await self._keeping

    async def _keep(self) -> None:
        while self._is_wanted:
            self._process = await start(
                *self._arguments,
                environment={**self._environment, **self.extra},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                namespace=self._namespace,
            )
            assert self._process.stderr is not None
            async for line in self._process.stderr:
                self.log.append(line.decode(errors="replace").rstrip())
            await self._process.wait()
            await asyncio.sleep(RESTART_PAUSE_SECONDS)


class Engine:
    """PostgreSQL or Redis, under a service manager that starts it again when it ends."""

    def __init__(self, engine: EmbeddedPostgres | EmbeddedRedis) -> None:
        self.engine = engine
        self._is_wanted = True
        self._keeping: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.engine.start()
        self._keeping = asyncio.create_task(self._keep())

    @property
    def family(self) -> list[psutil.Process]:
        """The server's process and its children; none while it is between two starts."""
        with suppress(EngineError, psutil.NoSuchProcess):
            parent = psutil.Process(self.engine.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    async def until_it_is_back(self) -> None:
        while not self.family:
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        self._is_wanted = False
        if self._keeping:
            await self._keeping
        await asyncio.to_thread(self.engine.stop)

    async def _keep(self) -> None:
        while self._is_wanted:
            if not self.engine.is_running:
                with suppress(EngineError):  # its disk may be full
                    await asyncio.to_thread(self.engine.start)
            await asyncio.sleep(RESTART_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a crowd can buy: API servers at ``urls``, workers, and what they share."""

    settings: Settings
    apis: tuple[Program, ...]
    workers: tuple[Program, ...]
    urls: tuple[str, ...]
    sandbox: StripeSandbox
    mailbox: MailCatcher
    unit_of_work: UnitOfWorkFactory

    @property
    def database_url(self) -> str:
        return self.settings.database_url or ""

    @property
    def programs(self) -> tuple[Program, ...]:
        return (*self.apis, *self.workers)

    async def until_ready(self) -> None:
        """Wait until every API host can work."""
        await asyncio.gather(*(until_ready(url) for url in self.urls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation(Place):
    """A place on one host. ``disk`` is where the engines' data lie, if that is a small disk for them alone."""

    postgres: Engine
    redis: Engine
    disk: Path | None


@asynccontextmanager
async def installation(*, hosts: int = 2, processes: int = 1, workers: int = 2) -> AsyncIterator[Installation]:
    """``hosts`` API servers of ``processes`` each, and ``workers``, on engines that no one else uses."""
    ports = [free_port() for _ in range(hosts)]
    options = SandboxOptions(webhook_url=f"http://127.0.0.1:{ports[0]}/api/v1/webhooks/stripe")
    async with StripeSandbox(options) as sandbox, MailCatcher() as mailbox, AsyncExitStack() as stack:
        directory, disk = stack.enter_context(_place())
        database = EmbeddedPostgres(directory, settings=_POSTGRES)
        postgres, redis = Engine(database), Engine(EmbeddedRedis(directory))
        for engine in (postgres, redis):
            engine.begin()
            stack.push_async_callback(engine.stop)
        await asyncio.to_thread(schema.upgrade, database.url)
        settings = _settings(database.url, redis.engine.url, sandbox, mailbox, ports[0])
        environment = environment_of(settings)
        apis = tuple(
            Program(f"api {port}", ("serve", "--port", str(port), "--workers", str(processes)), environment)
            for port in ports
        )
        working = tuple(Program(f"worker {number}", ("worker",), environment) for number in range(workers))
        for program in (*apis, *working):
            program.begin()
            stack.push_async_callback(program.stop)
        connections = create_engine(database.url, pool_size=5)
        stack.push_async_callback(connections.dispose)
        place = Installation(
            settings=settings,
            postgres=postgres,
            redis=redis,
            apis=apis,
            workers=working,
            urls=tuple(f"http://127.0.0.1:{port}" for port in ports),
            sandbox=sandbox,
            mailbox=mailbox,
            unit_of_work=PostgresDatabase(connections),
            disk=disk,
        )
        await place.until_ready()
        yield place


def _settings(database_url: str, redis_url: str, sandbox: StripeSandbox, mailbox: MailCatcher, port: int) -> Settings:
    own = own_settings(database_url, redis_url, sandbox, mailbox, port)
    return msgspec.structs.replace(
        own,
        # A mail server that says nothing is given up sooner than RFC 5321 wants, or no round would end.
        smtp_url=f"{mailbox.smtp_url}?timeout_seconds=2&final_timeout_seconds=3",
        hold_minutes=0.5,
        log_level="WARNING",
    )


@contextmanager
def _place() -> Iterator[tuple[Path, Path | None]]:
    """A directory for the engines' data: on a small disk that is theirs alone, where this process may mount one."""
    with tempfile.TemporaryDirectory(prefix="piquetickets-chaos-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=755", "tmpfs", name],  # noqa: S607
            capture_output=True,
            check=False,
        )
        is_mounted = mounted.returncode == 0
        try:
            yield directory / "engines", directory if is_mounted else None
        finally:
            if is_mounted:
                subprocess.run(["umount", "--lazy", name], check=True)  # noqa: S607
