"""A real PgBouncer before a database, if one is installed (``apt-get install pgbouncer``)."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support.server import free_port

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
START_SECONDS = 30

needs_pgbouncer = pytest.mark.skipif(
    not Path(PROGRAM).exists(), reason="needs Debian's package pgbouncer, whose pooling is tried here"
)


@asynccontextmanager
async def pgbouncer(database_url: str, directory: Path, **settings: str) -> AsyncIterator[str]:
    """The URL of the same database behind a pooler in transaction mode, with these of PgBouncer's settings."""
    parts, port = urlsplit(database_url), free_port()
    users = directory / "users.txt"
    users.write_text(f'"{parts.username}" "{parts.password}"\n')
    options = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "plain",
        "auth_file": str(users),
        "pool_mode": "transaction",
        **settings,
    }
    lines = ["[databases]", f"* = host={parts.hostname} port={parts.port}", "[pgbouncer]"]
    file = directory / "pgbouncer.ini"
    file.write_text("\n".join([*lines, *(f"{name} = {value}" for name, value in options.items())]) + "\n")
    as_whom = _unprivileged(directory)
    process = subprocess.Popen([PROGRAM, "--quiet", str(file)], user=as_whom)  # noqa: ASYNC220
    try:
        url = database_url.replace(f":{parts.port}/", f":{port}/")
        await _until_it_answers(url, process)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _unprivileged(directory: Path) -> str | None:
    """The user for PgBouncer, which refuses to run as root."""
    if os.geteuid() != 0:
        return None
    directory.chmod(0o755)
    for parent in directory.parents[:3]:
        with suppress(PermissionError):
            parent.chmod(parent.stat().st_mode | 0o011)
    for file in directory.iterdir():
        shutil.chown(file, "nobody")
    return pwd.getpwnam("nobody").pw_name


async def _until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.poll() is None:
            with suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(url):
                    return
            await asyncio.sleep(0.05)
    raise AssertionError("PgBouncer did not start")
