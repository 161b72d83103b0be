"""The documents name exactly the events that have a handler, for operators to enable at Stripe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from adapters.stripe.webhooks import EVENT_KINDS

ROOT = Path(__file__).parents[3]


def paragraphs_about_events() -> Iterator[str]:
    """The paragraphs of README and docs that list events, found by their first and last event."""
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for paragraph in re.split(r"\n\s*\n", page.read_text()):
            if "`checkout.session.completed`" in paragraph and "`account.application.deauthorized`" in paragraph:
                yield paragraph


def events_in(paragraph: str) -> Iterator[str]:
    """The events named in a paragraph; ``.expired`` after ``checkout.session.completed`` shares its beginning."""
    family = ""
    for name in re.findall(r"`(\.?[a-z_]+(?:\.[a-z_]+)*)`", paragraph):
        if not name.startswith("."):
            family = name.rpartition(".")[0]
        event = f"{family}{name}" if name.startswith(".") else name
        if "." in event:
            yield event


def test_operators_are_asked_for_every_event_that_something_is_done_about_and_no_other() -> None:
    listed = [sorted(events_in(paragraph)) for paragraph in paragraphs_about_events()]

    assert listed == [sorted(EVENT_KINDS)]


def test_no_use_case_knows_the_name_of_an_event_of_stripes() -> None:
    for module in (ROOT / "application").rglob("*.py"):
        text = module.read_text()
        assert [name for name in EVENT_KINDS if f'"{name}"' in text] == [], module
