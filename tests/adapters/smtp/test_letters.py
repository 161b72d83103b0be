"""Letters: what they say, that nothing in them can break them, and that both forms agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from typing_extensions import override

from adapters.smtp.letters import JinjaLetterWriter
from application.ports.mail import ConfirmationFacts, LetterLine

FACTS = ConfirmationFacts(
    customer_name="Ada Lovelace",
    show_title="Hamlet",
    producer_name="Theatre Éclair",
    venue="The Globe, London",
    door_time=datetime(2026, 7, 3, 18, 0, tzinfo=UTC),
    start_time=datetime(2026, 7, 3, 18, 30, tzinfo=UTC),
    timezone=ZoneInfo("Europe/London"),
    order_number="PT-42",
    lines=(
        LetterLine(name="Stalls", quantity=2, total_price="£50.00"),
        LetterLine(name="Balcony", quantity=1, total_price="£15.00"),
    ),
    discount="−£5.00",
    fees="£4.84",
    tax="£3.10",
    total="£67.94",
    order_url="https://tickets.example.org/orders/1?a=1&token=2",
)
HOSTILE = """<script>alert("x")</script>' onmouseover='"""


class _Page(HTMLParser):
    """The text a reader sees, the tags, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def writer() -> JinjaLetterWriter:
    return JinjaLetterWriter()


def test_both_forms_tell_everything(writer: JinjaLetterWriter) -> None:
    letter = writer.confirmation(FACTS)
    assert letter.subject == "Your tickets for Hamlet"
    page = _Page(letter.html)
    for fact in (
        "Ada Lovelace",
        "Hamlet",
        "Theatre Éclair",
        "The Globe, London",
        "Friday 3 July 2026",
        "Doors 19:00",
        "19:30",
        "BST",
        "PT-42",
        "£50.00",
        "£15.00",
        "Discount",
        "−£5.00",
        "Fees",
        "£4.84",
        "Tax",
        "£3.10",
        "£67.94",
    ):
        assert fact in page.text
        assert fact in letter.text
    assert "2 × Stalls" in page.text
    assert "2 x Stalls" in letter.text
    assert FACTS.order_url in letter.text
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} == {FACTS.order_url}


def test_a_free_order_names_no_fees_and_no_tax(writer: JinjaLetterWriter) -> None:
    letter = writer.confirmation(replace(FACTS, discount="", fees="", tax="", total=""))
    for text in (letter.text, _Page(letter.html).text):
        assert "Free" in text
        assert not {"Fees", "Tax", "Discount"} & set(text.replace(":", "").split())


def test_times_are_the_venues(writer: JinjaLetterWriter) -> None:
    letter = writer.confirmation(replace(FACTS, timezone=ZoneInfo("America/Sao_Paulo")))
    assert "Doors 15:00, start 15:30 (UTC-03)" in letter.text


def test_doors_on_the_day_before_name_their_day(writer: JinjaLetterWriter) -> None:
    at_midnight = replace(
        FACTS,
        door_time=datetime(2026, 7, 3, 22, 0, tzinfo=UTC),
        start_time=datetime(2026, 7, 3, 23, 30, tzinfo=UTC),
    )
    text = writer.confirmation(at_midnight).text
    assert "Saturday 4 July 2026" in text
    assert "Doors Friday 23:00, start 00:30" in text


@pytest.mark.parametrize("field", ["customer_name", "show_title", "producer_name", "venue", "order_number", "total"])
def test_what_people_typed_stays_text(writer: JinjaLetterWriter, field: str) -> None:
    ordinary = _Page(writer.confirmation(FACTS).html)
    page = _Page(writer.confirmation(replace(FACTS, **{field: HOSTILE})).html)  # type: ignore[arg-type]
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in ordinary.tags]
    assert HOSTILE in page.text


def test_the_subject_is_one_line(writer: JinjaLetterWriter) -> None:
    letter = writer.confirmation(replace(FACTS, show_title="Hamlet\r\nBcc: eve@example.org"))
    assert letter.subject == "Your tickets for Hamlet Bcc: eve@example.org"


def test_a_name_cannot_write_lines_of_its_own(writer: JinjaLetterWriter) -> None:
    letter = writer.confirmation(replace(FACTS, customer_name="Ada\n\nYour order: http://evil.example"))
    assert "Hello Ada Your order: http://evil.example,\n" in letter.text


def test_the_page_is_made_for_everyone(writer: JinjaLetterWriter) -> None:
    page = _Page(writer.confirmation(FACTS).html)
    assert ("html", {"lang": "en", "dir": "ltr"}) in page.tags
    tables = [attributes.get("role") for tag, attributes in page.tags if tag == "table"]
    assert tables.count(None) == 1, "only the order is a table, the others are layout"
    assert set(tables) == {None, "presentation"}
    assert any(attributes.get("scope") == "col" for tag, attributes in page.tags if tag == "th")
    assert not {"img", "script", "link"} & {tag for tag, _ in page.tags}, "it must load nothing"
