"""piquetickets monitoring: the files that Prometheus and Grafana want."""

from __future__ import annotations

import click

from entrypoints.monitoring import FILES, text_of


@click.command()
@click.argument("file", type=click.Choice(list(FILES)))
def monitoring(file: str) -> None:
    """Print a file for monitoring: Prometheus' alerts or its configuration, or Grafana's dashboard."""
    click.echo(text_of(file), nl=False)
