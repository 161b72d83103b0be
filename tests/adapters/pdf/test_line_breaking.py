"""Line breaks: between words as they are drawn, and within a word only if it is wider than a line."""

from __future__ import annotations

import unicodedata

import pypdfium2
import pytest
from fpdf.enums import Align

from adapters.pdf.document import TextPdf
from adapters.pdf.font_library import FontLibrary
from adapters.pdf.line_breaking import break_lines
from adapters.pdf.stencils import Stencils
from adapters.pdf.typefaces import Typefaces
from adapters.pdf.typesetting import Box, FittedTexts, TextStyle, Typesetter

MM_PER_POINT = 25.4 / 72
LIBRARY = FontLibrary()
STYLE = TextStyle(size=20, min_size=20, color="#000000")


def monospaced(text: str) -> float:
    """One millimetre a letter; marks take no room."""
    return float(sum(1 for char in text if not unicodedata.category(char).startswith("M")))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("Twelfth Night", 13, ["Twelfth Night"]),
        ("Twelfth Night", 12, ["Twelfth", "Night"]),
        ("Twelfth Night", 7, ["Twelfth", "Night"]),
        ("Twelfth Night", 6, ["Twelft", "h", "Night"]),
        ("a  b", 3, ["a", "b"]),
        ("one\ntwo three", 20, ["one", "two three"]),
        ("one\n\ntwo", 20, ["one", "", "two"]),
        ("Jean-Luc", 6, ["Jean-", "Luc"]),
        ("3-5 years", 5, ["3-5", "years"]),
        ("10\u00a0€ each", 5, ["10\u00a0€", "each"]),
        ("a \u3000 b", 3, ["a", "b"]),
        ("Great—dash", 6, ["Great—", "dash"]),
        ("夏の夜の夢、再演", 5, ["夏の夜の", "夢、再演"]),  # no line begins with a comma
        ("「夢」と「春」", 5, ["「夢」と", "「春」"]),  # nor ends with an opening bracket
        ("กุลธิดา", 3, ["กุลธิ", "ดา"]),  # marks stay with their letter
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ("", 5, [""]),
    ],
)
def test_lines_end_where_readers_expect_it(text: str, width: float, lines: list[str]) -> None:
    assert break_lines(text, width, monospaced) == lines


@pytest.mark.parametrize("width", [0.5, 1, 2, 3, 7, 20])
@pytest.mark.parametrize("text", ["Doors close ten minutes after the start", "漢字かな交じり文", "นายสมชาย ใจดี"])
def test_nothing_is_lost_and_no_line_is_wider_than_it_can_be(text: str, width: float) -> None:
    lines = break_lines(text, width, monospaced)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(monospaced(line) <= max(width, 1) for line in lines)


JOINED = {
    "Arabic": "المستشارون",
    "Persian": "می‌خواهم",
    "Urdu": "بہترین",
    "Hindi": "क्षत्रियश्रीमती",
    "Latin ligatures": "Sufficiently",
    "marks": "Ọlá́bísí̀Ẹ̀bùn",
}


def typesetter_for(text: str) -> tuple[TextPdf, Typesetter]:
    pdf = TextPdf()
    pdf.c_margin = 0
    pdf.set_text_shaping(True)
    typefaces = Typefaces(pdf, LIBRARY)
    pdf.add_page()
    typefaces.use_for(text)
    return pdf, Typesetter(pdf, typefaces, FittedTexts(), Stencils())


@pytest.mark.parametrize("word", JOINED.values(), ids=JOINED)
def test_a_word_that_fits_as_it_is_drawn_stays_on_one_line(word: str) -> None:
    pdf, typesetter = typesetter_for(word)
    box = Box(x=20, y=20, width=typesetter.width(word, STYLE) * 1.001, max_height=100)
    end = typesetter.set(word, box, STYLE)
    assert end - box.y == pytest.approx(STYLE.line_height(20))
    assert word in read_back(pdf)


@pytest.mark.parametrize("word", JOINED.values(), ids=JOINED)
def test_a_word_that_is_too_wide_is_divided_and_whole_in_the_end(word: str) -> None:
    pdf, typesetter = typesetter_for(word)
    box = Box(x=20, y=20, width=typesetter.width(word, STYLE) * 0.97, max_height=100)
    end = typesetter.set(word, box, STYLE)
    assert end - box.y == pytest.approx(2 * STYLE.line_height(20))
    assert len(rectangles(pdf)) >= 2


def test_a_paragraph_from_the_right_begins_on_the_right_whatever_a_line_begins_with() -> None:
    text = "ليلة " * 4 + "Hamlet " + "ليلة " * 3
    pdf, typesetter = typesetter_for(text)
    typesetter.set(text.strip(), Box(x=20, y=20, width=40, max_height=100), STYLE)
    right_edges: dict[int, float] = {}
    for _, bottom, right, _ in rectangles(pdf):
        line = round(bottom * MM_PER_POINT / STYLE.line_height(20))
        right_edges[line] = max(right_edges.get(line, 0), right)
    assert len(right_edges) == 3
    assert max(right_edges.values()) - min(right_edges.values()) < 3, "every line ends at the right edge"


def test_a_line_is_seen_whatever_script_the_line_before_it_begins_with() -> None:
    text = "ليلة ليلة ليلة\nHamlet\n夢\nMacbeth"
    pdf, typesetter = typesetter_for(text)
    typesetter.set(text, Box(x=20, y=20, width=100, max_height=100), STYLE)
    assert read_back(pdf).split() == text.split()


def test_alignment_is_the_callers_where_it_is_given() -> None:
    pdf, typesetter = typesetter_for("VIP")
    typesetter.set("VIP", Box(x=20, y=20, width=100, max_height=10), STYLE, align=Align.C)
    [(left, _, right, _)] = rectangles(pdf)
    assert (left + right) / 2 * MM_PER_POINT == pytest.approx(70, abs=0.5)


def rectangles(pdf: TextPdf) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of each run of text, in points, in the order of the page."""
    document = pypdfium2.PdfDocument(LIBRARY.write(pdf))
    try:
        page = document[0].get_textpage()
        return [page.get_rect(index) for index in range(page.count_rects())]
    finally:
        document.close()


def read_back(pdf: TextPdf) -> str:
    document = pypdfium2.PdfDocument(LIBRARY.write(pdf))
    try:
        text: str = document[0].get_textpage().get_text_bounded()
        return unicodedata.normalize("NFC", text)
    finally:
        document.close()
