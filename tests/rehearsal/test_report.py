"""The report, as a person reads it."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from rehearsal.figures import KillFigures, Moment, Spread
from rehearsal.report import WIDTH, as_json, report
from rehearsal.visit import Outcome
from rehearsal.words import clock, count, duration
from tests.rehearsal.figures_of import figures, holds, kind, mails, places

AT_TEN = datetime(2026, 12, 4, 10, 0, tzinfo=ZoneInfo("America/New_York"))
BUSY = figures(
    outcomes={Outcome.BOUGHT: 40, Outcome.SOLD_OUT: 50, Outcome.DECLINED: 4, Outcome.GAVE_UP_WAITING: 6},
    remarks=("The show is not published yet. The rehearsal sold it all the same.",),
    gone_after=29.0,
    gave_up_after=Spread(6, 200, 300, 310),
    holds=holds(back=12, first=1800.0, last=1830.0, too_late_for=50),
    places=places(left=5, kept=8, kept_by={"Press": 8}),
    types=[kind("Stalls", gone_after=29.0, shares=True), kind("A" * 60, hidden=True, shares=True)],
    waits={"answer": Spread(40, 0.4, 1.2, 9.3), "payment page": None, "mail": Spread(40, 4000, 4100, 7300)},
    kill=KillFigures(
        process="server 2", at=30.4, away=14.2, unanswered=2, longest=8.1, pages=7, longest_page=62.0
    ),
    mails=mails(missing=3, twice=1),
    moments=[Moment(after=60, bought=12, held=30, left=1200, waiting=4, gone=9, mails=3)],
)  # fmt: skip


def test_a_report_says_what_happened() -> None:
    text = report(BUSY, AT_TEN, 12.3)
    for words in (
        "Dress rehearsal: Hamlet",
        "on 2026-12-04 at 10:00 (EST)",
        "! The show is not published yet.",
        "sold out                   29 s after the opening everything was held or sold",
        "100, and 8 that stay in allocations",
        "5 places, of those that came back when holds ended, the last at 30:30",
        "left with nothing              60",
        "6  gave up waiting for us",
        "half of those who gave up had waited 3 min 20 s or more",
        "for the mail, once paid         1 h 7 min",
        "server 2, 0:30 after the opening, away for 14 s",
        "2 buyers got no answer and pressed again: the longest waited 8.1 s",
        "7 payment pages it owed came from others, the last after 1 min 2 s",
        "1 mail sent twice",
        "3 missing",
        "share what is left",
        "  1. ",
    ):
        assert words in text
    assert "for the payment page" not in text
    assert all(len(line) <= WIDTH + 5 for line in text.splitlines())
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_sale_that_went_well_says_so() -> None:
    text = report(figures(), AT_TEN, 1)
    assert "not sold out: 50 places left" in text
    assert "Nothing: this crowd was served well." in text


def test_programs_get_everything() -> None:
    found = json.loads(as_json(BUSY))
    assert found["outcomes"] == {"bought": 40, "sold_out": 50, "declined": 4, "gave_up_waiting": 6}
    assert found["waits"]["payment_page"] is None
    assert found["waits"]["answer"]["longest"] == 9.3
    assert (found["with_nothing"], found["terms"]["buyers"]) == (60, 100)
    assert found["opens_at"] == "2026-12-04T15:00:00+00:00"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"), (250, "4 min 10 s"),
        (3599.6, "1 h"), (3900, "1 h 5 min"),
    ],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_clocks_and_counts() -> None:
    assert [clock(seconds) for seconds in (9.6, 60, 3661)] == ["0:10", "1:00", "1:01:01"]
    assert [count(number, "place") for number in (0, 1, 1200)] == ["0 places", "1 place", "1,200 places"]
