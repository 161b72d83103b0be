"""The command line as separate processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp

from tests.support.fork_server import ORDER_BYTES

START_SECONDS = 120
IP: Final = shutil.which("ip") or "/usr/sbin/ip"
STOP_SECONDS = 60
_KEPT = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "PYTHONPYCACHEPREFIX"})
_ROOT: Final = Path(__file__).parent.parent.parent
#: The event for audit hooks about a fork, like Python's own about a program that is started.
FORKED: Final = "tests.forked"
#: Variables that only the start of a program reads.
_OF_THE_START: Final = ("LD_", "PYTHON")


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
    """The environment that a process needs to run, without the settings of the surroundings."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    return {**kept, **variables}


class Forked:
    """A command that ``fork_server.py`` started, with the part of ``asyncio.subprocess.Process`` that tests use."""

    def __init__(self) -> None:
        self.pid = 0
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self.started = asyncio.Event()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self._code.result() if self._code.done() else None

    def is_started(self, pid: int) -> None:
        self.pid = pid
        self.started.set()

    def has_ended(self, code: int) -> None:
        self._code.set_result(code)

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    async def communicate(self) -> tuple[bytes, bytes]:
        out, err, _ = await asyncio.gather(_all_of(self.stdout), _all_of(self.stderr), self.wait())
        return out, err

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = asyncio.subprocess.Process | Forked


class ForkServer:
    """This end of ``fork_server.py``."""

    def __init__(self) -> None:
        self._numbers = count()
        self._starting: dict[int, Forked] = {}
        self._running: dict[int, Forked] = {}
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders.setblocking(False)
        with theirs:
            program = [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())]
            self._server = subprocess.Popen(program, env=clean_environment(), cwd=_ROOT, pass_fds=[theirs.fileno()])
        asyncio.get_running_loop().add_reader(self._orders, self._hear)

    async def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        stdout: int | None,
        stderr: int | None,
        namespace: str,
    ) -> Forked:
        """A started command. ``stdout`` and ``stderr`` as ``subprocess.Popen`` has them: our own, PIPE or DEVNULL.
        ``namespace`` is that of a host, "" for this one.
        """
        forked, number = Forked(), next(self._numbers)
        with ExitStack() as theirs:
            silence = theirs.enter_context(Path(os.devnull).open("r+b", buffering=0)).fileno()  # noqa: ASYNC230
            streams = [silence]
            for name, ours, wanted in (("stdout", 1, stdout), ("stderr", 2, stderr)):
                if wanted == asyncio.subprocess.PIPE:
                    reading, writing = os.pipe()
                    theirs.callback(os.close, writing)
                    setattr(forked, name, await _reader_of(reading))
                    streams.append(writing)
                else:
                    streams.append(silence if wanted == asyncio.subprocess.DEVNULL else ours)
            order = {"order": number, "arguments": arguments, "environment": dict(environment), "namespace": namespace}
            self._starting[number] = forked
            sys.audit(FORKED)
            socket.send_fds(self._orders, [json.dumps(order).encode()], streams)
        await asyncio.wait_for(forked.started.wait(), START_SECONDS)
        return forked

    def close(self) -> None:
        """Kill the commands that still run."""
        asyncio.get_running_loop().remove_reader(self._orders)
        self._orders.close()
        self._server.wait()

    def _hear(self) -> None:
        answer = json.loads(self._orders.recv(ORDER_BYTES))
        if "code" in answer:
            self._running.pop(answer["pid"]).has_ended(answer["code"])
        else:
            forked = self._running[answer["pid"]] = self._starting.pop(answer["order"])
            forked.is_started(answer["pid"])


class _Forking:
    """Whether commands are forked, and the server for it, which the first one starts."""

    allowed: bool = False
    server: ForkServer | None = None


@asynccontextmanager
async def forking() -> AsyncIterator[None]:
    """Fork commands until the end of the block, where that is equivalent to starting a program."""
    _Forking.allowed = hasattr(os, "pidfd_open")
    try:
        yield
    finally:
        _Forking.allowed = False
        if _Forking.server:
            _Forking.server.close()
        _Forking.server = None


async def start(
    *arguments: str,
    environment: Mapping[str, str],
    stdout: int | None = None,
    stderr: int | None = None,
    namespace: str = "",
) -> Process:
    """Start a command, on the host with this network namespace if one is named."""
    everything = clean_environment(**environment)
    of_the_start = {name: value for name, value in everything.items() if name.startswith(_OF_THE_START)}
    if not _Forking.allowed or not of_the_start.items() <= os.environ.items():
        there = (IP, "netns", "exec", namespace) if namespace else ()
        whole = [*there, *command(*arguments)]
        return await asyncio.create_subprocess_exec(*whole, env=everything, stdout=stdout, stderr=stderr)
    _Forking.server = _Forking.server or ForkServer()
    return await _Forking.server.start(arguments, everything, stdout, stderr, namespace)


async def _reader_of(pipe: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
    )
    return reader


async def _all_of(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


async def run(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    seconds: float = START_SECONDS,
    namespace: str = "",
) -> Finished:
    """Run a command to its end, which must come within ``seconds``."""
    pipe = asyncio.subprocess.PIPE
    process = await start(*arguments, environment=environment or {}, stdout=pipe, stderr=pipe, namespace=namespace)
    out, err = await asyncio.wait_for(process.communicate(), seconds)
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def running_command(*arguments: str, environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """A command that runs until the end of the block, where SIGTERM must end it with code 0."""
    process = await start(*arguments, environment=environment, stdout=asyncio.subprocess.PIPE)
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
