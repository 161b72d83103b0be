"""piquetickets doctor, on a healthy installation and on every kind of broken one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import aiohttp
import msgspec
import pytest
from aiohttp import web

from adapters.memory.system import MemoryClock
from adapters.system.clock import SystemClock
from application.ports.workload import Workload
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.stripe_sandbox import StripeSandbox
from domain.tax import TaxMode
from entrypoints.cli.engines import environment_of
from entrypoints.container import Container, close
from entrypoints.doctor.all_checks import examine
from entrypoints.doctor.clocks import TOLERATED_SKEW_SECONDS, compare_clocks
from entrypoints.doctor.findings import Examination, Finding
from entrypoints.probes import PROBE_HEADER, PROBE_LIFETIME, Probes
from entrypoints.settings import Settings
from tests.support import factories
from tests.support.processes import run
from tests.support.server import free_port, running
from tests.support.stripe_world import StripeWorld, stripe_world

EVERYTHING = [
    "settings",
    "public url",
    "mail",
    "pdf",
    "database",
    "schema",
    "clock against the database",
    "redis",
    "clock against Redis",
    "worker",
    "backlog",
    "time zones",
    "sale times",
    "stripe key",
    "clock against Stripe",
    "connected accounts",
    "webhook",
    "webhook events",
]


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


@pytest.fixture
async def well(world: StripeWorld) -> AsyncIterator[Settings]:
    """The settings of an installation without errors: a worker's heartbeat is fresh, too.

    The producers of a test are gone after it.
    """
    assert await world.container.heartbeat().beat() == 1
    yield world.settings
    await world.execute("UPDATE producer_financials SET stripe_account_id = NULL")
    await world.execute("UPDATE shows SET published = false")


async def examined(settings: Settings, **changes: object) -> dict[str, Finding]:
    findings = await examine(msgspec.structs.replace(settings, **changes))
    return {finding.what: finding for finding in findings}


async def assert_off(settings: Settings, *what: str, words: str, fix: str, **changes: object) -> None:
    """Check that exactly these findings are errors; the first of them has these words, and this fix."""
    findings = await examined(settings, **changes)
    assert [name for name, finding in findings.items() if not finding.is_fine] == list(what), findings
    assert words in findings[what[0]].words
    assert fix in (findings[what[0]].fix or "")


async def test_an_installation_that_is_well(well: Settings) -> None:
    finished = await run("doctor", environment=environment_of(well))
    *lines, last = finished.out.splitlines()
    assert (finished.code, last) == (0, f"All {len(EVERYTHING)} are fine."), finished
    assert [line[6:].split(":")[0] for line in lines] == EVERYTHING
    assert all(line.startswith("ok    ") for line in lines)
    assert any(line.startswith("ok    stripe key: of account acct_") and "mode test" in line for line in lines)


async def test_one_that_is_not_is_told_what_to_mend(well: Settings, closed_port: int) -> None:
    finished = await run("doctor", environment={**environment_of(well), "SMTP_URL": f"smtp://127.0.0.1:{closed_port}"})
    assert (finished.code, finished.out.splitlines()[-1]) == (1, f"1 of {len(EVERYTHING)} are off.")
    [line] = [line for line in finished.out.splitlines() if line.startswith("OFF   mail: ")]
    assert line.endswith(" -> start the mail server, or correct SMTP_URL")


async def test_its_own_engines_are_examined_where_none_is_named(well: Settings, tmp_path: object) -> None:
    environment = environment_of(well)
    del environment["DATABASE_URL"], environment["REDIS_URL"]
    finished = await run("doctor", "--data-dir", str(tmp_path), environment=environment)
    assert finished.code == 1
    assert [line[6:].split(":")[0] for line in finished.out.splitlines() if line.startswith("OFF ")] == ["worker"]


async def test_no_database(well: Settings, closed_port: int) -> None:
    everything_in_it = (
        "database",
        "schema",
        "clock against the database",
        "backlog",
        "time zones",
        "sale times",
        "connected accounts",
        "webhook events",
    )
    nowhere = f"postgresql://nobody@127.0.0.1:{closed_port}/nothing"
    await assert_off(well, *everything_in_it, database_url=nowhere, words="refused", fix="DATABASE_URL")


async def test_a_database_without_a_schema(well: Settings, postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("never_migrated")
    try:
        await assert_off(
            well,
            "schema",
            "backlog",
            "time zones",
            "sale times",
            "connected accounts",
            "webhook events",
            database_url=url,
            words="at schema none",
            fix="piquetickets migrate",
        )
    finally:
        postgres.drop_database("never_migrated")


async def test_no_redis(well: Settings, closed_port: int) -> None:
    nowhere = f"redis://127.0.0.1:{closed_port}/0"
    off = ("redis", "clock against Redis", "worker")
    await assert_off(well, *off, redis_url=nowhere, words="connecting to 127.0.0.1", fix="REDIS_URL")


async def test_no_worker(well: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("quiet")) as quiet:
        await assert_off(well, "worker", redis_url=quiet.url, words="no worker was alive", fix="piquetickets worker")


async def test_how_many_workers_the_last_hour_would_have_needed(
    well: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("worked")) as worked:
        settings = msgspec.structs.replace(well, redis_url=worked.url)
        container = Container(settings=settings)
        await container.heartbeat().beat()
        assert await container.work_log().add(Workload(1000, timedelta(minutes=150)))
        await close(container)
        finding = (await examined(settings))["backlog"]
    assert finding.is_fine
    # A test before may have left a mail to do in this world.
    assert re.search(r"the last hour \(1000 tasks done, \d due\) would have needed 3 workers", finding.words)


async def test_no_mail_server(well: Settings, closed_port: int) -> None:
    await assert_off(well, "mail", smtp_url=f"smtp://127.0.0.1:{closed_port}", words="", fix="SMTP_URL")


async def test_a_mail_server_that_knows_no_login(well: Settings) -> None:
    with_login = well.smtp_url.replace("smtp://", "smtp://ada:wrong@")
    await assert_off(well, "mail", smtp_url=with_login, words="AUTH", fix="SMTP_URL")


async def test_a_stripe_that_does_not_know_the_key(well: Settings) -> None:
    await assert_off(
        well,
        "stripe key",
        "clock against Stripe",
        stripe_api_key="sk_test_",
        words="Invalid API Key",
        fix="STRIPE_API_KEY",
    )


async def test_a_live_key_wants_secrets_and_an_address_of_its_own(well: Settings) -> None:
    findings = await examined(well, stripe_api_key="sk_live_1", secret_key=Settings().secret_key)
    assert findings["settings"].fix == "set SECRET_KEY"
    assert "https://" in (findings["public url"].fix or "")


async def test_no_webhook_secret(well: Settings) -> None:
    await assert_off(
        well, "settings", "webhook", stripe_webhook_secret="", words="must be set", fix="STRIPE_WEBHOOK_SECRET"
    )


async def test_a_server_with_another_webhook_secret(well: Settings) -> None:
    await assert_off(
        well, "webhook", stripe_webhook_secret="whsec_other", words="refuses our signature", fix="restart `serve`"
    )


async def test_a_public_url_that_leads_nowhere(well: Settings) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    await assert_off(well, "public url", "webhook", public_url=nowhere, words="Cannot connect", fix="PUBLIC_URL")


async def test_a_public_url_that_leads_to_somebody_else(well: Settings, sandbox: StripeSandbox) -> None:
    await assert_off(well, "public url", "webhook", public_url=sandbox.url, words="another server", fix="PUBLIC_URL")


async def test_a_producer_who_cannot_take_charges(world: StripeWorld, well: Settings) -> None:
    stopped = factories.producer(name="The Curtain", account="acct_stopped")
    async with world.box_office.unit_of_work() as uow:
        await uow.producers.add(stopped)
        await uow.commit()
    world.sandbox.control.set_charges_enabled("acct_stopped", enabled=False)
    try:
        await assert_off(well, "connected accounts", words="The Curtain (acct_stopped)", fix="onboarding")
    finally:
        world.sandbox.control.set_charges_enabled("acct_stopped", enabled=True)


async def test_a_producer_whose_tax_stripe_cannot_compute(world: StripeWorld, well: Settings) -> None:
    seller = factories.producer(name="The Swan", account="acct_untaxed")
    async with world.box_office.unit_of_work() as uow:
        await uow.producers.add(seller)
        await uow.commit()
    world.sandbox.control.set_tax_active("acct_untaxed", active=False)
    words = "The Swan (acct_untaxed): head_office"
    await assert_off(well, "connected accounts", words=words, fix="https://docs.stripe.com/tax/settings-api")
    async with world.box_office.unit_of_work() as uow:
        await uow.producers.save(replace(seller, tax=TaxMode.OFF))
        await uow.commit()
    assert (await examined(well))["connected accounts"].is_fine


async def test_a_taxed_show_without_an_address_is_named(world: StripeWorld, well: Settings) -> None:
    await world.box_office.put_on_sale(title="A Show Nowhere")
    finding = (await examined(well))["connected accounts"]
    assert finding.is_fine
    assert "A Show Nowhere" in finding.words


@pytest.mark.parametrize("ahead", [1, -1])
def test_clocks_may_differ_by_half_a_minute(ahead: int) -> None:
    skew = timedelta(seconds=TOLERATED_SKEW_SECONDS)
    assert compare_clocks("Stripe", factories.NOW, factories.NOW + skew * ahead).is_fine
    off = compare_clocks("Stripe", factories.NOW, factories.NOW + (skew + timedelta(seconds=1)) * ahead)
    assert f"31 seconds {'ahead of' if ahead > 0 else 'behind'} it" in off.words
    assert "NTP" in (off.fix or "")


def test_a_clock_that_is_not_told_is_no_trouble() -> None:
    assert compare_clocks("Stripe", None, datetime.now(factories.NOW.tzinfo)).is_fine


async def test_whatever_goes_wrong_is_a_finding() -> None:
    async def look() -> Finding:
        raise ValueError

    assert await Examination("pdf", look, "install anew")() == Finding("pdf", "ValueError", "install anew")


async def test_a_worker_is_heard_of_and_forgotten(settings: Settings, closed_port: int) -> None:
    away = Container(settings=msgspec.structs.replace(settings, redis_url=f"redis://127.0.0.1:{closed_port}/0"))
    assert await away.heartbeat().beat() == 0
    await close(away)


@asynccontextmanager
async def a_proxy(upstream: str, *, appends: str | None) -> AsyncIterator[str]:
    """A proxy in front of the service; it names its client if ``appends`` is an address."""

    async def forward(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        if appends:
            known = request.headers.getall("X-Forwarded-For", [])
            headers["X-Forwarded-For"] = ", ".join([*known, appends])
        async with (
            aiohttp.ClientSession() as client,
            client.request(
                request.method, f"{upstream}{request.path_qs}", data=await request.read(), headers=headers
            ) as answer,
        ):
            return web.Response(body=await answer.read(), status=answer.status, content_type=answer.content_type)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def seen_through(well: Settings, *, appends: str | None, trusted_proxies: str) -> Finding:
    behind = msgspec.structs.replace(well, trusted_proxies=trusted_proxies)
    async with running(behind) as service, a_proxy(service.url, appends=appends) as public_url:
        return (await examined(behind, public_url=public_url))["public url"]


async def test_a_proxy_that_is_not_trusted_is_named(well: Settings) -> None:
    finding = await seen_through(well, appends="8.8.8.8", trusted_proxies="")
    assert "all buyers count as 127.0.0.1" in finding.words
    assert finding.fix == "set TRUSTED_PROXIES to 127.0.0.1"


async def test_a_proxy_that_is_trusted_is_fine(well: Settings) -> None:
    assert (await seen_through(well, appends="8.8.8.8", trusted_proxies="127.0.0.1")).is_fine
    assert (await seen_through(well, appends=None, trusted_proxies="")).is_fine


async def test_proxies_that_pass_on_what_anyone_says(well: Settings) -> None:
    finding = await seen_through(well, appends="8.8.8.8", trusted_proxies="0.0.0.0/0")
    assert "any client may claim any address" in finding.words
    assert "TRUSTED_PROXIES" in (finding.fix or "")


async def test_how_the_server_sees_its_clients_is_told_to_the_doctor_alone(world: StripeWorld, well: Settings) -> None:
    for probe in ("", "1.x", "x.y", Probes("another secret of mine", SystemClock()).sign()):
        (await world.box_office.get("/health/client", headers={PROBE_HEADER: probe})).refused(404, "not_found")
    probe = Probes(well.secret_key, SystemClock()).sign()
    seen = (await world.box_office.get("/health/client", headers={PROBE_HEADER: probe})).body
    assert (seen["client"], seen["peer"], seen["forwarded_for"]) == ("127.0.0.1", "127.0.0.1", False)


def test_a_probe_is_good_for_minutes() -> None:
    clock = MemoryClock()
    probe = Probes("secret", clock).sign()
    clock.advance(PROBE_LIFETIME)
    assert Probes("secret", clock).is_genuine(probe)
    clock.advance(timedelta(seconds=1))
    assert not Probes("secret", clock).is_genuine(probe)
