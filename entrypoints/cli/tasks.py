"""piquetickets tasks: pending and dead tasks, and trying dead ones again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

import click

from application.tasks.admin import PerhapsSent
from domain.tasks import OutboxTask, TaskState
from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case
from entrypoints.container import Container

_STATES: Final[Mapping[str, TaskState | PerhapsSent]] = MappingProxyType(
    {state.value: state for state in (*TaskState, *PerhapsSent)}
)


@click.group()
def tasks() -> None:
    """Mails, refunds and other work that follows an order, or a change of a producer's account."""


@tasks.command("list")
@click.option("--state", type=click.Choice(list(_STATES)), default=TaskState.DEAD.value)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@data_dir_option
def list_(state: str, as_json: bool, data_dir: Path) -> None:
    """List tasks that were given up, or those in another state; perhaps_sent: those whose mail may have arrived."""

    async def found(container: Container) -> list[OutboxTask]:
        return [task async for task in container.list_tasks()(_STATES[state])]

    listed = run_use_case(data_dir, found)
    for task in listed:
        click.echo(json.dumps(_facts(task)) if as_json else _line(task))
    if not as_json:
        click.echo(f"{len(listed)} {state.replace('_', ' ')} task{'' if len(listed) == 1 else 's'}.")


@tasks.command()
@click.argument("task_ids", nargs=-1, type=click.UUID, metavar="ID...")
@click.option("--all", "all_", is_flag=True, help="Every dead task.")
@data_dir_option
def retry(task_ids: tuple[UUID, ...], all_: bool, data_dir: Path) -> None:
    """Try dead tasks again, with all their tries. Named tasks whose mail was perhaps sent are sent again at once."""
    if bool(task_ids) == all_:
        raise click.UsageError("Name the tasks, or say --all.")

    async def revived(container: Container) -> list[UUID]:
        return await container.retry_dead_tasks()(None if all_ else task_ids)

    count = len(run_use_case(data_dir, revived))
    click.echo(f"{count} task{'' if count == 1 else 's'} will be tried again.")


@tasks.command()
@click.argument("task_ids", nargs=-1, type=click.UUID, metavar="ID...")
@click.option("--all", "all_", is_flag=True, help="Every dead task.")
@data_dir_option
def discard(task_ids: tuple[UUID, ...], all_: bool, data_dir: Path) -> None:
    """End dead tasks without doing them: after a restore, those that were done since the backup."""
    if bool(task_ids) == all_:
        raise click.UsageError("Name the tasks, or say --all.")

    async def discarded(container: Container) -> list[UUID]:
        return await container.discard_dead_tasks()(None if all_ else task_ids)

    count = len(run_use_case(data_dir, discarded))
    click.echo(f"{count} task{'' if count == 1 else 's'} will not be done.")


def _facts(task: OutboxTask) -> dict[str, object]:
    return {
        "id": str(task.id),
        "kind": task.kind.value,
        "order_id": str(task.order_id) if task.order_id else None,
        "producer_id": str(task.producer_id) if task.producer_id else None,
        "state": task.state.value,
        "attempts": task.attempts,
        "due_at": task.due_at.isoformat(),
        "sending_since": task.sending_since.isoformat() if task.sending_since else None,
        "message_id": task.message_id,
        "last_error": task.last_error,
    }


def _line(task: OutboxTask) -> str:
    words = [f"{task.id}  {task.kind:<20} {task.subject}  tries {task.attempts}"]
    if task.state is TaskState.PENDING:
        words.append(f"due {task.due_at:%Y-%m-%d %H:%M:%S %Z}")
    if task.sending_since:
        words.append(f"mail perhaps sent at {task.sending_since:%Y-%m-%d %H:%M:%S %Z}, <{task.message_id}>")
    if task.last_error:
        words.append(" ".join(task.last_error.split()))
    return "  ".join(words)
