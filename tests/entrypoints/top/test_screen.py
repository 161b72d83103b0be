"""What `piquetickets top` shows: it fits a terminal of 80 by 24, and names what wants a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
from rich.console import Console

from application.operations.pulse import DatabasePulse, Pulse
from application.ports.pulse import MAX_SHOWS, Holds, Sessions, ShowPulse, Workforce
from application.tasks.backlog import Backlog, Overdue
from domain.tasks import TaskKind
from entrypoints.top.reading import Reading, as_json
from entrypoints.top.screen import screen
from entrypoints.top.servers import Servers

NOW = datetime(2026, 11, 28, 10, 0, 3, tzinfo=UTC)
SHOW = ShowPulse(
    show_id=uuid4(), title="Hamlet", starts_at=NOW + timedelta(days=3), placed=812, tickets=1624, completed=210, left=37
)
DATABASE = DatabasePulse(
    shows=(SHOW,),
    holds=Holds(orders=1200, tickets=2400, pages_missing=340, page_missing_for=timedelta(seconds=17)),
    failed_events=0,
    sessions=Sessions(connections=24, working=3, waiting=0, longest=timedelta(milliseconds=20)),
    took_seconds=0.004,
)
SERVERS = Servers(
    answering=2,
    away=(),
    requests=431.2,
    failed=0,
    taken=61,
    refused=310,
    wait_p50=0.02,
    wait_p95=0.4,
    wait_p99=4.2,
)
SELLING = Reading(
    Pulse(at=NOW, database=DATABASE, workforce=Workforce(workers=2, stripe_wait_seconds=17, mail_wait_seconds=0.2)),
    Backlog(overdue={TaskKind.CONFIRMATION_MAIL: Overdue(31, timedelta(seconds=4))}),
    SERVERS,
)


def shown(reading: Reading, *, colours: bool = False, **options: Any) -> str:
    console = Console(
        width=80, height=24, highlight=False, force_terminal=colours, color_system="standard" if colours else None
    )
    with console.capture() as captured:
        console.print(screen(reading, **options))
    return captured.get()


def line(reading: Reading, name: str) -> str:
    [found] = [each for each in shown(reading).splitlines() if each.startswith(name)]
    return found.removeprefix(name).strip()


def test_an_on_sale_is_told_in_a_few_lines() -> None:
    assert line(SELLING, "Last minute") == "812 orders placed, 1,624 tickets; 210 orders completed"
    assert line(SELLING, "Holds") == "1,200 orders hold 2,400 tickets"
    assert line(SELLING, "Pay pages") == "340 orders wait for one, the oldest for 17.0 s"
    assert line(SELLING, "Next turn") == "Stripe in 17.0 s, mail in 200 ms"
    assert line(SELLING, "Workers") == "2 alive"
    assert line(SELLING, "Tasks") == "31 due, the oldest for 4.0 s"
    assert line(SELLING, "Database") == "answered in 4 ms; 24 connections, 3 at work, oldest 20 ms"
    assert line(SELLING, "Buyers wait") == "p50 20 ms  p95 400 ms  p99 4.2 s"
    assert line(SELLING, "Checkouts") == "61/s get tickets, 310/s are refused"
    assert line(SELLING, "Hamlet").split() == ["01", "Dec", "10:00", "812", "1,624", "210", "37"]


def test_it_fits_a_small_terminal_with_the_longest_of_all() -> None:
    long = replace(SHOW, title="[bold] A Midsummer Night’s Dream " * 9, left=0, placed=1_000_000, tickets=9_999_999)
    database = replace(
        DATABASE,
        shows=(long,) * MAX_SHOWS,
        failed_events=1234,
        holds=replace(DATABASE.holds, orders=1_000_000, tickets=9_999_999, overdue=99_999),
        sessions=Sessions(connections=1000, working=100, waiting=999, longest=timedelta(hours=5)),
    )
    backlog = replace(SELLING.backlog or Backlog(), dead=99_999, perhaps_sent=99_999)
    servers = replace(SERVERS, away=("http://10.0.0.9:9100/metrics",), failed=12.5)
    whole = Reading(replace(SELLING.pulse, database=database), backlog, servers)
    lines = shown(whole, hint="every 1 s, Ctrl-C ends it").splitlines()
    assert len(lines) <= 24 + 1  # the last line of the terminal stays empty
    assert max(map(len, lines)) <= 80
    assert "[bold] A Mid" in lines[-1]
    assert lines[-1].rstrip().endswith("sold out")
    assert lines[0].endswith("every 1 s, Ctrl-C ends it")
    assert line(whole, "Servers").startswith("2 of 3 servers answer")


def test_what_wants_a_person_is_named() -> None:
    database = replace(DATABASE, failed_events=2, holds=replace(DATABASE.holds, overdue=3))
    trouble = Reading(
        replace(SELLING.pulse, database=database, workforce=Workforce(workers=0)), Backlog(dead=4, perhaps_sent=1), None
    )
    assert line(trouble, "Holds").endswith("; 3 overdue")
    assert line(trouble, "Events") == "2 of Stripe's could not be handled"
    assert line(trouble, "Tasks") == "0 due; 4 given up; 1 mails perhaps sent"
    assert line(trouble, "Workers") == "none alive"
    assert "\x1b[1;31m" in shown(trouble, colours=True)
    assert "\x1b[1;31m" not in shown(replace(SELLING, servers=None), colours=True)


def test_engines_that_are_away_are_named_and_nothing_else_is_made_up() -> None:
    away = Reading(Pulse(at=NOW, database=None, workforce=None), None, None)
    assert line(away, "Database") == "away"
    assert line(away, "Redis") == "away: workers and turns are not known"
    assert "Holds" not in shown(away)


def test_programs_get_seconds_and_null() -> None:
    seen = msgspec.json.decode(as_json(SELLING))
    assert seen["at"] == "2026-11-28T10:00:03Z"
    assert seen["database"]["holds"]["page_missing_for"] == 17
    assert seen["database"]["shows"][0]["show_id"] == str(SHOW.show_id)
    assert seen["workforce"] == {"workers": 2, "stripe_wait_seconds": 17, "mail_wait_seconds": 0.2}
    assert seen["backlog"] == {"pending": 0, "dead": 0, "perhaps_sent": 0, "due": 31, "oldest": 4}
    assert seen["servers"]["wait_p99"] == 4.2
    away = msgspec.json.decode(as_json(Reading(Pulse(at=NOW, database=None, workforce=None), None, None)))
    assert {name for name, value in away.items() if value is None} == {"database", "workforce", "backlog", "servers"}
