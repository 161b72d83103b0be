"""Scanners at the doors of one show: each scans at a pace, asks how many are in, and refreshes its list."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import aiohttp

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.access.audit_log import AuditLog
from application.catalog.producers import IssueToken
from domain.access import Scope
from tests.load.checkins import Api, give_away
from tests.load.generator import http_request

STATE_EVERY_SECONDS: Final = 1.0
LIST_EVERY_SECONDS: Final = 60.0
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
    """``count`` scanners, from the beginning of the block to its end. ``scans`` are the latencies of check-ins."""

    def __init__(
        self, url: str, secret: str, show: str, codes: Iterator[str], *, count: int, scans_per_second: float
    ) -> None:
        """``scans_per_second`` are those of one scanner."""
        self.statuses: Counter[int] = Counter()
        self.results: Counter[str] = Counter()
        self.scans: list[float] = []
        self._url, self._secret, self._show, self._codes, self._count = url, secret, show, codes, count
        self._pause = 1 / scans_per_second
        self._stop, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._open()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _open(self) -> None:
        headers = {"Authorization": f"Bearer {self._secret}"}
        async with aiohttp.ClientSession(self._url, connector=aiohttp.TCPConnector(limit=0), headers=headers) as client:
            self._cursor = await self._whole_list(client)  # scanners have theirs before people come
            roles = (self._scan, self._state, self._list)
            tasks = [asyncio.create_task(role(client, n)) for n in range(self._count) for role in roles]
            self._ready.set()
            while not self._stop.is_set():
                await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _scan(self, client: aiohttp.ClientSession, number: int) -> None:
        due = time.perf_counter() + random.uniform(0, self._pause)  # noqa: S311  # no secret
        for code in self._codes:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += self._pause
            begun = time.perf_counter()
            body = {"code": code, "show_id": self._show, "device_id": f"door {number}"}
            async with client.post(f"{_BASE}/checkin", json=body) as answer:
                read: dict[str, Any] = await answer.json()
                self.statuses[answer.status] += 1
            self.results[read.get("result", "")] += 1
            self.scans.append(time.perf_counter() - begun)

    async def _state(self, client: aiohttp.ClientSession, _number: int) -> None:
        etag = ""
        while True:
            await asyncio.sleep(STATE_EVERY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            path = f"{_BASE}/shows/{self._show}/checkin/state"
            async with client.get(path, headers={"If-None-Match": etag}) as answer:
                await answer.read()
                etag = answer.headers.get("ETag", etag)
                self.statuses[answer.status] += 1

    async def _list(self, client: aiohttp.ClientSession, _number: int) -> None:
        await asyncio.sleep(LIST_EVERY_SECONDS * random.uniform(0, 1))  # noqa: S311
        while True:
            path = f"{_BASE}/shows/{self._show}/checkin/list?version=2&since={self._cursor}"
            async with client.get(path) as answer:
                await answer.read()
                self.statuses[answer.status] += 1
            await asyncio.sleep(LIST_EVERY_SECONDS)

    async def _whole_list(self, client: aiohttp.ClientSession) -> str:
        async with client.get(f"{_BASE}/shows/{self._show}/checkin/list?version=2") as answer:
            return _cursor_of(await answer.text())


def _cursor_of(signed: str) -> str:
    payload = signed.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["cursor"])


def quantile_ms(latencies: Sequence[float], share: float) -> float:
    """The latency in milliseconds that a ``share`` did not exceed."""
    ordered = sorted(latencies)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000
