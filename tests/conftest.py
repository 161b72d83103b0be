"""Engines and servers that every test may use. All are real; each test process starts its own."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice
from tests.support.collection import SharedCompiling
from tests.support.database import holds_never_released, new_database
from tests.support.examples import examples
from tests.support.leftovers import Leftovers
from tests.support.processes import forking
from tests.support.server import Service, free_port, running

_LEFTOVERS = Leftovers()
_SYSTEM = Path(__file__).parent / "system"
#: Files with tests of ten seconds and more each.
_LONGEST = {
    "test_accessibility",
    "test_audit_and_door",
    "test_backup",
    "test_clocks",
    "test_counter",
    "test_demo",
    "test_door_offline",
    "test_event_storm",
    "test_fulfilment_failures",
    "test_kinds",
    "test_mail_pace",
    "test_many_processes",
    "test_office_by_keyboard",
    "test_office_of_a_large_house",
    "test_office_people",
    "test_office_reports",
    "test_office_shows",
    "test_office_tickets",
    "test_other_scanner",
    "test_party_of_four_hundred",
    "test_payment_life",
    "test_previous_release",
    "test_sentinel",
    "test_several_hosts",
    "test_shards",
    "test_simulation",
    "test_stripe_pace",
    "test_vanishing_hosts",
}


#: Of the garbage collector's objects, beside those that all tests share. An application has about as many.
_MANY_OBJECTS: Final = 200_000

# None fails because the machine is busy.
hypothesis_settings.register_profile(
    "ours",
    deadline=None,
    max_examples=examples(50),
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_LEFTOVERS)
    if process := getattr(config, "workerinput", None):
        number = int(process["workerid"].removeprefix("gw"))
        config.pluginmanager.register(SharedCompiling(number, process["workercount"]))


def pytest_xdist_auto_num_workers() -> int:
    """Twice the number of processors: tests spend half of their time waiting, for engines and for other processes.

    Each test process starts engines, a service and perhaps a browser, so four more are enough on a large machine.
    """
    processors = os.cpu_count() or 1
    return min(2 * processors, processors + 4)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest tests first, dealt out to the test processes; the order is random otherwise. The tests at the end
    of a parallel run are then short, and an idle test process can take them over.

    pytest-xdist gives each process the next part of the list, so a part for each of them is made here. All short tests
    of a file are in one part: a service that they share is then started once, and not in each process.
    """
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    parts: list[list[pytest.Item]] = [[] for _ in range(processes)]
    long = [item for item in items if item.path.stem in _LONGEST or _SYSTEM in item.path.parents]
    long.sort(key=lambda item: (item.path.stem not in _LONGEST, _SYSTEM not in item.path.parents))
    for number, item in enumerate(long):
        parts[number % processes].append(item)
    dealt = set(long)
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if item not in dealt:
            files.setdefault(item.path, []).append(item)
    for of_file in files.values():
        min(parts, key=len).extend(of_file)
    items[:] = [item for part in parts for item in part]


def pytest_collection_finish() -> None:
    """Reseed: all test processes drew the order from the same seed, but their ports and names must differ.

    And leave what all tests share, a million objects, out of the garbage collector's rounds.
    """
    random.seed()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Free what is left of a file's services, once there is much of it."""
    if (nextitem is None or nextitem.path != item.path) and len(gc.get_objects()) > _MANY_OBJECTS:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
async def whole_run() -> AsyncIterator[None]:
    """What all tests need: a loop that knows the owner of its tasks, and commands that start fast."""
    _LEFTOVERS.own_tasks_of(asyncio.get_running_loop())
    async with forking():
        yield


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log lines of the test's own work. Shared parts, such as ``service``, log at any time."""
    caplog.handler.addFilter(_LEFTOVERS.is_of_this_test)
    yield caplog
    caplog.handler.removeFilter(_LEFTOVERS.is_of_this_test)


@pytest.fixture
def shared_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log lines of this whole process. A test has to select its own lines by an id of its data."""
    caplog.handler.removeFilter(_LEFTOVERS.is_of_this_test)
    return caplog


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def closed_port() -> Iterator[int]:
    """A port that refuses every connection, and that no other process can take."""
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
    return new_database(postgres, "shared")


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
    assert not await holds_never_released(settings.database_url or ""), (
        "The worker tries to release these orders again and again, and other tests wait: see BoxOffice.store"
    )


@pytest.fixture
def box_office(service: Service, sandbox: StripeSandbox) -> BoxOffice:
    return BoxOffice(service.client, service.container.database(), sandbox)
