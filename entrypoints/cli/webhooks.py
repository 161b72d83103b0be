"""piquetickets webhook: what Stripe told, once more."""

from __future__ import annotations

from pathlib import Path

import click

from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case


@click.group()
def webhook() -> None:
    """Events that Stripe sent."""


@webhook.command()
@click.argument("event_id")
@data_dir_option
def replay(event_id: str, data_dir: Path) -> None:
    """Handle an event again, whether or not it was handled before."""
    received = run_use_case(data_dir, lambda container: container.handle_payment_event().replay(event_id))
    outcome = "was handled" if received.last_error is None else f"changed nothing: {received.last_error}"
    click.echo(f"{received.event.type} of {received.event.object_id} {outcome}.")
