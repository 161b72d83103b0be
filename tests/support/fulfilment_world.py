"""The service with a separate Redis and mail server, and workers that can be killed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import aiohttp
import msgspec

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.system.clock import SystemClock
from application.tasks.admin import RetryDeadTasks
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.mail_catcher.catcher import MailCatcher
from demo.mail_catcher.mails import CaughtMail
from demo.stripe_sandbox import StripeSandbox
from domain.tasks import TaskKind, TaskState
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.database import connected, own_database
from tests.support.processes import Process, running_command, start, until_ready
from tests.support.server import free_port
from tests.support.stripe_world import own_settings

PATIENCE_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Task:
    """A mail's row in the outbox."""

    id: UUID
    state: str
    attempts: int
    last_error: str
    is_being_sent: bool

    @property
    def is_settled(self) -> bool:
        """Whether no worker has to act on it soon."""
        return self.state == TaskState.DONE or self.last_error.startswith("perhaps sent")


@dataclass(slots=True)
class Worker:
    """A worker process. ``log`` is its output until now."""

    process: Process
    log: list[str] = field(default_factory=list)

    async def kill(self) -> None:
        """Kill it as the kernel does when memory runs out: kill -9."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self.process.wait(), 30)

    async def listen(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode())

    def said(self, words: str) -> bool:
        return any(words in line for line in self.log)


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilmentWorld:
    settings: Settings
    mailbox: MailCatcher
    redis: EmbeddedRedis
    box_office: BoxOffice
    stack: AsyncExitStack

    async def start_worker(self, **environment: str) -> Worker:
        """Start ``piquetickets worker``; it is stopped at the end at the latest."""
        process = await start(
            "worker", environment={**environment_of(self.settings), **environment}, stderr=asyncio.subprocess.PIPE
        )
        worker = Worker(process)
        listening = asyncio.create_task(worker.listen())
        self.stack.push_async_callback(asyncio.wait, [listening])
        self.stack.push_async_callback(worker.stop)
        return worker

    async def buy(self, on_sale: OnSale, email: str, quantity: int = 1) -> Json:
        """A checkout of free tickets, which must succeed."""
        answer = await self.box_office.checkout(
            on_sale.cart(quantity), customer={"name": "Ada Lovelace", "email": email}
        )
        placed = answer.created()
        assert placed["success"]
        return placed

    async def confirmation(self, placed: Json) -> Task:
        """The task of an order's confirmation mail."""
        return await self.task_about(UUID(placed["order_id"]), TaskKind.CONFIRMATION_MAIL)

    async def task_about(self, subject_id: UUID, kind: TaskKind) -> Task:
        """The one task of this kind about an order or a producer."""
        async with connected(self.settings.database_url or "") as connection:
            found = await connection.execute(
                "SELECT id, state, attempts, coalesce(last_error, ''), sending_since IS NOT NULL FROM outbox"
                " WHERE coalesce(order_id, producer_id) = %s AND kind = %s",
                [subject_id, kind],
            )
            (row,) = await found.fetchall()
            return Task(*row)

    async def until_it_is_sent(self, *orders: Json) -> None:
        """Wait until the mails of these orders are marked as done."""
        await self.until(orders, lambda task: task.state == TaskState.DONE)

    async def until(self, orders: Sequence[Json], holds: Any) -> None:
        """Wait until a condition holds for every order's task."""
        for placed in orders:
            await self.until_task(UUID(placed["order_id"]), TaskKind.CONFIRMATION_MAIL, holds)

    async def until_task(self, subject_id: UUID, kind: TaskKind, holds: Callable[[Task], bool]) -> Task:
        """The one task of this kind about an order or a producer, once a condition holds for it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds(task := await self.task_about(subject_id, kind)):
                await asyncio.sleep(0.05)
        return task

    async def send_again(self, placed: Json) -> None:
        """Run ``piquetickets tasks retry``, once the claim of the worker that had the order's confirmation is over."""
        await self.retry(await self.confirmation(placed))

    async def retry(self, task: Task) -> None:
        """Run ``piquetickets tasks retry``, once the claim of the worker that had the task is over."""
        await self.end_claims()
        requeue = RetryDeadTasks(self.box_office.unit_of_work, SystemClock())
        await requeue([task.id])

    async def end_claims(self) -> None:
        """End all claims of all workers, as if their time had passed."""
        async with connected(self.settings.database_url or "") as connection:
            await connection.execute(
                "UPDATE outbox SET claimed_until = now() - interval '1 minute', relay_at = now() "
                "WHERE claimed_until > now()"
            )

    def mails_to(self, email: str) -> list[CaughtMail]:
        return self.mailbox.mails.addressed_to(email)


@asynccontextmanager
async def fulfilment_world(
    postgres: EmbeddedPostgres,
    redis_dir: Path,
    *,
    with_service: bool = True,
    service_environment: Mapping[str, str] = MappingProxyType({}),
    **settings: Any,
) -> AsyncIterator[FulfilmentWorld]:
    """Start a service without a worker; ``settings`` are those that matter to the test."""
    port = free_port()
    with own_database(postgres) as database_url, EmbeddedRedis(redis_dir, durable=False) as redis:
        async with StripeSandbox() as sandbox, MailCatcher() as mailbox, AsyncExitStack() as stack:
            own = own_settings(database_url, redis.url, sandbox, mailbox, port)
            own = msgspec.structs.replace(own, **settings)
            if with_service:
                serve = ("serve", "--port", str(port))
                quiet = msgspec.structs.replace(own, log_level="ERROR")
                await stack.enter_async_context(
                    running_command(*serve, environment={**environment_of(quiet), **service_environment})
                )
                await until_ready(own.public_url)
            client = await stack.enter_async_context(aiohttp.ClientSession(own.public_url))
            engine = create_engine(database_url, pool_size=5)
            stack.push_async_callback(engine.dispose)
            yield FulfilmentWorld(
                settings=own,
                mailbox=mailbox,
                redis=redis,
                box_office=BoxOffice(client, PostgresDatabase(engine), sandbox),
                stack=stack,
            )
