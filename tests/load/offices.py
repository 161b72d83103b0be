"""Offices that are open on their first page, which renews itself."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self
from uuid import UUID, uuid4

import aiohttp

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from application.people.sessions import Sessions
from domain.people import Membership, Person, Role, SignedInBy

#: As ``live.js`` asks.
EVERY_SECONDS: Final = 5.0


async def sign_in(database_url: str, producer_id: UUID, count: int) -> list[str]:
    """The secrets of the sessions of ``count`` owners of a producer."""
    engine = create_engine(database_url, pool_size=1)
    sessions, secrets = Sessions(SystemClock(), SystemIds()), []
    async with PostgresDatabase(engine)() as uow:
        for number in range(count):
            person = Person(uuid4(), f"{uuid4().hex}@office.example", f"Person {number}")
            await uow.people.add(person)
            await uow.people.put(Membership(person.id, producer_id, Role.OWNER))
            new = await sessions.begin(uow, person.id, SignedInBy.LINK, device="load", producer_id=producer_id)
            secrets.append(new.secret)
        await uow.commit()
    await engine.dispose()
    return secrets


class Offices:
    """One open page for each session, from the beginning of the block to its end. ``statuses`` counts the answers."""

    def __init__(self, url: str, secrets: Sequence[str]) -> None:
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self._url = url
        self._secrets = secrets
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._open()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    async def _open(self) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self._url, connector=connector) as client:
            pages = [asyncio.create_task(self._look(client, secret)) for secret in self._secrets]
            while not self._stop.is_set():
                await asyncio.sleep(0.05)
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)

    async def _look(self, client: aiohttp.ClientSession, secret: str) -> None:
        etag = ""
        await asyncio.sleep(random.uniform(0, EVERY_SECONDS))  # noqa: S311  # no secret
        while True:
            headers = {"Cookie": f"office={secret}", "If-None-Match": etag}
            begun = time.perf_counter()
            async with client.get("/office/live", headers=headers, allow_redirects=False) as answer:
                await answer.read()
                etag = answer.headers.get("ETag", etag)
                self.statuses[answer.status] += 1
            self.latencies.append(time.perf_counter() - begun)
            await asyncio.sleep(EVERY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
