"""The system's Redis (``apt-get install redis-server``), in addition to the Valkey that the tests bring."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.support.server import free_port

PROGRAM = shutil.which("redis-server")
START_SECONDS = 30


@contextmanager
def system_redis(directory: Path) -> Iterator[str]:
    """The URL of the test's own server, which stores nothing on disk."""
    assert PROGRAM
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory), "--daemonize", "no"]
    process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.DEVNULL)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        _until_it_answers(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with Redis.from_url(url) as redis:
        while True:
            try:
                redis.ping()
            except RedisError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.05)
            else:
                return
