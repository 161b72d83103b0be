"""piquetickets tasks: tasks that were given up are listed, and tried again by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresDatabase
from demo.embedded import EmbeddedPostgres
from domain.tasks import OutboxTask, TaskState
from tests.contracts.builders import NOW, Theatre, a_producers_task, a_task
from tests.support.database import own_database
from tests.support.processes import Finished, run

#: Every command is a separate process, which takes time on a busy machine.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database without a worker."""
    with own_database(postgres) as url:
        yield url


async def given_up(database_url: str, count: int, *, about_producer: bool = False) -> list[OutboxTask]:
    """Store ``count`` dead tasks, one of them about a producer if requested, and one that waits."""
    engine, theatre = create_engine(database_url, pool_size=1), Theatre()
    order = theatre.order()
    waiting = replace(a_task(order), sending_since=NOW)
    dead = [
        replace(a_task(order), state=TaskState.DEAD, attempts=17, last_error="MailRefused: 550\nno such user")
        for _ in range(count)
    ]
    if about_producer:
        task = a_producers_task(theatre.producer)
        dead[0] = replace(task, id=dead[0].id, state=TaskState.DEAD, attempts=17)
    async with PostgresDatabase(engine)() as uow:
        await theatre.store(uow)
        await uow.orders.add([order])
        await uow.outbox.add([*dead, waiting])
        await uow.commit()
    await engine.dispose()
    return dead


async def tasks(database_url: str, redis_url: str, *arguments: str) -> Finished:
    return await run("tasks", *arguments, environment={"DATABASE_URL": database_url, "REDIS_URL": redis_url})


async def test_dead_tasks_are_listed_and_revived(database_url: str, redis_url: str) -> None:
    first, second = await given_up(database_url, 2)

    listed = await tasks(database_url, redis_url, "list")
    assert listed.code == 0
    *lines, total = listed.out.splitlines()
    assert [str(first.id) in lines[0], str(second.id) in lines[1]] == [True, True]
    assert all(f"order {first.order_id}" in line and "550 no such user" in line for line in lines)
    assert total == "2 dead tasks."

    revived = await tasks(database_url, redis_url, "retry", str(first.id))
    assert (revived.code, revived.out) == (0, "1 task will be tried again.\n")
    again = await tasks(database_url, redis_url, "retry", str(first.id), str(second.id))
    assert again.code == 2
    assert f"No dead task {first.id}" in again.err
    assert (await tasks(database_url, redis_url, "retry", "--all")).out == "1 task will be tried again.\n"


async def test_task_about_a_producer_is_listed_under_it_and_revived(database_url: str, redis_url: str) -> None:
    first, second = await given_up(database_url, 2, about_producer=True)

    lines = (await tasks(database_url, redis_url, "list")).out.splitlines()
    assert f"account_changed_mail producer {first.producer_id}  tries 17" in lines[0]
    assert f"order {second.order_id}" in lines[1]
    listed = await tasks(database_url, redis_url, "list", "--json")
    assert [(task["order_id"], task["producer_id"]) for task in map(json.loads, listed.out.splitlines())] == [
        (None, str(first.producer_id)),
        (str(second.order_id), None),
    ]
    revived = await tasks(database_url, redis_url, "retry", str(first.id))
    assert (revived.code, revived.out) == (0, "1 task will be tried again.\n")


async def test_programs_get_a_json_object_a_line(database_url: str, redis_url: str) -> None:
    await given_up(database_url, 0)

    listed = await tasks(database_url, redis_url, "list", "--state", "pending", "--json")

    (waiting,) = [json.loads(line) for line in listed.out.splitlines()]
    assert (waiting["kind"], waiting["state"], waiting["attempts"]) == ("confirmation_mail", "pending", 0)
    assert waiting["message_id"] == f"{waiting['id']}@piquetickets"
    assert waiting["sending_since"] == NOW.isoformat()
    assert waiting["last_error"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("retry",), "Name the tasks, or say --all"),
        (("retry", "--all", "01a206a2-6f2b-76bc-9737-2e5dbd0af17e"), "Name the tasks, or say --all"),
        (("retry", "7"), "not a valid UUID"),
        (("list", "--state", "lost"), "lost"),
    ],
)
async def test_what_makes_no_sense_is_said(arguments: tuple[str, ...], words: str) -> None:
    ended = await run("tasks", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err
