"""The crowd: a closed loop of buyers over raw HTTP/1.1, in a separate process.

Each buyer keeps one connection and sends the next request when the last is answered. Requests are bytes, made before
the clock starts, and answers are read only as far as their length. So the crowd takes little of the machine that it
shares with the service; ``cpu_seconds`` says how much.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from typing_extensions import override

PATIENCE_SECONDS = 300


class Job(msgspec.Struct, kw_only=True):
    """``seconds`` None: until every request was sent once; else requests repeat from the beginning of the list."""

    port: int
    buyers: int
    requests: list[bytes]
    seconds: float | None = None
    keep_answers: bool = False


class Outcome(msgspec.Struct, kw_only=True):
    """Latencies in seconds, in the order of the answers; ``answers`` by the index of their request, if kept."""

    elapsed: float
    cpu_seconds: float
    statuses: dict[int, int]
    latencies: list[float]
    answers: dict[int, bytes] = {}

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.elapsed

    def quantile_ms(self, share: float) -> float:
        """The latency in milliseconds that a ``share`` of all answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


def http_request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as it goes over the wire. Underscores in header names stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    if body and "Content_Type" not in headers:
        lines.append("Content-Type: application/json")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(job: Job) -> Outcome:
    """Run the crowd in another process, and wait for it. Raises subprocess.CalledProcessError."""
    with tempfile.NamedTemporaryFile(suffix=".job") as file:
        file.write(msgspec.msgpack.encode(job))
        file.flush()
        finished = subprocess.run(  # this module
            [sys.executable, "-m", "tests.load.generator", file.name],
            stdout=subprocess.PIPE,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
    return msgspec.msgpack.decode(finished.stdout, type=Outcome)


class _Crowd:
    def __init__(self, job: Job) -> None:
        self.job = job
        indexes = range(len(job.requests))
        self._next: Iterator[int] = iter(indexes) if job.seconds is None else cycle(indexes)
        self._deadline = time.perf_counter() + (job.seconds or PATIENCE_SECONDS)
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.answers: dict[int, bytes] = {}

    def next_request(self) -> int | None:
        if time.perf_counter() >= self._deadline:
            return None
        return next(self._next, None)

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        buyers = [_Buyer(self, loop.create_future()) for _ in range(self.job.buyers)]
        for buyer in buyers:
            await loop.create_connection(lambda buyer=buyer: buyer, "127.0.0.1", self.job.port)  # type: ignore[misc]
        cpu_before, started = cpu_seconds(), time.perf_counter()
        self._deadline = started + (self.job.seconds or PATIENCE_SECONDS)
        for buyer in buyers:
            buyer.ask()
        await asyncio.gather(*(buyer.done for buyer in buyers))
        return Outcome(
            elapsed=time.perf_counter() - started,
            cpu_seconds=cpu_seconds() - cpu_before,
            statuses=dict(self.statuses),
            latencies=self.latencies,
            answers=self.answers,
        )


class _Buyer(asyncio.Protocol):
    def __init__(self, crowd: _Crowd, done: asyncio.Future[None]) -> None:
        self.done = done
        self._crowd = crowd
        self._transport: asyncio.Transport
        self._received = b""
        self._length: int | None = None
        self._request = 0
        self._asked_at = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are not a subclass of it

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a connection"))

    def ask(self) -> None:
        request = self._crowd.next_request()
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._request = request
        self._asked_at = time.perf_counter()
        self._transport.write(self._crowd.job.requests[request])

    @override
    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if self._length is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._length = end + 4 + _content_length(self._received[:end])
        if len(self._received) < self._length:
            return
        crowd = self._crowd
        crowd.latencies.append(time.perf_counter() - self._asked_at)
        crowd.statuses[int(self._received[9:12])] += 1
        if crowd.job.keep_answers:
            crowd.answers[self._request] = self._received[: self._length].partition(b"\r\n\r\n")[2]
        self._received, self._length = b"", None
        self.ask()


def _content_length(head: bytes) -> int:
    begin = head.lower().find(b"content-length:")
    return int(head[begin + 15 :].split(b"\r\n", 1)[0]) if begin >= 0 else 0


def cpu_seconds() -> float:
    """The processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(arguments: Sequence[str]) -> None:
    """Do the job in the named file."""
    job = msgspec.msgpack.decode(Path(arguments[0]).read_bytes(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_Crowd(job).run())))


if __name__ == "__main__":
    main(sys.argv[1:])
