"""A host gets newer time zone rules: ``timezones``, doctor and audit report the shows, and the command fixes them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from demo.embedded import EmbeddedPostgres
from domain.tasks import TaskKind, TaskState
from domain.timezones import RULES
from tests.support.database import own_database
from tests.support.processes import Finished, clean_environment, run
from tests.support.time_zone_rules import older_rules

#: Every command is a separate process, which takes time on a busy machine.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def environment(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[dict[str, str]]:
    """A database without a worker."""
    with own_database(postgres) as url:
        yield {"DATABASE_URL": url, "REDIS_URL": redis_url}


async def sold_by_older_rules(environment: dict[str, str], directory: Path) -> tuple[str, str]:
    """The id of a show, and when it starts, on a host where Vancouver still changes its clocks."""
    path = older_rules(directory, release="2025b", zones={"America/Vancouver": "America/Los_Angeles"})
    selling = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.sell_in_vancouver",
        env=clean_environment(**environment, PYTHONPATH=str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await selling.communicate()
    rules, show_id, start_time = out.decode().splitlines()[-1].split()
    assert (rules, start_time) == ("2025b", "2050-12-06T03:00:00+00:00")
    return show_id, start_time


async def calendar_mails(environment: dict[str, str]) -> int:
    engine = create_engine(environment["DATABASE_URL"], pool_size=1)
    async with PostgresDatabase(engine)() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    await engine.dispose()
    return sum(task.kind is TaskKind.CALENDAR_MAIL for task in pending)


async def test_newer_rules_are_found_and_applied_once(environment: dict[str, str], tmp_path: Path) -> None:
    show_id, _ = await sold_by_older_rules(environment, tmp_path)

    async def timezones(*arguments: str) -> Finished:
        return await run("timezones", *arguments, environment=environment)

    checked, examined = await asyncio.gather(timezones("check", "--json"), run("doctor", environment=environment))
    found = json.loads(checked.out)
    assert (checked.code, found["ok"], found["rules"], found["shows"], found["unknown"]) == (1, False, RULES, 1, [])
    (outdated,) = found["outdated"]
    assert (outdated["show_id"], outdated["derived_by"]) == (show_id, "2025b")
    assert outdated["local_start_time"] == "2050-12-05T19:00:00"
    assert outdated["stored"]["start_time"] == "2050-12-05T20:00:00-07:00"
    assert outdated["mended"]["start_time"] == "2050-12-05T19:00:00-07:00"
    [line] = [line for line in examined.out.splitlines() if "time zones" in line]
    assert line.startswith("OFF   time zones: ")
    assert f"rules {RULES} of the package tzdata: 1 of 1 shows were planned by others: Hamlet ({show_id})" in line
    assert await calendar_mails(environment) == 0

    applied = await timezones("apply")
    assert applied.code == 0
    assert applied.out.splitlines()[-1] == f"1 shows fixed by the rules {RULES}; 1 calendar entry is sent."
    clean = await timezones("check")
    assert (clean.code, clean.out.splitlines()[-1]) == (
        0,
        f"0 of 1 upcoming shows would be fixed, by the rules {RULES}.",
    )
    assert await calendar_mails(environment) == 1
