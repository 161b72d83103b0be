"""Each rule of the advice speaks where its figure says so, and is silent where it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rehearsal.advice import advise
from rehearsal.figures import Figures, KillFigures, Spread
from rehearsal.terms import Terms, Victim
from rehearsal.visit import Outcome
from tests.rehearsal.figures_of import QUICK, figures, holds, kind, mails, places, stripe

SHORT = {Outcome.BOUGHT: 40, Outcome.SOLD_OUT: 60}
SLOW = Spread(100, 40, 75, 90)
VERY_SLOW = Spread(100, 100, 300, 400)
LATE = holds(back=12, first=1800.0, last=1830.0, too_late_for=60)


def killed(**changes: Any) -> KillFigures:
    values: dict[str, Any] = {
        "process": "server 1", "at": 30.0, "away": 12.0, "unanswered": 9, "longest": 14.0, "pages": 0,
        "longest_page": None,
    }  # fmt: skip
    return KillFigures(**values | changes)


ALONE = Terms(buyers=100, minutes=5, servers=1)
GONE: dict[str, Any] = {"outcomes": SHORT, "gone_after": 30.0}

RULES: list[tuple[str, Figures, Figures]] = [
    ("Try HOLD_MINUTES=8 instead of 30", figures(**GONE, holds=LATE), figures(**GONE, holds=LATE, hold_seconds=480.0)),
    ("Try HOLD_MINUTES=8", figures(**GONE, holds=LATE), figures(holds=LATE)),
    ("Try HOLD_MINUTES=14", figures(**GONE, holds=replace(LATE, slowest_payer=700.0)), figures(**GONE)),
    ("Hold tickets for longer", figures(holds=holds(ended=3)), figures(holds=holds(ended=0))),
    ("Release what the allocations", figures(**GONE, places=places(kept=8, kept_by={"Press": 8})), figures(**GONE)),
    ("Open the sale in steps", figures(waits={"payment page": SLOW}, stripe=stripe(pages_per_second=25)),
     figures(waits={"payment page": QUICK})),
    ("Set STRIPE_RATE_PER_SECOND=20", figures(waits={"payment page": SLOW}, stripe=stripe(pages_per_second=5.0)),
     figures(waits={"payment page": SLOW}, stripe=stripe(pages_per_second=20.0))),
    ("20 or less", figures(stripe=stripe(refused=1)), figures()),
    ("Raise SMTP_RATE_PER_SECOND from 2 to 5", figures(waits={"mail": VERY_SLOW}, mails=mails(sent=600, per_second=2)),
     figures(waits={"mail": replace(VERY_SLOW, p95=120)})),
    ("Start 2 workers", figures(waits={"mail": VERY_SLOW}, mails=mails(per_second=200)),
     figures(waits={"mail": VERY_SLOW})),
    ("tasks list", figures(mails=mails(missing=1)), figures()),
    ("Run a second server", figures(kill=killed(), terms=ALONE), figures(kill=killed())),
    ("Run a second worker",
     figures(kill=killed(), terms=Terms(buyers=9, minutes=5, workers=1, victim=Victim.WORKER)),
     figures(kill=killed(unanswered=0), terms=ALONE)),
    ("MAX_TICKETS_PER_ORDER=4", figures(**GONE, in_large_orders=60), figures(in_large_orders=60)),
    ("MAX_TICKETS_PER_ORDER=4", figures(**GONE, in_large_orders=60),
     figures(**GONE, in_large_orders=60, most_tickets=4)),
    ("Ask whether Box is needed", figures(types=[kind("Box", bought=0, left=100)]),
     figures(types=[kind("Box", bought=0, left=100, hidden=True), kind("Gallery", bought=1, left=99)])),
    ("Ask whether Box is needed", figures(types=[kind("Box", bought=0, left=100)]),
     figures(types=[kind("Box", bought=0, left=100, shares=True)])),
    ("Move places from Gallery to Stalls",
     figures(**GONE, types=[kind("Gallery", bought=20, left=80), kind(gone_after=40.0, left=0)]),
     figures(**GONE, types=[kind("Gallery", bought=60, left=40), kind(gone_after=40.0, left=0)])),
    ("promo codes", figures(codes_failed=1), figures()),
    ("Look at what refused 2 buyers", figures(refusals={"The total is too small": 2}), figures()),
    ("another performance", figures(outcomes={Outcome.SOLD_OUT: 100}, gone_after=9.0),
     figures(outcomes={Outcome.SOLD_OUT: 99}, gone_after=9.0)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "with_it", "without"), RULES, ids=[words for words, _, _ in RULES])
def test_a_rule_speaks_only_where_its_figure_says_so(words: str, with_it: Figures, without: Figures) -> None:
    assert any(words in advice.what for advice in advise(with_it))
    assert all(words not in advice.what for advice in advise(without))


def test_where_all_went_well_there_is_nothing_to_change() -> None:
    assert advise(figures()) == []


def test_every_advice_has_its_figure() -> None:
    every = [advice for _, told, _ in RULES for advice in advise(told) if not advice.why.startswith("They were told")]
    assert all(any(letter.isdigit() for letter in advice.why) for advice in every)
