"""A reading as a screen of 80 columns and 24 lines. Red is what wants a person, yellow what may soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from application.operations.pulse import DatabasePulse
from application.ports.pulse import ShowPulse, Workforce
from application.tasks.backlog import Backlog
from entrypoints.top.reading import Reading
from entrypoints.top.servers import Servers

WIDTH: Final = 80
#: From here on seconds are written as minutes.
_LONG_SECONDS: Final = 100
_RED: Final = "bold red"
_YELLOW: Final = "yellow"
#: From here on, in seconds: yellow, red. As the alerts have it.
_LATE: Final = (60, 300)
_PAGE: Final = (10, 60)
_WAIT: Final = (1, 3)
_TRANSACTION: Final = (2, 10)


def screen(reading: Reading, *, hint: str = "") -> RenderableType:
    """What the terminal shows. ``hint`` says at the right of the first line how to leave."""
    database, workforce = reading.pulse.database, reading.pulse.workforce
    lines = Table.grid(padding=(0, 2), expand=False)
    lines.add_column(no_wrap=True, width=11, style="bold")
    lines.add_column(no_wrap=True, overflow="ellipsis", width=WIDTH - 13)
    for name, said in (
        *(_of_database(database) if database else [("Database", _red("away"))]),
        *(_of_backlog(reading.backlog) if reading.backlog else []),
        *_of_workforce(workforce),
        *(_of_servers(reading.servers) if reading.servers else []),
    ):
        lines.add_row(name, said)
    shows = database.shows if database else ()
    return Group(_head(reading, hint), Text(), lines, Text(), _shows(shows))


def _head(reading: Reading, hint: str) -> RenderableType:
    head = Table.grid(expand=False)
    head.add_column(width=WIDTH - len(hint), no_wrap=True, style="bold")
    head.add_column(no_wrap=True, justify="right", style="dim")
    head.add_row(f"PiqueTickets  {reading.pulse.at:%Y-%m-%d %H:%M:%S} UTC", hint)
    return head


def _of_database(pulse: DatabasePulse) -> list[tuple[str, Text]]:
    shows, holds, sessions = pulse.shows, pulse.holds, pulse.sessions
    placed, tickets = sum(show.placed for show in shows), sum(show.tickets for show in shows)
    completed = sum(show.completed for show in shows)
    missing = holds.page_missing_for
    return [
        ("Last minute", Text(f"{placed:,} orders placed, {tickets:,} tickets; {completed:,} orders completed")),
        (
            "Holds",
            Text(f"{holds.orders:,} orders hold {holds.tickets:,} tickets") + _if(holds.overdue, "overdue", _RED),
        ),
        (
            "Pay pages",
            Text(f"{holds.pages_missing:,} orders wait for one")
            + (Text(", the oldest for ") + _graded(missing.total_seconds(), _PAGE) if holds.pages_missing else Text()),
        ),
        (
            "Database",
            Text("answered in ")
            + _graded(pulse.took_seconds, _WAIT)
            + Text(f"; {sessions.connections} connections, {sessions.working} at work")
            + _if(sessions.waiting, "wait for a lock", _YELLOW)
            + (Text(", oldest ") + _graded(sessions.longest.total_seconds(), _TRANSACTION)),
        ),
        ("Events", _events(pulse.failed_events)),
    ]


def _events(failed: int) -> Text:
    if not failed:
        return Text("of Stripe's are all handled")
    return _if(failed, "of Stripe's could not be handled", _RED, before="")


def _of_backlog(backlog: Backlog) -> list[tuple[str, Text]]:
    due = Text(f"{backlog.due:,} due")
    if backlog.due:
        due += Text(", the oldest for ") + _graded(backlog.oldest.total_seconds(), _LATE)
    return [
        (
            "Tasks",
            due + _if(backlog.dead, "given up", _RED) + _if(backlog.perhaps_sent, "mails perhaps sent", _YELLOW),
        )
    ]


def _of_workforce(workforce: Workforce | None) -> list[tuple[str, Text]]:
    if workforce is None:
        return [("Redis", _red("away: workers and turns are not known"))]
    alive = Text(f"{workforce.workers} alive") if workforce.workers else _red("none alive")
    turns = Text("Stripe in ") + _graded(workforce.stripe_wait_seconds, _PAGE)
    return [
        ("Workers", alive),
        ("Next turn", turns + Text(", mail in ") + _graded(workforce.mail_wait_seconds, _LATE)),
    ]


def _of_servers(servers: Servers) -> list[tuple[str, Text]]:
    waits = Text("no one checks out")
    if servers.wait_p50 is not None:
        waits = Text()
        for name, seconds in (("p50", servers.wait_p50), ("p95", servers.wait_p95), ("p99", servers.wait_p99)):
            waits += Text(f"{name} ") + _graded(seconds or 0, _WAIT) + Text("  ")
    answering = f"{servers.answering} of {servers.answering + len(servers.away)} servers answer; "
    return [
        ("Buyers wait", waits),
        ("Checkouts", Text(f"{servers.taken:,.0f}/s get tickets, {servers.refused:,.0f}/s are refused")),
        (
            "Servers",
            Text().append(answering, style="red" if servers.away else "")
            + Text(f"{servers.requests:,.0f} requests/s")
            + (_red(f", {servers.failed:,.1f}/s failed") if servers.failed else Text()),
        ),
    ]


def _shows(shows: tuple[ShowPulse, ...]) -> RenderableType:
    if not shows:
        return Text("Nothing was sold within the last minute.", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", width=WIDTH)
    table.add_column("Show", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("", no_wrap=True, width=12)
    for name in ("placed", "tickets", "completed", "left"):
        table.add_column(name, justify="right", no_wrap=True, width=9)
    for show in shows:
        left = Text(f"{show.left:,}") if show.left > 0 else Text("sold out", style="green")
        # Text, not markup: a title may have brackets.
        table.add_row(
            Text(show.title),
            f"{show.starts_at:%d %b %H:%M}",
            f"{show.placed:,}",
            f"{show.tickets:,}",
            f"{show.completed:,}",
            left,
        )
    return table


def _if(count: int, what: str, style: str, *, before: str = "; ") -> Text:
    """``what`` with its count, where there is one."""
    return Text(before) + Text(f"{count:,} {what}", style=style) if count else Text()


def _red(words: str) -> Text:
    return Text(words, style=_RED)


def _graded(seconds: float, limits: tuple[float, float]) -> Text:
    """A time in the colour that it has by now."""
    yellow, red = limits
    return Text(_words(seconds), style=_RED if seconds >= red else _YELLOW if seconds >= yellow else "")


def _words(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _LONG_SECONDS else str(timedelta(seconds=round(seconds)))
