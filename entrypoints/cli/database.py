"""piquetickets migrate."""

from __future__ import annotations

import os
from pathlib import Path

import click

from adapters.postgres import schema
from entrypoints.cli.engines import data_dir_option, engines, reaching_database
from entrypoints.settings import Settings


@click.command()
@data_dir_option
def migrate(data_dir: Path) -> None:
    """Bring the database to the newest schema."""
    settings = Settings.from_environment(os.environ)
    if settings.database_url is None:
        with engines(settings, data_dir):
            pass
    else:
        with reaching_database():
            schema.upgrade(settings.database_url)
    click.echo(f"The database is at schema {schema.newest_revision()}.")
