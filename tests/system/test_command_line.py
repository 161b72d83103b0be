"""The other commands of docs/api.md, as processes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import psutil
import pytest

from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import StripeSandbox
from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.processes import (
    START_SECONDS,
    STOP_SECONDS,
    clean_environment,
    command,
    run,
    running_command,
    until_ready,
)
from tests.support.server import Service, free_port
from tests.support.staff import Visitor


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return environment_of(settings)


async def test_serve_and_worker_start_their_own_engines_where_none_is_named(
    tmp_path: Path, sandbox: StripeSandbox, mailbox: MailCatcher
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    data_dir = ("--data-dir", str(tmp_path / "data"))
    environment = {
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_API_KEY": "sk_test_1",
        "STRIPE_WEBHOOK_SECRET": sandbox.options.webhook_secret,
        "SMTP_URL": mailbox.smtp_url,
    }
    async with running_command("serve", "--port", str(port), "--with-worker", *data_dir, environment=environment):
        await until_ready(url)
        created = await run("producer", "create", "--name", "Globe", "--email", "a@globe.example", *data_dir)
        assert str(UUID(created.out.strip())) == created.out.strip()
        async with aiohttp.ClientSession(url) as client, client.get("/api/v1/shows") as answer:
            assert (await answer.json()) == {"items": [], "next_cursor": None}


async def test_a_producer_gets_its_first_owner_and_more(
    service: Service, environment: dict[str, str], mailbox: MailCatcher
) -> None:
    address = f"{uuid4().hex}@globe.example"
    named = ("--name", "Globe", "--email", "a@globe.example", "--owner", address)
    created = await run("producer", "create", *named, environment=environment)
    producer_id, office, _ = created.out.splitlines()
    second = await run("producer", "add-owner", producer_id, f"2-{address}", environment=environment)
    links = [office.removeprefix("Office: "), second.out.splitlines()[0].removeprefix("Office: ")]
    mails = [(await mailbox.wait_for(1, to=to, timeout_seconds=120))[0] for to in (address, f"2-{address}")]
    assert all("/office/sign-in/link?token=" in mail.text for mail in mails)
    assert not any(link in mail.text for link, mail in zip(links, mails, strict=True))
    for link in links:
        browser = Visitor(client=service.client)
        token = link.partition("token=")[2]
        assert (await browser.post("/office/sign-in/link", token=token)).location == "/office"
        assert (await browser.get("/office/team")).status == 200
    wrong = await run("producer", "create", *named[:-1], "nobody", environment=environment)
    assert (wrong.code, "Invalid email format" in wrong.err) == (2, True)


SERVER_PROCESSES = 3


async def server_processes(pid: int) -> list[psutil.Process]:
    """The server processes, as soon as all exist; none serves by then."""
    async with asyncio.timeout(START_SECONDS):
        found: list[psutil.Process] = []
        while len(found) < SERVER_PROCESSES:
            await asyncio.sleep(0.001)
            found = psutil.Process(pid).children()
    return found


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_server_that_ends_while_it_starts_leaves_no_process_behind(
    environment: dict[str, str], ended_by: signal.Signals
) -> None:
    serve = command("serve", "--port", str(free_port()), "--workers", str(SERVER_PROCESSES))
    process = await asyncio.create_subprocess_exec(*serve, env=clean_environment(**environment))
    servers = await server_processes(process.pid)
    assert psutil.Process(process.pid).num_threads() == 1  # a fork takes no other one along

    process.send_signal(ended_by)

    await asyncio.wait_for(process.wait(), STOP_SECONDS)
    _, left = await asyncio.to_thread(psutil.wait_procs, servers, timeout=STOP_SECONDS)
    assert left == []


async def test_migrate_makes_an_empty_database_ready_and_serve_wants_it_ready(
    postgres: EmbeddedPostgres, environment: dict[str, str]
) -> None:
    url = postgres.create_database("to_be_migrated")
    own = {**environment, "DATABASE_URL": url}
    try:
        refused = await run("serve", "--port", str(free_port()), environment=own)
        assert refused.code == 2
        assert "run `piquetickets migrate`" in refused.err
        for _ in range(2):
            migrated = await run("migrate", environment=own)
            assert (migrated.code, migrated.out.startswith("The database is at schema ")) == (0, True)
        listed = await run("producer", "create", "--name", "Globe", "--email", "a@globe.example", environment=own)
        assert listed.code == 0
    finally:
        postgres.drop_database("to_be_migrated")


async def test_tokens_are_made_and_revoked(box_office: BoxOffice, environment: dict[str, str]) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    path = f"/api/v1/orders/{placed['order_id']}"
    producer = ("--producer", str(on_sale.producer.id))

    made = await run("token", "create", *producer, "--scopes", "orders,catalog", environment=environment)
    token = dict(line.split(":", 1) for line in made.out.splitlines())
    headers = {"Authorization": f"Bearer {token['secret'].strip()}"}
    assert (await box_office.get(path, headers=headers)).status == 200

    assert (await run("token", "revoke", token["id"].strip(), environment=environment)).code == 0
    assert (await box_office.get(path, headers=headers)).status == 401


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("producer", "create", "--name", "Globe", "--email", "nobody"), "Invalid email format"),
        (("producer", "create", "--name", "Globe", "--email", "a@b.example", "--currency", "XXX"), "Unknown currency"),
        (("token", "create", "--scopes", "orders"), "need one"),
        (("token", "create", "--scopes", "everything"), "everything"),
        (("token", "create", "--scopes", "orders", "--producer", "01a206a2-6f2b-76bc-9737-2e5dbd0af17e"), "No such"),
        (("token", "revoke", "01a206a2-6f2b-76bc-9737-2e5dbd0af17e"), "No such token"),
    ],
)
async def test_what_makes_no_sense_is_said_in_a_line(
    environment: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    ended = await run(*arguments, environment=environment)
    assert ended.code == 2
    assert words in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["serve", "worker"])
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HOLD_MINUTES": "soon"}, "HOLD_MINUTES"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL"),
        ({"STRIPE_API_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, "SECRET_KEY"),
        (
            {"STRIPE_API_KEY": "sk_live_1", "SECRET_KEY": "long enough to be one as it now has to be"},
            "STRIPE_WEBHOOK_SECRET",
        ),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "database"),
    ],
)
async def test_wrong_settings_end_the_start_in_one_line(name: str, variables: dict[str, str], words: str) -> None:
    ended = await run(name, environment=variables)
    assert ended.code == 2
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "sk_live_1" not in ended.err


async def test_stripe_sandbox_runs_alone(tmp_path: Path) -> None:
    port = free_port()
    async with running_command("sandbox", "stripe", "--port", str(port), environment={}) as process:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}" in (await process.stdout.readline()).decode()
        async with aiohttp.ClientSession() as client:
            headers = {"Authorization": "Bearer sk_test_1"}
            async with client.get(f"http://127.0.0.1:{port}/v1/account", headers=headers) as answer:
                assert (await answer.json())["object"] == "account"


async def test_sweep_settles_overdue_holds(
    box_office: BoxOffice, service: Service, environment: dict[str, str]
) -> None:
    swept = await run("sweep", environment=environment)
    assert swept.code == 0
    assert "overdue holds settled" in swept.out
