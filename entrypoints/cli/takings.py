"""piquetickets recount: the sums that reports read."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import click

from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case
from entrypoints.container import Container


@click.command()
@click.argument("show_ids", metavar="[SHOW_ID]...", nargs=-1, type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a line.")
@data_dir_option
def recount(show_ids: tuple[UUID, ...], as_json: bool, data_dir: Path) -> None:
    """Count the sums that reports read afresh, from the orders: of these shows, or of all. Needed only where ``audit``
    says that they are off; tickets may be on sale.
    """

    async def counted(container: Container) -> int:
        return len([show_id async for show_id in container.recount_takings()(show_ids)])

    shows = run_use_case(data_dir, counted)
    click.echo(
        json.dumps({"shows": shows}) if as_json else f"The sums of {shows} show{'s' * (shows != 1)} were counted."
    )
