"""Three hosts with API and workers, two with PostgreSQL, two with Redis: one after another is lost, and sales go on.

The set-up is docs/operations.md#two-servers-of-each-engine, read out of the document. One of the three connects by
PgBouncer, and one begins with the previous release. The losses come in any order; each leaves all hosts as it found
them, though the engines may have exchanged their roles. ``THOROUGH=1`` has ten rounds of them.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import pytest
from redis.asyncio import Redis

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from entrypoints.cli.engines import environment_of
from entrypoints.container import Container, close
from entrypoints.doctor.engines import of_engines
from tests.chaos.crowd import Crowd, Sale, gather_at
from tests.chaos.installation import Place, Program
from tests.chaos.verdict import judge, settle
from tests.support.database import connected
from tests.support.examples import THOROUGH, examples
from tests.support.namespaces import needs_namespaces
from tests.support.network import Network, network_of
from tests.support.pooler import needs_pgbouncer
from tests.support.previous_release import PreviousRelease, previous_release
from tests.support.processes import START_SECONDS, run, until_ready
from tests.support.stripe_world import own_settings
from tests.support.two_servers import Lines, TwoServers, two_servers

pytestmark = [pytest.mark.p1, needs_namespaces, needs_pgbouncer, pytest.mark.timeout(examples(600))]

#: Twice what is promised, as the machine may be busy.
SELLS_AGAIN_SECONDS: Final = 2 * 15
#: A trickle: what matters is when they are served, and not how many.
BUYERS: Final = 4
PAUSE_SECONDS: Final = 0.5
#: The first hears of payments from Stripe, the second connects by PgBouncer, the third begins with the release before.
APPS: Final = ("app1", "app2", "app3")
POOLED, EARLIER = "app2", "app3"
PORT: Final = 8000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts(Place):
    """A place on a network of hosts. ``settings`` are as seen from here, where the hosts have no names;
    ``environments`` are those of the hosts.
    """

    network: Network
    engines: TwoServers
    environments: Mapping[str, Mapping[str, str]]

    def url_of(self, name: str) -> str:
        return self.urls[APPS.index(name)]

    async def until_doctor_says(self, what: str, words: str) -> None:
        """Wait until the doctor's line about an engine has these words."""
        await until(partial(self._doctor_says, what), lambda line: words in line)

    async def _doctor_says(self, what: str) -> str:
        """As on any host that reaches what there is."""
        container = Container(settings=self.settings)
        try:
            (look,) = [look for look in of_engines(container) if look.what == what]
            return str(await look())
        finally:
            await close(container)

    async def doctor_finds(self, name: str) -> dict[str, str]:
        """What is off, by the doctor's name for it, where ``piquetickets doctor`` runs on that host."""
        environment, namespace = self.environments[name], self.network[name].namespace
        doctor = await run("doctor", environment=environment, namespace=namespace)
        lines = [line.removeprefix("OFF").split(":", 1) for line in doctor.out.splitlines() if line.startswith("OFF")]
        assert doctor.code == bool(lines), doctor
        return {what.strip(): words for what, words in lines}


def seen_from_here(network: Network, url: str) -> str:
    for host in network.hosts.values():
        url = url.replace(f"{host.name}:", f"{host.address}:")
    return url.replace("@redis:", f"@{network.service_address}:")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> PreviousRelease:
    return previous_release(tmp_path_factory.mktemp("previous_release"))


@asynccontextmanager
async def hosts(folder: Path, lines: Lines, earlier: PreviousRelease | None) -> AsyncIterator[Hosts]:
    """All hosts, with the schema of the earlier release, which the third runs. If there is none, this release is
    everywhere.
    """
    async with AsyncExitStack() as stack:
        network = stack.enter_context(network_of("db1", "db2", "redis1", "redis2", *APPS, service="redis"))
        engines = await asyncio.to_thread(two_servers, network, folder, lines, stack.enter_context(ExitStack()))
        urls = tuple(f"http://{network[name].address}:{PORT}" for name in APPS)
        options = SandboxOptions(host=network.address, webhook_url=f"{urls[0]}/api/v1/webhooks/stripe")
        sandbox = await stack.enter_async_context(StripeSandbox(options))
        mailbox = await stack.enter_async_context(MailCatcher(network.address))
        written = lines.settings("REDIS_URL=")
        settings = msgspec.structs.replace(
            own_settings("", "", sandbox, mailbox, PORT),
            public_url=urls[0],
            database_url=seen_from_here(network, written["DATABASE_URL"]).removesuffix("&connect_timeout=3"),
            redis_url=seen_from_here(network, written["REDIS_URL"]),
            log_level="WARNING",
        )
        ours = {**environment_of(settings), **written}
        environments = dict.fromkeys(APPS, ours) | {POOLED: {**ours, **lines.settings(":6432")}}
        serve = ("serve", "--host", "0.0.0.0", "--port", str(PORT))  # noqa: S104  # a network of our own
        apis, workers = (
            tuple(
                Program(f"{name} {arguments[0]}", arguments, environments[name], namespace=network[name].namespace)
                for name in APPS
            )
            for arguments in (serve, ("worker",))
        )
        assert settings.database_url
        connections = create_engine(settings.database_url, pool_size=2)
        stack.push_async_callback(connections.dispose)
        place = Hosts(
            settings=settings,
            apis=apis,
            workers=workers,
            urls=urls,
            sandbox=sandbox,
            mailbox=mailbox,
            unit_of_work=PostgresDatabase(connections),
            network=network,
            engines=engines,
            environments=environments,
        )
        begin = AppHosts(place, folder, stack)
        if earlier:
            await begin.earlier(earlier)
            await place.until_doctor_says("schema", "run `piquetickets migrate`")
        migrated = await run("migrate", environment=environments["app1"], namespace=network["app1"].namespace)
        assert migrated.code == 0, migrated
        begin.ours()
        await place.until_ready()
        yield place


@dataclass(frozen=True, slots=True)
class AppHosts:
    """Starts the programs of a place, and stops them with the stack."""

    place: Hosts
    folder: Path
    stack: AsyncExitStack

    async def earlier(self, release: PreviousRelease) -> None:
        """Bring the database to the schema of the earlier release, and run it on its host."""
        await release.run(["migrate"], environment=environment_of(self.place.settings))
        for program in self.place.programs:
            if program.name.startswith(EARLIER):
                program.extra = {"PYTHONPATH": str(release.tree), "PYTHONSAFEPATH": "1"}
                self._begin(program)
        await until_ready(self.place.url_of(EARLIER))

    def ours(self) -> None:
        """Run this release on all other hosts."""
        for program in self.place.programs:
            if not program.extra:
                self._begin(program)

    def _begin(self, program: Program) -> None:
        program.begin()
        self.stack.callback(self._keep_log, program)
        self.stack.push_async_callback(program.stop)

    def _keep_log(self, program: Program) -> None:
        """pytest keeps the folder of a test that failed."""
        (self.folder / f"{program.name}.log").write_text("\n".join(program.log))


async def until(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """The first answer that is right: on a busy machine an engine may not answer in time at first."""
    deadline = time.monotonic() + START_SECONDS
    while not holds(answer := await ask()):
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.2)
    return answer


async def sells(crowd: Crowd, after: str, *, at: str | None = None, free: bool | None = None) -> None:
    """Wait until a checkout that is sent from now on becomes an order: at one API server, and for one ticket type, or
    at any and for any.
    """
    begun = time.monotonic()

    def is_meant(sale: Sale) -> bool:
        return sale.sent_at > begun and at in {None, sale.taken_by} and free in {None, sale.is_free}

    async with asyncio.timeout(SELLS_AGAIN_SECONDS):
        while not any(is_meant(sale) for sale in reversed(crowd.sales)):
            await asyncio.sleep(0.05)
    print(f"{time.strftime('%X')} a sale {time.monotonic() - begun:.1f} s after: {after}")  # noqa: T201


async def test_one_host_after_another_is_lost_and_sales_go_on(tmp_path: Path, earlier: PreviousRelease) -> None:
    lines = Lines({})
    async with hosts(tmp_path, lines, earlier) as place:
        await play(place, replace_the_previous_release, *random.sample(LOSSES, len(LOSSES)))
        for _ in range(examples(1) - 1):
            await play(place, *random.sample(LOSSES, len(LOSSES)))
    assert not lines.unused


async def play(place: Hosts, *changes: Callable[[Hosts, Crowd], Awaitable[None]]) -> None:
    """A crowd buys while these changes happen, and what each buyer heard is so."""
    place.mailbox.mails.clear()
    crowd = await gather_at(place, random.Random())  # noqa: S311
    shopping = asyncio.create_task(crowd.shop(BUYERS, pause_seconds=PAUSE_SECONDS))
    try:
        for change in changes:
            await change(place, crowd)
    finally:
        crowd.stop.set()
        await shopping
        await crowd.close()
    problems = [*await settle(place, hurried=True), *await judge(place, crowd)]
    assert not problems
    assert len([heard for heard in crowd.heard if heard.completed]) > BUYERS


async def replace_the_previous_release(place: Hosts, crowd: Crowd) -> None:
    for name in APPS:
        await sells(crowd, f"{name} was there, {EARLIER} with the release before", at=place.url_of(name))
    for program in place.programs:
        if program.extra:
            await program.restart()
    await sells(crowd, f"{EARLIER} has this release", at=place.url_of(EARLIER))
    await until(partial(place.doctor_finds, POOLED), lambda found: not found.keys() & {"database", "schema", "redis"})


async def lose_the_standby(place: Hosts, crowd: Crowd) -> None:
    primary, standby = place.engines.primary, place.engines.standby
    standby.host.vanish()
    await place.until_doctor_says("database", "commits wait for a standby")
    primary.go_on_alone()
    await sells(crowd, f"the standby {standby.name} was lost, and the primary let go on alone")
    standby.host.come_back()
    await asyncio.to_thread(primary.wait_for, standby)
    await sells(crowd, f"the standby {standby.name} was back")


async def part_a_host_from_redis(place: Hosts, crowd: Crowd) -> None:
    network, redis = place.network, place.engines.redis.host.name
    network.part("app1", redis)
    try:
        await until(
            partial(place.doctor_finds, "app1"),
            lambda found: found.keys() & {"database", "redis", "worker"} == {"redis", "worker"},
        )
        await sells(crowd, "it was parted from Redis", at=place.url_of("app1"))
    finally:
        network.mend("app1", redis)


async def lose_redis(place: Hosts, crowd: Crowd) -> None:
    engines = place.engines
    lost, other = engines.redis, engines.replica
    lost.host.vanish()
    await place.until_doctor_says("redis", "start Redis")
    await sells(crowd, f"{lost.host.name} was lost")
    place.network.serve_at(other.host.name)
    await place.until_doctor_says("redis", "a replica")
    other.promote()
    await sells(crowd, f"{other.host.name} was promoted")
    await place.until_doctor_says("redis", "ok ")
    lost.host.come_back()
    await asyncio.to_thread(lost.follow, other)
    engines.redis, engines.replica = other, lost


async def lose_the_primary(place: Hosts, crowd: Crowd) -> None:
    """At first it reaches its standby no more, and the hosts with API and workers a little longer."""
    engines = place.engines
    lost, other = engines.primary, engines.standby
    place.network.part(lost.name, other.name)
    await place.until_doctor_says("database", "commits wait for a standby")
    lost.host.vanish()
    await place.until_doctor_says("database", "session is read-only")
    other.promote()
    await sells(crowd, f"{lost.name} was lost, and {other.name} promoted")
    other.restart_pooler()
    await sells(crowd, f"{other.name} was promoted, by its PgBouncer", at=place.url_of(POOLED))
    await place.until_doctor_says("database", "ok ")
    lost.switch_off()
    place.network.mend(lost.name, other.name)
    lost.host.come_back()
    await asyncio.to_thread(lost.copy, other)
    engines.primary, engines.standby = other, lost
    await sells(crowd, f"{lost.name} was built again as the standby")


async def lose_a_host_that_holds_locks(place: Hosts, crowd: Crowd) -> None:
    """It has the locks in Redis, and its transaction waits for rows that the test holds. The host is gone when the
    transaction gets them.
    """
    name = random.choice(APPS[1:])  # noqa: S311
    host, others = place.network[name], [url for url in place.urls if url != place.url_of(name)]
    crowd.go_to(place.url_of(name))
    await sells(crowd, f"{name} alone was asked", at=place.url_of(name))
    async with (
        connected(place.database_url) as connection,
        connection.transaction(),
        Redis.from_url(place.settings.redis_url or "") as redis,
    ):
        await connection.execute("SELECT FROM tickets FOR UPDATE")
        locks = [f"ticket_lock_{ticket.id}" for ticket in crowd.on_sale.tickets]
        while not (locked := [number for number, lock in enumerate(locks) if await redis.exists(lock)]):
            await asyncio.sleep(0.02)
        host.vanish()
    crowd.go_to(*others)
    # All buyers wait for the lost host.
    newcomers = [crowd.serve_one() for _ in range(BUYERS)]
    await asyncio.gather(
        sells(crowd, f"{name} was lost in the middle of a transaction", free=locked[0] == 0), *newcomers
    )
    if THOROUGH:  # it waits long for each of the others
        assert (await place.doctor_finds(name)).keys() >= {"database", "redis"}
    host.come_back()
    await until_ready(place.url_of(name))
    crowd.go_to(*place.urls)
    await sells(crowd, f"{name} was back", at=place.url_of(name))


LOSSES: Final[tuple[Callable[[Hosts, Crowd], Awaitable[None]], ...]] = (
    lose_the_standby,
    part_a_host_from_redis,
    lose_redis,
    lose_the_primary,
    lose_a_host_that_holds_locks,
)


@pytest.mark.skipif(not THOROUGH, reason="tries the verdict, not the product: with THOROUGH=1")
async def test_verdict_finds_what_is_lost_where_no_commit_waits_for_the_standby(tmp_path: Path) -> None:
    lines = Lines({"synchronous_commit = on": "synchronous_commit = local"})
    async with hosts(tmp_path, lines, None) as place:
        crowd = await gather_at(place, random.Random())  # noqa: S311
        shopping = asyncio.create_task(crowd.shop(BUYERS, pause_seconds=PAUSE_SECONDS))
        try:
            engines = place.engines
            await sells(crowd, "the first buyers came", at=place.url_of(POOLED))
            place.network.part(engines.primary.name, engines.standby.name)
            await sells(crowd, "the primary was parted from its standby")
            engines.primary.host.vanish()
            engines.standby.promote()
            await sells(crowd, "the standby was promoted")
        finally:
            crowd.stop.set()
            await shopping
            await crowd.close()
        engines.standby.restart_pooler()
        # Here each connection would wait for the lost host first.
        left = str(place.settings.database_url).replace(f"{engines.primary.host.address}:5432,", "")
        rest = replace(place, settings=msgspec.structs.replace(place.settings, database_url=left))
        await settle(rest, hurried=True)
        assert any("which is not there" in problem for problem in await judge(rest, crowd))
