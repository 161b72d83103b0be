"""A show with people at its doors, and the scanners that let them in (tests/load/scanners.py)."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from itertools import islice
from types import TracebackType
from typing import IO, Final, Self
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.access.audit_log import AuditLog
from application.catalog.producers import IssueToken
from domain.access import Scope
from tests.load.checkins import Api, give_away
from tests.load.generator import http_request
from tests.load.scanners import READY, Job, Outcome

_BASE: Final = "/api/v1/producer"


async def token_of(database_url: str, producer_id: UUID) -> str:
    """The secret of a token that sells and scans for the producer."""
    engine = create_engine(database_url, pool_size=1)
    clock, ids = SystemClock(), SystemIds()
    issue = IssueToken(PostgresDatabase(engine), clock, ids, AuditLog(clock, ids))
    scopes = [Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN]
    secret = (await issue(producer_id=producer_id, name="door", scopes=scopes)).secret
    await engine.dispose()
    return secret


def tickets_at(url: str, secret: str, tickets: int) -> tuple[str, list[str]]:
    """A new show, and the codes of that many tickets to it, as people come: not by their orders."""
    show, codes = give_away(Api(url, secret), tickets)
    return show, random.sample(codes, len(codes))


def check_in(secret: str, show: str, code: str) -> bytes:
    """The request of a scanner."""
    body = f'{{"code": "{code}", "show_id": "{show}", "device_id": "load"}}'.encode()
    return http_request("POST", f"{_BASE}/checkin", body, Authorization=f"Bearer {secret}")


class Doors:
    """Scanners, from the beginning of the block to its end; ``outcome`` is known afterwards."""

    outcome: Outcome

    def __init__(
        self, url: str, secret: str, show: str, codes: Iterator[str], *, count: int, scans_per_second: float, scans: int
    ) -> None:
        """``scans_per_second`` are those of one scanner, ``scans`` the most of all together."""
        authorization = f"Bearer {secret}"
        path = f"{_BASE}/shows/{show}/checkin"
        connection = HTTPConnection(urlsplit(url).netloc)
        connection.request("GET", f"{path}/list?version=2", headers={"Authorization": authorization})
        cursor = _cursor_of(connection.getresponse().read().decode())  # scanners have their list before people come
        connection.close()
        self._job = Job(
            port=urlsplit(url).port or 80,
            scanners=count,
            pause=1 / scans_per_second,
            scans=[check_in(secret, show, code) for code in islice(codes, scans)],
            authorization=authorization,
            state_path=f"{path}/state",
            list_path=f"{path}/list?version=2&since={cursor}",
        )

    def __enter__(self) -> Self:
        self._file = tempfile.NamedTemporaryFile(suffix=".job")  # closed in __exit__
        self._file.write(msgspec.msgpack.encode(self._job))
        self._file.flush()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.load.scanners", self._file.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if _pipe(self._process.stdout).readline() != READY:
            raise RuntimeError("the scanners did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        written, _ = self._process.communicate()
        self._file.close()
        self.outcome = msgspec.msgpack.decode(written, type=Outcome)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe
    return pipe


def _cursor_of(signed: str) -> str:
    payload = signed.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["cursor"])


def quantile_ms(latencies: Sequence[float], share: float) -> float:
    """The latency in milliseconds that a ``share`` did not exceed."""
    ordered = sorted(latencies)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000
