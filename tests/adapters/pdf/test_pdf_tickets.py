"""Tickets as PDF: read back as text, as pixels, and by a QR scanner."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops
from pypdf import PdfReader
from pypdf.generic import BooleanObject, DictionaryObject

from adapters.pdf.renderer import PdfTicketRenderer
from application.ports.mail import PrintableTicket
from tests.support.ticket_pictures import PRINTABLE

DOTS_PER_MM = 5.0
MM_PER_POINT = 25.4 / 72
PAPERS_MM = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
PRINTER_MARGIN_MM = 10.0

TICKET = replace(PRINTABLE, terms="Tickets cannot be exchanged.")
LONG = replace(
    TICKET,
    show_title="The Extraordinarily Long and Winding Tale of the Donaudampfschifffahrtsgesellschaftskapitän " * 6,
    producer_name="The Society for the Preservation of Very Long Producer Names " * 4,
    occasion=replace(
        TICKET.occasion,
        venue="Großer Saal im Kulturzentrum am alten Güterbahnhof, Eingang Hof links, Dresden, " * 5,
    ),
    attendee_name="Maria del Carmen Fernández-Villaverde y Gómez de la Serna de Todos los Santos Aurelia Constanza",
    ticket_name="Early bird reduced price for students, apprentices and pensioners including cloakroom " * 2,
    is_vip=True,
    price="CHF 1,234,567,890,123.00",
    order_number="0192f0c1-7b1c-7d5e-9a61-0c1f2e3d4b5a-0192f0c1-7b1c-7d5e-9a61-0c1f2e3d4b5a",
    terms="Doors close ten minutes after the start, and latecomers wait for the interval. " * 60,
)

SCRIPTS = {
    "Latin": "Łukasz Żółć, Nguyễn Thị Ánh, Şükrü Ğ, Ðorđe, ﬁn",
    "Greek": "Όνειρο θερινής νυκτός",
    "Cyrillic": "Сон в летнюю ночь, Їжак, Ђорђе",
    "Arabic": "محمد عبد الرحمن",
    "Persian": "می‌خواهم پروانه",
    "Hebrew": "יעל כהן",
    "Armenian": "Հայաստան",
    "Georgian": "საქართველო",
    "Devanagari": "नाट्य शाला",
    "Bengali": "বাংলা নাটক",
    "Tamil": "தமிழ் நாடகம்",
    "Telugu": "తెలుగు",
    "Kannada": "ಕನ್ನಡ",
    "Malayalam": "മലയാളം",
    "Gujarati": "ગુજરાતી",
    "Gurmukhi": "ਪੰਜਾਬੀ",
    "Oriya": "ଓଡ଼ିଆ",
    "Sinhala": "සිංහල",
    "Thai": "นายสมชาย",
    "Lao": "ພາສາລາວ",
    "Khmer": "ភាសាខ្មែរ",
    "Burmese": "မြန်မာ",
    "Amharic": "አማርኛ",
    "Korean": "서울 예술의전당 뷁",
    "Japanese": "髙橋 さくら、夏の夜の夢〜",
    "Simplified Chinese": "仲夏夜之梦：国家大剧院",
    "Traditional Chinese": "臺北國家戲劇院",
    "emoji": "🎭🎉👩‍👧❤️",
    "symbols": "★ ♪ → ✓ € ₿ ₹ № ①",
}


async def render(*tickets: PrintableTicket, paper: Literal["A4", "Letter"] = "A4") -> bytes:
    return await PdfTicketRenderer(paper).render(tickets)


def text_of(pdf: bytes, page: int = 0) -> str:
    """The text that a reader copies from a page, on one line, with ligatures and presentation forms undone."""
    return unicodedata.normalize("NFKC", " ".join(PdfReader(io.BytesIO(pdf)).pages[page].extract_text().split()))


def picture_of(pdf: bytes, page: int = 0) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture: Image.Image = document[page].render(scale=DOTS_PER_MM * MM_PER_POINT).to_pil()
        return picture.convert("L")
    finally:
        document.close()


def ink_mm(picture: Image.Image) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all that is printed."""
    box = ImageChops.invert(picture).getbbox()
    assert box is not None
    left, top, right, bottom = (edge / DOTS_PER_MM for edge in box)
    return left, top, right, bottom


def of_the_fonts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The library's warnings. A service of another test in this process may write lines at the same time."""
    return [record.getMessage() for record in caplog.records if record.name.startswith(("fpdf", "fontTools"))]


def codes_in(picture: Image.Image) -> list[zxingcpp.Barcode]:
    return list(zxingcpp.read_barcodes(picture))


async def test_a_ticket_tells_everything() -> None:
    text = text_of(await render(TICKET))
    for fact in (
        "A Midsummer Night’s Dream",
        "Théâtre du Nord",
        "The Old Granary, 12 Quay Street, Bristol",
        "Friday, 3 July 2026",
        "Doors 19:00 · Start 19:30 BST",
        "Ada Lovelace",
        "General admission",
        "$25.00",
        "PT-7QX4-19",
        "ABCD EFGH 2345 IJKL MNOP 67QR",
        "Tickets cannot be exchanged.",
    ):
        assert fact in text


async def test_only_vips_are_marked() -> None:
    assert "VIP" in text_of(await render(replace(TICKET, is_vip=True)))
    assert "VIP" not in text_of(await render(TICKET))


async def test_doors_on_the_day_before_name_their_day() -> None:
    at_midnight = replace(
        TICKET.occasion,
        door_time=datetime(2026, 7, 3, 22, 0, tzinfo=UTC),
        start_time=datetime(2026, 7, 3, 23, 30, tzinfo=UTC),
    )
    text = text_of(await render(replace(TICKET, occasion=at_midnight)))
    assert "Saturday, 4 July 2026" in text
    assert "Doors Friday 23:00 · Start 00:30 BST" in text


async def test_a_festival_has_all_its_days() -> None:
    festival = replace(TICKET.occasion, end_time=datetime(2026, 7, 5, 21, 0, tzinfo=UTC))
    assert "Friday, 3 July – Sunday, 5 July 2026" in text_of(await render(replace(TICKET, occasion=festival)))


async def test_a_zone_without_a_name_is_told_by_its_offset() -> None:
    elsewhere = replace(TICKET.occasion, timezone=ZoneInfo("America/Sao_Paulo"))
    assert "Start 15:30 UTC-03" in text_of(await render(replace(TICKET, occasion=elsewhere)))


async def test_an_american_ticket_is_written_as_americans_write() -> None:
    text = text_of(await render(replace(TICKET, occasion=replace(TICKET.occasion, locale="en-US"))))
    assert "Friday, July 3, 2026" in text
    assert "Doors 7:00 PM · Start 7:30 PM BST" in text


async def test_everyone_has_a_page() -> None:
    tickets = [replace(TICKET, attendee_name=f"Guest {name}", code=f"CODE{name}") for name in "ABC"]
    pdf = await render(*tickets)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 3
    for page, ticket in enumerate(tickets):
        assert ticket.attendee_name in text_of(pdf, page)
        assert [code.text for code in codes_in(picture_of(pdf, page))] == [ticket.code]


@pytest.mark.parametrize("code", ["A", "ABCDEFGH2345IJKLMNOP67QR", "0192f0c1-7b1c-7d5e-9a61-0c1f2e3d4b5a", "é€ 漢"])
async def test_the_qr_code_is_large_and_holds_exactly_the_code(code: str) -> None:
    [qr] = codes_in(picture_of(await render(replace(TICKET, code=code))))
    assert qr.text == code
    width_mm = (qr.position.top_right.x - qr.position.top_left.x) / DOTS_PER_MM
    assert width_mm >= 50


async def test_a_tickets_qr_code_may_lose_a_quarter_where_its_size_allows_it() -> None:
    [qr] = codes_in(picture_of(await render(TICKET)))
    assert qr.ec_level == "Q"


@pytest.mark.parametrize(("code", "modules"), [("A", 21), (TICKET.code, 25)])
async def test_four_modules_around_the_qr_code_stay_white(code: str, modules: int) -> None:
    picture = picture_of(await render(replace(LONG, code=code)))
    [qr] = codes_in(picture)
    corners = qr.position.top_left, qr.position.bottom_right
    left, top, right, bottom = corners[0].x, corners[0].y, corners[1].x, corners[1].y
    zone = 4 * (right - left) // modules - 2
    picture.paste(255, (left - 3, top - 3, right + 3, bottom + 3))
    assert picture.crop((left - zone, top - zone, right + zone, bottom + zone)).getextrema() == (255, 255)


@pytest.mark.parametrize("ticket", [TICKET, LONG], ids=["usual", "long"])
async def test_the_code_is_read_from_a_phone_that_shows_the_whole_page(ticket: PrintableTicket) -> None:
    """The narrowest phones show it 320 points wide, even if each point is only one pixel."""
    picture = picture_of(await render(ticket))
    [found] = codes_in(picture.resize((320, round(320 * picture.height / picture.width))))
    assert found.text == ticket.code


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("ticket", [TICKET, LONG], ids=["usual", "long"])
async def test_it_prints_whole_on_either_paper(paper: Literal["A4", "Letter"], ticket: PrintableTicket) -> None:
    pdf = await render(ticket, paper=paper)
    [page] = PdfReader(io.BytesIO(pdf)).pages
    width, height = PAPERS_MM[paper]
    assert float(page.mediabox.width) * MM_PER_POINT == pytest.approx(width, abs=0.1)
    assert float(page.mediabox.height) * MM_PER_POINT == pytest.approx(height, abs=0.1)

    left, top, right, bottom = ink_mm(picture_of(pdf))
    assert min(left, top) >= PRINTER_MARGIN_MM
    assert right <= min(width, 210.0) - PRINTER_MARGIN_MM
    assert bottom <= 279.4 - PRINTER_MARGIN_MM
    assert left == pytest.approx(width - right, abs=0.5), "the card stands in the middle"


@pytest.mark.parametrize(
    ("field", "endless"),
    [
        ("show_title", "M" * 2_000),
        ("producer_name", "M" * 2_000),
        ("venue", "M" * 2_000),
        ("attendee_name", "漢" * 2_000),
        ("ticket_name", "a b " * 1_000),
        ("terms", "漢" * 2_000),
    ],
)
async def test_a_text_without_end_stays_in_the_card(field: str, endless: str) -> None:
    """The text is ten times, or twice, as long as the catalog accepts."""
    ticket = (
        replace(TICKET, occasion=replace(TICKET.occasion, venue=endless))
        if field == "venue"
        else replace(TICKET, **{field: endless})  # type: ignore[arg-type]
    )
    pdf = await render(ticket)
    picture = picture_of(pdf)
    left, _, right, bottom = ink_mm(picture)
    assert left == pytest.approx(PAPERS_MM["A4"][0] - right, abs=0.5)
    assert bottom <= 279.4 - PRINTER_MARGIN_MM
    assert "..." in text_of(pdf)
    assert [code.text for code in codes_in(picture)] == [TICKET.code]


async def test_a_long_title_is_set_smaller_before_it_is_cut() -> None:
    title = "The Extraordinarily Long and Winding Tale of Three Sisters, Their Brother and the Orchard Next Door"
    text = text_of(await render(replace(TICKET, show_title=title)))
    assert title in text


@pytest.mark.parametrize("script", SCRIPTS)
async def test_names_and_titles_in_any_script(script: str, caplog: pytest.LogCaptureFixture) -> None:
    words = SCRIPTS[script]
    with caplog.at_level(logging.WARNING):
        pdf = await render(replace(TICKET, show_title=words, attendee_name=words, terms=words))
    assert not of_the_fonts(caplog), "a glyph was missing"
    text = text_of(pdf)
    assert "\ufffd" not in text
    letters = {char for char in unicodedata.normalize("NFKC", words) if unicodedata.category(char).startswith("L")}
    assert letters <= set(text) | set(unicodedata.normalize("NFC", text))
    assert len(pdf) < 200 * 1024


#: Names whose letters share glyphs, or are drawn in another order than written.
SEARCHED = {
    "Hindi": "क्षत्रिय श्रीमती",
    "Marathi": "ज्ञानेश्वर",
    "Nepali": "कृष्ण प्रसाद",
    "Bengali": "শ্রীকান্ত মুখোপাধ্যায়",
    "Gurmukhi": "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "Gujarati": "કૃષ્ણકાંત",
    "Oriya": "ଓଡ଼ିଆ ପ୍ରିୟା",
    "Tamil": "ஸ்ரீனிவாசன் கௌரி",
    "Telugu": "శ్రీనివాస్",
    "Kannada": "ಕೃಷ್ಣಮೂರ್ತಿ",
    "Malayalam": "ശ്രീകുമാർ ൻ",
    "Sinhala": "ශ්‍රී ලංකා ක්‍රිෂ්",
    "Thai": "กุลธิดา น้ำฝน",
    "Lao": "ສົມຊາຍ ນ້ຳ",
    "Khmer": "ស្រីមុំ ខ្ញុំ",
    "Burmese": "ကျော်စွာ မြင့်",
    "Yoruba": "Ọlá́bísí Ẹ̀bùn",
    "Lithuanian": "ą́žuolas",
    "Vietnamese": "Nguyễn Thị Ánh",
    "mixed": "Ada नाट्य ไทย Zoë",
    "Persian": "می‌خواهم پروانه",
    "Hebrew": "יעל כהן",
    "emoji beside it": "ไทย 🎭 ไทย",
}


@pytest.mark.parametrize("name", SEARCHED.values(), ids=SEARCHED)
async def test_a_reader_finds_and_copies_a_name_as_it_was_typed(name: str) -> None:
    document = pypdfium2.PdfDocument(await render(replace(TICKET, show_title=name, producer_name="")))
    try:
        page = document[0].get_textpage()
        copied = unicodedata.normalize("NFC", page.get_text_bounded())
        sought = unicodedata.normalize("NFC", name)
        assert sought in copied
        assert "🎭" in name or page.search(sought).get_next() is not None
    finally:
        document.close()


@pytest.mark.parametrize("words", ["ᏣᎳᎩ", "\ue000 private", "\U0001fbff", "𓀀"])
async def test_a_script_without_a_font_is_shown_as_missing(words: str, caplog: pytest.LogCaptureFixture) -> None:
    pdf = await render(replace(TICKET, attendee_name=words))
    assert "\ufffd" in text_of(pdf)
    assert not of_the_fonts(caplog)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Hamlet {nb}", "Hamlet {nb}"),
        ("**Hamlet** __x__", "**Hamlet** __x__"),
        ("Ham\x00let\x1b", "Hamlet"),
        ("\u202eHamlet\u202c \u2066x", "Hamlet x"),
        ("Ham\ud800let", "Hamlet"),
        ("<b>Hamlet</b> & (co) \\ %", "<b>Hamlet</b> & (co) \\ %"),
    ],
)
async def test_nothing_in_a_text_is_a_command(title: str, shown: str) -> None:
    text = text_of(await render(replace(TICKET, show_title=title, producer_name="")))
    assert text.startswith(f"{shown} Friday")


@pytest.mark.parametrize(("title", "side"), [("ליל", "right"), ("ليلة", "right"), ("Lear", "left"), ("夢", "left")])
async def test_a_title_begins_where_its_script_does(title: str, side: str) -> None:
    picture = picture_of(await render(replace(TICKET, show_title=title, producer_name="")))
    title_line = tuple(round(edge * DOTS_PER_MM) for edge in (25, 35, 185, 44))
    left, _, right, _ = ink_mm(picture.crop((title_line[0], title_line[1], title_line[2], title_line[3])))
    assert (left > 100) if side == "right" else (right < 60)


async def test_nothing_to_print_is_an_error() -> None:
    with pytest.raises(ValueError, match="no ticket"):
        await render()


async def test_the_document_has_a_title_and_a_language() -> None:
    reader = PdfReader(io.BytesIO(await render(TICKET)))
    assert reader.metadata is not None
    assert reader.metadata.title == "Tickets for A Midsummer Night’s Dream"
    assert reader.metadata.author == "Théâtre du Nord"
    assert str(reader.root_object["/Lang"]) == "en-GB"
    preferences = reader.root_object["/ViewerPreferences"].get_object()
    assert isinstance(preferences, DictionaryObject)
    assert preferences["/DisplayDocTitle"] == BooleanObject(True), "not the file's name"


async def test_the_language_is_the_shows() -> None:
    german = replace(TICKET, show_title="Der Sturm", occasion=replace(TICKET.occasion, locale="de-AT"))
    assert str(PdfReader(io.BytesIO(await render(german))).root_object["/Lang"]) == "de-AT"


@pytest.mark.p2
async def test_ten_pages_are_small() -> None:
    tickets = [replace(TICKET, attendee_name=f"Guest {number}", code=f"CODE{number:020}") for number in range(10)]
    pdf = await render(*tickets)
    assert len(pdf) < 100 * 1024


async def test_the_event_loop_stays_free_meanwhile() -> None:
    rendering = asyncio.create_task(render(*[TICKET] * 5))
    turns = 0
    while not rendering.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 5


async def test_a_renderer_draws_the_same_whatever_it_drew_before() -> None:
    used, fresh = PdfTicketRenderer(), PdfTicketRenderer()
    for text in SCRIPTS.values():
        await used.render([replace(TICKET, attendee_name=text, show_title=text)])
    again, first = [picture_of(await renderer.render([TICKET])) for renderer in (used, fresh)]
    assert ImageChops.difference(again, first).getbbox() is None


async def test_a_document_takes_along_only_the_glyphs_that_it_shows() -> None:
    short, long = [
        await PdfTicketRenderer().render([replace(TICKET, terms=terms)]) for terms in ("", "ĞŁŐŨŽßæœþđĦŋŧ" * 3)
    ]
    assert len(short) < len(long) < 40_000


async def test_a_ticket_is_the_same_file_whatever_was_drawn_before() -> None:
    used, fresh = PdfTicketRenderer(), PdfTicketRenderer()
    titles = [SCRIPTS[script] for script in ("Latin", "Greek", "Arabic", "Devanagari", "emoji")]
    for title in titles:
        await used.render([replace(TICKET, attendee_name=title, show_title=title)])
    for title in reversed(titles):
        ticket = replace(TICKET, show_title=title, attendee_name="Zoë Ångström")
        again, first = [_undated(await renderer.render([ticket, ticket])) for renderer in (used, fresh)]
        assert again == first, title


def _undated(pdf: bytes) -> bytes:
    return re.sub(rb"/CreationDate \(D:[^)]*\)|/ID \[[^\]]*\]", b"", pdf)
