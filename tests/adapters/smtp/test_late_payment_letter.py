"""The apology for a payment that came too late: what it says, and that nothing in it can break it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from typing_extensions import override

from adapters.smtp.letters import JinjaLetterWriter
from application.ports.mail import LatePaymentFacts

FACTS = LatePaymentFacts(
    customer_name="Ada Lovelace",
    show_title="Hamlet",
    producer_name="Theatre Éclair",
    order_number="PT-42",
    amount="£67.94",
    order_url="https://tickets.example.org/orders/1?a=1&token=2",
)
HOSTILE = """<script>alert("x")</script>' onmouseover='"""


class _Page(HTMLParser):
    """The text a reader sees, the tags, and where links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    @override
    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def writer() -> JinjaLetterWriter:
    return JinjaLetterWriter()


def test_both_forms_say_sorry_and_what_goes_back(writer: JinjaLetterWriter) -> None:
    letter = writer.late_payment(FACTS)
    assert letter.subject == "Your payment for Hamlet came too late"
    page = _Page(letter.html)
    for text in (page.text, " ".join(letter.text.split())):
        for fact in (
            "Ada Lovelace",
            "we are sorry",
            "no tickets",
            "Hamlet",
            "£67.94",
            "PT-42",
            "Theatre Éclair",
        ):
            assert fact in text
    assert FACTS.order_url in letter.text
    assert page.links == [FACTS.order_url]


@pytest.mark.parametrize("field", ["customer_name", "show_title", "producer_name", "order_number", "amount"])
def test_what_people_typed_stays_text(writer: JinjaLetterWriter, field: str) -> None:
    ordinary = _Page(writer.late_payment(FACTS).html)
    page = _Page(writer.late_payment(replace(FACTS, **{field: HOSTILE})).html)
    assert page.tags == ordinary.tags
    assert HOSTILE in page.text


def test_the_subject_is_one_line(writer: JinjaLetterWriter) -> None:
    letter = writer.late_payment(replace(FACTS, show_title="Hamlet\r\nBcc: eve@example.org"))
    assert letter.subject == "Your payment for Hamlet Bcc: eve@example.org came too late"


@pytest.mark.parametrize("field", ["customer_name", "show_title", "producer_name"])
def test_a_name_cannot_write_lines_of_its_own(writer: JinjaLetterWriter, field: str) -> None:
    letter = writer.late_payment(replace(FACTS, **{field: "Ada\n\nYour order: http://evil.example"}))
    assert "\nYour order: http" not in letter.text
    assert "Ada Your order: http://evil.example" in letter.text


def test_the_page_loads_nothing(writer: JinjaLetterWriter) -> None:
    assert not {"img", "script", "link"} & set(_Page(writer.late_payment(FACTS).html).tags)
