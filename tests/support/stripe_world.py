"""A service with a separate Stripe, database and mailbox, for tests in which Stripe fails.

Nothing else sweeps, reconciles or relays in it: the test decides when each of these happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import stripe
from stripe import StripeClient
from typing_extensions import override

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.stripe.client import HttpClient, create_client
from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from domain.tasks import TaskKind, TaskState
from entrypoints.cli.engines import environment_of
from entrypoints.container import Container
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice, Json
from tests.support.database import connected, own_database
from tests.support.processes import running_command, until_ready
from tests.support.server import Dress, Service, free_port, running

CREATE_SESSION = "POST /v1/checkout/sessions"
LIST_SESSIONS = "GET /v1/checkout/sessions"
RETRIEVE_SESSION = "GET /v1/checkout/sessions/{session}"
EXPIRE_SESSION = "POST /v1/checkout/sessions/{session}/expire"
RETRIEVE_INTENT = "GET /v1/payment_intents/{intent}"
CREATE_REFUND = "POST /v1/refunds"
LIST_REFUNDS = "GET /v1/refunds"
RETRIEVE_REFUND = "GET /v1/refunds/{refund}"
LIST_DISPUTES = "GET /v1/disputes"
LIST_CHARGES = "GET /v1/charges"
RETRIEVE_DISPUTE = "GET /v1/disputes/{dispute}"
RETRIEVE_CHARGE = "GET /v1/charges/{charge}"
REVERSE_TRANSFER = "POST /v1/transfers/{id}/reversals"
LIST_REVERSALS = "GET /v1/transfers/{id}/reversals"
UPDATE_TRANSFER = "POST /v1/transfers/{transfer}"
CREATE_ACCOUNT = "POST /v1/accounts"
LIST_ACCOUNTS = "GET /v1/accounts"
RETRIEVE_ACCOUNT = "GET /v1/accounts/{account}"
RETRIEVE_OWN_ACCOUNT = "GET /v1/account"
CREATE_TAX_LOCATION = "POST /v1/tax/locations"
LIST_TAX_LOCATIONS = "GET /v1/tax/locations"
RETRIEVE_TAX_SETTINGS = "GET /v1/tax/settings"
CREATE_ACCOUNT_LINK = "POST /v1/account_links"

#: One call, and the SDK's one repetition of it.
EVERY_TRY = 2


class HurriedHttpClient(HttpClient):
    """The service's client, with no pause before a repetition."""

    @override
    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(0)


class StripeBooks:
    """Stripe's records, read by the SDK as an operator would."""

    def __init__(self, client: StripeClient) -> None:
        self.client = client

    async def sessions(self, order_id: str) -> list[stripe.checkout.Session]:
        """Every session that was made for an order."""
        listed = await self.client.v1.checkout.sessions.list_async(params={"limit": 100})
        return [s async for s in listed.auto_paging_iter() if s.client_reference_id == order_id]

    async def all_charges(self) -> list[stripe.Charge]:
        """The successful charges of all orders."""
        listed = await self.client.v1.charges.list_async(params={"limit": 100})
        return [charge async for charge in listed.auto_paging_iter() if charge.paid]

    async def charges(self, order_id: str) -> list[stripe.Charge]:
        """The successful charges of an order."""
        return [c for c in await self.all_charges() if order_of(c) == order_id]

    async def charge(self, order_id: str) -> stripe.Charge:
        """The one charge of an order."""
        charges = await self.charges(order_id)
        assert len(charges) == 1
        return charges[0]

    async def refunds(self, order_id: str) -> list[stripe.Refund]:
        """Every refund of an order's charge, newest first."""
        charge = await self.charge(order_id)
        listed = await self.client.v1.refunds.list_async(params={"charge": charge.id, "limit": 100})
        return list(listed.data)

    async def transfer(self, order_id: str) -> stripe.Transfer:
        """The producer's transfer for an order."""
        charge = await self.charge(order_id)
        assert isinstance(charge.transfer, str)
        return await self.client.v1.transfers.retrieve_async(charge.transfer)

    async def application_fee(self, order_id: str) -> stripe.ApplicationFee:
        """The platform's fee for an order."""
        charge = await self.charge(order_id)
        assert isinstance(charge.application_fee, str)
        return await self.client.v1.application_fees.retrieve_async(charge.application_fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeWorld:
    """A running service, and everything around it."""

    settings: Settings
    sandbox: StripeSandbox
    mailbox: MailCatcher
    service: Service
    box_office: BoxOffice
    stripe: StripeBooks

    @property
    def container(self) -> Container:
        return self.service.container

    async def execute(self, statement: str, *parameters: Any) -> None:
        """Change the database behind the application's back."""
        await execute(self.settings, statement, *parameters)

    async def work_off(self, order_id: str) -> list[TaskState | None]:
        """Do the remaining tasks of an order, as a worker would after every pause. Returns the state of each task."""
        # Due for a while: the application's clock may be a little behind the database's.
        await self.execute(
            "UPDATE outbox SET due_at = now() - interval '1 minute', relay_at = greatest(relay_at, now()) "
            "WHERE order_id = %s",
            UUID(order_id),
        )
        tasks = await tasks_of(self.settings, order_id)
        run_task = self.container.run_task()
        return [await run_task(task_id) for task_id, _, state in tasks if state == TaskState.PENDING]


@asynccontextmanager
async def stripe_world(
    postgres: EmbeddedPostgres,
    redis_url: str,
    *,
    options: SandboxOptions | None = None,
    stripe_timeout_seconds: float = 10,
    dressed: Dress | None = None,
    queue: int = 1,
    **settings: Any,
) -> AsyncIterator[StripeWorld]:
    """Start it without a worker; ``settings`` are those that matter to the test. ``dressed``: as for ``running``, with
    the client of Stripe that it asks for. ``queue``: as for ``own_settings``.
    """
    port = free_port()
    webhook_url = f"http://127.0.0.1:{port}/api/v1/webhooks/stripe"
    with own_database(postgres) as database_url:
        async with (
            StripeSandbox(replace(options or SandboxOptions(), webhook_url=webhook_url)) as sandbox,
            MailCatcher() as mailbox,
            stripe_books(sandbox.url) as books,
        ):
            own = own_settings(database_url, redis_url, sandbox, mailbox, port, queue=queue)
            own = msgspec.structs.replace(own, **settings)
            hurried = partial(HurriedHttpClient, timeout_seconds=stripe_timeout_seconds)
            client = None if dressed else hurried
            async with running(own, port=port, stripe_http=client, dressed=dressed) as service:
                yield StripeWorld(
                    settings=own,
                    sandbox=sandbox,
                    mailbox=mailbox,
                    service=service,
                    box_office=BoxOffice(service.client, service.container.database(), sandbox),
                    stripe=books,
                )


def own_settings(
    database_url: str, redis_url: str, sandbox: StripeSandbox, mailbox: MailCatcher, port: int, *, queue: int = 1
) -> Settings:
    """The settings of a service on ``port``. ``queue`` is the number of its queue: 0 is that of the tests' shared
    service, and 1 that of many tests, whose workers' heartbeats stay in it for a minute.
    """
    return Settings(
        database_url=database_url,
        redis_url=f"{redis_url.removesuffix('/0')}/{queue}",
        public_url=f"http://127.0.0.1:{port}",
        secret_key="a secret of the tests that is long enough",
        stripe_api_key="sk_test_tests",
        stripe_webhook_secret=sandbox.options.webhook_secret,
        stripe_api_base=sandbox.url,
        stripe_rate_per_second=1000,
        smtp_url=mailbox.smtp_url,
        smtp_rate_per_second=1000,
        mail_from="PiqueTickets <tickets@piquetickets.example>",
        checkout_rate_limit="off",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyProcesses:
    """The service as several server processes, and a worker if requested, all started by the command line."""

    settings: Settings
    sandbox: StripeSandbox
    mailbox: MailCatcher
    box_office: BoxOffice
    stripe: StripeBooks


@asynccontextmanager
async def many_processes(
    postgres: EmbeddedPostgres,
    redis_url: str,
    *,
    servers: int,
    with_worker: bool = False,
    options: SandboxOptions | None = None,
    **settings: Any,
) -> AsyncIterator[ManyProcesses]:
    """Start them with a separate Stripe, database and mailbox; ``settings`` are those that matter."""
    port = free_port()
    webhook_url = f"http://127.0.0.1:{port}/api/v1/webhooks/stripe"
    with own_database(postgres) as database_url:
        async with (
            StripeSandbox(replace(options or SandboxOptions(), webhook_url=webhook_url)) as sandbox,
            MailCatcher() as mailbox,
            stripe_books(sandbox.url) as books,
            AsyncExitStack() as stack,
        ):
            own = own_settings(database_url, redis_url, sandbox, mailbox, port)
            own = msgspec.structs.replace(own, log_level="ERROR", **settings)
            environment = environment_of(own)
            serve = ("serve", "--port", str(port), "--workers", str(servers))
            await stack.enter_async_context(running_command(*serve, environment=environment))
            if with_worker:
                await stack.enter_async_context(running_command("worker", environment=environment))
            connector = aiohttp.TCPConnector(limit=0)
            client = await stack.enter_async_context(aiohttp.ClientSession(own.public_url, connector=connector))
            engine = create_engine(database_url, pool_size=5)
            stack.push_async_callback(engine.dispose)
            await until_ready(own.public_url)
            yield ManyProcesses(
                settings=own,
                sandbox=sandbox,
                mailbox=mailbox,
                box_office=BoxOffice(client, PostgresDatabase(engine), sandbox),
                stripe=books,
            )


def order_of(charge: stripe.Charge) -> str | None:
    """The order that a charge paid for."""
    found = charge.metadata.to_dict().get("order_id")
    return None if found is None else str(found)


@asynccontextmanager
async def stripe_books(api_base: str) -> AsyncIterator[StripeBooks]:
    """Stripe's records, at this address."""
    http_client = HttpClient()
    try:
        yield StripeBooks(create_client("sk_test_tests", http_client, api_base=api_base))
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]


@contextmanager
def webhooks_held_back(sandbox: StripeSandbox) -> Iterator[None]:
    """Hold back Stripe's webhooks until the end of the block."""
    sandbox.control.webhooks.paused = True
    try:
        yield
    finally:
        sandbox.control.webhooks.paused = False


async def execute(settings: Settings, statement: str, *parameters: Any) -> None:
    """Change a service's database behind its back."""
    assert settings.database_url
    async with connected(settings.database_url) as connection:
        await connection.execute(statement.encode(), parameters)


async def tasks_of(settings: Settings, order_id: str) -> list[tuple[UUID, str, str]]:
    """Id, kind and state of every task that an order ever had."""
    assert settings.database_url
    async with connected(settings.database_url) as connection:
        found = await connection.execute(
            "SELECT id, kind, state FROM outbox WHERE order_id = %s AND kind <> %s"
            # A refund's mail waits for the refund.
            " ORDER BY kind = %s, kind",
            [UUID(order_id), TaskKind.REMINDER_MAIL, TaskKind.REFUND_MAIL],
        )
        return [(task_id, kind, state) for task_id, kind, state in await found.fetchall()]


def session_calls(sandbox: StripeSandbox, order_id: str) -> list[str | None]:
    """The idempotency key of every call for an order's session."""
    return [
        request.idempotency_key
        for request in sandbox.control.requests.requests(CREATE_SESSION)
        if order_id in str(request.params)
    ]


def minor(amount: str) -> int:
    """The cents of an amount as the API writes it."""
    return int(amount.replace(".", ""))


def buyer(on_sale_id: UUID, name: str = "Ada Lovelace") -> Json:
    """A customer with a mailbox that no other test uses."""
    return {"name": name, "email": f"{name.split(maxsplit=1)[0].lower()}-{on_sale_id.hex}@example.org"}
