"""Engines and servers that every test may use. All are real; each test process starts its own."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.postgres import schema
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice
from tests.support.server import Service, free_port, running


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests wait half of their time for the processes that they start."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that at the end of a parallel run nobody waits for one long test."""
    items.sort(key=lambda item: Path(__file__).parent / "system" not in item.path.parents)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def closed_port() -> Iterator[int]:
    """A port that refuses every connection, and that nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(data_dir, durable=False) as engine:
        yield engine


@pytest.fixture(scope="session")
def database_url(postgres: EmbeddedPostgres) -> str:
    """A database with the newest schema. Tests share it, and look only at what they made themselves."""
    schema.upgrade(postgres.url)
    return postgres.url


@pytest.fixture(scope="session")
def redis_url(data_dir: Path) -> Iterator[str]:
    with EmbeddedRedis(data_dir) as engine:
        yield engine.url


@pytest.fixture(scope="session")
async def mailbox() -> AsyncIterator[MailCatcher]:
    async with MailCatcher() as catcher:
        yield catcher


@pytest.fixture(scope="session")
def service_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
async def sandbox(service_port: int) -> AsyncIterator[StripeSandbox]:
    """Stripe, which sends its webhooks to ``service``."""
    options = SandboxOptions(webhook_url=f"http://127.0.0.1:{service_port}/api/v1/webhooks/stripe")
    async with StripeSandbox(options) as stripe:
        yield stripe


@pytest.fixture(scope="session")
def settings(
    database_url: str, redis_url: str, mailbox: MailCatcher, sandbox: StripeSandbox, service_port: int
) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        public_url=f"http://127.0.0.1:{service_port}",
        secret_key="a secret of the tests that is long enough",
        stripe_api_key="sk_test_tests",
        stripe_webhook_secret=sandbox.options.webhook_secret,
        stripe_api_base=sandbox.url,
        smtp_url=mailbox.smtp_url,
        smtp_rate_per_second=1000,
        mail_from="PiqueTickets <tickets@piquetickets.example>",
        checkout_rate_limit="off",
    )


@pytest.fixture(scope="session")
async def service(settings: Settings, service_port: int) -> AsyncIterator[Service]:
    """The whole service over HTTP: API and worker in this process, real engines behind them."""
    async with running(settings, port=service_port, with_worker=True) as started:
        yield started


@pytest.fixture
def box_office(service: Service, sandbox: StripeSandbox) -> BoxOffice:
    return BoxOffice(service.client, service.container.database(), sandbox)
