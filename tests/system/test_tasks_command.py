"""piquetickets tasks: what was given up is seen, and tried again by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.embedded import EmbeddedPostgres
from entrypoints.cli.engines import environment_of
from tests.support.factories import ticket
from tests.support.fulfilment_world import FulfilmentWorld, fulfilment_world
from tests.support.processes import Finished, run

NOBODY = "nobody@example.org"


async def tasks(world: FulfilmentWorld, *arguments: str) -> Finished:
    return await run("tasks", *arguments, environment=environment_of(world.settings))


async def test_a_dead_task_is_listed_and_revived(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with fulfilment_world(postgres, tmp_path) as world:
        nothing = await tasks(world, "list")
        assert (nothing.code, nothing.out) == (0, "0 dead tasks.\n")

        on_sale = await world.box_office.put_on_sale(ticket(price=0))
        world.mailbox.faults.refused_addresses.add(NOBODY)
        placed = await world.buy(on_sale, NOBODY)
        await world.start_worker()
        await world.until([placed], lambda task: task.state == "dead")
        task_id = str((await world.confirmation(placed)).id)

        listed = await tasks(world, "list")
        assert task_id in listed.out
        assert placed["order_id"] in listed.out
        assert "550" in listed.out
        assert "1 dead task." in listed.out
        (dead,) = [json.loads(line) for line in (await tasks(world, "list", "--json")).out.splitlines()]
        assert (dead["id"], dead["kind"], dead["state"]) == (task_id, "confirmation_mail", "dead")
        assert (dead["attempts"], dead["message_id"]) == (1, f"{task_id}@piquetickets")
        pending = (await tasks(world, "list", "--state", "pending", "--json")).out.splitlines()
        assert [json.loads(line)["kind"] for line in pending] == ["reminder_mail"]

        world.mailbox.faults.mend()
        revived = await tasks(world, "retry", task_id)
        assert (revived.code, revived.out) == (0, "1 task will be tried again.\n")
        await world.until_it_is_sent(placed)
        assert len(world.mails_to(NOBODY)) == 1

        again = await tasks(world, "retry", task_id)
        assert again.code == 2
        assert f"No dead task {task_id}" in again.err
        assert (await tasks(world, "retry", "--all")).out == "0 tasks will be tried again.\n"


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
