"""piquetickets webhook: Stripe's events that failed, and handling them again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from application.ports.webhooks import ReceivedEvent
from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case
from entrypoints.container import Container


@click.group()
def webhook() -> None:
    """Events that Stripe sent."""


@webhook.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@data_dir_option
def list_(as_json: bool, data_dir: Path) -> None:
    """Events that could not be handled, oldest first."""

    async def found(container: Container) -> list[ReceivedEvent]:
        return [received async for received in container.list_failed_events()()]

    listed = run_use_case(data_dir, found)
    for received in listed:
        click.echo(json.dumps(_facts(received)) if as_json else _line(received))
    if not as_json:
        click.echo(f"{len(listed)} event{'' if len(listed) == 1 else 's'} could not be handled.")


def _facts(received: ReceivedEvent) -> dict[str, object]:
    return {
        "id": received.event.id,
        "type": received.event.type,
        "object_id": received.event.object_id,
        "received_at": received.received_at.isoformat(),
        "last_error": received.last_error,
    }


def _line(received: ReceivedEvent) -> str:
    event = received.event
    told = f"{event.id}  {event.type} of {event.object_id}  {received.received_at:%Y-%m-%d %H:%M:%S %Z}"
    return f"{told}  {' '.join((received.last_error or '').split())}"


@webhook.command()
@click.argument("event_id")
@data_dir_option
def replay(event_id: str, data_dir: Path) -> None:
    """Handle an event again, even one that was already handled."""
    received = run_use_case(data_dir, lambda container: container.handle_payment_event().replay(event_id))
    outcome = "was handled" if received.last_error is None else f"changed nothing: {received.last_error}"
    click.echo(f"{received.event.type} of {received.event.object_id} {outcome}.")
