"""piquetickets doctor."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from entrypoints.cli.engines import data_dir_option, engines
from entrypoints.doctor.all_checks import examine
from entrypoints.logs import configure_logging
from entrypoints.settings import Settings


@click.command()
@data_dir_option
def doctor(data_dir: Path) -> None:
    """Examine the installation: one line for each thing that must work, with a fix.

    Exit code 1 if one does not work.
    """
    settings = Settings.from_environment(os.environ)
    configure_logging(level="CRITICAL", log_format=settings.log_format)
    with engines(settings, data_dir, for_doctor=True) as ready:
        findings = asyncio.run(examine(ready))
    for finding in findings:
        click.echo(str(finding))
    off = sum(not finding.is_fine for finding in findings)
    click.echo(f"{off} of {len(findings)} are off." if off else f"All {len(findings)} are fine.")
    raise SystemExit(1 if off else 0)
