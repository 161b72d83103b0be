"""piquetickets timezones: shows whose moments differ since rules of their time zone changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from application.catalog.timezones import OutdatedShow
from domain.catalog import Show
from domain.timezones import RULES
from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case

_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")


@click.group()
def timezones() -> None:
    """Shows and the rules of their time zones."""


@timezones.command()
@_json_option
@data_dir_option
def check(as_json: bool, data_dir: Path) -> None:
    """List the shows that ``apply`` would fix. Changes nothing. Exit code 1 if there are any, or one whose time zone
    has no name of the IANA database.
    """
    found = run_use_case(data_dir, lambda container: container.check_timezones()())
    if as_json:
        unknown = [{"show_id": str(show.id), "timezone": show.timezone} for show in found.unknown]
        facts = {"ok": found.are_fine, "rules": found.rules, "shows": found.shows, "unknown": unknown}
        click.echo(json.dumps({**facts, "outdated": [_facts(show) for show in found.outdated]}))
    else:
        click.echo(_lines(found.outdated, found.unknown))
        click.echo(f"{len(found.outdated)} of {found.shows} upcoming shows would be fixed, by the rules {found.rules}.")
    sys.exit(0 if found.are_fine else 1)


@timezones.command()
@_json_option
@data_dir_option
def apply(as_json: bool, data_dir: Path) -> None:
    """Derive the moments of outdated shows again, in one transaction. The venue's clock stays as it was; reminders get
    their new time, and buyers the right entry for their calendar. Another run does nothing.
    """
    applied = run_use_case(data_dir, lambda container: container.apply_timezones()())
    if as_json:
        mended = [_facts(show) for show in applied.mended]
        click.echo(json.dumps({"rules": RULES, "mended": mended, "mails": applied.mails}))
    else:
        click.echo(_lines(applied.mended, ()))
        mails = f"{applied.mails} calendar entr{'y is' if applied.mails == 1 else 'ies are'} sent"
        click.echo(f"{len(applied.mended)} shows fixed by the rules {RULES}; {mails}.")


def _facts(show: OutdatedShow) -> dict[str, object]:
    stored, mended = show.stored, show.mended
    return {
        "show_id": str(stored.id),
        "title": stored.title,
        "timezone": stored.timezone,
        "local_start_time": stored.venue_clock.times[1].isoformat(),
        "derived_by": stored.venue_clock.rules,
        "stored": _moments(stored),
        "mended": _moments(mended),
    }


def _moments(show: Show) -> dict[str, str]:
    return {
        name: show.local(moment).isoformat()
        for name, moment in (
            ("door_time", show.door_time),
            ("start_time", show.start_time),
            ("end_time", show.end_time),
        )
    }


def _lines(outdated: Sequence[OutdatedShow], unknown: Iterable[Show]) -> str:
    lines = [f"{show.stored.id}  {show.stored.title}: {show.words}" for show in outdated]
    lines += [
        f"{show.id}  {show.title}: time zone {show.timezone!r} is not an IANA name, give it one" for show in unknown
    ]
    return "\n".join([*lines, ""]) if lines else ""
