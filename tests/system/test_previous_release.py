"""The release before this one goes on selling while the schema is brought to the newest, and after that.

That is what the expand and contract rule promises (adapters/postgres/migrations/README.md): the old processes serve
until the last of them is replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from adapters.postgres import schema
from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.cli.engines import environment_of
from tests.support.back_office import BASE, SHOW, TICKET
from tests.support.box_office import BoxOffice, Json
from tests.support.previous_release import PreviousRelease, previous_release
from tests.support.processes import run, until_ready
from tests.support.server import free_port
from tests.support.stripe_world import own_settings

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> PreviousRelease:
    return previous_release(tmp_path_factory.mktemp("previous_release"))


@dataclass(frozen=True, slots=True)
class House:
    """A producer of an installation that runs the previous release."""

    environment: dict[str, str]
    box_office: BoxOffice
    mailbox: MailCatcher
    headers: dict[str, str]

    async def office(self, method: str, path: str, body: Any = None) -> Json:
        answer = await self.box_office.request(method, BASE + path, headers=self.headers, json=body)
        assert answer.status < 300, (method, path, answer.content)
        return answer.body

    async def on_sale(self) -> Json:
        """A cart of two tickets of a new show."""
        show = await self.office("POST", "/shows", {**SHOW, "published": True})
        ticket = await self.office("POST", f"/shows/{show['id']}/tickets", {**TICKET, "quantity": 10_000})
        return {"show_id": show["id"], "tickets": [{"ticket_id": ticket["id"], "quantity": 2}]}

    async def sell(self, cart: Json, email: str) -> Json:
        """Sell tickets, refund one, and let the other in; its mail arrives."""
        bought = await self.box_office.buy(cart, customer={"name": "Ada Lovelace", "email": email})
        assert bought["status"] == "completed"
        first, second = bought["attendees"]
        await self.office("POST", f"/orders/{bought['order_id']}/refund", {"attendee_ids": [first["id"]]})
        scan = {"show_id": cart["show_id"], "code": second["code"], "device_id": "door"}
        assert (await self.office("POST", "/checkin", scan))["result"] == "admitted"

        async def has_mails() -> bool:
            return len(self.mailbox.mails.addressed_to(email)) == 2  # the tickets, and the refund

        await self.box_office.until(has_mails)
        return bought


@pytest.fixture
async def house(earlier: PreviousRelease, postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[House]:
    port, name = free_port(), f"previous_{uuid4().hex}"
    url = postgres.create_database(name)
    webhooks = SandboxOptions(webhook_url=f"http://127.0.0.1:{port}/api/v1/webhooks/stripe")
    async with StripeSandbox(webhooks) as sandbox, MailCatcher() as mailbox:
        settings = own_settings(url, redis_url, sandbox, mailbox, port)
        environment = environment_of(settings)
        create = ("producer", "create", "--name", "Globe", "--email", "office@globe.example")
        token = ("token", "create", "--producer", "{1}", "--scopes", "catalog,orders,checkin")
        *_, issued = await earlier.run(
            ["migrate"], [*create, "--stripe-account", "acct_globe"], token, environment=environment
        )
        secret = issued.split()[-1]
        serve = ("serve", "--with-worker", "--port", str(port))
        async with (
            earlier.running(*serve, environment=environment),
            aiohttp.ClientSession(settings.public_url) as client,
        ):
            await until_ready(settings.public_url)
            engine = create_engine(url, pool_size=1)
            box_office = BoxOffice(client, PostgresDatabase(engine), sandbox)
            yield House(environment, box_office, mailbox, {"Authorization": f"Bearer {secret}"})
            await engine.dispose()
    postgres.drop_database(name)


async def test_previous_release_sells_on_while_the_schema_changes_and_afterwards(house: House) -> None:
    cart = await house.on_sale()
    await house.sell(cart, "before@example.org")

    during = 0
    async with asyncio.TaskGroup() as group:
        migrating = group.create_task(run("migrate", environment=house.environment))
        while not migrating.done():
            await house.box_office.buy(cart, customer={"name": "Ada", "email": "during@example.org"})
            during += 1
    migrated = migrating.result()
    assert migrated.out == f"The database is at schema {schema.newest_revision()}.\n", migrated.err
    assert during

    await house.sell(cart, "after@example.org")
    await house.sell(await house.on_sale(), "after-in-a-new-show@example.org")
    audited = await run("audit", environment=house.environment)
    assert audited.code == 0, audited.out
