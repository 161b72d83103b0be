"""Scanners at the doors of one show, in a process of their own.

Each scans at a pace, asks how many are in, and refreshes its list. They speak raw HTTP/1.1 as the crowd does
(tests/load/generator.py): a phone's processor is not the house's, so a scanner takes as little of the machine as a
buyer. It has two connections: what it asks beside scans delays none of them.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop
from typing_extensions import override

from tests.load.generator import cpu_seconds, http_request

STATE_EVERY_SECONDS: Final = 1.0
LIST_EVERY_SECONDS: Final = 60.0
READY: Final = b"ready\n"


class Job(msgspec.Struct, kw_only=True):
    """``scans`` are requests, of which each scanner takes the next one each ``pause`` seconds."""

    port: int
    scanners: int
    pause: float
    scans: list[bytes]
    authorization: str
    state_path: str
    list_path: str


class Outcome(msgspec.Struct, kw_only=True):
    """``latencies`` of scans in seconds, ``results`` by the name of the result, ``statuses`` of all requests."""

    latencies: list[float]
    results: dict[str, int]
    statuses: dict[int, int]
    cpu_seconds: float


class _Answer(msgspec.Struct):
    result: str = ""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._received = b""
        self._head: bytes | None = None
        self._length = 0
        self._answered: asyncio.Future[tuple[int, bytes, bytes]] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are not a subclass of it

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the server closed a connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._head is None:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            self._head, self._received = head, rest
            self._length = int(_header(head, b"content-length") or 0)
        if len(self._received) < self._length or self._answered is None:
            return
        answer = int(self._head[9:12]), self._head, self._received[: self._length]
        self._received, self._head = b"", None
        if not self._answered.done():
            self._answered.set_result(answer)


def _header(head: bytes, name: bytes) -> bytes:
    begin = head.lower().find(b"\r\n" + name + b":")
    return head[begin + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if begin >= 0 else b""


class _Scanners:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._scans = deque(job.scans)
        self._outcome = Outcome(latencies=[], results={}, statuses={}, cpu_seconds=0)
        self._results: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._decoder = msgspec.json.Decoder(_Answer)

    async def run(self, stop: asyncio.Event) -> Outcome:
        """Scan until it is time to stop."""
        roles = (self._scan, self._look)
        connections = [await self._connected() for _ in range(self._job.scanners * len(roles))]
        tasks = [asyncio.create_task(role(connections.pop())) for role in roles for _ in range(self._job.scanners)]
        before = cpu_seconds()
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error
        return msgspec.structs.replace(
            self._outcome,
            results=dict(self._results),
            statuses=dict(self._statuses),
            cpu_seconds=cpu_seconds() - before,
        )

    async def _connected(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", self._job.port)
        return connection

    async def _scan(self, connection: _Connection) -> None:
        pause = self._job.pause
        due = time.perf_counter() + random.uniform(0, pause)  # noqa: S311  # no secret
        while self._scans:
            request = self._scans.popleft()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += pause
            begun = time.perf_counter()
            status, _, body = await connection.ask(request)
            self._outcome.latencies.append(time.perf_counter() - begun)
            self._statuses[status] += 1
            self._results[self._decoder.decode(body).result] += 1
        await asyncio.Event().wait()

    async def _look(self, connection: _Connection) -> None:
        """Ask for the state of the door each second, and for what is new in the list each minute."""
        etag, next_list = b"", time.perf_counter() + random.uniform(0, LIST_EVERY_SECONDS)  # noqa: S311
        while True:
            await asyncio.sleep(STATE_EVERY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            known = {"If_None_Match": etag.decode()} if etag else {}
            status, head, _ = await connection.ask(self._get(self._job.state_path, known))
            etag = _header(head, b"etag") or etag
            self._statuses[status] += 1
            if time.perf_counter() >= next_list:
                next_list += LIST_EVERY_SECONDS
                status, _, _ = await connection.ask(self._get(self._job.list_path, {}))
                self._statuses[status] += 1

    def _get(self, path: str, headers: Mapping[str, str]) -> bytes:
        return http_request("GET", path, b"", Authorization=self._job.authorization, **headers)


async def _until_told(job: Job) -> Outcome:
    """The scanners' outcome when nothing more can be read from the standard input."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    waiting = loop.run_in_executor(None, sys.stdin.buffer.read)
    waiting.add_done_callback(lambda _: stop.set())
    return await _Scanners(job).run(stop)


def main(arguments: Sequence[str]) -> None:
    """Do the job in the named file."""
    job = msgspec.msgpack.decode(Path(arguments[0]).read_bytes(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_until_told(job))))


if __name__ == "__main__":
    main(sys.argv[1:])
