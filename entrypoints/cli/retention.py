"""piquetickets retention: deleting old data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from application.operations.retention import DeleteOld
from application.ports.retention import Disposable
from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case
from entrypoints.container import Container


@click.command()
@click.option("--dry-run", is_flag=True, help="Count, and delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@data_dir_option
def retention(dry_run: bool, as_json: bool, data_dir: Path) -> None:
    """Delete what is older than the KEEP_... settings say. Buyers of long ago become anonymous. A worker does this
    every day.
    """

    async def found(container: Container) -> Mapping[Disposable, int]:
        delete_old: DeleteOld = container.delete_old()
        return await (delete_old.preview() if dry_run else delete_old())

    counts = run_use_case(data_dir, found)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, **{what.value: count for what, count in counts.items()}}))
        return
    for what, count in counts.items():
        done = "made anonymous" if what is Disposable.PERSONAL_DATA else "deleted"
        click.echo(f"{what:<18} {count:>9} {'would be ' if dry_run else ''}{done}")
